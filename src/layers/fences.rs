//! Fences of which the side that is always on its way pays nothing.
//!
//! Two threads that each write, fence and then look at what the other wrote need a full fence each,
//! and a full fence waits until every earlier store has reached the other cores: on the hot path
//! that is one transfer of a cache line a message. But one of the two is about to sleep, or to join,
//! and has time. So it makes *all* of the others fence, wherever they are, by membarrier(2), and they
//! only have to keep the compiler from moving their accesses. This is the asymmetric fence of
//! [P1202R5](https://wg21.link/p1202r5).
//!
//! All participants of a segment must agree, so its creator decides and the header keeps it.
//!
//! # When membarrier(2) fails
//!
//! It was tried at attach, so the kernel (kernel/sched/membarrier.c, Linux 4.16 to 6.18) can fail in one way:
//! `membarrier_global_expedited` allocates a mask of processors where `CONFIG_CPUMASK_OFFSTACK` is set, and says
//! `ENOMEM` when there is no memory for it. `ENOSYS` and `EINVAL` stay the same until a reboot, and it never says
//! `EINTR` or `EAGAIN`. A seccomp filter that is installed after attach can say anything.
//!
//! So a failed fence is first made by `MEMBARRIER_CMD_GLOBAL`, which waits for a grace period of RCU: it allocates
//! nothing, takes milliseconds, and says `EINVAL` under `nohz_full`. If that fails, too, an error that may pass is
//! retried for some [100 ms](ATTEMPTS). Then the process aborts. It cannot go on without the fence: it would miss wakes
//! (F1), or its slots would be overwritten while it reads them (J). The other participants go on as after any death.

use core::sync::atomic::{AtomicU8, Ordering, compiler_fence, fence};
use core::time::Duration;
use rustix::io::Errno;
use rustix::thread::{MembarrierCommand, membarrier};
use std::io::Write;

/// How the participants of a segment fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fences {
    /// The heavy ones by membarrier(2), the light ones in the compiler alone.
    Asymmetric,
    /// Both by the processor.
    Symmetric,
}

impl Fences {
    /// The best that this process may use.
    pub fn best() -> Self {
        if may_make_others_fence() { Self::Asymmetric } else { Self::Symmetric }
    }

    /// Whether this process may use them. If so, from now on the others' heavy fences reach it.
    pub fn usable(self) -> bool {
        self == Self::Symmetric || may_make_others_fence()
    }

    /// The side that runs often.
    #[inline(always)]
    pub fn light(self, order: Ordering) {
        match self {
            Self::Asymmetric => compiler_fence(order),
            Self::Symmetric => fence(order),
        }
    }

    /// The side that has time: a system call, and an interruption of each core on which another
    /// participant runs. Aborts the process if it is refused.
    pub fn heavy(self, order: Ordering) {
        fence(order);
        if self == Self::Asymmetric {
            // Not the standard library's sleep, which panics where a filter refuses it.
            let pause = |time: Duration| {
                let time = rustix::thread::Timespec { tv_sec: 0, tv_nsec: time.subsec_nanos() as _ };
                let _ = rustix::thread::nanosleep(&time);
            };
            if let Err(errno) = make_others_fence(membarrier, pause) {
                abort(errno);
            }
        }
    }

    /// The header's number for them.
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::Symmetric => 0,
            Self::Asymmetric => 1,
        }
    }

    /// The fences of this number.
    pub(crate) const fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Symmetric),
            1 => Some(Self::Asymmetric),
            _ => None,
        }
    }
}

/// How often a fence that fails is tried, and the pause after the first attempt. Each one is twice the one before.
const ATTEMPTS: u32 = 12;
const PAUSE: Duration = Duration::from_micros(50);

/// Makes all participants fence; see the [module](self).
fn make_others_fence(
    mut membarrier: impl FnMut(MembarrierCommand) -> Result<(), Errno>,
    mut pause: impl FnMut(Duration),
) -> Result<(), Errno> {
    let mut attempt = 0;
    loop {
        let Err(errno) = membarrier(MembarrierCommand::GlobalExpedited) else { return Ok(()) };
        if membarrier(MembarrierCommand::Global).is_ok() {
            return Ok(());
        }
        attempt += 1;
        if attempt == ATTEMPTS || !matches!(errno, Errno::NOMEM | Errno::INTR | Errno::AGAIN) {
            return Err(errno);
        }
        pause(PAUSE * (1 << (attempt - 1)));
    }
}

