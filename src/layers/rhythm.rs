//! When the next one comes, where they come at regular intervals: learned from when the last ones came.
//!
//! To be woken takes some ten microseconds, most of it the way from one core to another and out of the idle loop.
//! Who knows when it will be needed can be awake by then: it sets an alarm a little before, and looks until the
//! message is there. So what a periodic source sends, such as a sensor, is received as soon as its lines have gone
//! from core to core, for about the processor time that being woken costs.
//!
//! How long before, the *lead*, takes care of all that makes one late: the kernel's timer slack, the way out of the
//! idle loop, the jitter of the source. It follows from how the alarms before went. A message that came before we
//! were up makes it longer by a little, and a look makes it shorter by a part of what it lasted, so that it settles
//! where few are missed (a step of that kind is a stochastic approximation, after Robbins and Monro, 1951). Where the
//! looks cost more than they may, there is no alarm for a while, and where there is no rhythm, none at all.

use core::ops::RangeInclusive;
use core::time::Duration;
use std::sync::Mutex;

/// What the arrivals of one handle have taught. A hint, as in [`Budget`](super::Budget): it orders nothing, and who
/// finds it in use goes without.
#[derive(Debug)]
pub struct Rhythm(Mutex<Beat>);

/// An alarm, and until when to look for what is expected then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// When to get up.
    pub rings: Duration,
    /// When it is clear that it does not come as expected.
    pub until: Duration,
}

/// How an alarm went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rising {
    /// It was there before we were up.
    Late,
    /// We looked for so long until it came, or until it was clear that it did not.
    Early(Duration),
}

impl Rhythm {
    /// Nothing learned yet.
    pub const fn new() -> Self {
        Self(Mutex::new(Beat::NONE))
    }

    /// When to get up, if the next one can be expected. Asked at the beginning of a sleep.
    pub fn alarm(&self, now: Duration) -> Option<Alarm> {
        self.0.try_lock().ok()?.alarm(nanoseconds(now))
    }

    /// One is there, after an alarm that went like this, or without one.
    pub fn arrived(&self, now: Duration, rising: Option<Rising>) {
        if let Ok(mut beat) = self.0.try_lock() {
            if let Some(rising) = rising {
                beat.rose(rising);
            }
            beat.arrived(nanoseconds(now), rising == Some(Rising::Late));
        }
    }
}

/// Times in nanoseconds of the monotonic clock.
#[derive(Clone, Copy, Debug)]
struct Beat {
    /// How many intervals in a row were alike, up to [`STEADY`]; then how many in a row were not.
    alike: u32,
    odd: u32,
    /// When the last one came.
    last: u64,
    /// When the next one is expected, how long after the last, and how much earlier or later they are on average.
    next: u64,
    period: u64,
    error: u64,
    /// How long before that the alarm is set, and whether that was ever long enough.
    lead: u64,
    caught: bool,
    /// How long one looks after an alarm on average.
    look: u64,
    /// So many arrivals to go without an alarm.
    rest: u32,
}

/// Intervals in a row that make a rhythm.
const STEADY: u32 = 8;
/// As many in a row that do not fit end it.
const ODD: u32 = 4;
/// They fit if they differ by no more than this part of a period.
const LIKENESS: u64 = 8;
/// Who comes more often is spun for, and who comes less often need not be there within microseconds.
const PERIODS: RangeInclusive<u64> = 200_000..=100_000_000;
/// Longer than this part of a period after its time a message is not looked for.
const PATIENCE: u64 = 64;
/// By so much the lead grows when it was too short, and until it was long enough for once.
const STEP: u64 = 2_000;
const FIRST_STEPS: u64 = 16_000;
/// By this part of a look it shrinks: where one alarm in five is late, one looks for 8 µs.
const SHRINKS: u64 = 16;
/// If the looks last longer than this part of a period, there are no alarms for so many arrivals.
const DEAR: u64 = 16;
const REST: u32 = 256;

impl Beat {
    const NONE: Self =
        Self { alike: 0, odd: 0, last: 0, next: 0, period: 0, error: 0, lead: 0, caught: false, look: 0, rest: 0 };

    /// By how much a message is usually earlier or later than expected, and how long it is waited for.
    const fn tolerance(&self) -> u64 {
        let (usual, most) = (2 * self.error, self.period / PATIENCE);
        if usual < most { usual } else { most }
    }

