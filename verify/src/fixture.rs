//! An execution of a scenario: a segment, its participants, and what they saw.

use crate::{
    config::ModelConfig,
    engine::Engine,
    environment::Environment,
    hook::{self, Died},
    progress,
    segment::{SIZE, Segment, drop_leaked},
};
use ackcast::{
    layer::{Deadline, Layer},
    protocol::{Channel, Consumer, Geometry, Producer, Storage},
};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    rc::Rc,
};

pub type ChannelOn<G> = Channel<<G as Environment>::Layer, <G as Environment>::Storage>;
pub type ConsumerOn<G> = Consumer<<G as Environment>::Layer, <G as Environment>::Storage>;
pub type ProducerOn<G> = Producer<<G as Environment>::Layer, <G as Environment>::Storage>;

/// What a participant saw, event by event.
pub type Seen = Vec<u8>;
/// What all participants of an execution saw, in their order in the scenario.
pub type Outcome = Vec<Seen>;

/// What a participant sees besides messages: values that no message's first byte has.
pub mod event {
    /// A message's first byte is lower.
    pub const FIRST: u8 = 0xe0;
    pub const END: u8 = 0xe0;
    pub const TIMED_OUT: u8 = 0xe1;
    pub const LOST: u8 = 0xe2;
    pub const DIED: u8 = 0xe3;
    pub const FULL: u8 = 0xe4;
    pub const SENT: u8 = 0xe5;
    pub const OTHERS: u8 = 0xe6;
    pub const NO_LOCK: u8 = 0xe7;
    pub const NO_ROOM: u8 = 0xe8;
    pub const NO_START: u8 = 0xe9;
}

/// What happens in an execution, besides what its participants see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Event {
    /// A consumer polled, and found no message.
    NoData,
    /// A producer, or another waiter on its signal, polled and found no room.
    NoRoom,
    /// A participant tried to take the write lock, and another one held it.
    LockHeld,
    /// A thread went to sleep.
    Sleep,
    /// A participant took over the write lock of a dead owner.
    Takeover,
    /// A participant inherited the write lock of its dead predecessor.
    Inheritance,
    /// A consumer took two messages before it acknowledged the first.
    TakenTogether,
}

/// An execution: what all participants saw, and its other events.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Execution {
    pub outcome: Outcome,
    events: u8,
}

impl Execution {
    pub const fn had(&self, event: Event) -> bool {
        self.events & (1 << event as u8) != 0
    }

    /// What the last participant saw.
    pub fn last(&self) -> &[u8] {
        self.outcome.last().map_or(&[], Vec::as_slice)
    }
}

/// How many participants, messages and slots a case has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub producers: u32,
    pub consumers: u32,
    /// Messages of each producer.
    pub messages: u32,
    pub slots: u32,
}

impl Shape {
    pub const fn new(producers: u32, consumers: u32, messages: u32, slots: u32) -> Self {
        Self { producers, consumers, messages, slots }
    }

    pub const fn geometry(self) -> Geometry {
        let Self { producers, consumers, slots, .. } = self;
        Geometry { slots, slot_size: SIZE as u32, consumers, producers, start_with: 0, end_after: producers }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}×{} on {}", self.producers, self.consumers, self.messages, self.slots)
    }
}

/// See the [module](self).
#[derive(Debug)]
pub struct Fixture<G: Environment> {
    pub segment: G::Segment,
    pub geometry: Geometry,
}

pub type Body = Box<dyn FnOnce() -> Seen>;

impl<G: Environment> Fixture<G> {
    pub fn new(geometry: Geometry, config: ModelConfig, mortal: bool) -> Self {
        drop_leaked();
        hook::begin();
        EVENTS.set(0);
        Self { segment: G::segment(geometry, config, mortal), geometry }
    }

    pub fn channel(&self) -> ChannelOn<G> {
        G::channel(&self.segment, self.geometry)
    }

    pub fn consumer(&self) -> ConsumerOn<G> {
        G::act_as(0);
        Consumer::join(self.channel()).expect("the scenario has room for its consumers")
    }

    pub fn producer(&self) -> ProducerOn<G> {
        G::act_as(self.geometry.consumers);
        Producer::join(self.channel()).expect("the scenario has room for its producers")
    }

    /// Runs the participants, by number, each in its thread. `judge` checks what they saw.
    pub fn run(self, participants: Vec<(u32, Body)>, judge: impl Fn(&Outcome) + 'static) {
        G::run(self.segment, participants, judge);
    }
}

