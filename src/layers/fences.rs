//! Asymmetric fences: free for the thread that publishes, a membarrier(2) for the thread that parks or joins.
//!
//! Two threads that each write, fence and then read what the other wrote need a full fence each. A full fence waits
//! until every earlier store has reached the other cores. On the hot path that is one transfer of a cache line per
//! message. But the thread that parks or joins has time. So it makes the processors of *all* other participants fence,
//! by membarrier(2). The other threads only keep the compiler from moving their accesses. This is the asymmetric fence
//! of [P1202R5](https://wg21.link/p1202r5).
//!
//! All participants of a segment must use the same fences. So its creator chooses them, and the header keeps the
//! choice.
//!
//! # When membarrier(2) fails
//!
//! Attaching has tried the call, so the kernel (kernel/sched/membarrier.c, Linux 4.16 to 6.18) can fail in one way:
//! `membarrier_global_expedited` allocates a mask of processors where `CONFIG_CPUMASK_OFFSTACK` is set, and returns
//! `ENOMEM` when there is no memory for it. `ENOSYS` and `EINVAL` cannot follow a success until a reboot, and the
//! kernel never returns `EINTR` or `EAGAIN`. A seccomp filter that is installed after attach can return any error.
//!
//! So a failed fence is first made by `MEMBARRIER_CMD_GLOBAL`, which waits for a grace period of RCU. It allocates
//! nothing, takes milliseconds, and returns `EINVAL` under `nohz_full`. If it fails, too, a transient error is retried
//! for some [100 ms](ATTEMPTS). Then the process aborts. It cannot go on without the fence, because it would miss wakes
//! (F1), or its slots would be overwritten while it reads them (J). The other participants go on as after any death.

use super::pause;
use core::sync::atomic::{AtomicU8, Ordering, compiler_fence, fence};
use core::time::Duration;
use rustix::io::Errno;
use rustix::thread::{MembarrierCommand, membarrier};
use std::io::Write;

/// The fences of a segment's participants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fences {
    /// Heavy fences are a membarrier(2), light ones a fence of the compiler.
    Asymmetric,
    /// Both are fences of the processor.
    Symmetric,
}

impl Fences {
    /// The cheapest that this process may use.
    pub fn best() -> Self {
        if may_make_others_fence() { Self::Asymmetric } else { Self::Symmetric }
    }

    /// Whether this process may use them. If so, heavy fences of other processes reach this process from now on.
    pub fn usable(self) -> bool {
        self == Self::Symmetric || may_make_others_fence()
    }

    /// The fence of the side that runs often: costs nothing in [`Asymmetric`](Fences::Asymmetric).
    #[inline(always)]
    pub fn light(self, order: Ordering) {
        match self {
            Self::Asymmetric => compiler_fence(order),
            Self::Symmetric => fence(order),
        }
    }

    /// The fence of the side that has time: a system call, and an interruption of each core on which another
    /// participant runs. Aborts the process if the system refuses it.
    pub fn heavy(self, order: Ordering) {
        fence(order);
        if self == Self::Asymmetric {
            if let Err(errno) = make_others_fence(membarrier, pause) {
                abort(errno);
            }
        }
    }

    /// Their number in the header.
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

/// Attempts to make a fence that fails with a transient error.
const ATTEMPTS: u32 = 12;
/// Pause after the first attempt. Each later pause is twice as long, so all of them together last 102 ms.
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
    // Fails where the process has no stderr.
    let _ = writeln!(
        std::io::stderr(),
        "ackcast: membarrier(2) failed after it had worked ({errno}), and without it this process would corrupt its \
         channel: aborting. A sandbox must allow membarrier(2), or the channel be created with \
         `Builder::symmetric_fences`."
    );
    std::process::abort()
}

/// Registers this process for the fences of other processes, once. False: the kernel is older than 4.16, or a filter
/// forbids it. A forked child inherits the registration together with the memory of it.
fn may_make_others_fence() -> bool {
    const UNKNOWN: u8 = 0;
    const NO: u8 = 1;
    const YES: u8 = 2;
    /// No lock: a forked child would inherit it in whatever state another thread had it. All threads get the same
    /// answer.
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

    /// The result when both commands return what `answer` says, the calls of each, and the time in pauses.
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
