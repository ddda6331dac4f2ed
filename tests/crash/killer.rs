//! A wrapper of the futex layer that kills its own process at its *k*-th operation on the segment.
//!
//! Its words are the real words in the same places. So a process on this layer shares a segment with processes on the
//! real layer, and the protocol's own text dies.

use ackcast::layer::{Clock, Layer, LivenessUnknown, Memory, Park, Parked, Spins, Word};
use ackcast::layers::{Backend, Fences, Futex, LivenessLocks, RealLayer};
use ackcast::lock::WordLock;
use ackcast::signal::WordSignal;
use std::panic::Location;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, Ordering::Relaxed};
use std::time::Duration;

/// Operations to go. At 0 the process dies.
static FUSE: AtomicUsize = AtomicUsize::new(usize::MAX);

/// From now on, the process dies at its `k`-th operation, counted from 0.
pub fn light_fuse(k: usize) {
    FUSE.store(k, Relaxed);
}

/// Dies as if by `kill -9` from outside: nothing is unwound, flushed or given back.
pub fn die() -> ! {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    unreachable!("SIGKILL cannot be handled")
}

/// Announces an operation. A process that dies here first prints the operation's place, for the parent to read.
#[track_caller]
fn step(operation: &str) {
    if FUSE.fetch_sub(1, Relaxed) == 0 {
        let site = Location::caller();
        eprintln!("died at {}:{} {operation}", site.file(), site.line());
        die();
    }
}

/// A word whose operations are steps.
#[derive(Debug)]
#[repr(transparent)]
pub struct Fused<A>(A);

macro_rules! word {
    ($atomic:ty, $value:ty) => {
        // SAFETY: the atomic's own accesses.
        unsafe impl Word<$value> for Fused<$atomic> {
            fn load(&self, order: Ordering) -> $value {
                step("load");
                self.0.load(order)
            }

            fn load_owned(&self) -> $value {
                step("load");
                self.0.load(Relaxed)
            }

            fn store(&self, value: $value, order: Ordering) {
                step("store");
                self.0.store(value, order);
            }

            fn swap(&self, value: $value, order: Ordering) -> $value {
                step("swap");
                self.0.swap(value, order)
            }

            fn compare_exchange(
                &self,
                old: $value,
                new: $value,
                yes: Ordering,
                no: Ordering,
            ) -> Result<$value, $value> {
                step("compare_exchange");
                self.0.compare_exchange(old, new, yes, no)
            }
        }
    };
}
word!(AtomicU32, u32);
word!(AtomicU64, u64);

/// The futex layer with a fuse.
#[derive(Debug)]
pub struct Killer(Futex);

// SAFETY: the words are `Futex`'s, transparently wrapped.
unsafe impl RealLayer for Killer {
    const KIND: Backend = Backend::Futex;

    fn fences() -> Fences {
        Futex::fences()
    }

    fn new(locks: LivenessLocks, fences: Fences, slots: u32) -> Self {
        Self(Futex::new(locks, fences, slots))
    }

    unsafe fn init(_: *mut Self::Lock, _: &mut dyn Iterator<Item = *mut Self::Signal>) -> std::io::Result<()> {
        Ok(())
    }
}

// SAFETY: `Futex` keeps its promises.
unsafe impl Memory for Killer {
    type W32 = Fused<AtomicU32>;
    type W64 = Fused<AtomicU64>;

    fn light_fence(&self, order: Ordering) {
        step("fence");
        self.0.light_fence(order);
    }

    fn heavy_fence(&self, order: Ordering) {
        step("fence");
        self.0.heavy_fence(order);
    }
}

impl Clock for Killer {
    fn now(&self) -> Duration {
        self.0.now()
    }
}

// SAFETY: `Futex` keeps its promises.
unsafe impl Layer for Killer {
    type Lock = WordLock<Self>;
    type Signal = WordSignal<Self>;

    fn claim(&self, number: u32) -> Result<bool, LivenessUnknown> {
        self.0.claim(number)
    }

    fn release(&self, number: u32) {
        step("release");
        self.0.release(number);
    }

    fn is_alive(&self, number: u32) -> Result<bool, LivenessUnknown> {
        step("is_alive");
        self.0.is_alive(number)
    }

    fn liveness_interval(&self, now: Duration) -> Duration {
        self.0.liveness_interval(now)
    }

    fn is_inherited(&self) -> bool {
        self.0.is_inherited()
    }
}

impl Park for Killer {
    fn spin(&self, _: &mut Spins) -> bool {
        false // the interesting steps are those of parking
    }

    fn park(&self, word: &Self::W32, expected: u32, until: Duration) -> Parked {
        step("park");
        self.0.park(&word.0, expected, until)
    }

    fn wake(&self, word: &Self::W32) {
        step("wake");
        self.0.wake(&word.0);
    }
}
