//! Which participants live, and how a thread that sleeps learns of a death.
//!
//! - [`LivenessLocks`]: a participant lives as long as the kernel holds its lock on the segment's file. Nothing else is
//!   proof of a death.
//! - [`CloseWatcher`](close_watcher) tells when a process may have left a segment, so that an idle handle need not ask.
//! - [`SleepLimiter`](sleep_limiter::SleepLimiter) bounds a sleep by the time of the next liveness check.
//! - [`fork`] keeps a child from the locks and mappings of its parent.

mod close_watcher;
pub(crate) mod fork;
mod locks;
pub(super) mod sleep_limiter;

pub(super) use close_watcher::with_signals_blocked;
pub(crate) use locks::ATTACHED;
pub use locks::{Attachment, LivenessLocks, MAX_PARTICIPANTS};

use core::time::Duration;

/// Upper bound on the time between two liveness checks of a wait ([`timer`](crate::timer)), however often it is woken.
/// So a death is noticed within this time and a scheduling delay. The promise is 10 ms after the kernel has released
/// the dead process's locks. Each check costs some tens of microseconds of processor time, most of it the timer and two
/// context switches.
///
/// An idle handle sleeps longer, because the kernel tells a thread of its process when a participant leaves the
/// segment. The handle then checks for a tenth of a second, and once each [`MAX_SLEEP`] after that.
pub const LIVENESS_INTERVAL: Duration = Duration::from_micros(8_500);

/// A handle is idle once it has slept for so long at a time, and nothing woke it.
pub(super) const IDLE_AFTER: Duration = Duration::from_millis(4);

/// Longest sleep of a handle that is told of deaths. A notice that does not come delays the liveness check for so long.
pub const MAX_SLEEP: Duration = Duration::from_secs(1);
