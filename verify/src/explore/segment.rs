//! An explored segment, and the environment for scenarios in it.

use super::{
    layer::{Explored, Parts, before},
    memory::{NO_HOLDER, Op, SlotAddress},
    primitives::{ExploredLock, ExploredSignal, ExploredWord},
    replay::{self, Engine, Start, ask},
};
use crate::{
    events::{Body, Outcome},
    hook::{self, Kind, Name},
    model::{
        case::SIZE,
        config::{ModelConfig, Primitive},
    },
    scenarios::environment::{Checked, Environment},
};
use ackcast::{
    lock::WordLock,
    protocol::{Channel, ConsumerEntry, Control, Geometry, Header, Make, ProducerEntry, Reading, Storage, Writing},
    signal::WordSignal,
};
use std::{
    cell::{Cell, UnsafeCell},
    panic::Location,
    rc::Rc,
    sync::atomic::Ordering,
};

/// Makes the words. The second field is the number of consumers, after which producers are numbered.
struct Maker<'s>(&'s mut Start, u32, ModelConfig);

impl Maker<'_> {
    fn word(&mut self, word: &'static str, owner: Option<u32>) -> ExploredWord {
        let address = self.0.memory.word();
        self.0.names.push((word, address));
        match (word, owner) {
            ("state", Some(owner)) if owner >= self.1 => self.0.states.push((owner as usize, address)),
            ("state" | "finished", _) => self.0.guarded.push(address),
            _ => {}
        }
        ExploredWord { address, name: Name { word, owner } }
    }
}

impl Make<Explored> for Maker<'_> {
    fn w32(&mut self, name: &'static str, owner: Option<u32>) -> ExploredWord {
        self.word(name, owner)
    }

    fn w64(&mut self, name: &'static str, owner: Option<u32>) -> ExploredWord {
        self.word(name, owner)
    }

    fn lock(&mut self) -> ExploredLock {
        let word = self.word("lock", None);
        match self.2.lock {
            Primitive::Words => ExploredLock::Words(WordLock::new(word)),
            Primitive::Abstract => ExploredLock::Abstract(word.address),
        }
    }

    fn signal(&mut self, name: &'static str, owner: Option<u32>) -> ExploredSignal {
        match self.2.signal {
            Primitive::Words => ExploredSignal::Words(WordSignal::new(self.word(name, owner))),
            Primitive::Abstract => ExploredSignal::Abstract,
        }
    }
}

fn parts(start: &mut Start, geometry: Geometry, config: ModelConfig, mortal: bool) -> Parts {
    let Geometry { slots, consumers, producers, .. } = geometry;
    start.alive = (0..consumers + producers).map(|_| start.memory.word()).collect();
    start.slots = (0..slots).map(|_| start.memory.slot()).collect();
    let (alive, slots) = (start.alive.clone(), start.slots.clone());
    let mut maker = Maker(start, consumers, config);
    Parts {
        control: Control::new(&mut maker),
        consumers: (0..consumers).map(|number| ConsumerEntry::new(&mut maker, number)).collect(),
        producers: (0..producers).map(|number| ProducerEntry::new(&mut maker, consumers + number)).collect(),
        alive,
        slots,
        config,
        mortal: Cell::new(mortal),
        clock: None,
    }
}

/// Access to a slot, in progress: a copy of the slot at its beginning.
#[derive(Debug)]
pub struct Access {
    header: Header,
    bytes: UnsafeCell<[u8; SIZE]>,
    number: usize,
    address: SlotAddress,
    writes: bool,
    site: &'static Location<'static>,
}

const fn slot_name(number: usize) -> Name {
    Name { word: "slot", owner: Some(number as u32) }
}

impl Access {
    fn begin(parts: &Parts, number: usize, writes: bool, site: &'static Location<'static>) -> Self {
        let address = parts.slots[number];
        let kind = if writes { Kind::Write } else { Kind::Read };
        before(site, slot_name(number), kind, None);
        let op = if writes { Op::Write(address) } else { Op::Read(address) };
        let [len, form, first, second, ..] = ask(op, site, slot_name(number), kind).to_le_bytes();
        let header = Header { len: len.into(), kind: form.into() };
        Self { header, bytes: [first, second].into(), number, address, writes, site }
    }
}

