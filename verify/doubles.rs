//! The waiting doubles: what stands in for lock and signal, and how the model waits.

use crate::{
    engine::Engine,
    fences::Weight,
    hook::{self, Kind, Name, Operator, Verdict},
    layer::Model,
    world::{Happening, happens},
};
use ackcast::{
    layer::{Acquired, Deadline, Lock, LockError, Look, Participant, Signal},
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
pub enum Waiting {
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
pub enum Text {
    /// The engine's own primitive.
    Abstract,
    /// The real one, on words.
    Words,
}

/// The doubles of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubles {
    pub waiting: Waiting,
    pub lock: Text,
    pub signal: Text,
    /// Whether a notification has the fence of its contract. Without it, the edges alone must do;
    /// with it, who joins while others publish is in the picture.
    pub fences: bool,
    /// Whether two light fences are left as unordered as they may be; else every fence is a full one.
    pub asymmetric: bool,
}

impl Doubles {
    /// For safety: what orders the slots are the protocol's own edges and nothing else.
    pub const ASSUME: Self = Self {
        waiting: Waiting::Assume,
        lock: Text::Abstract,
        signal: Text::Abstract,
        fences: false,
        asymmetric: false,
    };
    /// For safety where participants come and go.
    pub const ASSUME_FENCED: Self = Self { fences: true, ..Self::ASSUME };
    /// The same with no more than asymmetric fences promise.
    pub const ASSUME_ASYMMETRIC: Self = Self { asymmetric: true, ..Self::ASSUME_FENCED };
    /// For liveness of the protocol: signals that keep to their contract, on which threads sleep.
    pub const PARK: Self = Self { waiting: Waiting::Park, fences: true, ..Self::ASSUME };
    /// The same on the real signal.
    pub const PARK_SIGNAL: Self = Self { signal: Text::Words, ..Self::PARK };
    /// The same with no more than asymmetric fences promise.
    pub const PARK_ASYMMETRIC: Self = Self { asymmetric: true, ..Self::PARK_SIGNAL };
    /// For liveness of the full stack.
    pub const PARK_STACK: Self = Self { lock: Text::Words, ..Self::PARK_SIGNAL };
    /// For safety of the protocol on the real lock.
    pub const WORD_LOCK: Self = Self { lock: Text::Words, ..Self::ASSUME };
    /// For safety of the full stack.
    pub const STACK: Self = Self { waiting: Waiting::Assume, ..Self::PARK_STACK };
}

impl fmt::Display for Doubles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.waiting {
            Waiting::Assume => "assume",
            Waiting::Yield => "yield",
            Waiting::Park => "park",
        })?;
        match (self.lock, self.signal) {
            (Text::Abstract, Text::Abstract) => Ok(()),
            (Text::Words, Text::Abstract) => f.write_str(", word lock"),
            (Text::Abstract, Text::Words) => f.write_str(", word signal"),
            (Text::Words, Text::Words) => f.write_str(", word lock and signal"),
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
    deluded: RefCell<Vec<u32>>,
}

impl<E: Engine> ModelLock<E> {
    pub fn new(words: Option<WordLock<Model<E>>>) -> Self {
        Self {
            name: Name { word: "lock", owner: None },
            words,
            latch: E::latch(),
            owner: Cell::new(None),
            abandoned: Cell::new(false),
            deluded: RefCell::default(),
        }
    }

