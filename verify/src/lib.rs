//! The verification crate: every interleaving of the shipping protocol, and a proof for every check that it can fail.
//!
//! The text under test is `src/`, unchanged: the model checkers implement [`ackcast::layer`], as real memory does.
//! `docs/verification.md` says what each checker can judge, and what it cannot.

pub mod checks;
pub mod crashes;
pub mod events;
pub mod explore;
pub mod graph;
pub mod hook;
pub mod model;
pub mod mutation;
pub mod report;
mod scenarios;
#[cfg(test)]
mod self_checks;
mod trials;

pub use trials::{Trial, finish, trials};
