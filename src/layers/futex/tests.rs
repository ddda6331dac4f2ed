//! Sleeps with an alarm: deadlines, arrivals at any moment, stray wakes.

use super::*;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::thread;

const PERIOD: Duration = Duration::from_millis(2);
/// As often as it takes to know a rhythm.
const OFTEN: u32 = 12;

/// A handle that was woken at regular intervals, up to now, and what it expects.
fn expecting() -> (Futex, Duration, Option<Alarm>) {
    // Nobody is asked for here: any file is one that nobody holds a number of.
    let locks = LivenessLocks::open(|| Ok(std::fs::File::open("/dev/null").unwrap())).unwrap();
    let layer = Futex::new(locks, Fences::Symmetric, 1);
    let now = monotonic();
    (0..OFTEN).rev().for_each(|ago| layer.budget.arrived(now.saturating_sub(ago * PERIOD), None));
    let alarm = layer.budget.alarm(now);
    assert_eq!(alarm.is_some(), cores() > 1, "alone on a core one cannot look for anybody");
    (layer, now, alarm)
}

fn who_expects() -> Futex {
    expecting().0
}

#[test]
fn a_deadline_is_kept_before_an_alarm_and_after_one() {
    for deadline in [PERIOD / 4, PERIOD, 2 * PERIOD] {
        let (layer, word) = (who_expects(), AtomicU32::new(0));
        let end = monotonic() + deadline;
        for _ in 0..10_000 {
            assert_eq!(layer.park(&word, 0, end), Parked::Woken);
            if monotonic() >= end {
                break;
            }
        }
        assert!(monotonic() >= end, "it wakes again and again before its time");
    }
}

#[test]
fn who_is_expected_is_not_missed_whenever_they_come() {
    for after in (0..40).map(|part| part * PERIOD / 20) {
        let (layer, word) = (who_expects(), AtomicU32::new(0));
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(after);
                word.store(1, SeqCst);
                who_expects().wake(&word);
            });
            while word.load(SeqCst) == 0 {
                layer.park(&word, 0, Duration::MAX);
            }
        });
    }
}

#[test]
fn who_does_not_come_is_slept_for() {
    let (layer, word) = (who_expects(), AtomicU32::new(0));
    let end = monotonic() + 4 * PERIOD;
    assert_eq!(layer.park(&word, 0, end), Parked::Woken);
    assert!(monotonic() >= end, "nobody came, and it is not time yet");
}

#[test]
fn who_gets_up_in_vain_before_the_alarm_sleeps_on() {
    let (layer, start, Some(alarm)) = expecting() else { return };
    let (word, up) = (AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while up.load(Relaxed) == 0 {
                layer.wake(&word); // of a message that was seen before
                thread::yield_now();
            }
        });
        let (_, rising) = layer.rise(&word, 0, start, start + 4 * PERIOD, alarm);
        up.store(1, Relaxed);
        let Some(Rising::Early(look)) = rising else { panic!("nobody came, and it was {rising:?}") };
        assert!(look <= alarm.until - alarm.rings, "it looked for {look:?}, from before {alarm:?} on");
    });
}
