//! An execution of a scenario: a segment, its participants, and what they do.

use super::environment::Environment;
use crate::{
    events::{Body, Event, Outcome, Seen, record_event},
    model::{case::SIZE, config::ModelConfig, execution},
};
use ackcast::{
    layer::{Deadline, Layer},
    protocol::{Channel, Consumer, Geometry, Producer, Storage},
};

pub type ChannelOn<G> = Channel<<G as Environment>::Layer, <G as Environment>::Storage>;
pub type ConsumerOn<G> = Consumer<<G as Environment>::Layer, <G as Environment>::Storage>;
pub type ProducerOn<G> = Producer<<G as Environment>::Layer, <G as Environment>::Storage>;

/// See the [module](self).
#[derive(Debug)]
pub struct Fixture<G: Environment> {
    pub segment: G::Segment,
    pub geometry: Geometry,
}

impl<G: Environment> Fixture<G> {
    pub fn new(geometry: Geometry, config: ModelConfig, mortal: bool) -> Self {
        execution::begin();
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
