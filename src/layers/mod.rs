//! The layers that run on real shared memory.

mod close_watcher;
mod fences;
pub(crate) mod fork;
mod futex;
mod liveness_locks;
mod poll_backoff;
mod raw_sync;
mod rhythm;
mod sleep_limiter;
mod wait;
mod words;

pub use fences::Fences;
pub use futex::Futex;
pub use liveness_locks::{Attachment, LivenessLocks, MAX_PARTICIPANTS};
pub use raw_sync::{CLibrary, Mark, MarkFault, PidNamespace, RawEvent, RawMutex, RawSync};
pub use wait::{AdaptiveWait, Wait};

use core::any::Any;
use core::ops::Range;
use core::time::Duration;
use std::sync::Arc;

/// How long a wait goes on from one liveness check to the next, however often it is woken ([`timer`](crate::timer)). A
/// death is noticed within this time and a scheduling delay: the promise is 10 ms after the kernel has released the
/// dead process's locks. A check costs some 40 µs of processor time on a small virtual machine, most of it the timer
/// and the two context switches.
///
/// An idle handle is woken in place of that: the kernel tells a thread of its process when a participant leaves the
/// segment. The handle checks for a tenth of a second after that, and then once each [`MAX_SLEEP`].
pub const LIVENESS_INTERVAL: Duration = Duration::from_micros(8_500);

/// A handle is idle that has slept for so long at a time, undisturbed.
const IDLE: Duration = Duration::from_millis(4);

/// How long a sleeper sleeps that is woken when somebody dies. It could sleep for ever: this is how
/// much a notice that does not come costs.
pub const MAX_SLEEP: Duration = Duration::from_secs(1);

/// A layer whose words lie in a real segment.
///
/// # Safety
/// Its words and storage types may lie in memory that other processes change, are valid whatever
/// that memory holds, and are in their initial state in zeroed memory on which
/// [`init`](RealLayer::init) was called. Layers of one kind agree on all of this.
pub unsafe trait RealLayer: crate::layer::Layer + Send {
    /// What the segment's header says.
    const KIND: Backend;

    /// The fences of a new segment, by the best that this process may use.
    fn fences() -> Fences {
        Fences::Symmetric
    }

    /// Whether this process may make the system calls that the layer's waits need. A refusal that comes later ends no
    /// wait; it makes waits slow.
    ///
    /// # Errors
    /// What the operating system says.
    fn check() -> std::io::Result<()> {
        futex::check_futex()
    }

    /// The layer for one handle, whose claims live and die with `locks`: locks on the segment's file, of this handle
    /// alone. `fences` are the segment's, and usable. The channel's ring has this many `slots`.
    fn new(locks: LivenessLocks, fences: Fences, slots: u32) -> Self;

    /// What a new segment's header says of the process that made it, so that others that cannot share it with
    /// that one are told. Words that the kernel alone knows need no mark.
    ///
    /// # Errors
    /// [`MarkFault`]: why it cannot be told here.
    fn mark() -> Result<Mark, MarkFault> {
        Ok(Mark::NONE)
    }

    /// What keeps the segment mapped, for a layer on whose account something may reach into it after the handle
    /// is gone. Comes before the handle is used.
    ///
    /// # Safety
    /// These addresses are the segment's, and stay so as long as `mapping` lives.
    unsafe fn keep(&mut self, _mapping: KeepAlive, _addresses: Range<usize>) {}

    /// How this handle waits from now on. A layer that sleeps at once ignores it.
    fn set_wait(&self, _wait: Wait) {}

    /// Initialises a lock and the signals in zeroed memory.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// # Safety
    /// `lock` and `signals` point to zeroed memory of their types, which nobody else uses yet.
    unsafe fn init(lock: *mut Self::Lock, signals: &mut dyn Iterator<Item = *mut Self::Signal>) -> std::io::Result<()>;
}

/// Keeps a segment mapped while it lives.
pub type KeepAlive = Arc<dyn Any + Send + core::marker::Sync>;

/// Which primitives a channel is built on; chosen at creation and kept in the segment's header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// Our own lock and signal on words and Linux futexes.
    #[default]
    Futex,
    /// `raw_sync`'s `Mutex` and `Event`: pthread's. All processes are of one PID namespace and have one build of the
    /// C library; others are refused ([`MarkFault`]).
    RawSync,
}

impl Backend {
    /// The header's number for it.
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::Futex => 0,
            Self::RawSync => 1,
        }
    }

    /// The layer of this number.
    pub(crate) const fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Futex),
            1 => Some(Self::RawSync),
            _ => None,
        }
    }
}

/// Monotonic time, the same clock for every process.
fn monotonic() -> Duration {
    // By the C library: rustix reads clocks by the vDSO alone, and crashes where valgrind hides that.
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is memory for the answer. Every kernel has this clock, so that the call cannot fail.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    // The monotonic clock is never negative, and its nanoseconds are below a second.
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}
