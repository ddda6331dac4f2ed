//! What a thread does between the polls of a wait: spin, yield, or sleep in the kernel.
//!
//! - [`AdaptiveWait`] chooses how often a wait spins and yields before it sleeps.
//! - [`PollBackoff`] chooses how long a wait pauses before its first poll.
//! - [`futex`] is the sleep itself, and the wake that ends it.
//!
//! None of it orders memory: what a wait has learned decides when it polls, never what it finds.

mod adaptive_wait;
pub(super) mod futex;
mod poll_backoff;

pub use adaptive_wait::{AdaptiveWait, Wait};
pub(super) use poll_backoff::PollBackoff;

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The number of cores of this machine that are online. A process that may use a single core counts all: the thread
/// that it waits for may run on another core.
pub(super) fn cores() -> usize {
    /// 0: not asked yet. No lock: a forked child would inherit it in whatever state another thread had it.
    static CORES: AtomicUsize = AtomicUsize::new(0);
    let cores = CORES.load(Relaxed);
    if cores > 0 {
        return cores;
    }
    // SAFETY: the call has no precondition; it returns a number, or -1.
    let online = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
    let cores = usize::try_from(online).unwrap_or(1).max(1);
    CORES.store(cores, Relaxed);
    cores
}
