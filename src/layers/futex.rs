//! The default layer: words in the segment, sleep in the kernel by futex(2).

use super::rhythm::{Alarm, Rising};
use super::sleep_limiter::{SleepLimiter, SleepSlot};
use super::wait::{AdaptiveWait, Wait};
use super::{Backend, Fences, IDLE, LivenessLocks, RealLayer, monotonic};
use crate::layer::{Layer, LivenessUnknown, Park, Parked, Spins};
use crate::lock::WordLock;
use crate::signal::WordSignal;
use core::hint::spin_loop;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use core::time::Duration;
use rustix::io::Errno;
use rustix::thread::futex;
use std::io;

/// One participant's handle on the Linux primitives.
#[derive(Debug)]
pub struct Futex {
    locks: LivenessLocks,
    fences: Fences,
    budget: AdaptiveWait,
    limiter: SleepLimiter<Word>,
}

/// Who looks for what is expected gives up the core once in so many looks.
const GIVES_WAY: u32 = 16;

/// The word that a handle's sleeper sleeps on; null while it is awake.
#[derive(Debug, Default)]
struct Word(AtomicPtr<AtomicU32>);

impl SleepSlot for Word {
    type Place = AtomicU32;

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
        // All that sleep there: one alone could be another process's.
        // SAFETY: the kernel follows the address, not we. The sleeper may just have got up and unmapped
        // it: then the call fails, or wakes somebody else, as a futex may at any time.
        unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE, i32::MAX) };
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
        Self { locks, fences, budget: AdaptiveWait::new(cores(), slots), limiter: SleepLimiter::new() }
    }

    fn set_wait(&self, wait: Wait) {
        self.budget.set(wait);
    }

    unsafe fn init(_: *mut Self::Lock, _: &mut dyn Iterator<Item = *mut Self::Signal>) -> std::io::Result<()> {
        Ok(()) // zeroed words are a free lock and signals that nobody waits for
    }
}

/// The machine's cores. Not those that we may use: who is pinned to one can wait for who is pinned to another.
fn cores() -> usize {
    /// 0: not asked yet. No thread waits for another one that asks: that one may be gone, in a forked child.
    static CORES: AtomicUsize = AtomicUsize::new(0);
    let cores = CORES.load(Ordering::Relaxed);
    if cores > 0 {
        return cores;
    }
    // SAFETY: it only returns a number, or -1.
    let online = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
    let cores = usize::try_from(online).unwrap_or(1).max(1);
    CORES.store(cores, Ordering::Relaxed);
    cores
}

/// The pause that takes the place of a sleep where futex(2) is refused: no wake ends it. Some tens of microseconds of
/// processor time each, and no message waits for longer.
const WITHOUT_FUTEX: Duration = Duration::from_millis(1);

/// Whether futex(2) works here: a wait for a value that is not there, and a wake that no thread needs.
pub(super) fn check_futex() -> io::Result<()> {
    let word = AtomicU32::new(0);
    match futex::wait(&word, futex::Flags::empty(), 1, Some(&timespec(Duration::ZERO))) {
        Err(Errno::AGAIN | Errno::INTR) | Ok(()) => {}
        Err(errno) => return Err(errno.into()),
    }
    futex::wake(&word, futex::Flags::empty(), 1)?;
    Ok(())
}

fn timespec(time: Duration) -> futex::Timespec {
    futex::Timespec { tv_sec: time.as_secs() as _, tv_nsec: time.subsec_nanos() as _ }
}

/// Waits on the word; where the kernel or a filter refuses that, pauses.
fn wait_or_pause(word: &AtomicU32, expected: u32, left: Duration) -> Result<(), Errno> {
    let result = futex::wait(word, futex::Flags::empty(), expected, Some(&timespec(left)));
    if !matches!(result, Ok(()) | Err(Errno::AGAIN | Errno::INTR | Errno::TIMEDOUT)) {
        // The caller's clock goes on, and with it its deadline and its liveness checks.
        let _ = rustix::thread::nanosleep(&timespec(left.min(WITHOUT_FUTEX)));
    }
    result
}

