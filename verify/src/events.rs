//! What happens in an execution, and the executions that a run has seen.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
};

/// What a participant saw, event by event.
pub type Seen = Vec<u8>;
/// What all participants of an execution saw, in their order in the scenario.
pub type Outcome = Vec<Seen>;

/// What a participant sees besides messages: values that no message's first byte has.
pub mod event {
    /// A message's first byte is lower.
    pub const FIRST: u8 = 0xe0;
    /// The channel has ended, or the producer ended it.
    pub const END: u8 = 0xe0;
    /// No message came in time.
    pub const TIMED_OUT: u8 = 0xe1;
    /// The producers are lost.
    pub const LOST: u8 = 0xe2;
    /// The participant died.
    pub const DIED: u8 = 0xe3;
    /// There is no place to join in.
    pub const FULL: u8 = 0xe4;
    /// A message was sent.
    pub const SENT: u8 = 0xe5;
    /// The producer finished, and others remain.
    pub const OTHERS: u8 = 0xe6;
    /// Another participant held the lock.
    pub const NO_LOCK: u8 = 0xe7;
    /// There was no room for a message.
    pub const NO_ROOM: u8 = 0xe8;
    /// Too few consumers had joined.
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
    /// What the participants saw.
    pub outcome: Outcome,
    events: u8,
}

impl Execution {
    /// Whether this event occurred.
    pub const fn had(&self, event: Event) -> bool {
        self.events & (1 << event as u8) != 0
    }

    /// What the last participant saw.
    pub fn last(&self) -> &[u8] {
        self.outcome.last().map_or(&[], Vec::as_slice)
    }
}

/// What a participant does; returns what it saw.
pub type Body = Box<dyn FnOnce() -> Seen>;

thread_local! {
    static EVENTS: Cell<u8> = const { Cell::new(0) };
    static SEEN: RefCell<(u64, BTreeSet<Execution>)> = const { RefCell::new((0, BTreeSet::new())) };
}

/// Starts an execution: nothing has happened in it yet.
pub fn begin() {
    EVENTS.set(0);
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
    SEEN.with_borrow_mut(|(count, _)| {
        *count += 1;
        *count - 1
    })
}

/// The number of executions since the last call, and the distinct ones.
pub fn take_executions() -> (u64, BTreeSet<Execution>) {
    SEEN.take()
}