    fn alarm(&self, now: u64) -> Option<Alarm> {
        if self.alike < STEADY || self.rest > 0 || !PERIODS.contains(&self.period) {
            return None;
        }
        let (rings, tolerance) = (self.next.saturating_sub(self.lead), self.tolerance());
        // Too late to sleep until then, and too early to look.
        if rings < now && now + tolerance < self.next || self.next < now {
            return None;
        }
        Some(Alarm { rings: Duration::from_nanos(rings), until: Duration::from_nanos(self.next + tolerance) })
    }

    /// Draws the lesson of an alarm.
    fn rose(&mut self, rising: Rising) {
        let look = match rising {
            Rising::Late => {
                let step = if self.caught { STEP } else { FIRST_STEPS };
                self.lead = (self.lead + step).min(self.period / 2);
                0
            }
            Rising::Early(look) => {
                self.caught = true;
                self.lead = self.lead.saturating_sub(nanoseconds(look) / SHRINKS);
                nanoseconds(look)
            }
        };
        self.look = mean(self.look, look, 16);
        if self.look > self.period / DEAR {
            (self.look, self.rest) = (0, REST);
        }
    }

    /// Draws the lesson of an arrival. Who is `woken` for it knows only that it was earlier than that.
    fn arrived(&mut self, now: u64, woken: bool) {
        let interval = now.saturating_sub(self.last);
        self.last = now;
        self.rest = self.rest.saturating_sub(1);
        if self.alike < STEADY {
            let alike = interval.abs_diff(self.period) <= self.period / LIKENESS;
            (self.alike, self.period) =
                if alike { (self.alike + 1, mean(self.period, interval, 4)) } else { (0, interval) };
            (self.next, self.error, self.odd) = (now + self.period, self.period / PATIENCE, 0);
            return;
        }
        // Now and then one does not come, or comes without a sleep.
        let skipped = (now.saturating_sub(self.next) + self.period / 2) / self.period;
        self.next += skipped * self.period;
        let fits = now.abs_diff(self.next) <= self.period / LIKENESS;
        self.odd = if fits && skipped == 0 { 0 } else { self.odd + 1 };
        if self.odd >= ODD {
            *self = Self { last: now, ..Self::NONE };
            return;
        }
        if fits && !(woken && self.caught) {
            self.keep_time(now);
        }
        self.next += self.period;
    }

    /// Corrects when it is expected, and a little how often; not by much if this one is unusual.
    fn keep_time(&mut self, now: u64) {
        let tolerance = self.tolerance() + 1;
        let came = now.clamp(self.next.saturating_sub(tolerance), self.next + tolerance);
        self.error = mean(self.error, now.abs_diff(self.next), 16);
        self.period = mean(self.period, (self.period + came).saturating_sub(self.next), 64);
        self.next = mean(self.next, came, 4);
    }
}

/// A mean of which the new value is this part.
const fn mean(old: u64, new: u64, part: u64) -> u64 {
    if new >= old { old + (new - old) / part } else { old - (old - new) / part }
}