impl Futex {
    /// Sleeps while `word` holds `expected`, from `now` to `until`.
    fn sleep(&self, word: &AtomicU32, expected: u32, now: Duration, until: Duration) -> Parked {
        let left = until.saturating_sub(now);
        if left.is_zero() {
            return Parked::Woken;
        }
        if self.limiter.lie_down(word, now) {
            return Parked::CheckLiveness;
        }
        let result = wait_or_pause(word, expected, left);
        let rung = self.limiter.get_up(monotonic());
        if left >= IDLE && result == Err(Errno::TIMEDOUT) {
            self.limiter.slept_long();
        }
        // Woken, changed (EAGAIN), interrupted or timed out: the caller polls again, and knows the time.
        if rung { Parked::CheckLiveness } else { Parked::Woken }
    }

    /// Sleeps until the alarm rings, looks for what is expected then, and sleeps again if it does not come.
    fn rise(
        &self,
        word: &AtomicU32,
        expected: u32,
        start: Duration,
        end: Duration,
        alarm: Alarm,
    ) -> (Parked, Option<Rising>) {
        let there = || word.load(Ordering::Relaxed) != expected; // orders nothing: the caller looks again
        let rings = alarm.rings.min(end);
        let mut now = start;
        // Who is awake before a message's wake reaches it is woken by it from the next sleep.
        while now < rings && !there() {
            match self.sleep(word, expected, now, rings) {
                Parked::Woken => now = monotonic(),
                parked => return (parked, None),
            }
        }
        if there() {
            return (Parked::Woken, Some(Rising::Late));
        }
        let until = end.min(alarm.until);
        let (up, mut looks) = (now, 0_u32);
        while now < until && !there() {
            looks += 1;
            // Who is expected may have to come to this very core.
            match looks % GIVES_WAY {
                0 => std::thread::yield_now(),
                _ => spin_loop(),
            }
            now = monotonic();
        }
        let parked = if there() { Parked::Woken } else { self.sleep(word, expected, now, end) };
        // The processor may have been taken from us meanwhile; that is not what a look costs.
        (parked, Some(Rising::Early(now.min(until).saturating_sub(up))))
    }
}

// SAFETY: fences are the processor's, or membarrier(2); numbers are locks of the kernel's, which it drops at death.
unsafe impl Layer for Futex {
    type W32 = AtomicU32;
    type W64 = AtomicU64;
    type Lock = WordLock<Self>;
    type Signal = WordSignal<Self>;

    #[inline(always)]
    fn light_fence(&self, order: Ordering) {
        self.fences.light(order);
    }

    fn heavy_fence(&self, order: Ordering) {
        self.fences.heavy(order);
    }

    fn now(&self) -> Duration {
        monotonic()
    }

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
}

impl Park for Futex {
    #[inline]
    fn before_first_poll(&self) {
        self.budget.before_first_poll();
    }

    #[inline]
    fn after_first_poll(&self, messages: u64) {
        self.budget.after_first_poll(messages);
    }

    fn spin(&self, spins: &mut Spins) -> bool {
        self.budget.look_again(spins)
    }

    fn park(&self, word: &AtomicU32, expected: u32, until: Duration) -> Parked {
        self.limiter.enlist_if_idle(&self.locks);
        let start = monotonic();
        let (parked, rising) = match self.budget.alarm(start) {
            Some(alarm) => self.rise(word, expected, start, until, alarm),
            None => (self.sleep(word, expected, start, until), None),
        };
        let end = monotonic();
        self.budget.slept(end.saturating_sub(start));
        // As in `rise`; a stray wake teaches nothing.
        if parked == Parked::Woken && word.load(Ordering::Relaxed) != expected {
            self.budget.arrived(end, rising);
        }
        parked
    }

    fn wake(&self, word: &AtomicU32) {
        // The word is mapped, so waking fails only where a filter refuses it: the sleeper's own clock ends its sleep
        // then. How many slept does not matter.
        let _ = futex::wake(word, futex::Flags::empty(), 1);
    }
}

#[cfg(test)]
mod tests;
