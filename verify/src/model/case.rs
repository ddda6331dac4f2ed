//! A case: a scenario's body on each engine, with its parameters.

use super::{
    config::ModelConfig,
    engine::{Engine, Loom, Shuttle},
};
use ackcast::protocol::Geometry;
use std::fmt;

/// Bytes of a message: two, so that a message can be torn.
pub const SIZE: usize = 2;

/// How many participants, messages and slots a case has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// How many producers there are.
    pub producers: u32,
    /// How many consumers there are.
    pub consumers: u32,
    /// Messages of each producer.
    pub messages: u32,
    /// How many slots the ring has.
    pub slots: u32,
    /// How many messages are retained for late consumers.
    pub retain: u32,
}

impl Shape {
    /// A shape of so many producers and consumers, messages of each producer, and slots.
    pub const fn new(producers: u32, consumers: u32, messages: u32, slots: u32) -> Self {
        Self { producers, consumers, messages, slots, retain: 0 }
    }

    /// The same shape with so many messages retained.
    pub const fn retaining(self, retain: u32) -> Self {
        Self { retain, ..self }
    }

    /// The geometry of a channel of this shape. END is sent when all producers have finished.
    pub const fn geometry(self) -> Geometry {
        let Self { producers, consumers, slots, retain, .. } = self;
        Geometry { slots, slot_size: SIZE as u32, consumers, producers, start_with: 0, end_after: producers, retain }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}×{} on {}", self.producers, self.consumers, self.messages, self.slots)?;
        if self.retain > 0 { write!(f, ", {} retained", self.retain) } else { Ok(()) }
    }
}

/// A scenario with its parameters.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The name of the scenario.
    pub name: &'static str,
    /// The properties it defends, by their names.
    pub defends: &'static str,
    /// How many participants, messages and slots it has.
    pub shape: Shape,
    /// The configuration of the model.
    pub config: ModelConfig,
    /// An execution under loom.
    pub loom: fn(&Case),
    /// An execution under shuttle.
    pub shuttle: fn(&Case),
    /// The same for the graph checker, which runs a participant at a time.
    pub graph: fn(&Case),
    /// What people call the participant of this number.
    pub role: fn(&Case, u32) -> String,
    /// Whether it is a case of ackcast's own text, whose words have an encoding.
    pub is_ours: bool,
}

/// A participant of ackcast: consumers come first.
pub fn role(case: &Case, number: u32) -> String {
    let consumers = if case.name == "lock_has_one_holder_at_a_time" { 0 } else { case.shape.consumers };
    match number.checked_sub(consumers) {
        Some(producer) => format!("producer {producer}"),
        None => format!("consumer {number}"),
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} [{}]", self.name, self.shape, self.config)
    }
}

/// The participant that joins in the middle, if any. If there is one, all participants leave when they are done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Late {
    #[default]
    /// None: all participants join before the start.
    None,
    /// The last consumer, perhaps in the entry of a dead one.
    Consumer,
    /// The last producer, perhaps in the entry of a dead one. A single finished producer suffices for END then, if no
    /// other lives.
    Producer,
}

/// A case: a scenario's body on each engine, with its parameters.
#[macro_export]
macro_rules! case {
    ($body:ident, $defends:literal, $shape:expr, $config:expr) => {
        $crate::model::case::Case {
            name: stringify!($body),
            defends: $defends,
            shape: $shape,
            config: $config,
            loom: $body::<$crate::model::engine::Loom>,
            shuttle: $body::<$crate::model::engine::Shuttle>,
            graph: $body::<$crate::explore::Explored>,
            role: $crate::model::case::role,
            is_ours: true,
        }
    };
}

const _: fn() = || {
    fn engine<E: Engine>() {}
    engine::<Loom>();
    engine::<Shuttle>();
};
