//! What the graph checker explores: participants as functions of what their operations return.

pub use crate::hook::Weight;

use std::{fmt::Debug, sync::atomic::Ordering};

/// A shared location: an atomic word, or a cell of plain memory. Small numbers from 0.
pub type Location = u8;
/// The value of a location.
pub type Value = u64;
/// A participant's place: a number for its history. 0 is its start.
pub type Place = u32;

/// How a read-modify-write computes the value that it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Update {
    /// Writes this value.
    Swap(Value),
    /// Writes the sum, modulo 2⁶⁴.
    Add(Value),
    /// Writes `new` if it reads `current`. Else it is a load with the failure ordering.
    Exchange {
        /// The value to find.
        current: Value,
        /// The value to write.
        new: Value,
    },
}

impl Update {
    /// What it writes after it has read `value`; `None` if it writes nothing.
    pub const fn apply(self, value: Value) -> Option<Value> {
        match self {
            Self::Swap(new) => Some(new),
            Self::Add(more) => Some(value.wrapping_add(more)),
            Self::Exchange { current, new } => {
                if value == current {
                    Some(new)
                } else {
                    None
                }
            }
        }
    }
}

/// An operation on shared locations. Its result is the value that it reads; 0 if it reads none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// An atomic load.
    Load {
        /// The word.
        location: Location,
        /// Relaxed, Acquire or SeqCst.
        order: Ordering,
    },
    /// An atomic store.
    Store {
        /// The word.
        location: Location,
        /// What it writes.
        value: Value,
        /// Relaxed, Release or SeqCst.
        order: Ordering,
    },
    /// A read-modify-write.
    Update {
        /// The word.
        location: Location,
        /// What it writes.
        update: Update,
        /// The ordering if it writes.
        success: Ordering,
        /// The ordering if it does not.
        failure: Ordering,
    },
    /// A fence. Acquire, Release, AcqRel or SeqCst; an asymmetric one counts as SeqCst.
    Fence {
        /// Full, or a side of an asymmetric fence.
        weight: Weight,
        /// The ordering.
        order: Ordering,
    },
    /// A read of plain memory. A concurrent write is a data race.
    Read {
        /// The cell.
        location: Location,
    },
    /// A write of plain memory. A concurrent access is a data race.
    Write {
        /// The cell.
        location: Location,
        /// What it writes.
        value: Value,
    },
    /// The participant waits: its last `reads` results did not suffice. It goes on when one of them changes.
    Await {
        /// How many of its last operations the wait has polled. (Operations that are no loads count, and do not matter.)
        reads: u32,
    },
    /// Sleeps while the word holds `expected`, until a wake. It returns the word's value, and may return early.
    Park {
        /// The word.
        location: Location,
        /// The value at which it sleeps.
        expected: Value,
    },
    /// Wakes one of the participants that sleep on the word.
    Wake {
        /// The word.
        location: Location,
    },
}

/// What a participant does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// It does this operation.
    Op(Op),
    /// It has returned.
    Ended,
    /// It dies by its own text.
    Died,
    /// A check in its text fails.
    Failed(String),
}

/// Participants, and the initial values of the locations.
pub trait Program: Debug {
    /// How many participants there are: at most 16.
    fn participants(&self) -> usize;
    /// The initial value of each location.
    fn initial(&self) -> Vec<Value>;
    /// What the participant does at this place.
    fn next(&self, participant: usize, place: Place) -> Next;
    /// The place after the operation at `place` has had this result.
    fn after(&mut self, participant: usize, place: Place, result: Value) -> Place;
    /// The place of the participant when it dies at `place`, before its operation. What the system does for it comes
    /// there, and [`Next::Died`] last. `None`: a death here is a death elsewhere, or it does not die.
    fn dies(&mut self, _participant: usize, _place: Place) -> Option<Place> {
        None
    }
}
