//! futex(2) on a word of the segment, and what takes its place where a filter refuses it.

use core::sync::atomic::AtomicU32;
use core::time::Duration;
use rustix::io::Errno;
use rustix::thread::futex::{self, Flags, Timespec};
use std::io;

/// Longest pause in place of a sleep, where futex(2) is refused. No wake ends it, so it bounds a message's latency
/// there.
const PAUSE: Duration = Duration::from_millis(1);

/// Whether this process may call futex(2): waits for a value that the word does not hold, and wakes no thread.
///
/// # Errors
/// The error of the refused call.
pub fn check() -> io::Result<()> {
    let word = AtomicU32::new(0);
    match futex::wait(&word, Flags::empty(), 1, Some(&timespec(Duration::ZERO))) {
        Err(Errno::AGAIN | Errno::INTR) | Ok(()) => {}
        Err(errno) => return Err(errno.into()),
    }
    futex::wake(&word, Flags::empty(), 1)?;
    Ok(())
}

/// How a sleep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slept {
    /// Its time was up.
    WholeTime,
    /// A wake, another value of the word, a signal handler, or a refusal of futex(2) ended it.
    LessTime,
}

/// Sleeps while `word` holds `expected`, for at most `time`. Where futex(2) is refused, pauses for [`PAUSE`] at most:
/// the caller reads its own clock, so its deadline and its liveness checks still hold.
pub fn sleep(word: &AtomicU32, expected: u32, time: Duration) -> Slept {
    match futex::wait(word, Flags::empty(), expected, Some(&timespec(time))) {
        Err(Errno::TIMEDOUT) => Slept::WholeTime,
        Ok(()) | Err(Errno::AGAIN | Errno::INTR) => Slept::LessTime,
        Err(_) => {
            // Not the standard library's sleep, which panics where a filter refuses nanosleep, too.
            let _ = rustix::thread::nanosleep(&timespec(time.min(PAUSE)));
            Slept::LessTime
        }
    }
}

/// Wakes a single sleeper on `word`.
pub fn wake_one(word: &AtomicU32) {
    // Fails only where a filter refuses futex(2). The sleeper's own clock ends its sleep then.
    let _ = futex::wake(word, Flags::empty(), 1);
}

/// Wakes all sleepers on the word at this address.
pub fn wake_all(word: *const AtomicU32) {
    // SAFETY: FUTEX_WAKE takes an address that the kernel checks, and writes nothing there. Where the word is no longer
    // mapped, the call fails with EFAULT, or wakes sleepers on another word spuriously, which every sleeper expects.
    unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE, i32::MAX) };
}

fn timespec(time: Duration) -> Timespec {
    Timespec { tv_sec: time.as_secs() as _, tv_nsec: time.subsec_nanos() as _ }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn sleep_lasts_its_whole_time_without_a_wake() {
        let (word, time) = (AtomicU32::new(0), Duration::from_millis(2));
        let start = Instant::now();
        // A signal for the process may end a sleep early.
        while sleep(&word, 0, time) == Slept::LessTime {}
        assert!(start.elapsed() >= time);
    }

    #[test]
    fn sleep_ends_at_once_when_the_word_differs() {
        assert_eq!(sleep(&AtomicU32::new(1), 0, Duration::from_secs(30)), Slept::LessTime);
    }

    #[test]
    fn wake_of_unmapped_word_is_harmless() {
        wake_all(core::ptr::without_provenance(4));
    }

    #[test]
    fn futex_calls_are_allowed_here() {
        check().unwrap();
    }
}