#[cold]
fn abort(errno: Errno) -> ! {
    // Without a stderr, there is nobody to tell.
    let _ = writeln!(
        std::io::stderr(),
        "ackcast: membarrier(2) failed after it had worked ({errno}), and without it this process would corrupt its \
         channel: aborting. A sandbox must allow membarrier(2), or the channel be created with \
         `Builder::symmetric_fences`."
    );
    std::process::abort()
}

/// Registers this process, once; false where the kernel is older than 4.16 or a filter forbids it.
/// A forked child inherits the registration, as it does our memory of it.
fn may_make_others_fence() -> bool {
    const UNKNOWN: u8 = 0;
    const NO: u8 = 1;
    const YES: u8 = 2;
    /// No thread waits for another one that asks: that one may be gone, in a forked child. All get the same answer.
    static REGISTERED: AtomicU8 = AtomicU8::new(UNKNOWN);
    if REGISTERED.load(Ordering::Relaxed) == UNKNOWN {
        let may = membarrier(MembarrierCommand::RegisterGlobalExpedited).is_ok()
            && membarrier(MembarrierCommand::GlobalExpedited).is_ok();
        let _ = REGISTERED.compare_exchange(UNKNOWN, if may { YES } else { NO }, Ordering::Relaxed, Ordering::Relaxed);
    }
    REGISTERED.load(Ordering::Relaxed) == YES
}

#[cfg(test)]
mod tests {
    use super::*;
    use MembarrierCommand::{Global, GlobalExpedited};

    /// The result when both commands answer by these rules, how often each was called, and the time in pauses.
    fn fence_where(
        mut answer: impl FnMut(MembarrierCommand, u32) -> Result<(), Errno>,
    ) -> (Result<(), Errno>, [u32; 2], Duration) {
        let (mut calls, mut paused) = ([0, 0], Duration::ZERO);
        let membarrier = |command| {
            let which = usize::from(command == Global);
            calls[which] += 1;
            answer(command, calls[which])
        };
        let result = make_others_fence(membarrier, |time| paused += time);
        (result, calls, paused)
    }

    #[test]
    fn fence_that_succeeds_is_one_call() {
        assert_eq!(fence_where(|_, _| Ok(())), (Ok(()), [1, 0], Duration::ZERO));
    }

    #[test]
    fn fence_without_memory_is_made_by_the_slow_command() {
        let answer = |command, _| if command == GlobalExpedited { Err(Errno::NOMEM) } else { Ok(()) };
        assert_eq!(fence_where(answer), (Ok(()), [1, 1], Duration::ZERO));
    }

    #[test]
    fn transient_error_is_retried_until_it_passes() {
        for errno in [Errno::NOMEM, Errno::INTR, Errno::AGAIN] {
            let answer = |command, call| match command {
                GlobalExpedited if call == 4 => Ok(()),
                GlobalExpedited => Err(errno),
                _ => Err(Errno::INVAL), // nohz_full
            };
            assert_eq!(fence_where(answer), (Ok(()), [4, 3], 7 * PAUSE));
        }
    }

    #[test]
    fn transient_error_that_stays_is_an_error_within_a_bound() {
        let (result, calls, paused) = fence_where(|_, _| Err(Errno::NOMEM));
        assert_eq!((result, calls), (Err(Errno::NOMEM), [ATTEMPTS; 2]));
        assert!(paused < Duration::from_millis(200), "{paused:?}");
    }

    #[test]
    fn refusal_is_an_error_at_once() {
        for errno in [Errno::PERM, Errno::NOSYS, Errno::INVAL] {
            assert_eq!(fence_where(|_, _| Err(errno)), (Err(errno), [1, 1], Duration::ZERO));
        }
    }
}
