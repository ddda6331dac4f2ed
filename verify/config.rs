//! The waiting config: what stands in for lock and signal, and how the model waits.

use crate::{
    engine::Engine,
    fences::Weight,
    fixture::{Event, record_event},
    hook::{self, Kind, Name, Operator, Verdict},
    layer::Model,
};
use ackcast::{
    layer::{Acquired, Deadline, Found, Lock, LockError, Participant, Poll, Signal},
    lock::WordLock,
    signal::WordSignal,
};
use std::{
    cell::{Cell, RefCell},
    fmt,
    panic::Location,
    rc::Rc,
    sync::atomic::Ordering::SeqCst,
};

/// How a model waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitModel {
    /// A failed wait is an assumption that does not hold: the rest of the execution opens no new
    /// branches, since one in which the wait succeeded is explored elsewhere. For safety.
    Assume,
    /// A failed wait yields and looks again. For testing the assumption.
    Yield,
    /// A failed wait sleeps on a condition variable: a lost wake-up is a deadlock. For liveness.
    Park,
}

/// Which text is under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Primitive {
    /// The engine's own primitive.
    Abstract,
    /// The real one, on words.
    Words,
}

/// The config of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelConfig {
    pub waiting: WaitModel,
    pub lock: Primitive,
    pub signal: Primitive,
    /// Whether a notification has the fence of its contract. Without it, the edges alone must do;
    /// with it, who joins while others publish is in the picture.
    pub fences: bool,
    /// Whether two light fences are left as unordered as they may be; else every fence is a full one.
    pub asymmetric: bool,
}

impl ModelConfig {
    /// For safety: what orders the slots are the protocol's own edges and nothing else.
    pub const ASSUME: Self = Self {
        waiting: WaitModel::Assume,
        lock: Primitive::Abstract,
        signal: Primitive::Abstract,
        fences: false,
        asymmetric: false,
    };
    /// For safety where participants come and go.
    pub const ASSUME_FENCED: Self = Self { fences: true, ..Self::ASSUME };
    /// The same with no more than asymmetric fences promise.
    pub const ASSUME_ASYMMETRIC: Self = Self { asymmetric: true, ..Self::ASSUME_FENCED };
    /// For liveness of the protocol: signals that keep to their contract, on which threads sleep.
    pub const PARK: Self = Self { waiting: WaitModel::Park, fences: true, ..Self::ASSUME };
    /// The same on the real signal.
    pub const PARK_SIGNAL: Self = Self { signal: Primitive::Words, ..Self::PARK };
    /// The same with no more than asymmetric fences promise.
    pub const PARK_ASYMMETRIC: Self = Self { asymmetric: true, ..Self::PARK_SIGNAL };
    /// For liveness of the full stack.
    pub const PARK_STACK: Self = Self { lock: Primitive::Words, ..Self::PARK_SIGNAL };
    /// For safety of the protocol on the real lock.
    pub const WORD_LOCK: Self = Self { lock: Primitive::Words, ..Self::ASSUME };
    /// For safety of the full stack.
    pub const STACK: Self = Self { waiting: WaitModel::Assume, ..Self::PARK_STACK };
}

impl fmt::Display for ModelConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.waiting {
            WaitModel::Assume => "assume",
            WaitModel::Yield => "yield",
            WaitModel::Park => "park",
        })?;
        match (self.lock, self.signal) {
            (Primitive::Abstract, Primitive::Abstract) => Ok(()),
            (Primitive::Words, Primitive::Abstract) => f.write_str(", word lock"),
            (Primitive::Abstract, Primitive::Words) => f.write_str(", word signal"),
            (Primitive::Words, Primitive::Words) => f.write_str(", word lock and signal"),
        }?;
        f.write_str(if self.asymmetric { ", asymmetric fences" } else { "" })
    }
}

/// The write lock: the real one on its word, or the engine's mutex.
#[derive(Debug)]
pub struct ModelLock<E: Engine> {
    name: Name,
    words: Option<WordLock<Model<E>>>,
    latch: E::Latch,
    /// Who holds the latch, for messages and for deaths: not part of the model.
    owner: Cell<Option<u32>>,
    /// The owner died holding the latch.
    abandoned: Cell<bool>,
    /// Participants that a mutant made believe they hold the lock.
    false_holders: RefCell<Vec<u32>>,
}

impl<E: Engine> ModelLock<E> {
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

    /// The kernel's part when `number` dies: it gives the latch to the next, who is told.
    pub fn abandon(&self, number: u32) {
        if self.owner.get() == Some(number) {
            self.abandoned.set(true);
            self.owner.set(None);
            E::unlock(&self.latch);
        }
    }
}

// SAFETY: the real lock's, or the engine's mutex. (A mutant breaks it, and that is what it is for.)
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
}

/// A signal: the real one on its word, or the awaited condition itself.
#[derive(Debug)]
pub struct ModelSignal<E: Engine> {
    name: Name,
    words: Option<WordSignal<Model<E>>>,
    /// Where the waiter sleeps, if it sleeps without words.
    monitor: Option<Rc<E::Monitor>>,
    /// The notification that sticks. The monitor's mutex guards it, so it is no word of the model.
    notified: Cell<bool>,
}

impl<E: Engine> ModelSignal<E> {
    pub fn new(name: Name, words: Option<WordSignal<Model<E>>>, monitor: Option<Rc<E::Monitor>>) -> Self {
        Self { name, words, monitor, notified: Cell::new(false) }
    }

