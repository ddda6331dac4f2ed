//! A model's segment: words, slots, and the kernel's knowledge of the living.

use crate::{
    hook::{self, Kind, Name, Verdict},
    model::{
        case::SIZE,
        config::{ModelConfig, Primitive, WaitModel},
        engine::Engine,
        kernel::Kernel,
        layer::Model,
        lock::ModelLock,
        signal::ModelSignal,
        word::ModelWord,
    },
};
use ackcast::{
    lock::WordLock,
    protocol::{ConsumerEntry, Control, Geometry, Header, Make, ProducerEntry, Reading, Storage, Writing},
    signal::WordSignal,
};
use std::{fmt, mem::ManuallyDrop, panic::Location, rc::Rc};

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
    slots: Vec<E::Cell<Slot>>,
    pub kernel: Rc<Kernel<E>>,
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
        let control = Control::new(&mut maker);
        let entries: Vec<_> = (0..consumers).map(|number| ConsumerEntry::new(&mut maker, number)).collect();
        let places = (0..producers).map(|number| ProducerEntry::new(&mut maker, consumers + number)).collect();
        let slots = (0..slots).map(|_| E::cell(Slot::default())).collect();
        let kernel = Kernel::new(consumers + producers, consumers, config, mortal, maker.gates);
        Rc::new(Self { control, consumers: entries, producers: places, slots, kernel })
    }

    /// The kernel's part when a participant dies.
    pub fn die(&self, number: u32) {
        self.kernel.die(number, || self.control.lock.0.abandon(number));
    }

    /// The layer of a new participant.
    pub fn layer(&self) -> Model<E> {
        Model::new(Rc::clone(&self.kernel))
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
unsafe impl<E: Engine> Reading for Access<E, E::Reading<Slot>> {
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
unsafe impl<E: Engine> Writing for Access<E, E::Writing<Slot>> {
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
    type Reading = Access<E, E::Reading<Slot>>;
    type Writing = Access<E, E::Writing<Slot>>;

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
