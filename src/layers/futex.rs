//! The default layer: words in the segment, sleep in the kernel by futex(2).

use super::wait::{Budget, Wait};
use super::{Fences, PATROL, Peers, RealLayer, Sync, monotonic};
use crate::layer::{Deadline, Layer, Park, Parked};
use crate::lock::WordLock;
use crate::signal::WordSignal;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use core::time::Duration;
use rustix::thread::futex;
use std::fs::File;
use std::sync::OnceLock;

/// One participant's handle on the Linux primitives.
#[derive(Debug)]
pub struct Futex {
    peers: Peers,
    fences: Fences,
    budget: Budget,
}

// SAFETY: atomics and plain bytes, which any memory is; zeroed as the trait says.
unsafe impl RealLayer for Futex {
    const KIND: Sync = Sync::Futex;

    fn fences() -> Fences {
        Fences::best()
    }

    fn new(file: File, fences: Fences) -> Self {
        static CORES: OnceLock<usize> = OnceLock::new();
        Self { peers: Peers::new(file), fences, budget: Budget::new(*CORES.get_or_init(cores)) }
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
    // SAFETY: it only returns a number, or -1.
    let online = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
    usize::try_from(online).unwrap_or(1)
}

impl Layer for Futex {
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

    fn pace(&self, found: u64, slots: u32) {
        self.budget.pace(found, slots);
    }

    fn claim(&self, number: u32) -> bool {
        self.peers.claim(number)
    }

    fn disclaim(&self, number: u32) {
        self.peers.disclaim(number);
    }

    fn is_alive(&self, number: u32) -> bool {
        self.peers.is_alive(number)
    }
}

impl Park for Futex {
    fn spin(&self, spins: &mut u32) -> bool {
        self.budget.look_again(spins)
    }

    fn park(&self, word: &AtomicU32, expected: u32, deadline: Deadline) -> Parked {
        let start = monotonic();
        let (timeout, ends) = match deadline {
            Deadline::Now => return Parked::TimedOut,
            Deadline::Never => (PATROL, Parked::Patrol),
            Deadline::At(end) => match end.saturating_sub(start) {
                Duration::ZERO => return Parked::TimedOut,
                left if left <= PATROL => (left, Parked::TimedOut),
                _ => (PATROL, Parked::Patrol),
            },
        };
        let timeout = futex::Timespec { tv_sec: 0, tv_nsec: timeout.as_nanos() as _ }; // PATROL is below a second
        let result = futex::wait(word, futex::Flags::empty(), expected, Some(&timeout));
        self.budget.slept(monotonic().saturating_sub(start));
        match result {
            Err(rustix::io::Errno::TIMEDOUT) => ends,
            _ => Parked::Woken, // woken, changed (EAGAIN), or interrupted: the caller looks again
        }
    }

    fn wake(&self, word: &AtomicU32) {
        // The word is mapped, so waking cannot fail; how many slept does not matter.
        let _ = futex::wake(word, futex::Flags::empty(), 1);
    }
}