    /// The contract, and nothing else: sleeps until notified, patrols once somebody has died.
    fn sleep<T>(&self, monitor: &E::Monitor, layer: &Model<E>, mut poll: impl FnMut(Poll) -> Option<T>) -> T {
        loop {
            let deaths = layer.segment().deaths();
            // The notification goes before the look: what is notified from here on is seen or sticks.
            E::sleep(monitor, || asleep(!self.notified.take() && layer.segment().deaths() == 0));
            if deaths > 0 {
                E::yield_now();
            }
            let look = if layer.segment().deaths() > 0 { Poll::WordsAndLiveness } else { Poll::Words };
            if let Some(found) = poll(look) {
                return found;
            }
        }
    }
}

/// Whether a thread sleeps, and that it happens.
pub fn asleep(sleeps: bool) -> bool {
    if sleeps {
        record_event(Event::Sleep);
    }
    sleeps
}

/// A wait that does not wait: whatever word it waits for reads as if it had come that far.
fn skip<E: Engine, T>(mut poll: impl FnMut(Poll) -> Option<T>) -> Option<T> {
    const ENOUGH: usize = 8;
    let mut found = poll(Poll::Words);
    for _ in 0..ENOUGH {
        if found.is_some() {
            break;
        }
        hook::inject_value(E::thread());
        found = poll(Poll::Words);
    }
    hook::stop_injecting(E::thread());
    found
}

/// A wait in which somebody may die. A thorough look begins as a quick one does, so it finds all
/// that a quick one finds. One that fails is an assumption that does not hold, unless it has evicted
/// somebody: then it has changed something, and is not the last.
fn assume_with_liveness_checks<E: Engine, T>(mut poll: impl FnMut(Poll) -> Option<T>) -> T {
    loop {
        let evictions = hook::evictions();
        if let Some(found) = poll(Poll::WordsAndLiveness) {
            return found;
        }
        if evictions == hook::evictions() {
            E::skip();
            E::yield_now();
        }
    }
}

// SAFETY: `notify_all` fences first where the check has fences.
unsafe impl<E: Engine> Signal<Model<E>> for ModelSignal<E> {
    #[track_caller]
    fn wait<T>(
        &self,
        layer: &Model<E>,
        deadline: Deadline,
        mut poll: impl FnMut(Poll) -> Option<Found<T>>,
    ) -> Option<T> {
        match hook::before(E::thread, Location::caller(), self.name, Kind::Wait, None) {
            Verdict::Ignore => return None,
            Verdict::Otherwise(Operator::Skip) => return skip::<E, T>(|kind| poll(kind).map(|found| found.value)),
            _ => {}
        }
        let in_vain = if self.name.word == "data" { Event::NoData } else { Event::NoRoom };
        let mortal = layer.segment().mortal;
        let mut poll = |look| {
            let found = poll(look);
            if found.is_none() && (look == Poll::WordsAndLiveness || !mortal || self.words.is_some()) {
                record_event(in_vain);
            }
            found
        };
        if let Some(words) = &self.words {
            return words.wait(layer, deadline, poll);
        }
        let mut poll = |kind| poll(kind).map(|found| found.value);
        if mortal && layer.segment().config.waiting == WaitModel::Assume && deadline != Deadline::Now {
            return Some(assume_with_liveness_checks::<E, T>(poll));
        }
        let mut found = poll(Poll::Words);
        if found.is_none() && (mortal || deadline == Deadline::Now) {
            found = poll(Poll::WordsAndLiveness);
        }
        if found.is_some() || deadline == Deadline::Now {
            return found;
        }
        if let Some(monitor) = &self.monitor {
            return Some(self.sleep(monitor, layer, poll));
        }
        if layer.segment().config.waiting == WaitModel::Assume {
            E::skip();
        }
        loop {
            E::yield_now();
            let found = poll(if mortal { Poll::WordsAndLiveness } else { Poll::Words });
            if found.is_some() {
                return found;
            }
        }
    }

    fn reset(&self, layer: &Model<E>) {
        if let Some(words) = &self.words {
            words.reset(layer);
        }
    }

    #[track_caller]
    fn notify_all<'a>(layer: &Model<E>, signals: impl Iterator<Item = &'a Self>)
    where
        Self: 'a,
    {
        let name = Name { word: "signal", owner: None };
        match hook::before(E::thread, Location::caller(), name, Kind::Notify, None) {
            Verdict::Ignore | Verdict::Otherwise(Operator::Drop) => {}
            _ if layer.segment().config.signal == Primitive::Words => {
                WordSignal::notify_all(layer, signals.filter_map(|signal| signal.words.as_ref()));
            }
            _ => {
                // What a consumer notifies is a producer asleep, and in a model that assumes nobody sleeps. A
                // full fence there costs nothing, asymmetric ones are steps.
                let ModelConfig { fences, asymmetric, .. } = layer.segment().config;
                if fences && !(asymmetric && layer.consumes()) {
                    layer.segment().fence(Weight::Light, SeqCst);
                }
                if layer.segment().config.waiting == WaitModel::Park {
                    for signal in signals {
                        if let Some(monitor) = &signal.monitor {
                            E::wake(monitor, false, || signal.notified.set(true));
                        }
                    }
                }
            }
        }
    }
}
