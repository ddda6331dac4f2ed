//! A layer without threads: it records what it is asked for.

use ackcast::layer::{Clock, Layer, LivenessUnknown, Memory, Park, Parked, Spins};
use ackcast::lock::WordLock;
use ackcast::signal::WordSignal;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use std::time::Duration;

/// A request of the code under test to its layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Spin,
    Park,
    Wake,
}

/// The steps of the other participants during a poll or a sleep of the caller.
pub type Turn = Box<dyn FnOnce(&Alone)>;

/// The layer. It records each request, and a spin or a park runs the next turn of the others.
#[derive(Default)]
pub struct Alone {
    /// The number of spins before a park.
    spins: u32,
    pub turns: RefCell<VecDeque<Turn>>,
    /// The last steps of a participant, which it makes during the liveness check that finds it gone.
    pub leaves: RefCell<Option<Turn>>,
    asked: RefCell<Vec<Asked>>,
    pub heavy_fences: Cell<u32>,
}

impl Alone {
    pub fn new(spins: u32, turns: impl IntoIterator<Item = Turn>) -> Self {
        Self { spins, turns: RefCell::new(turns.into_iter().collect()), ..Self::default() }
    }

    /// The requests since the last call of this function.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.take()
    }

    fn ask(&self, what: Asked) {
        self.asked.borrow_mut().push(what);
    }

    fn turn(&self) {
        let turn = self.turns.borrow_mut().pop_front();
        turn.expect("the test has a turn for each spin and park")(self);
    }
}

impl fmt::Debug for Alone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alone").finish_non_exhaustive()
    }
}

// SAFETY: one thread uses it.
unsafe impl Memory for Alone {
    type W32 = AtomicU32;
    type W64 = AtomicU64;

    fn light_fence(&self, order: Ordering) {
        fence(order);
    }

    fn heavy_fence(&self, order: Ordering) {
        self.heavy_fences.set(self.heavy_fences.get() + 1);
        fence(order);
    }
}

impl Clock for Alone {
    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

// SAFETY: one thread uses it.
unsafe impl Layer for Alone {
    type Lock = WordLock<Self>;
    type Signal = WordSignal<Self>;

    fn claim(&self, _: u32) -> Result<bool, LivenessUnknown> {
        Ok(true)
    }

    fn release(&self, _: u32) {}

    fn is_alive(&self, _: u32) -> Result<bool, LivenessUnknown> {
        let leaves = self.leaves.take();
        Ok(leaves.map(|leaves| leaves(self)).is_none())
    }

    fn liveness_interval(&self, _: Duration) -> Duration {
        Duration::MAX
    }
}

impl Park for Alone {
    fn spin(&self, spins: &mut Spins) -> bool {
        if spins.polls == self.spins {
            return false;
        }
        spins.polls += 1;
        self.ask(Asked::Spin);
        self.turn();
        true
    }

    fn park(&self, word: &AtomicU32, expected: u32, _: Duration) -> Parked {
        assert_eq!(word.load(Ordering::Relaxed), expected, "no other thread runs");
        self.ask(Asked::Park);
        self.turn();
        Parked::Woken
    }

    fn wake(&self, _: &AtomicU32) {
        self.ask(Asked::Wake);
    }
}

pub fn nothing() -> Turn {
    Box::new(|_| {})
}
