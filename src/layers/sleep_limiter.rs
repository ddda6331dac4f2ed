//! How long a sleeper may sleep until it looks whether its locks live, and the flag that wakes it
//! before.
//!
//! A handle that has slept for a whole [`LIVENESS_INTERVAL`] asks the [watchman](super::watch) to ring when
//! anybody leaves the segment. Once it has heard the flag, it relies on it. The watchman rings just
//! *before* the kernel gives the number of the dead free, so whoever hears it looks often for a
//! while. Nothing but promptness rests on him: without him one patrols, and behind him, too.

use super::close_watcher::{Ring, Subscription};
use super::{LIVENESS_INTERVAL, LivenessLocks, MAX_SLEEP};
use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst, fence};
use core::time::Duration;
use std::sync::OnceLock;

/// How long after the flag a sleeper does not rely on it: by then the dead are gone.
const ALERT: Duration = Duration::from_millis(100);
/// The first sleep after the flag. Each one is as long as all before it together, up to a patrol.
const NAP: Duration = Duration::from_micros(250);

/// Where one handle's sleeper sleeps, so that it can be woken from there.
pub(super) trait SleepSlot: fmt::Debug + Default + Send + Sync + 'static {
    /// What is slept on.
    type Place;

    /// From now on a wake reaches who sleeps on `place`.
    fn enter(&self, place: &Self::Place);

    /// The sleeper is awake: when this returns, nobody touches the place any more.
    fn leave(&self);

    /// Wakes whoever sleeps; false if nobody does. It may come just before they fall asleep.
    fn notify_parked(&self) -> bool;
}

/// What the watchman rings and a sleeper hears: Dekker's pattern again, within one process. Either
/// the sleeper sees that it rang or the watchman sees it in slot.
#[derive(Debug, Default)]
pub(super) struct DeathFlag<B> {
    /// It rang, and the handle has not heard it yet.
    rung: AtomicBool,
    slot: B,
}

impl<B: SleepSlot> Ring for DeathFlag<B> {
    fn ring(&self) {
        self.rung.store(true, Relaxed);
        fence(SeqCst); // to the one in `SleepLimiter::lie_down`
    }

    fn notify_parked(&self) -> bool {
        self.rung.load(Relaxed) && self.slot.notify_parked()
    }
}

/// One handle's part in it.
#[derive(Debug)]
pub(super) struct SleepLimiter<B: SleepSlot> {
    /// It has slept for a whole patrol.
    idle: AtomicBool,
    /// Empty until the first sleep after that; `None` if nobody can watch for it.
    post: OnceLock<Option<Subscription<DeathFlag<B>>>>,
    /// When the flag was last heard, in nanoseconds of the monotonic clock. 0, never: a flag that
    /// was not heard yet is not relied on.
    heard: AtomicU64,
}

impl<B: SleepSlot> SleepLimiter<B> {
    /// Of a handle that has not slept yet.
    pub(super) const fn new() -> Self {
        Self { idle: AtomicBool::new(false), post: OnceLock::new(), heard: AtomicU64::new(0) }
    }

    /// The longest sleep that begins `now`.
    pub(super) fn longest_sleep(&self, now: Duration) -> Duration {
        let heard = self.heard.load(Relaxed);
        if self.flag().is_none() || heard == 0 {
            return LIVENESS_INTERVAL;
        }
        let awake = now.saturating_sub(Duration::from_nanos(heard));
        if awake < ALERT { awake.clamp(NAP, LIVENESS_INTERVAL) } else { MAX_SLEEP }
    }

    /// Before a sleep that begins `now`: true if the flag rang, so that it is no time to sleep.
    /// Else [`get_up`](SleepLimiter::get_up) has to follow.
    pub(super) fn lie_down(&self, place: &B::Place, now: Duration) -> bool {
        let Some(flag) = self.flag() else { return false };
        flag.slot.enter(place);
        fence(SeqCst); // to the one in `DeathFlag::ring`: either we see that it rang or it wakes us
        let rung = self.hear(flag, now);
        if rung {
            flag.slot.leave();
        }
        rung
    }

    /// After a sleep: true if the flag rang meanwhile.
    pub(super) fn get_up(&self, now: Duration) -> bool {
        let Some(flag) = self.flag() else { return false };
        flag.slot.leave();
        self.hear(flag, now)
    }

    /// The sleep was a whole patrol, so the next ones may be as long.
    pub(super) fn slept_long(&self) {
        self.idle.store(true, Relaxed);
    }

    /// Before a sleep, and not between a sleep and the look that it was for: this takes some time. If
    /// the handle is idle, the flag rings from now on, and for the first time very soon.
    #[inline]
    pub(super) fn enlist_if_idle(&self, locks: &LivenessLocks) {
        if self.idle.load(Relaxed) {
            self.post.get_or_init(|| Subscription::enlist(locks));
        }
    }

    /// The flag, if there is somebody to ring it.
    fn flag(&self) -> Option<&DeathFlag<B>> {
        self.post.get()?.as_ref()?.flag()
    }

    fn hear(&self, flag: &DeathFlag<B>, now: Duration) -> bool {
        // The exchange, which is rare, lets no ring go unheard: the look comes after it.
        let rung = flag.rung.load(Relaxed) && flag.rung.swap(false, Relaxed);
        if rung {
            self.heard.store(now.as_nanos() as u64, Relaxed); // centuries of uptime fit
        }
        rung
    }
}
