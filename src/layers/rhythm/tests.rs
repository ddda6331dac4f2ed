//! A waiter in a time of its own, and each lesson by itself.

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

/// Expects something at 10 ms, every millisecond, by an alarm 100 µs before.
fn expecting() -> Beat {
    let (next, period, error, lead) = (10 * MILLISECOND, MILLISECOND, 5 * MICROSECOND, 100 * MICROSECOND);
    Beat { alike: STEADY, last: next - period, next, period, error, lead, caught: true, ..Beat::NONE }
}

fn rings(beat: &Beat, now: u64) -> Option<(u64, u64)> {
    beat.alarm(now).map(|alarm| (nanoseconds(alarm.rings), nanoseconds(alarm.until)))
}

#[test]
fn one_looks_from_the_alarm_until_it_is_clear_that_nothing_comes() {
    let (beat, next, tolerance) = (expecting(), 10 * MILLISECOND, 10 * MICROSECOND);
    let alarm = Some((next - beat.lead, next + tolerance));
    assert_eq!(rings(&beat, next - MILLISECOND), alarm);
    assert_eq!(rings(&beat, next - beat.lead), alarm, "in time");
    assert_eq!(rings(&beat, next - beat.lead + 1), None, "no time to sleep, and too much to look");
    assert_eq!(rings(&beat, next - tolerance - 1), None);
    assert_eq!(rings(&beat, next - tolerance), alarm, "it is there in a moment");
    assert_eq!(rings(&beat, next), alarm);
    assert_eq!(rings(&beat, next + 1), None, "it should have been there");
    let erratic = Beat { error: MILLISECOND, ..beat };
    assert_eq!(rings(&erratic, 0), Some((next - beat.lead, next + MILLISECOND / PATIENCE)), "not for ever");
}

#[test]
fn so_many_alike_make_a_rhythm() {
    let mut beat = Beat::NONE;
    (1..=u64::from(STEADY) + 1).for_each(|n| {
        assert_eq!(beat.alarm(beat.last), None, "not yet");
        beat.arrived(n * MILLISECOND, false);
    });
    let last = (u64::from(STEADY) + 1) * MILLISECOND;
    assert_eq!((beat.next, beat.period, beat.error), (last + MILLISECOND, MILLISECOND, MILLISECOND / PATIENCE));
    assert!(beat.alarm(last).is_some());
    beat.arrived(beat.next + 8 * MICROSECOND, false);
    assert_eq!(
        beat.next,
        last + 2 * MILLISECOND + 2 * MICROSECOND + beat.period - MILLISECOND,
        "a quarter of the error"
    );
}

#[test]
fn who_comes_at_the_same_moment_has_no_rhythm() {
    let mut beat = Beat::NONE;
    (0..3 * STEADY).for_each(|_| beat.arrived(MILLISECOND, false));
    assert_eq!((beat.alike, beat.alarm(MILLISECOND)), (0, None));
}

#[test]
fn time_is_kept_by_those_who_come_as_expected() {
    let before = expecting();
    let mut beat = before;
    beat.arrived(before.next + 8 * MICROSECOND, false);
    assert_eq!(beat.error, 5 * MICROSECOND + 3 * MICROSECOND / 16);
    assert_eq!(beat.period, MILLISECOND + 8 * MICROSECOND / 64);
    assert_eq!(beat.next, before.next + 2 * MICROSECOND + beat.period);
    let mut beat = before;
    beat.arrived(before.next - 8 * MICROSECOND, false);
    assert_eq!(beat.next, before.next - 2 * MICROSECOND + beat.period);
    // Of who is unusually late, as much counts as is usual; of who woke us, we know only that they came.
    let mut beat = before;
    beat.arrived(before.next + 100 * MICROSECOND, false);
    assert_eq!(beat.next, before.next + (10 * MICROSECOND + 1) / 4 + beat.period);
    let mut beat = before;
    beat.arrived(before.next + 100 * MICROSECOND, true);
    assert_eq!((beat.next, beat.error, beat.odd), (before.next + MILLISECOND, before.error, 0));
}

#[test]
fn who_does_not_fit_changes_nothing_until_it_is_the_rule() {
    let before = expecting();
    let mut beat = before;
    beat.arrived(before.next + MILLISECOND / 4, false);
    assert_eq!(
        (beat.next, beat.period, beat.error, beat.odd),
        (before.next + MILLISECOND, MILLISECOND, before.error, 1)
    );
    // One was missed, and the one after it is a little early.
    let mut beat = before;
    let late = before.next + MILLISECOND - 8 * MICROSECOND;
    beat.arrived(late, false);
    assert_eq!((beat.next, beat.odd), (before.next + MILLISECOND - 2 * MICROSECOND + beat.period, 1));
    beat.arrived(beat.next, false);
    assert_eq!(beat.odd, 0, "that was all");
    let mut beat = before;
    (0..ODD).for_each(|_| beat.arrived(beat.next + MILLISECOND / 4, false));
    assert_eq!((beat.alike, beat.period), (0, 0));
    assert_eq!(
        beat.last,
        before.next + u64::from(ODD - 1) * MILLISECOND + MILLISECOND / 4,
        "the next interval begins here"
    );
}

#[test]
fn a_lead_grows_when_we_are_late_and_shrinks_by_what_we_looked() {
    let mut beat = expecting();
    beat.rose(Rising::Late);
    assert_eq!(beat.lead, 102 * MICROSECOND);
    beat.rose(Rising::Early(Duration::from_micros(32)));
    assert_eq!((beat.lead, beat.look), (100 * MICROSECOND, 2 * MICROSECOND));
    let mut new = Beat { caught: false, ..expecting() };
    new.rose(Rising::Late);
    assert_eq!(new.lead, 116 * MICROSECOND);
    let dear = MILLISECOND / DEAR;
    let mut beat = Beat { look: dear, ..expecting() };
    beat.rose(Rising::Early(Duration::from_nanos(dear)));
    assert_eq!((beat.look, beat.rest), (dear, 0), "as much as they may");
    beat.rose(Rising::Early(Duration::from_nanos(dear + 16)));
    assert_eq!((beat.look, beat.rest), (0, REST));
}

#[test]
fn a_handle_tells_who_woke_it_from_who_was_seen_to_come() {
    for (rising, moves) in [(Some(Rising::Late), false), (Some(Rising::Early(Duration::ZERO)), true), (None, true)] {
        let rhythm = Rhythm(Mutex::new(expecting()));
        rhythm.arrived(Duration::from_micros(10_008), rising);
        assert_eq!(rhythm.0.lock().unwrap().next != 11 * MILLISECOND, moves, "{rising:?}");
    }
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
