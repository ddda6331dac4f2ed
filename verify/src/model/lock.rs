//! A model's write lock: the shipping lock on its word, or the engine's mutex.

use super::{engine::Engine, layer::Model};
use crate::{
    events::{Event, record_event},
    hook::{self, Kind, Name, Operator, Verdict},
};
use ackcast::{
    layer::{Acquired, Deadline, Lock, LockError, Participant},
    lock::WordLock,
};
use std::{
    cell::{Cell, RefCell},
    panic::Location,
};

/// See the [module](self).
#[derive(Debug)]
pub struct ModelLock<E: Engine> {
    name: Name,
    words: Option<WordLock<Model<E>>>,
    latch: E::Latch,
    /// The latch's owner, for messages and deaths: not part of the model.
    owner: Cell<Option<u32>>,
    /// The latch's last owner died.
    abandoned: Cell<bool>,
    /// Participants that hold the lock only because a mutant skipped `acquire`.
    false_holders: RefCell<Vec<u32>>,
}

impl<E: Engine> ModelLock<E> {
    /// The shipping lock, or the engine's mutex if there is none.
    pub fn new(words: Option<WordLock<Model<E>>>) -> Self {
        Self {
            name: Name { word: "lock", owner: None },
            words,
            latch: E::latch(),
            owner: Cell::new(None),
            abandoned: Cell::new(false),
            false_holders: RefCell::default(),
        }
    }

    /// Takes the engine's mutex.
    fn latch(&self, me: Participant, deadline: Deadline) -> Result<Acquired, LockError> {
        if self.owner.get().is_some() {
            record_event(Event::LockHeld);
        }
        match deadline {
            Deadline::Now if !E::try_lock(&self.latch) => {
                return Err(LockError::Busy { owner: self.owner.get() });
            }
            Deadline::Now => {}
            _ => E::lock(&self.latch),
        }
        self.owner.set(Some(me.number));
        Ok(if self.abandoned.take() { Acquired::OwnerDied } else { Acquired::Clean })
    }

    /// The kernel's part when `number` dies: frees its latch, whose next owner gets [`Acquired::OwnerDied`].
    pub fn abandon(&self, number: u32) {
        if self.owner.get() == Some(number) {
            self.abandoned.set(true);
            self.owner.set(None);
            E::unlock(&self.latch);
        }
    }
}

// SAFETY: the shipping lock or the engine's mutex excludes all but one owner. (A mutant may break that on purpose.)
unsafe impl<E: Engine> Lock<Model<E>> for ModelLock<E> {
    const IS_THREAD_INDEPENDENT: bool = true;

    #[track_caller]
    fn acquire(&self, layer: &Model<E>, me: Participant, deadline: Deadline) -> Result<Acquired, LockError> {
        match hook::before(E::thread, Location::caller(), self.name, Kind::Lock, None) {
            Verdict::Ignore => return Ok(Acquired::Clean),
            Verdict::Otherwise(Operator::Skip) => {
                self.false_holders.borrow_mut().push(me.number);
                return Ok(Acquired::Clean);
            }
            _ => {}
        }
        let acquired = match &self.words {
            Some(words) => words.acquire(layer, me, deadline),
            None => self.latch(me, deadline),
        };
        if acquired == Ok(Acquired::OwnerDied) {
            record_event(Event::Takeover);
        }
        acquired
    }

    #[track_caller]
    fn inherit(&self, layer: &Model<E>, me: Participant) -> bool {
        let inherited = match hook::before(E::thread, Location::caller(), self.name, Kind::Inherit, None) {
            Verdict::Ignore | Verdict::Otherwise(Operator::Skip) => false,
            _ => self.words.as_ref().is_some_and(|words| words.inherit(layer, me)),
        };
        if inherited {
            record_event(Event::Inheritance);
        }
        inherited
    }

    #[track_caller]
    fn release(&self, layer: &Model<E>, me: Participant) {
        let false_holders = {
            let mut false_holders = self.false_holders.borrow_mut();
            false_holders.iter().position(|&number| number == me.number).map(|place| false_holders.swap_remove(place))
        };
        match hook::before(E::thread, Location::caller(), self.name, Kind::Unlock, None) {
            Verdict::Ignore | Verdict::Otherwise(Operator::Drop) => return,
            _ if false_holders.is_some() => return,
            _ => {}
        }
        match &self.words {
            Some(words) => words.release(layer, me),
            None => {
                self.owner.set(None);
                E::unlock(&self.latch);
            }
        }
    }

    fn owner(&self) -> Option<u32> {
        self.words.as_ref().map_or(self.owner.get(), WordLock::owner)
    }
}