impl Drop for Access {
    fn drop(&mut self) {
        if hook::is_over() {
            return;
        }
        let (Header { len, kind }, [first, second]) = (self.header, *self.bytes.get_mut());
        let content = u64::from_le_bytes([len as u8, kind as u8, first, second, 0, 0, 0, 0]);
        let (op, kind) = match self.writes {
            true => (Op::WriteEnds(self.address, content), Kind::Write),
            false => (Op::ReadEnds(self.address), Kind::Read),
        };
        ask(op, self.site, slot_name(self.number), kind);
    }
}

// SAFETY: the bytes are this access's own copy.
unsafe impl Reading for Access {
    fn header(&self) -> Header {
        self.header
    }

    fn bytes(&self) -> *const u8 {
        self.bytes.get().cast()
    }
}

// SAFETY: the bytes are this access's own copy.
unsafe impl Writing for Access {
    fn set_header(&mut self, header: Header) {
        self.header = header;
    }

    fn bytes(&self) -> *mut u8 {
        self.bytes.get().cast()
    }
}

// SAFETY: the words are always the same, and made for the geometry.
unsafe impl Storage<Explored> for Explored {
    type Reading = Access;
    type Writing = Access;

    fn control(&self) -> &Control<Explored> {
        &self.parts.control
    }

    fn consumers(&self) -> &[ConsumerEntry<Explored>] {
        &self.parts.consumers
    }

    fn producers(&self) -> &[ProducerEntry<Explored>] {
        &self.parts.producers
    }

    unsafe fn read(&self, index: usize) -> Access {
        Access::begin(&self.parts, index, false, Location::caller())
    }

    unsafe fn write(&self, index: usize) -> Access {
        Access::begin(&self.parts, index, true, Location::caller())
    }
}

impl Checked for Explored {
    fn layer(segment: &Self) -> Self {
        Self { parts: Rc::clone(&segment.parts), wait: Rc::default() }
    }

    fn storage(segment: &Self) -> Self {
        segment.clone()
    }

    fn die(segment: &Self, number: u32) {
        segment.parts.mortal.set(true);
        let name = Name { word: "alive", owner: Some(number) };
        let op = Op::Store(segment.parts.alive[number as usize], NO_HOLDER, Ordering::Release);
        ask(op, Location::caller(), name, Kind::Release);
    }

    fn die_unfenced(layer: &Self) {
        layer.wait.dies_unfenced.set(true);
    }
}

impl Environment for Explored {
    type Layer = Self;
    type Storage = Self;
    type Segment = Self;

    /// The explorer has the shipping lock and signals, whatever the configuration says.
    fn segment(geometry: Geometry, config: ModelConfig, mortal: bool) -> Self {
        let config = match replay::engine() {
            Engine::States | Engine::Clocked => ModelConfig::PARK_STACK,
            // A dead owner leaves the shipping lock behind, and the abstract one would be lost.
            Engine::Graphs if mortal => ModelConfig { lock: Primitive::Words, ..config },
            Engine::Graphs => config,
        };
        let mut parts = replay::build(|start| parts(start, geometry, config, mortal));
        parts.clock = (replay::engine() == Engine::Clocked).then(|| replay::build(|start| start.memory.word()));
        Self { parts: Rc::new(parts), wait: Rc::default() }
    }

    fn channel(segment: &Self, geometry: Geometry) -> Channel<Self, Self> {
        // SAFETY: the segment was made for the geometry.
        unsafe { Channel::new(Self::layer(segment), segment.clone(), geometry) }
    }

    fn act_as(_number: u32) {}

    fn run(_segment: Self, participants: Vec<(u32, Body)>, judge: impl Fn(&Outcome) + 'static) {
        replay::run(participants, judge);
    }
}
