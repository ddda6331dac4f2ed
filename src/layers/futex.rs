//! The default layer: words in the segment, and sleep in the kernel by futex(2).

use super::liveness::IDLE_AFTER;
use super::liveness::sleep_limiter::{SleepLimiter, SleepSlot};
use super::waiting::futex::{self, Slept};
use super::waiting::{AdaptiveWait, Wait, cores};
use super::{Backend, Fences, Journal, LivenessLocks, RealLayer, monotonic};
use crate::layer::{Clock, Layer, LivenessUnknown, Memory, Park, Parked, Spins};
use crate::lock::WordLock;
#[cfg(feature = "tracing")]
use crate::protocol::Event;
use crate::signal::WordSignal;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};
use core::time::Duration;
use std::io;

/// One participant's handle on the Linux primitives.
#[derive(Debug)]
pub struct Futex {
    locks: LivenessLocks,
    fences: Fences,
    adaptive_wait: AdaptiveWait,
    limiter: SleepLimiter<ParkedWord>,
    journal: Journal,
}

/// The word that the handle's thread sleeps on; null: the slot is empty.
#[derive(Debug, Default)]
struct ParkedWord(AtomicPtr<AtomicU32>);

impl SleepSlot for ParkedWord {
    type Target = AtomicU32;

    fn enter(&self, word: &AtomicU32) {
        self.0.store(ptr::from_ref(word).cast_mut(), Ordering::Relaxed);
    }

    fn leave(&self) {
        self.0.store(ptr::null_mut(), Ordering::Relaxed);
    }

    fn notify_parked(&self) -> bool {
        let word = self.0.load(Ordering::Relaxed);
        if word.is_null() {
            return false;
        }
        // The thread may have left meanwhile, and the word may be unmapped: only the kernel follows the address.
        // All sleepers, because a single one may be another process's.
        futex::wake_all(word);
        true
    }
}

// SAFETY: atomics and plain bytes, which any memory is; zeroed as the trait says.
unsafe impl RealLayer for Futex {
    const KIND: Backend = Backend::Futex;

    fn fences() -> Fences {
        Fences::best()
    }

    fn new(locks: LivenessLocks, fences: Fences, slots: u32) -> Self {
        let (adaptive_wait, limiter) = (AdaptiveWait::new(cores(), slots), SleepLimiter::new());
        Self { locks, fences, adaptive_wait, limiter, journal: Journal::new("") }
    }

    fn set_channel(&mut self, name: &str) {
        self.journal = Journal::new(name);
    }

    fn set_wait(&self, wait: Wait) {
        self.adaptive_wait.set(wait);
    }

    unsafe fn init(_: *mut Self::Lock, _: &mut dyn Iterator<Item = *mut Self::Signal>) -> io::Result<()> {
        Ok(()) // zeroed words are a free lock and EMPTY signals
    }
}

impl Futex {
    /// Sleeps while `word` holds `expected`, from `now` to `until`.
    fn sleep(&self, word: &AtomicU32, expected: u32, now: Duration, until: Duration) -> Parked {
        let time = until.saturating_sub(now);
        if time.is_zero() {
            return Parked::Woken;
        }
        if self.limiter.begin_sleep(word, now) {
            return Parked::CheckLiveness;
        }
        let slept = futex::sleep(word, expected, time);
        let end = monotonic();
        self.adaptive_wait.slept(end.saturating_sub(now));
        if time >= IDLE_AFTER && slept == Slept::WholeTime {
            self.limiter.mark_idle();
        }
        if self.limiter.end_sleep(end) { Parked::CheckLiveness } else { Parked::Woken }
    }
}

// SAFETY: fences are the processor's, or membarrier(2).
unsafe impl Memory for Futex {
    type W32 = AtomicU32;
    type W64 = AtomicU64;

    #[inline(always)]
    fn light_fence(&self, order: Ordering) {
        self.fences.light(order);
    }

    fn heavy_fence(&self, order: Ordering) {
        self.fences.heavy(order);
    }
}

impl Clock for Futex {
    fn now(&self) -> Duration {
        monotonic()
    }
}

