//! How long a handle may sleep until its next liveness check, and the flag that ends its sleep earlier.
//!
//! An idle handle [subscribes](Subscription) to the watcher, which raises the handle's flag when a participant may have
//! left the segment. From then on the handle sleeps for up to [`MAX_SLEEP`]. The watcher affects latency only: without
//! it, a wait checks liveness every [`LIVENESS_INTERVAL`]; with it, every [`MAX_SLEEP`].
//!
//! # A raise is not missed by a thread that goes to sleep
//!
//! The order that must not happen:
//!
//! ```text
//!   watcher                               sleeper
//!                                         reads the flag: not raised
//!   flag = raised
//!   reads the slot: empty, so no wake
//!                                         slot = target; sleeps for MAX_SLEEP
//! ```
//!
//! Each side stores, fences, and then reads what the other side stores (Dekker's pattern):
//!
//! ```text
//!   watcher                               sleeper
//!   flag = raised                         slot = target
//!   fence                      (A)        fence                      (B)
//!   reads the slot                        reads the flag
//! ```
//!
//! (A) pairs with (B). They are SeqCst, so either A or B comes first.
//! 1. A comes first. The sleeper finds the flag raised, and does not sleep.
//! 2. B comes first. The watcher finds the target, and wakes its sleepers. The thread may not sleep yet, and such a
//!    wake is lost. So the watcher repeats it, until the flag is taken or the slot is empty
//!    ([`close_watcher`](super::close_watcher)).
//!
//! # A death before the subscription is not missed
//!
//! ```text
//!   participant                           handle
//!                                         checks liveness: the participant lives
//!   dies; the kernel tells no watcher
//!                                         subscribes; sleeps for MAX_SLEEP
//! ```
//!
//! So a handle closes a description of the file itself once it has subscribed. That raises its own flag. Until it has
//! taken this first raise, it checks every [`LIVENESS_INTERVAL`]; having taken it, the handle checks liveness. A death
//! before the subscription shows in that check, or in those of the [`RECHECK_PERIOD`] after it. A death after the
//! subscription raises the flag.

use super::close_watcher::{CloseListener, Subscription};
use super::{LIVENESS_INTERVAL, LivenessLocks, MAX_SLEEP};
use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst, fence};
use core::time::Duration;
use std::sync::OnceLock;

/// Time after a raise in which a handle checks liveness often. The kernel tells of a close just before it releases the
/// locks; both happen in one function (`__fput`), and this bounds the time in which the dying thread may be preempted.
const RECHECK_PERIOD: Duration = Duration::from_millis(100);
/// Sleep until the first check after a raise. Each later sleep is as long as the time since the raise, up to
/// [`LIVENESS_INTERVAL`].
const FIRST_RECHECK: Duration = Duration::from_micros(250);

/// What a handle's thread sleeps on, so that the watcher can wake it.
pub(in crate::layers) trait SleepSlot: fmt::Debug + Default + Send + Sync + 'static {
    /// What a thread sleeps on.
    type Target;

    /// The thread is about to sleep on `target`: a later [`notify_parked`](SleepSlot::notify_parked) wakes it there.
    fn enter(&self, target: &Self::Target);

    /// The thread is awake. A `notify_parked` that began before this call may still use the target after it returns.
    /// The slot sees to it that this does no harm.
    fn leave(&self);

    /// Wakes the thread; false if the slot is empty. The wake is lost if the thread does not sleep yet.
    fn notify_parked(&self) -> bool;
}

/// Raised when a participant may have left the segment, until the handle's thread takes it.
#[derive(Debug, Default)]
pub(in crate::layers) struct DeathFlag<S> {
    raised: AtomicBool,
    slot: S,
}

impl<S: SleepSlot> CloseListener for DeathFlag<S> {
    fn raise(&self) {
        self.raised.store(true, Relaxed);
        fence(SeqCst); // (A), pairs with (B): the thread sees the raise, or `notify_parked` sees its target
    }

    fn notify_parked(&self) -> bool {
        self.raised.load(Relaxed) && self.slot.notify_parked()
    }
}

impl<S: SleepSlot> DeathFlag<S> {
    /// Whether it was raised; it no longer is. The liveness check comes after it, so a raise that comes later asks for
    /// another check.
    fn take(&self) -> bool {
        self.raised.load(Relaxed) && self.raised.swap(false, Relaxed) // no exchange in the frequent case
    }
}

/// Bounds the sleeps of a handle.
#[derive(Debug)]
pub(in crate::layers) struct SleepLimiter<S: SleepSlot> {
    /// The handle was idle at least once.
    idle: AtomicBool,
    /// Empty until the first sleep after that; `None` inside if no watcher can run.
    subscription: OnceLock<Option<Subscription<DeathFlag<S>>>>,
    /// When the flag was last taken, in nanoseconds of the monotonic clock; 0: never.
    taken_at: AtomicU64,
}

impl<S: SleepSlot> SleepLimiter<S> {
    /// The limiter of a new handle.
    pub(in crate::layers) const fn new() -> Self {
        Self { idle: AtomicBool::new(false), subscription: OnceLock::new(), taken_at: AtomicU64::new(0) }
    }

    /// The longest sleep that may begin `now`.
    pub(in crate::layers) fn longest_sleep(&self, now: Duration) -> Duration {
        let taken_at = self.taken_at.load(Relaxed);
        if self.flag().is_none() || taken_at == 0 {
            return LIVENESS_INTERVAL;
        }
        let since = now.saturating_sub(Duration::from_nanos(taken_at));
        if since < RECHECK_PERIOD { since.clamp(FIRST_RECHECK, LIVENESS_INTERVAL) } else { MAX_SLEEP }
    }

    /// Begins a sleep on `target`. True: the flag was raised, so the thread checks liveness and does not sleep. False:
    /// [`end_sleep`](SleepLimiter::end_sleep) has to follow.
    pub(in crate::layers) fn begin_sleep(&self, target: &S::Target, now: Duration) -> bool {
        let Some(flag) = self.flag() else { return false };
        flag.slot.enter(target);
        fence(SeqCst); // (B), pairs with (A): we see the raise, or the watcher sees the target
        let raised = self.take(flag, now);
        if raised {
            flag.slot.leave();
        }
        raised
    }

    /// Ends a sleep. True: the flag was raised meanwhile, so the thread checks liveness.
    pub(in crate::layers) fn end_sleep(&self, now: Duration) -> bool {
        let Some(flag) = self.flag() else { return false };
        flag.slot.leave();
        self.take(flag, now)
    }

    /// A sleep of at least [`IDLE_AFTER`](super::IDLE_AFTER) was not disturbed.
    pub(in crate::layers) fn mark_idle(&self) {
        self.idle.store(true, Relaxed);
    }

    /// Subscribes an idle handle, once. Takes some time, so it comes before a sleep, not between a sleep and the poll
    /// after it.
    #[inline]
    pub(in crate::layers) fn subscribe_if_idle(&self, locks: &LivenessLocks) {
        if self.idle.load(Relaxed) {
            self.subscription.get_or_init(|| Subscription::new(locks));
        }
    }

    /// The flag, while a watcher runs that can raise it.
    fn flag(&self) -> Option<&DeathFlag<S>> {
        self.subscription.get()?.as_ref()?.flag()
    }

    fn take(&self, flag: &DeathFlag<S>, now: Duration) -> bool {
        let raised = flag.take();
        if raised {
            self.taken_at.store(now.as_nanos() as u64, Relaxed); // 64 bits are 584 years of uptime
        }
        raised
    }
}
