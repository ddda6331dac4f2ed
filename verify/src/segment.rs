//! A model's segment: words, slots, and the kernel's knowledge of the living.

use crate::{
    config::{ModelConfig, Primitive, WaitModel},
    engine::Engine,
    fences::{Asymmetric, Weight},
    hook::{self, Kind, Name, Verdict},
    layer::{Model, ModelLock, ModelSignal, ModelWord},
};
use ackcast::{
    lock::WordLock,
    protocol::{ConsumerEntry, Control, Geometry, Header, Make, ProducerEntry, Reading, Storage, Writing},
    signal::WordSignal,
};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    fmt,
    mem::ManuallyDrop,
    panic::Location,
    rc::Rc,
    sync::atomic::Ordering,
};

/// Bytes of a message: two, so that a message can be torn.
pub const SIZE: usize = 2;

/// What a slot holds.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    pub header: Header,
    pub bytes: [u8; SIZE],
}

impl Default for Slot {
    fn default() -> Self {
        Self { header: Header { len: 0, kind: 0 }, bytes: [0; SIZE] }
    }
}

/// See the [module](self).
pub struct Segment<E: Engine> {
    control: Control<Model<E>>,
    consumers: Vec<ConsumerEntry<Model<E>>>,
    producers: Vec<ProducerEntry<Model<E>>>,
    slots: Vec<E::Cell>,
    /// By participant's number: 1 while a participant holds it.
    pub alive: Vec<E::Atom>,
    /// The same, read without a step: to recognise a stale answer.
    is_held: Vec<Cell<bool>>,
    /// `None`: every fence is a full fence.
    fences: Option<Asymmetric<E>>,
    pub config: ModelConfig,
    /// Participants may die, so every failed wait checks liveness.
    pub mortal: bool,
    deaths: Cell<u32>,
    /// Liveness checks that need no repetition: word, value, thread, and the number of deaths.
    pub liveness_checks: RefCell<BTreeSet<(usize, u32, u64, u32)>>,
    gates: Vec<Rc<E::Monitor>>,
}

impl<E: Engine> fmt::Debug for Segment<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment").finish_non_exhaustive()
    }
}

/// Makes the words.
struct Maker<E: Engine> {
    config: ModelConfig,
    gates: Vec<Rc<E::Monitor>>,
}

impl<E: Engine> Maker<E> {
    fn word(&mut self, word: &'static str, owner: Option<u32>, sleepers: bool) -> ModelWord<E> {
        let monitor = (sleepers && self.config.waiting == WaitModel::Park).then(|| Rc::new(E::monitor()));
        self.gates.extend(monitor.clone());
        let touched = sleepers.then(|| E::atom(0));
        let sequential = self.config.waiting == WaitModel::Park && self.config.signal == Primitive::Abstract;
        ModelWord { atom: E::atom(0), name: Name { word, owner }, sequential, touched, monitor }
    }
}

impl<E: Engine> Make<Model<E>> for Maker<E> {
    fn w32(&mut self, name: &'static str, owner: Option<u32>) -> ModelWord<E> {
        self.word(name, owner, false)
    }

    fn w64(&mut self, name: &'static str, owner: Option<u32>) -> ModelWord<E> {
        self.word(name, owner, false)
    }

    fn lock(&mut self) -> ModelLock<E> {
        let words = (self.config.lock == Primitive::Words).then(|| WordLock::new(self.word("lock", None, true)));
        ModelLock::new(words)
    }

    fn signal(&mut self, word: &'static str, owner: Option<u32>) -> ModelSignal<E> {
        let words = (self.config.signal == Primitive::Words).then(|| WordSignal::new(self.word(word, owner, true)));
        let sleeps = words.is_none() && self.config.waiting == WaitModel::Park;
        let monitor = sleeps.then(|| Rc::new(E::monitor()));
        self.gates.extend(monitor.clone());
        ModelSignal::new(Name { word, owner }, words, monitor)
    }
}

impl<E: Engine> Segment<E> {
    pub fn new(geometry: Geometry, config: ModelConfig, mortal: bool) -> Rc<Self> {
        let mut maker = Maker { config, gates: Vec::new() };
        let Geometry { slots, consumers, producers, .. } = geometry;
        Rc::new(Self {
            control: Control::new(&mut maker),
            consumers: (0..consumers).map(|number| ConsumerEntry::new(&mut maker, number)).collect(),
            producers: (0..producers).map(|number| ProducerEntry::new(&mut maker, consumers + number)).collect(),
            slots: (0..slots).map(|_| E::cell()).collect(),
            alive: (0..consumers + producers).map(|_| E::atom(0)).collect(),
            is_held: vec![Cell::new(false); (consumers + producers) as usize],
            fences: config.asymmetric.then(Asymmetric::default),
            config,
            mortal,
            deaths: Cell::new(0),
            liveness_checks: RefCell::default(),
            gates: maker.gates,
        })
    }