    /// Takes the engine's mutex.
    fn latch(&self, me: Participant, deadline: Deadline) -> Result<Acquired, LockError> {
        if self.owner.get().is_some() {
            happens(Happening::LockHeld);
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
    const KEEPS: bool = true;

    #[track_caller]
    fn acquire(&self, layer: &Model<E>, me: Participant, deadline: Deadline) -> Result<Acquired, LockError> {
        match hook::before(E::thread, Location::caller(), self.name, Kind::Lock, None) {
            Verdict::Ignore => return Ok(Acquired::Clean),
            Verdict::Otherwise(Operator::Skip) => {
                self.deluded.borrow_mut().push(me.number);
                return Ok(Acquired::Clean);
            }
            _ => {}
        }
        let acquired = match &self.words {
            Some(words) => words.acquire(layer, me, deadline),
            None => self.latch(me, deadline),
        };
        if acquired == Ok(Acquired::OwnerDied) {
            happens(Happening::Takeover);
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
            happens(Happening::Inheritance);
        }
        inherited
    }

    #[track_caller]
    fn release(&self, layer: &Model<E>, me: Participant) {
        let deluded = {
            let mut deluded = self.deluded.borrow_mut();
            deluded.iter().position(|&number| number == me.number).map(|place| deluded.swap_remove(place))
        };
        match hook::before(E::thread, Location::caller(), self.name, Kind::Unlock, None) {
            Verdict::Ignore | Verdict::Otherwise(Operator::Drop) => return,
            _ if deluded.is_some() => return,
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
    gate: Option<Rc<E::Gate>>,
    /// The notification that sticks. The gate's mutex guards it, so it is no word of the model.
    notified: Cell<bool>,
}

impl<E: Engine> ModelSignal<E> {
    pub fn new(name: Name, words: Option<WordSignal<Model<E>>>, gate: Option<Rc<E::Gate>>) -> Self {
        Self { name, words, gate, notified: Cell::new(false) }
    }

    /// The contract, and nothing else: sleeps until notified, patrols once somebody has died.
    fn sleep<T>(&self, gate: &E::Gate, layer: &Model<E>, mut poll: impl FnMut(Look) -> Option<T>) -> T {
        loop {
            let deaths = layer.segment().deaths();
            // The notification goes before the look: what is notified from here on is seen or sticks.
            E::sleep(gate, || asleep(!self.notified.take() && layer.segment().deaths() == 0));
            if deaths > 0 {
                E::yield_now();
            }
            let look = if layer.segment().deaths() > 0 { Look::Thorough } else { Look::Quick };
            if let Some(found) = poll(look) {
                return found;
            }
        }
    }
}

/// Whether a thread sleeps, and that it happens.
pub fn asleep(sleeps: bool) -> bool {
    if sleeps {
        happens(Happening::Sleep);
    }
    sleeps
}

/// A wait that does not wait: whatever word it waits for reads as if it had come that far.
fn skip<E: Engine, T>(mut poll: impl FnMut(Look) -> Option<T>) -> Option<T> {
    const ENOUGH: usize = 8;
    let mut found = poll(Look::Quick);
    for _ in 0..ENOUGH {
        if found.is_some() {
            break;
        }
        hook::pretend(E::thread());
        found = poll(Look::Quick);
    }
    hook::stop_pretending(E::thread());
    found
}

/// A wait in which somebody may die. A thorough look begins as a quick one does, so it finds all
/// that a quick one finds. One that fails is an assumption that does not hold, unless it has evicted
/// somebody: then it has changed something, and is not the last.
fn assume_thoroughly<E: Engine, T>(mut poll: impl FnMut(Look) -> Option<T>) -> T {
    loop {
        let evictions = hook::evictions();
        if let Some(found) = poll(Look::Thorough) {
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
    fn wait<T>(&self, layer: &Model<E>, deadline: Deadline, mut poll: impl FnMut(Look) -> Option<T>) -> Option<T> {
        match hook::before(E::thread, Location::caller(), self.name, Kind::Wait, None) {
            Verdict::Ignore => return None,
            Verdict::Otherwise(Operator::Skip) => return skip::<E, T>(poll),
            _ => {}
        }
        let in_vain = if self.name.word == "data" { Happening::NoData } else { Happening::NoRoom };
        let mortal = layer.segment().mortal;
        let mut poll = |look| {
            let found = poll(look);
            if found.is_none() && (look == Look::Thorough || !mortal || self.words.is_some()) {
                happens(in_vain);
            }
            found
        };
        if let Some(words) = &self.words {
            return words.wait(layer, deadline, poll);
        }
        if mortal && layer.segment().doubles.waiting == Waiting::Assume && deadline != Deadline::Now {
            return Some(assume_thoroughly::<E, T>(poll));
        }
        let mut found = poll(Look::Quick);
        if found.is_none() && (mortal || deadline == Deadline::Now) {
            found = poll(Look::Thorough);
        }
        if found.is_some() || deadline == Deadline::Now {
            return found;
        }
        if let Some(gate) = &self.gate {
            return Some(self.sleep(gate, layer, poll));
        }
        if layer.segment().doubles.waiting == Waiting::Assume {
            E::skip();
        }
        loop {
            E::yield_now();
            let found = poll(if mortal { Look::Thorough } else { Look::Quick });
            if found.is_some() {
                return found;
            }
        }
    }

    fn renew(&self, layer: &Model<E>) {
        if let Some(words) = &self.words {
            words.renew(layer);
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
            _ if layer.segment().doubles.signal == Text::Words => {
                WordSignal::notify_all(layer, signals.filter_map(|signal| signal.words.as_ref()));
            }
            _ => {
                // What a consumer notifies is a producer asleep, and in a model that assumes nobody sleeps. A
                // full fence there costs nothing, asymmetric ones are steps.
                let Doubles { fences, asymmetric, .. } = layer.segment().doubles;
                if fences && !(asymmetric && layer.consumes()) {
                    layer.segment().fence(Weight::Light, SeqCst);
                }
                if layer.segment().doubles.waiting == Waiting::Park {
                    for signal in signals {
                        if let Some(gate) = &signal.gate {
                            E::wake(gate, false, || signal.notified.set(true));
                        }
                    }
                }
            }
        }
    }
}
