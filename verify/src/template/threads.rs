//! Real memory: the words are atomics of the standard library, and each participant has a thread.

use super::{
    Protocol,
    memory::{Cell, Checkable},
};
use crate::events::{Outcome, Seen};
use ackcast::{
    Fences,
    layer::{Memory, Word},
};
use std::{
    cell::UnsafeCell,
    sync::atomic::{AtomicU32, AtomicU64, Ordering, fence},
    thread,
};

/// See the [module](self). Only [`run`] and the litmus tests make one.
#[derive(Debug)]
pub struct Threads(Fences);

impl Threads {
    /// Real memory with these fences, which this process may use.
    pub(crate) fn new(fences: Fences) -> Self {
        Self(fences)
    }
}

/// A word of real memory.
#[derive(Debug, Default)]
pub struct Atomic<A>(A);

macro_rules! word {
    ($value:ty, $atomic:ty) => {
        // SAFETY: it is an atomic of the standard library.
        unsafe impl Word<$value> for Atomic<$atomic> {
            fn load(&self, order: Ordering) -> $value {
                self.0.load(order)
            }
            fn load_owned(&self) -> $value {
                self.0.load(Ordering::Relaxed)
            }
            fn store(&self, value: $value, order: Ordering) {
                self.0.store(value, order);
            }
            fn swap(&self, value: $value, order: Ordering) -> $value {
                self.0.swap(value, order)
            }
            fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.0.compare_exchange(current, new, success, failure)
            }
        }
    };
}
word!(u32, AtomicU32);
word!(u64, AtomicU64);

/// Plain memory.
///
/// It is as sound as the protocol: only a protocol in which the checkers find no data race may run here. So
/// [`run`] is called after them.
#[derive(Debug)]
pub struct PlainCell(UnsafeCell<u64>);

// SAFETY: the accesses of a checked protocol are ordered by its words. See the type.
unsafe impl Sync for PlainCell {}

impl Cell for PlainCell {
    fn read(&self) -> u64 {
        // SAFETY: a checked protocol orders this read with every write.
        unsafe { self.0.get().read() }
    }

    fn write(&self, value: u64) {
        // SAFETY: a checked protocol orders this write with every access.
        unsafe { self.0.get().write(value) };
    }
}

// SAFETY: the fences are the shipping ones.
unsafe impl Memory for Threads {
    type W32 = Atomic<AtomicU32>;
    type W64 = Atomic<AtomicU64>;

    fn light_fence(&self, order: Ordering) {
        self.0.light(order);
    }

    fn heavy_fence(&self, order: Ordering) {
        self.0.heavy(order);
    }
}

impl Checkable for Threads {
    type Cell = PlainCell;

    fn word32(&self, _name: &'static str) -> Atomic<AtomicU32> {
        Atomic::default()
    }

    fn word64(&self, _name: &'static str) -> Atomic<AtomicU64> {
        Atomic::default()
    }

    fn cell(&self, _name: &'static str) -> PlainCell {
        PlainCell(UnsafeCell::new(0))
    }

    fn fence(&self, order: Ordering) {
        fence(order);
    }

    fn wait_until<T>(&self, mut poll: impl FnMut() -> Option<T>) -> T {
        loop {
            if let Some(found) = poll() {
                return found;
            }
            thread::yield_now();
        }
    }

    /// Returns early: there is no kernel in between.
    fn sleep_while(&self, word: &Atomic<AtomicU32>, expected: u32) {
        if word.0.load(Ordering::Relaxed) == expected {
            thread::yield_now();
        }
    }

    fn wake(&self, _word: &Atomic<AtomicU32>) {}

    /// No thread dies as a process does.
    fn is_alive(&self, _participant: u32) -> bool {
        true
    }
}

/// Runs the participants of a checked protocol in threads, so many times, and judges each outcome.
///
/// # Safety
/// The checkers have found no data race in the protocol ([`check`](super::check) has passed), because its cells are
/// plain memory here.
///
/// # Panics
/// The protocol's judge rejects an outcome.
pub unsafe fn run<P: Protocol>(rounds: u32) -> Vec<Outcome>
where
    P::Shared<Threads>: Sync,
{
    let memory = &Threads::new(Fences::Symmetric);
    let round = |_| {
        let shared = &P::shared(memory);
        let participants = P::participants::<Threads>().into_iter();
        round(
            participants.map(|one| -> Running<'_> { Box::new(move || (one.body)(shared, memory)) }).collect(),
            P::judge,
        )
    };
    let mut outcomes: Vec<_> = (0..rounds).map(round).collect();
    outcomes.sort();
    outcomes.dedup();
    outcomes
}

/// What a participant does in its thread.
type Running<'r> = Box<dyn FnOnce() -> Seen + Send + 'r>;

/// Runs each participant in a thread.
fn round(participants: Vec<Running<'_>>, judge: fn(&Outcome)) -> Outcome {
    let outcome: Outcome = thread::scope(|scope| {
        let running: Vec<_> = participants.into_iter().map(|participant| scope.spawn(participant)).collect();
        running.into_iter().map(|thread| thread.join().expect("no participant panics")).collect()
    });
    judge(&outcome);
    outcome
}
