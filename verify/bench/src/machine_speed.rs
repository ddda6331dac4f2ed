//! How fast the machine is just now. The speed of a shared machine changes by the minute, and not only by a little.
//!
//! The speed is measured in the same way before and after each measurement, for every participant. So a reading is not
//! left out because of its own value.

use crate::measurement::cores;
use rustix::thread::{CpuSet, sched_setaffinity};
use std::hint::spin_loop;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// A reading below this part of the run's best speed does not count.
pub const SLOW: f64 = 0.6;

/// The number of turns, an upper bound on their time, and the tries of which the best counts. A thread that starts late
/// must not make the machine look slow.
const TURNS: u64 = 8_000;
const AT_MOST: Duration = Duration::from_millis(5);
const TRIES: usize = 3;

/// Turns a second between two cores: two threads count up a word in turns. 0 if there is a single core.
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
        let times = [ours, other].map(|thread| thread.join().expect("the thread counts"));
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