    /// The consumers' entries.
    pub fn consumers(&self) -> &[ConsumerEntry<Model<E>>] {
        &self.consumers
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

    /// The kernel's part when a participant dies.
    pub fn die(&self, number: u32) {
        self.release(number);
        self.deaths.set(self.deaths.get() + 1); // no step in between: a liveness check from now on finds the death
        self.control.lock.0.abandon(number);
        for monitor in &self.gates {
            E::wake(monitor, true, || {});
        }
    }
}

/// A handle on a segment.
#[derive(Debug)]
pub struct Handle<E: Engine>(pub Rc<Segment<E>>);

/// Access to a slot, in progress.
pub struct Access<E: Engine, G> {
    slot: *mut Slot,
    /// Dropped only while the execution can still take steps.
    guard: ManuallyDrop<G>,
    /// Owns what `slot` points into.
    _segment: Rc<Segment<E>>,
}

impl<E: Engine, G> Drop for Access<E, G> {
    fn drop(&mut self) {
        if hook::can_end_access() {
            // SAFETY: the guard is dropped nowhere else, and not used after this.
            unsafe { ManuallyDrop::drop(&mut self.guard) };
        }
    }
}

// SAFETY: the slot is the segment's, which `self` keeps.
unsafe impl<E: Engine> Reading for Access<E, E::Reading> {
    fn header(&self) -> Header {
        // SAFETY: the engine allowed the read; it stops the thread on a race.
        unsafe { (*self.slot).header }
    }

    fn bytes(&self) -> *const u8 {
        // SAFETY: `slot` points into the segment, which lives.
        unsafe { (&raw const (*self.slot).bytes).cast() }
    }
}

// SAFETY: the slot is the segment's, which `self` keeps.
unsafe impl<E: Engine> Writing for Access<E, E::Writing> {
    fn set_header(&mut self, header: Header) {
        // SAFETY: the engine allowed the write; it stops the thread on a race.
        unsafe { (*self.slot).header = header };
    }

    fn bytes(&self) -> *mut u8 {
        // SAFETY: `slot` points into the segment, which lives.
        unsafe { (&raw mut (*self.slot).bytes).cast() }
    }
}

// SAFETY: the words are the segment's, which was made for the geometry.
unsafe impl<E: Engine> Storage<Model<E>> for Handle<E> {
    type Reading = Access<E, E::Reading>;
    type Writing = Access<E, E::Writing>;

    fn control(&self) -> &Control<Model<E>> {
        &self.0.control
    }

    fn consumers(&self) -> &[ConsumerEntry<Model<E>>] {
        &self.0.consumers
    }

    fn producers(&self) -> &[ProducerEntry<Model<E>>] {
        &self.0.producers
    }

    unsafe fn read(&self, index: usize) -> Self::Reading {
        let name = Name { word: "slot", owner: Some(index as u32) };
        let verdict = hook::before(E::thread, Location::caller(), name, Kind::Read, None);
        assert_ne!(verdict, Verdict::Ignore, "a dead participant does not read");
        let (guard, slot) = E::read(&self.0.slots[index]);
        // SAFETY: `guard` is read access to the slot.
        let first = unsafe { (*slot).bytes[0] };
        hook::after(E::thread, Kind::Read, Some(first.into()), None);
        Access { slot, guard: ManuallyDrop::new(guard), _segment: Rc::clone(&self.0) }
    }

    unsafe fn write(&self, index: usize) -> Self::Writing {
        let name = Name { word: "slot", owner: Some(index as u32) };
        let verdict = hook::before(E::thread, Location::caller(), name, Kind::Write, None);
        assert_ne!(verdict, Verdict::Ignore, "a dead participant does not write");
        let (guard, slot) = E::write(&self.0.slots[index]);
        Access { slot, guard: ManuallyDrop::new(guard), _segment: Rc::clone(&self.0) }
    }
}

thread_local! {
    static LEAKED: RefCell<Vec<Box<dyn std::any::Any>>> = const { RefCell::new(Vec::new()) };
}

/// Keeps a handle until the execution is over, and drops it then without a step: for scenarios that do not judge
/// leaving.
pub fn leak_until_end(handle: impl std::any::Any) {
    LEAKED.with_borrow_mut(|graveyard| graveyard.push(Box::new(handle)));
}

/// Drops the leaked handles. To be called outside of an execution, or at its start.
pub fn drop_leaked() {
    let leaked = LEAKED.take();
    hook::ignoring(|| drop(leaked));
}
