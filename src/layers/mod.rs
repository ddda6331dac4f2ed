//! The layers that run on real shared memory.
//!
//! [`Futex`] is the default, and [`RawSync`] the alternative. What both need has a place of its own:
//! - `waiting/`: how often a wait polls, and the sleep after that;
//! - `bell.rs`: an eventfd, for a handle that an event loop polls;
//! - `liveness/`: which participants live, and how a thread that sleeps learns of a death.

mod bell;
mod fences;
mod futex;
mod journal;
mod liveness;
mod raw_sync;
mod waiting;
mod words;

pub(crate) use bell::Bell;
pub use fences::Fences;
pub use futex::Futex;
pub(crate) use journal::Journal;
pub(crate) use liveness::{ATTACHED, fork};
pub use liveness::{Attachment, LIVENESS_INTERVAL, LivenessLocks, MAX_PARTICIPANTS, MAX_SLEEP};
pub use raw_sync::{CLibrary, Mark, MarkFault, PidNamespace, RawEvent, RawMutex, RawSync};
pub use waiting::{AdaptiveWait, Wait};

use core::any::Any;
use core::ops::Range;
use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A layer whose words lie in a real segment.
///
/// # Safety
/// Its words and storage types may lie in memory that other processes change. They are valid whatever that memory
/// holds. They are in their initial state in zeroed memory on which [`init`](RealLayer::init) was called. All layers of
/// one kind agree on this.
pub unsafe trait RealLayer: crate::layer::Layer + Send {
    /// The kind that the segment's header names.
    const KIND: Backend;

    /// The fences of a new segment: the cheapest that this process may use.
    fn fences() -> Fences {
        Fences::Symmetric
    }

    /// Whether this process may make the system calls that the layer's waits need. A refusal that comes later ends no
    /// wait. It makes waits slow.
    ///
    /// # Errors
    /// The error of the refused call.
    fn check() -> std::io::Result<()> {
        waiting::futex::check()
    }

    /// The layer of one handle. Its claims live and die with `locks`: locks on the segment's file, of this handle
    /// alone. `fences` are the segment's, and usable. The channel's ring has this many `slots`.
    fn new(locks: LivenessLocks, fences: Fences, slots: u32) -> Self;

    /// What the header of a new segment says of its creator's process, so that a process that cannot share the segment
    /// is told. Words that only the kernel interprets need no mark.
    ///
    /// # Errors
    /// [`MarkFault`]: why this process cannot tell.
    fn mark() -> Result<Mark, MarkFault> {
        Ok(Mark::NONE)
    }

    /// Gives the layer what keeps the segment mapped, before the handle is used. Some layers leave pointers into the
    /// segment behind when the handle is dropped.
    ///
    /// # Safety
    /// These addresses are the segment's as long as `mapping` lives.
    unsafe fn keep(&mut self, _mapping: KeepAlive, _addresses: Range<usize>) {}

    /// Names the channel, for the events that this handle tells a log.
    fn set_channel(&mut self, _name: &str) {}

    /// Sets how this handle waits from now on. A layer that always sleeps at once ignores it.
    fn set_wait(&self, _wait: Wait) {}

    /// Initialises a lock and the signals in zeroed memory.
    ///
    /// # Errors
    /// The error of the operating system.
    ///
    /// # Safety
    /// `lock` and `signals` point to zeroed memory of their types that no other thread or process uses yet.
    unsafe fn init(lock: *mut Self::Lock, signals: &mut dyn Iterator<Item = *mut Self::Signal>) -> std::io::Result<()>;
}

/// Keeps a segment mapped while it lives.
pub type KeepAlive = Arc<dyn Any + Send + core::marker::Sync>;

/// The primitives that a channel is built on. Chosen at creation, and kept in the segment's header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// This crate's lock and signal, on words and Linux futexes.
    #[default]
    Futex,
    /// `raw_sync`'s `Mutex` and `Event`: pthread's. All processes are of one PID namespace and have one build of the
    /// C library; others are refused ([`MarkFault`]).
    RawSync,
}

impl Backend {
    /// Its number in the header.
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::Futex => 0,
            Self::RawSync => 1,
        }
    }

    /// The backend of this number.
    pub(crate) const fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Futex),
            1 => Some(Self::RawSync),
            _ => None,
        }
    }
}

/// Monotonic time, of one clock for all processes.
pub(crate) fn monotonic() -> Duration {
    // By the C library: rustix reads clocks by the vDSO alone, and crashes where valgrind hides that.
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is memory for the answer. Every kernel has this clock, so the call cannot fail.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    // The monotonic clock is never negative, and its nanoseconds are below a second.
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// Sleeps for at most `time`, less than a second. A signal handler may end it early, and a filter may refuse it: the
/// standard library's sleep would panic then.
pub(crate) fn pause(time: Duration) {
    let time = rustix::thread::Timespec { tv_sec: 0, tv_nsec: time.subsec_nanos() as _ };
    let _ = rustix::thread::nanosleep(&time);
}

/// Locks a mutex of this process, poisoned or not. A poisoned one guards a whole value all the same, because no code
/// under these mutexes panics between two writes to the value.
fn lock_poisoned_or_not<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
