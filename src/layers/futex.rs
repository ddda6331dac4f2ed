//! The default layer: words in the segment, sleep in the kernel by futex(2).

use super::{PATROL, Peers, RealLayer, Sync, monotonic};
use crate::layer::{Deadline, Layer, Park, Parked};
use crate::lock::WordLock;
use crate::signal::WordSignal;
use core::hint::spin_loop;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use core::time::Duration;
use rustix::thread::futex;
use std::fs::File;
use std::sync::OnceLock;

/// One participant's handle on the Linux primitives.
#[derive(Debug)]
pub struct Futex {
    peers: Peers,
    /// How often to look before parking: 0 on a single core, where nobody can answer meanwhile.
    spins: u32,
}

/// Looks before parking, where there are cores to spare: about the price of one system call.
const SPINS: u32 = 200;

// SAFETY: atomics and plain bytes, which any memory is; zeroed as the trait says.
unsafe impl RealLayer for Futex {
    const KIND: Sync = Sync::Futex;

    fn new(file: File) -> Self {
        static CORES: OnceLock<usize> = OnceLock::new();
        let cores = CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from));
        Self { peers: Peers::new(file), spins: if *cores > 1 { SPINS } else { 0 } }
    }

    unsafe fn init(_: *mut Self::Lock, _: &mut dyn Iterator<Item = *mut Self::Signal>) -> std::io::Result<()> {
        Ok(()) // zeroed words are a free lock and signals that nobody waits for
    }
}

impl Layer for Futex {
    type W32 = AtomicU32;
    type W64 = AtomicU64;
    type Lock = WordLock<Self>;
    type Signal = WordSignal<Self>;

    #[inline(always)]
    fn fence(&self, order: Ordering) {
        fence(order);
    }

    fn now(&self) -> Duration {
        monotonic()
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
        *spins += 1;
        spin_loop();
        *spins <= self.spins
    }

    fn park(&self, word: &AtomicU32, expected: u32, deadline: Deadline) -> Parked {
        let (timeout, ends) = match deadline {
            Deadline::Now => return Parked::TimedOut,
            Deadline::Never => (PATROL, Parked::Patrol),
            Deadline::At(end) => match end.saturating_sub(monotonic()) {
                Duration::ZERO => return Parked::TimedOut,
                left if left <= PATROL => (left, Parked::TimedOut),
                _ => (PATROL, Parked::Patrol),
            },
        };
        let timeout = futex::Timespec { tv_sec: 0, tv_nsec: timeout.as_nanos() as _ }; // PATROL is below a second
        match futex::wait(word, futex::Flags::empty(), expected, Some(&timeout)) {
            Err(rustix::io::Errno::TIMEDOUT) => ends,
            _ => Parked::Woken, // woken, changed (EAGAIN), or interrupted: the caller looks again
        }
    }

    fn wake(&self, word: &AtomicU32) {
        // The word is mapped, so waking cannot fail; how many slept does not matter.
        let _ = futex::wake(word, futex::Flags::empty(), 1);
    }
}
