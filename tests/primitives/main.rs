//! Lock and signal on a layer without threads: what they ask of it, and that they ask nothing of it where no thread has
//! to wait. (`verify/` checks that they are right. These tests check what that costs.) A moment that is too short for
//! threads to meet is tested here, too.

mod alone;
mod liveness;
mod lock;
mod signal;
