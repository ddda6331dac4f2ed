//! A complete execution graph as plain data, to compare what two searches find.

use super::super::{
    event::{Event, INITIAL, Kind, Stamp},
    execution::Graph,
    program::{Location, Op, Value},
};

/// An operation by its participant and its index among the operations of that participant.
pub type Id = (u8, u8);

/// An operation: a read-modify-write is one, and reads and writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operation {
    /// The location; `None` is a fence.
    pub location: Option<Location>,
    /// The value read.
    pub read: Option<Value>,
    /// The value written.
    pub written: Option<Value>,
    /// What it reads from; `None` is the initial write.
    pub from: Option<Id>,
}

/// See the [module](self).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// By participant, in program order.
    pub operations: Vec<Vec<Operation>>,
    /// By location: its writes in modification order, without the initial one.
    pub writes: Vec<Vec<Id>>,
}

impl Key {
    /// The key of a graph of the checker.
    pub fn of(graph: &Graph, locations: usize) -> Self {
        let is_half = |event: &Event| event.kind == Kind::Write && matches!(event.op, Op::Update { .. });
        let id = |stamp: Stamp| -> Option<Id> {
            let event = graph.write(stamp)?;
            let own = &graph.participants()[usize::from(event.participant)];
            let before = own[..=usize::from(event.index)].iter().filter(|&&stamp| !is_half(graph.at(stamp)));
            Some((event.participant, before.count() as u8 - 1))
        };
        let operation = |event: &Event| {
            let location = matches!(event.kind, Kind::Read | Kind::Write).then_some(event.location);
            let read = (event.kind == Kind::Read).then_some(event.value);
            let written = if event.kind == Kind::Write { Some(event.value) } else { event.then_writes() };
            let from = if event.from == INITIAL { None } else { id(event.from) };
            Operation { location, read, written, from }
        };
        let operations = graph.participants().iter().map(|own| {
            own.iter().map(|&stamp| graph.at(stamp)).filter(|event| !is_half(event)).map(operation).collect()
        });
        let writes = (0..locations as Location)
            .map(|location| graph.writes(location).iter().filter_map(|&stamp| id(stamp)).collect());
        Self { operations: operations.collect(), writes: writes.collect() }
    }
}
