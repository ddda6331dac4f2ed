//! How fast the machine is just now: on a shared one, that changes by the minute, and not only by a little.
//!
//! Measured in the same way before and after each measurement, whoever is measured in it, so what does not count does
//! not depend on what it says.

use crate::measurement::cores;
use rustix::thread::{CpuSet, sched_setaffinity};
use std::hint::spin_loop;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// Less than this part of the best speed of the run, and a reading does not count.
pub const SLOW: f64 = 0.6;

/// So many turns, for so long at most, and the best of so many tries: who starts late is not slow.
const TURNS: u64 = 8_000;
const AT_MOST: Duration = Duration::from_millis(5);
const TRIES: usize = 3;

/// Turns a second between two cores, for a word that two threads count up in turns; 0 if there are not two.
pub fn speed() -> f64 {
    let cores = cores().unwrap_or_default();
    let [first, second, ..] = cores[..] else { return 0.0 };
    (0..TRIES).map(|_| turns_a_second(first, second)).fold(0.0, f64::max)
}

fn turns_a_second(first: usize, second: usize) -> f64 {
    let (word, start) = (AtomicU64::new(0), Barrier::new(2));
    let count_up = |core, turn| {
        let mut only = CpuSet::new();
        only.set(core);
        let _ = sched_setaffinity(None, &only);
        start.wait();
        let start = Instant::now();
        loop {
            match word.load(Relaxed) {
                seen if seen >= TURNS => break,
                seen if seen % 2 == turn => word.store(seen + 1, Relaxed),
                _ if start.elapsed() > AT_MOST => break,
                _ => spin_loop(),
            }
        }
        start.elapsed()
    };
    let time = thread::scope(|scope| {
        let other = scope.spawn(|| count_up(second, 1));
        let ours = scope.spawn(|| count_up(first, 0));
        let times = [ours, other].map(|thread| thread.join().expect("it counts"));
        times.into_iter().min().unwrap_or(AT_MOST)
    });
    word.into_inner() as f64 / time.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_cores_take_turns() {
        if cores().unwrap().len() > 1 {
            assert!(speed() > 1_000.0);
        }
    }
}