// SAFETY: numbers are locks of the kernel's, which it drops at death.
unsafe impl Layer for Futex {
    type Lock = WordLock<Self>;
    type Signal = WordSignal<Self>;

    fn claim(&self, number: u32) -> Result<bool, LivenessUnknown> {
        self.locks.claim(number)
    }

    fn release(&self, number: u32) {
        self.locks.release(number);
    }

    fn is_alive(&self, number: u32) -> Result<bool, LivenessUnknown> {
        self.locks.is_alive(number)
    }

    fn liveness_interval(&self, now: Duration) -> Duration {
        self.limiter.longest_sleep(now)
    }

    #[inline(always)]
    fn is_inherited(&self) -> bool {
        self.locks.is_inherited()
    }

    #[cfg(feature = "tracing")]
    const HAS_LOG: bool = true;

    #[cfg(feature = "tracing")]
    fn note(&self, event: Event) {
        if !self.is_inherited() {
            self.journal.note(event);
        }
    }
}

impl Park for Futex {
    #[inline]
    fn before_first_poll(&self) {
        self.adaptive_wait.before_first_poll();
    }

    #[inline]
    fn after_first_poll(&self, messages: u64) {
        self.adaptive_wait.after_first_poll(messages);
    }

    fn spin(&self, spins: &mut Spins) -> bool {
        self.adaptive_wait.spin(spins)
    }

    fn park(&self, word: &AtomicU32, expected: u32, until: Duration) -> Parked {
        self.limiter.subscribe_if_idle(&self.locks);
        self.sleep(word, expected, monotonic(), until)
    }

    fn wake(&self, word: &AtomicU32) {
        futex::wake_one(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::Ordering::{Relaxed, SeqCst};
    use std::thread;

    /// A sleep of this length means that a wake was lost.
    const HANG: Duration = Duration::from_secs(30);

    /// A handle of no segment: no number is claimed on its file.
    fn handle() -> Futex {
        let locks = LivenessLocks::open(|| Ok(std::fs::File::open("/dev/null").unwrap())).unwrap();
        Futex::new(locks, Fences::Symmetric, 1)
    }

    #[test]
    fn park_ends_at_its_time_without_a_wake() {
        let (layer, word) = (handle(), AtomicU32::new(0));
        for time in [0, 100, 2_000].map(Duration::from_micros) {
            let end = monotonic() + time;
            while monotonic() < end {
                assert_eq!(layer.park(&word, 0, end), Parked::Woken);
            }
            // The time has passed: the thread does not sleep again.
            assert_eq!(layer.park(&word, 0, end), Parked::Woken);
        }
    }

    #[test]
    fn park_ends_when_the_word_changes_at_any_moment() {
        for after in (0..40).map(|step| step * Duration::from_micros(100)) {
            let (layer, word) = (handle(), AtomicU32::new(0));
            thread::scope(|scope| {
                scope.spawn(|| {
                    thread::sleep(after); // the moment is the input of the test, not synchronisation
                    word.store(1, SeqCst);
                    handle().wake(&word);
                });
                let end = monotonic() + HANG;
                while word.load(SeqCst) == 0 {
                    layer.park(&word, 0, end);
                    assert!(monotonic() < end, "the wake was lost");
                }
            });
        }
    }

    #[test]
    fn parked_thread_is_woken_from_its_slot() {
        let (slot, word, left) = (ParkedWord::default(), AtomicU32::new(0), AtomicU32::new(0));
        assert!(!slot.notify_parked(), "the slot is empty");
        thread::scope(|scope| {
            scope.spawn(|| {
                slot.enter(&word);
                let mut woken = true;
                while woken && left.load(Relaxed) == 0 {
                    woken = futex::sleep(&word, 0, HANG) == Slept::LessTime;
                }
                slot.leave();
                assert!(woken, "no wake reached the thread");
            });
            while !slot.notify_parked() {}
            left.store(1, Relaxed);
            while slot.notify_parked() {} // a wake that comes before the sleep is lost
        });
    }
}