/// Centuries fit.
const fn nanoseconds(time: Duration) -> u64 {
    time.as_nanos() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MICROSECOND: u64 = 1_000;
    const MILLISECOND: u64 = 1_000_000;
    /// How long it takes to be woken.
    const WAKE: u64 = 25 * MICROSECOND;

    /// A waiter in a time of its own.
    struct Waiter {
        beat: Beat,
        now: u64,
        alarms: u64,
        caught: u64,
        looked: u64,
    }

    impl Waiter {
        fn new() -> Self {
            Self { beat: Beat::NONE, now: 1_000 * MILLISECOND, alarms: 0, caught: 0, looked: 0 }
        }

        /// Waits for what comes then; who sleeps until an alarm gets up so much later.
        fn wait(&mut self, comes: u64, oversleep: u64) {
            let woken = comes.max(self.now) + WAKE;
            let Some(alarm) = self.beat.alarm(self.now) else {
                self.beat.arrived(woken, false);
                self.now = woken;
                return;
            };
            self.alarms += 1;
            let (rings, until) = (nanoseconds(alarm.rings), nanoseconds(alarm.until));
            let up = if rings > self.now { rings + oversleep } else { self.now };
            if comes <= up {
                self.beat.rose(Rising::Late);
                self.beat.arrived(woken, true);
                self.now = woken;
                return;
            }
            let look = until.min(comes).saturating_sub(up);
            self.looked += look;
            self.beat.rose(Rising::Early(Duration::from_nanos(look)));
            self.now = if comes <= until { comes } else { woken };
            self.caught += u64::from(comes <= until);
            self.beat.arrived(self.now, false);
        }
    }

    /// Something between 0 and `most`, different for each `n`.
    fn scatter(n: u64, most: u64) -> u64 {
        n.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29) % most
    }

    #[test]
    fn who_comes_regularly_is_expected() {
        for period in [MILLISECOND / 2, MILLISECOND, 30 * MILLISECOND] {
            let mut waiter = Waiter::new();
            let start = waiter.now;
            let comes = |n: u64| start + n * period + scatter(n, 12 * MICROSECOND);
            (1..200).for_each(|n| waiter.wait(comes(n), 60 * MICROSECOND + scatter(!n, 20 * MICROSECOND)));
            (waiter.alarms, waiter.caught, waiter.looked) = (0, 0, 0);
            (200..1200).for_each(|n| waiter.wait(comes(n), 60 * MICROSECOND + scatter(!n, 20 * MICROSECOND)));
            assert_eq!(waiter.alarms, 1000, "{period}: there is one for each");
            assert!(waiter.caught > 600, "{period}: {} of 1000 are caught", waiter.caught);
            assert!(waiter.looked < 1000 * 20 * MICROSECOND, "{period}: {} ns", waiter.looked);
        }
    }

    #[test]
    fn a_source_whose_clock_is_its_own_is_expected_too() {
        let mut waiter = Waiter::new();
        let mut comes = waiter.now;
        for n in 0..1000 {
            comes += 990 * MICROSECOND + scatter(n, 20 * MICROSECOND);
            waiter.wait(comes, 60 * MICROSECOND);
        }
        assert!(waiter.caught > 500, "{} of 1000", waiter.caught);
    }

    #[test]
    fn who_comes_at_random_is_not_expected() {
        let mut waiter = Waiter::new();
        let mut comes = waiter.now;
        for n in 0..1000 {
            comes += scatter(n, 2 * MILLISECOND);
            waiter.wait(comes, 60 * MICROSECOND);
        }
        assert!(waiter.alarms < 50, "{} alarms", waiter.alarms);
    }

    #[test]
    fn another_rhythm_is_learned_and_the_end_of_one_costs_one_look() {
        let mut waiter = Waiter::new();
        let mut comes = waiter.now;
        for period in [MILLISECOND, 3 * MILLISECOND, MILLISECOND] {
            waiter.caught = 0;
            for n in 0..300 {
                comes += period + scatter(n, 8 * MICROSECOND);
                waiter.wait(comes, 60 * MICROSECOND);
            }
            assert!(waiter.caught > 100, "{period}: {}", waiter.caught);
        }
        let alarm = waiter.beat.alarm(waiter.now).unwrap();
        assert_eq!(waiter.beat.alarm(nanoseconds(alarm.until)), None);
    }

    #[test]
    fn looks_that_cost_too_much_are_given_up_for_a_while() {
        let mut waiter = Waiter::new();
        let start = waiter.now;
        (1..100).for_each(|n| waiter.wait(start + n * MILLISECOND, 10 * MICROSECOND));
        assert!(waiter.beat.alarm(waiter.now).is_some());
        (0..32).for_each(|_| waiter.beat.rose(Rising::Early(Duration::from_micros(200))));
        assert_eq!(waiter.beat.alarm(waiter.now), None);
        (100..100 + u64::from(REST)).for_each(|n| waiter.wait(start + n * MILLISECOND, 10 * MICROSECOND));
        assert!(waiter.beat.alarm(waiter.now).is_some(), "it is tried again");
    }

    proptest! {
        /// Whatever comes whenever, and however late we get up: looking costs a small part of the time.
        #[test]
        fn looking_is_cheap(intervals in prop::collection::vec((0..3_u64, 0..1_000_u64), 1..40), oversleep in 0..300_u64) {
            let mut waiter = Waiter::new();
            let (start, mut comes) = (waiter.now, waiter.now);
            for (n, (kind, some)) in (0..4_000).zip(intervals.iter().cycle()) {
                comes += match kind {
                    0 => MILLISECOND,
                    1 => some * MICROSECOND,
                    _ => MILLISECOND + scatter(n, (1 + some) * MICROSECOND),
                };
                waiter.wait(comes, oversleep * MICROSECOND);
            }
            let time = waiter.now - start;
            prop_assert!(waiter.looked <= time / 8, "{} of {time} ns", waiter.looked);
        }
    }
}
