//! Memory on which a protocol of one's own can be checked: that of loom and shuttle, and that of the graph checker.

use crate::{
    events::{Body, Outcome},
    explore::{
        Explored,
        layer::before,
        memory::{Op, SlotAddress},
        primitives::ExploredWord,
        replay::{self, ask},
    },
    hook::{self, Died, Kind, Name, Verdict},
    model::{
        config::{ModelConfig, Primitive, WaitModel},
        engine::Engine,
        execution,
        kernel::Kernel,
        layer::Model,
        word::ModelWord,
    },
    scenarios::environment::Environment,
};
use ackcast::{
    layer::{Layer, Memory, Park},
    protocol::Geometry,
};
use std::{fmt, panic::Location, rc::Rc, sync::atomic::Ordering, time::Duration};

/// Plain memory: a value that is not atomic. Two accesses at the same time, one of which writes, are a data race, which
/// the checkers report.
pub trait Cell: fmt::Debug {
    /// Reads the value.
    #[track_caller]
    fn read(&self) -> u64;
    /// Writes the value.
    #[track_caller]
    fn write(&self, value: u64);
}

/// Memory, as a participant of a protocol uses it: words and fences ([`Memory`]), plain cells, waiting and sleeping.
///
/// Words and cells are made by [`Protocol::shared`](super::Protocol::shared), hold 0 at first, and have a name for
/// reports.
pub trait Checkable: Memory + 'static {
    /// Plain memory.
    type Cell: Cell;

    /// A 32-bit word.
    fn word32(&self, name: &'static str) -> Self::W32;
    /// A 64-bit word.
    fn word64(&self, name: &'static str) -> Self::W64;
    /// A cell of plain memory.
    fn cell(&self, name: &'static str) -> Self::Cell;

    /// An ordinary fence. (Those of [`Memory`] are the sides of an asymmetric one.)
    #[track_caller]
    fn fence(&self, order: Ordering);
    /// Waits until `poll` finds something. `poll` only reads. A loop that spins without this has no end under a checker.
    #[track_caller]
    fn wait_until<T>(&self, poll: impl FnMut() -> Option<T>) -> T;
    /// Sleeps while `word` holds `expected`, until a wake. May return early.
    #[track_caller]
    fn sleep_while(&self, word: &Self::W32, expected: u32);
    /// Wakes one thread that sleeps on `word`.
    #[track_caller]
    fn wake(&self, word: &Self::W32);
    /// Whether the participant of this number lives. `false` carries everything that it did.
    #[track_caller]
    fn is_alive(&self, participant: u32) -> bool;
}

/// Asymmetric fences order no more than they promise; an unsatisfied wait ends its execution.
pub(super) const CONFIG: ModelConfig = ModelConfig {
    waiting: WaitModel::Assume,
    lock: Primitive::Abstract,
    signal: Primitive::Abstract,
    fences: true,
    asymmetric: true,
};

/// Plain memory of an engine.
#[derive(Debug)]
pub struct ModelCell<E: Engine> {
    cell: E::Cell<u64>,
    name: Name,
}

impl<E: Engine> ModelCell<E> {
    /// Asks the hook; false if the access has no effect any more.
    fn may(&self, kind: Kind, site: &'static Location<'static>) -> bool {
        hook::before(E::thread, site, self.name, kind, None) != Verdict::Ignore
    }
}

impl<E: Engine> Cell for ModelCell<E> {
    fn read(&self) -> u64 {
        if !self.may(Kind::Read, Location::caller()) {
            return 0;
        }
        let (access, value) = E::read(&self.cell);
        // SAFETY: the engine allowed the read, and stops the thread on a race.
        let value = unsafe { *value };
        drop(access);
        hook::after(E::thread, Kind::Read, Some(value), None);
        value
    }

    fn write(&self, value: u64) {
        if !self.may(Kind::Write, Location::caller()) {
            return;
        }
        let (access, place) = E::write(&self.cell);
        // SAFETY: the engine allowed the write, and stops the thread on a race.
        unsafe { *place = value };
        drop(access);
        hook::after(E::thread, Kind::Write, None, Some(value));
    }
}

impl<E: Engine> Checkable for Model<E> {
    type Cell = ModelCell<E>;

    fn word32(&self, name: &'static str) -> ModelWord<E> {
        ModelWord::new(name)
    }

    fn word64(&self, name: &'static str) -> ModelWord<E> {
        ModelWord::new(name)
    }

    fn cell(&self, word: &'static str) -> ModelCell<E> {
        ModelCell { cell: E::cell(0), name: Name { word, owner: None } }
    }

    fn fence(&self, order: Ordering) {
        self.full_fence(order);
    }

    fn wait_until<T>(&self, mut poll: impl FnMut() -> Option<T>) -> T {
        loop {
            if let Some(found) = poll() {
                return found;
            }
            if hook::is_over() {
                std::panic::resume_unwind(Box::new(Died));
            }
            E::skip(); // another execution has the wait succeed
            E::yield_now();
        }
    }

    fn sleep_while(&self, word: &ModelWord<E>, expected: u32) {
        let _ = self.park(word, expected, Duration::MAX);
    }

    fn wake(&self, word: &ModelWord<E>) {
        Park::wake(self, word);
    }

    fn is_alive(&self, participant: u32) -> bool {
        Layer::is_alive(self, participant) != Ok(false)
    }
}

/// An execution under loom or shuttle.
pub(super) fn on_engine<E: Engine>(
    participants: u32,
    bodies: fn(&dyn Fn() -> Model<E>) -> Vec<Body>,
    judge: fn(&Outcome),
) {
    execution::begin();
    let kernel = Kernel::<E>::new(participants, 0, CONFIG, false, vec![]);
    let handle = || Model::new(Rc::clone(&kernel));
    for number in 0..participants {
        kernel.claim(number);
    }
    let bodies = (0..).zip(bodies(&handle)).collect();
    execution::run::<E>(bodies, move |number| kernel.release(number), judge);
}

/// Plain memory of the graph checker.
#[derive(Debug)]
pub struct ExploredCell {
    address: SlotAddress,
    name: Name,
}

impl Cell for ExploredCell {
    fn read(&self) -> u64 {
        let site = Location::caller();
        match before(site, self.name, Kind::Read, None) {
            Verdict::Ignore => 0,
            _ => ask(Op::Read(self.address), site, self.name, Kind::Read),
        }
    }

    fn write(&self, value: u64) {
        let site = Location::caller();
        if before(site, self.name, Kind::Write, None) != Verdict::Ignore {
            ask(Op::WriteEnds(self.address, value), site, self.name, Kind::Write);
        }
    }
}

impl Checkable for Explored {
    type Cell = ExploredCell;

    fn word32(&self, name: &'static str) -> ExploredWord {
        self.word64(name)
    }

    fn word64(&self, word: &'static str) -> ExploredWord {
        assert!(!replay::is_running(), "make the word {word:?} in `shared`: a participant cannot make one");
        let address = replay::build(|start| {
            let address = start.memory.word();
            start.names.push((word, address));
            address
        });
        ExploredWord { address, name: Name { word, owner: None } }
    }

    fn cell(&self, word: &'static str) -> ExploredCell {
        assert!(!replay::is_running(), "make the cell {word:?} in `shared`: a participant cannot make one");
        let address = replay::build(|start| start.memory.slot());
        ExploredCell { address, name: Name { word, owner: None } }
    }

    fn fence(&self, order: Ordering) {
        self.full_fence(order);
    }

    fn wait_until<T>(&self, mut poll: impl FnMut() -> Option<T>) -> T {
        let before = replay::answered();
        if let Some(found) = poll() {
            return found;
        }
        if hook::is_over() {
            std::panic::resume_unwind(Box::new(Died));
        }
        let reads = replay::answered() - before;
        assert!(reads > 0, "a wait polls words: this one has read none, so nothing can end it");
        ask(Op::Await(reads), Location::caller(), Name { word: "wait", owner: None }, Kind::Wait);
        unreachable!("an unsatisfied wait does not end")
    }

    fn sleep_while(&self, word: &ExploredWord, expected: u32) {
        let _ = self.park(word, expected, Duration::MAX);
    }

    fn wake(&self, word: &ExploredWord) {
        Park::wake(self, word);
    }

    fn is_alive(&self, participant: u32) -> bool {
        Layer::is_alive(self, participant) != Ok(false)
    }
}

/// A run of the graph checker's replay.
pub(super) fn on_graphs(
    participants: u32,
    mortal: bool,
    bodies: fn(&dyn Fn() -> Explored) -> Vec<Body>,
    judge: fn(&Outcome),
) {
    execution::begin();
    let geometry = Geometry {
        slots: 0,
        slot_size: 0,
        consumers: 0,
        producers: participants,
        start_with: 0,
        end_after: 0,
        retain: 0,
    };
    let segment = Explored::segment(geometry, CONFIG, mortal);
    let handle = || Explored { parts: Rc::clone(&segment.parts), wait: Rc::default() };
    for number in 0..participants {
        assert_eq!(handle().claim(number), Ok(true), "the number is free");
    }
    let bodies = (0..).zip(bodies(&handle)).collect();
    replay::run(bodies, judge);
}
