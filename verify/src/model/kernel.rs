//! What the kernel does for a model's participants: their numbers, their deaths, and fences.

use super::{
    config::{ModelConfig, WaitModel},
    engine::Engine,
    fence::Asymmetric,
};
use crate::hook::{self, Weight};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    fmt,
    rc::Rc,
    sync::atomic::Ordering,
};

/// See the [module](self).
pub struct Kernel<E: Engine> {
    /// By participant's number: 1 while a participant holds it.
    pub alive: Vec<E::Atom>,
    /// The same, read without a step: to recognise a stale answer.
    is_held: Vec<Cell<bool>>,
    /// Participants with lower numbers are consumers.
    pub consumers: u32,
    /// `None`: every fence is a full fence.
    fences: Option<Asymmetric<E>>,
    /// The configuration of the check.
    pub config: ModelConfig,
    /// Participants may die, so every failed wait checks liveness.
    pub mortal: bool,
    deaths: Cell<u32>,
    /// Liveness checks that need no repetition: word, value, thread, and the number of deaths.
    pub liveness_checks: RefCell<BTreeSet<(usize, u32, u64, u32)>>,
    /// Where threads park.
    gates: Vec<Rc<E::Monitor>>,
}

impl<E: Engine> fmt::Debug for Kernel<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kernel").finish_non_exhaustive()
    }
}

impl<E: Engine> Kernel<E> {
    /// The kernel of so many participants, of which the first are consumers. Threads park on `gates`.
    pub fn new(
        participants: u32,
        consumers: u32,
        config: ModelConfig,
        mortal: bool,
        gates: Vec<Rc<E::Monitor>>,
    ) -> Rc<Self> {
        Rc::new(Self {
            alive: (0..participants).map(|_| E::atom(0)).collect(),
            is_held: vec![Cell::new(false); participants as usize],
            consumers,
            fences: config.asymmetric.then(Asymmetric::default),
            config,
            mortal,
            deaths: Cell::new(0),
            liveness_checks: RefCell::default(),
            gates,
        })
    }

    /// Claims a number. The kernel gives it to one participant at a time.
    pub fn claim(&self, number: u32) -> bool {
        let alive = &self.alive[number as usize];
        let claimed = E::exchange(alive, 0, 1, Ordering::Acquire, Ordering::Relaxed).is_ok();
        self.is_held[number as usize].set(claimed || self.is_held[number as usize].get());
        claimed
    }

    /// Releases a number: by its holder, or by the kernel after its death.
    pub fn release(&self, number: u32) {
        E::store(&self.alive[number as usize], 0, Ordering::Release);
        self.is_held[number as usize].set(false);
    }

    /// Whether a participant holds this number. `false` may be stale, as the contract allows: the last holder is dead,
    /// and the number has another holder now. (`true` may be stale, too: then the caller waits and asks again.)
    ///
    /// Queries conflict with a death, not with each other. With a load that counts as a write (see
    /// [`Engine::load_owned`]) there are many times more executions, and one query would be ordered with another.
    pub fn is_alive(&self, number: u32) -> bool {
        let alive = &self.alive[number as usize];
        if !hook::may_die(number) {
            return true;
        }
        if self.config.waiting == WaitModel::Assume {
            let seen = E::load(alive, Ordering::Acquire) != 0;
            if !seen || self.is_held[number as usize].get() {
                return seen;
            }
            E::skip(); // the caller waits for a dead participant: another execution tells it so
        }
        E::load_owned(alive, Ordering::Acquire) != 0
    }

    /// A fence that orders as much as the configuration says.
    pub fn fence(&self, weight: Weight, order: Ordering) {
        match &self.fences {
            Some(fences) if order == Ordering::SeqCst => fences.fence(weight),
            _ => E::fence(order),
        }
    }

    /// The number of deaths. (The model's bounded liveness check: after a death, no thread stays parked.)
    pub fn deaths(&self) -> u32 {
        self.deaths.get()
    }

    /// A participant dies: its number is free. `abandon` frees what else it held.
    pub fn die(&self, number: u32, abandon: impl FnOnce()) {
        self.release(number);
        self.deaths.set(self.deaths.get() + 1); // no step in between: a liveness check from now on finds the death
        abandon();
        for monitor in &self.gates {
            E::wake(monitor, true, || {});
        }
    }
}
