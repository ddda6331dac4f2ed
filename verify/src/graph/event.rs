//! An event of an execution graph, with what is known of its past.

use super::{
    clock::Clock,
    program::{Location, Op, Place, Value, Weight},
};
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

/// An event's index in its graph, in the order in which the events were added.
pub type Stamp = u16;
/// The write that a read reads from is the initial one.
pub const INITIAL: Stamp = Stamp::MAX;

/// What an event does. A read-modify-write has two events, a read and the write after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Reads a location.
    Read,
    /// Writes a location.
    Write,
    /// Orders other events.
    Fence,
    /// Wakes a thread that sleeps on a location.
    Wake,
    /// The participant dies.
    Death,
}

/// See the [module](self).
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// Whose event it is.
    pub participant: u8,
    /// Its index in the program order of its participant.
    pub index: u8,
    /// What it does.
    pub kind: Kind,
    /// The operation that it is, or is a part of.
    pub op: Op,
    /// The location; 0 for a fence.
    pub location: Location,
    /// The value read or written; 0 for others.
    pub value: Value,
    /// The write that a read reads from.
    pub from: Stamp,
    /// The participant's place before the operation.
    pub before: Place,
    /// The participant's place after the operation.
    pub after: Place,
    /// The events before this one in program order and reads-from; itself, too.
    pub prefix: Clock,
    /// The events that happen before it; itself, too.
    pub happened: Clock,
    /// What a later acquire fence of the participant acquires, because of its reads so far.
    pub acquirable: Clock,
    /// What happened before the participant's last release fence: its later relaxed writes release that.
    pub fenced: Clock,
    /// What an acquiring read of this write acquires.
    pub released: Clock,
}

impl Event {
    /// The participant's next event after `last`, without its clocks.
    pub fn new(participant: u8, last: Option<&Self>, kind: Kind, op: Op) -> Self {
        let before = last.map_or(0, |last| last.after);
        let index = last.map_or(0, |last| last.index + 1);
        let (location, value) = match op {
            Op::Load { location, .. } | Op::Read { location } | Op::Update { location, .. } => (location, 0),
            Op::Park { location, .. } | Op::Wake { location } => (location, 0),
            Op::Store { location, value, .. } | Op::Write { location, value } => (location, value),
            Op::Fence { .. } | Op::Await { .. } => (0, 0),
        };
        let none = Clock::default();
        Self {
            participant,
            index,
            kind,
            op,
            location,
            value,
            from: INITIAL,
            before,
            after: before,
            prefix: none,
            happened: none,
            acquirable: none,
            fenced: none,
            released: none,
        }
    }

    /// Whether it accesses plain memory.
    pub const fn is_plain(&self) -> bool {
        matches!(self.op, Op::Read { .. } | Op::Write { .. })
    }

    /// Whether it is the read or the write of a read-modify-write. (A read that turns out not to write counts.)
    pub const fn is_exclusive(&self) -> bool {
        matches!(self.op, Op::Update { .. })
    }

    /// What the write after this read writes, if it is the read of a read-modify-write that writes.
    pub const fn then_writes(&self) -> Option<Value> {
        match (self.kind, self.op) {
            (Kind::Read, Op::Update { update, .. }) => update.apply(self.value),
            _ => None,
        }
    }

    /// Its ordering.
    pub const fn order(&self) -> Ordering {
        match self.op {
            Op::Load { order, .. } | Op::Store { order, .. } | Op::Fence { order, .. } => order,
            Op::Update { success, failure, .. } => match (self.kind, self.then_writes()) {
                (Kind::Read, None) => failure,
                _ => success,
            },
            _ => Relaxed,
        }
    }

    /// Whether its reads acquire.
    pub const fn acquires(&self) -> bool {
        matches!(self.order(), Acquire | AcqRel | SeqCst)
    }

    /// Whether its writes release.
    pub const fn releases(&self) -> bool {
        matches!(self.order(), Release | AcqRel | SeqCst)
    }

    /// Whether it takes part in the order of all SeqCst events, and with which weight.
    pub const fn sequential(&self) -> Option<Weight> {
        match (self.order(), self.kind, self.op) {
            (SeqCst, Kind::Fence, Op::Fence { weight, .. }) => Some(weight),
            (SeqCst, Kind::Read | Kind::Write, _) => Some(Weight::Full),
            _ => None,
        }
    }

    /// Whether it is a fence that synchronises. The light side of an asymmetric fence does not.
    const fn synchronises(&self) -> bool {
        matches!(self.op, Op::Fence { weight: Weight::Full | Weight::Heavy, .. })
    }

    /// Sets the clocks: `last` is the participant's event before it. `from` is the write that it reads from; for the
    /// write of a read-modify-write, the one that its read reads from.
    pub fn know(&mut self, last: Option<&Self>, from: Option<&Self>) {
        let none = Clock::default();
        let (prefix, happened, acquirable, fenced) =
            last.map_or((none, none, none, none), |last| (last.prefix, last.happened, last.acquirable, last.fenced));
        (self.prefix, self.happened, self.acquirable, self.fenced) = (prefix, happened, acquirable, fenced);
        self.released = none;
        self.prefix.add(self.participant, self.index);
        self.happened.add(self.participant, self.index);
        match self.kind {
            Kind::Read => {
                let Some(from) = from else { return };
                self.prefix = self.prefix.join(from.prefix);
                if !self.is_plain() {
                    self.acquirable = self.acquirable.join(from.released);
                    if self.acquires() {
                        self.happened = self.happened.join(from.released);
                    }
                }
            }
            Kind::Write if self.is_plain() => {}
            Kind::Write => {
                self.released = if self.releases() { self.happened } else { self.fenced };
                if let (true, Some(from)) = (self.is_exclusive(), from) {
                    self.released = self.released.join(from.released);
                }
            }
            Kind::Fence if self.synchronises() => {
                if self.acquires() {
                    self.happened = self.happened.join(self.acquirable);
                }
                if self.releases() {
                    self.fenced = self.happened;
                }
            }
            Kind::Fence | Kind::Wake | Kind::Death => {}
        }
    }
}