/// Runs the participants in a model.
pub fn run<E: Engine>(segment: Rc<Segment<E>>, participants: Vec<(u32, Body)>, judge: impl Fn(&Outcome) + 'static) {
    hook::run();
    let judge = Rc::new(judge);
    let count = participants.len();
    let seen: Rc<RefCell<Vec<Option<Seen>>>> = Rc::new(RefCell::new(vec![None; count]));
    let mut first = None;
    for (place, (number, body)) in participants.into_iter().enumerate() {
        let (seen, judge, segment) = (Rc::clone(&seen), Rc::clone(&judge), Rc::clone(&segment));
        let participant = move || {
            hook::act_as(E::thread, number);
            let saw = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
                if !payload.is::<Died>() {
                    resume_unwind(payload);
                }
                hook::died();
                segment.die(number);
                vec![event::DIED]
            });
            let mut seen = seen.borrow_mut();
            seen[place] = Some(saw);
            if seen.iter().all(Option::is_some) {
                let outcome: Outcome = seen.iter_mut().filter_map(Option::take).collect();
                judge(&outcome);
                record(outcome);
            }
        };
        // The main thread is the first participant, because loom allows five threads, main included.
        match first {
            None => first = Some(participant),
            Some(_) => E::spawn(participant),
        }
    }
    if let Some(participant) = first {
        participant();
    }
}

/// The bytes of a message. They differ, so that a message torn between two is recognised.
pub const fn message(value: u8) -> [u8; SIZE] {
    [value, !value]
}

/// The value of a message.
pub fn decode(bytes: &[u8]) -> u8 {
    assert!(matches!(bytes, &[value, check] if check == !value), "a torn message: {bytes:?}");
    bytes[0]
}

/// Receives `count` messages.
pub fn receive<L: Layer, S: Storage<L>>(consumer: &mut Consumer<L, S>, count: u32) -> Seen {
    let mut seen = Seen::new();
    for _ in 0..count {
        let message = consumer.receive(Deadline::Never).expect("the message comes");
        seen.push(decode(&message));
    }
    seen
}

/// Receives `count` messages, in batches as large as possible.
pub fn receive_batches<L: Layer, S: Storage<L>>(consumer: &mut Consumer<L, S>, count: u32) -> Seen {
    let mut seen = Seen::new();
    while seen.len() < count as usize {
        let before = seen.len();
        let mut batch = consumer.receive_batch(Deadline::Never).expect("a message comes");
        while let Some(message) = batch.take().expect("nothing is corrupt") {
            seen.push(decode(message));
        }
        match seen.len() - before {
            0 => panic!("a batch has at least one message"),
            1 => {}
            _ => record_event(Event::TakenTogether),
        }
    }
    seen
}

/// Sends messages with these values.
pub fn send<L: Layer, S: Storage<L>>(producer: &mut Producer<L, S>, values: impl IntoIterator<Item = u8>) {
    for value in values {
        producer.send(&message(value), Deadline::Never).expect("the message is sent");
    }
}

/// Sends messages with these values, as a batch.
pub fn send_batch<L: Layer, S: Storage<L>>(producer: &mut Producer<L, S>, values: impl IntoIterator<Item = u8>) {
    let messages: Vec<_> = values.into_iter().map(message).collect();
    producer.send_batch(&messages, Deadline::Never).expect("the batch is sent");
}

/// The values of producer `p`'s messages, counted from 0.
pub fn values(p: u32, messages: u32) -> impl Iterator<Item = u8> {
    (0..messages).map(move |m| (16 * (p + 1) + m) as u8)
}

thread_local! {
    static EVENTS: Cell<u8> = const { Cell::new(0) };
    static SEEN: RefCell<(u64, BTreeSet<Execution>)> = const { RefCell::new((0, BTreeSet::new())) };
}

/// Records an event of this execution.
pub fn record_event(event: Event) {
    EVENTS.set(EVENTS.get() | (1 << event as u8));
}

/// Keeps what all participants of an execution saw.
pub fn record(outcome: Outcome) {
    let execution = Execution { outcome, events: EVENTS.get() };
    SEEN.with_borrow_mut(|(_, seen)| {
        if !seen.contains(&execution) {
            seen.insert(execution);
        }
    });
}

/// Counts an execution; returns how many there were before.
pub fn count_execution() -> u64 {
    let before = SEEN.with_borrow_mut(|(count, _)| {
        *count += 1;
        *count - 1
    });
    if before % progress::EVERY == progress::EVERY - 1 {
        progress::tick(before);
    }
    before
}

/// The number of executions since the last call, and the distinct ones.
pub fn take_executions() -> (u64, BTreeSet<Execution>) {
    SEEN.take()
}
