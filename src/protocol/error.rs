//! One error enum per operation, with what the caller needs to act.

use crate::layer::LivenessUnknown;
use thiserror::Error;

/// Why a participant could not join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JoinError {
    /// A living participant holds each entry.
    #[error(
        "all {capacity} {role} places are in use; wait until a {role} leaves, or create the channel with more places"
    )]
    Full {
        /// "consumer" or "producer".
        role: &'static str,
        /// How many places the channel has.
        capacity: u32,
    },
    /// The message that the consumer was to start at is not among those that a consumer can start at now.
    #[error("message {asked} is not retained: a consumer can start at messages {oldest} to {newest} now")]
    NotRetained {
        /// The message asked for, counted from 0.
        asked: u64,
        /// The oldest message that is retained.
        oldest: u64,
        /// The next message that is published.
        newest: u64,
    },
    /// The producer came after END.
    #[error("the channel has ended: nothing can follow END; create a new one")]
    Ended,
    /// The system does not say whether an entry's holder lives.
    #[error(transparent)]
    Liveness(#[from] LivenessUnknown),
}

/// What a sender was waiting for when it gave up. A participant that is named is alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BlockedOn {
    /// Another producer holds the write lock.
    #[error("for the write lock{}", .owner.map_or(Named(", held by", None), |o| Named(", held by producer", Some(o))))]
    Lock {
        /// The producer that holds it, counted from 0, where the layer can tell.
        owner: Option<u32>,
    },
    /// A consumer has not acknowledged a message whose slot is needed.
    #[error("for consumer {consumer} to acknowledge message {message}")]
    Acknowledgement {
        /// The consumer, counted from 0.
        consumer: u32,
        /// The message it has not acknowledged yet, counted from 0.
        message: u64,
    },
    /// The first message waits for the consumers that the channel was created for.
    #[error("for the first consumers: {joined} of {wanted} have joined")]
    Start {
        /// How many have joined.
        joined: u32,
        /// How many the first message waits for.
        wanted: u32,
    },
}

/// Prints a name where there is one.
struct Named(&'static str, Option<u32>);

impl core::fmt::Display for Named {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.1 {
            Some(number) => write!(f, "{} {number}", self.0),
            None => write!(f, "{} another producer", self.0),
        }
    }
}

/// A number in the segment that no participant of this protocol can have written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Corruption {
    /// An acknowledgement is ahead of what was published.
    #[error("consumer {consumer} has acknowledged {acked} messages of {published} published")]
    Acknowledgement {
        /// The consumer, counted from 0.
        consumer: u32,
        /// Its acknowledgement.
        acked: u64,
        /// What was published.
        published: u64,
    },
    /// `published` has decreased, or is further ahead than the ring is long.
    #[error("{published} messages published, but message {next} is not acknowledged and there are {slots} slots")]
    Published {
        /// What was published.
        published: u64,
        /// The next message of the consumer that saw it.
        next: u64,
        /// The length of the ring.
        slots: u32,
    },
    /// `published` is so high that no message can follow.
    #[error("{published} messages published: no channel can count another one")]
    Count {
        /// What was published.
        published: u64,
    },
    /// A slot's header has an unknown kind, or a length that no slot has.
    #[error("message {message} has kind {kind} and length {len}; kinds are 1 and 2, slots hold {slot_size} bytes")]
    Slot {
        /// The message, counted from 0.
        message: u64,
        /// The kind found.
        kind: u32,
        /// The length found.
        len: u32,
        /// What a slot can hold.
        slot_size: u32,
    },
    /// The memory of the write lock is no lock.
    #[error("the write lock is broken: its memory was overwritten")]
    Lock,
    /// The protocol's own state contradicts itself: a defect of this library, or memory that was overwritten.
    #[error("internal error: {what}")]
    Internal {
        /// What does not hold.
        what: &'static str,
    },
}

/// Why a message was not sent. No consumer sees any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SendError {
    /// The message is longer than a slot.
    #[error(
        "the message has {len} bytes, a slot holds {slot_size}; send less, or create the channel with larger slots"
    )]
    TooLong {
        /// The message's length.
        len: usize,
        /// What a slot can hold.
        slot_size: u32,
    },
    /// The deadline passed.
    #[error("gave up waiting {0}")]
    TimedOut(BlockedOn),
    /// END was published: nothing can follow.
    #[error("the channel has ended: nothing can follow END")]
    Ended,
    /// The producer was attached by the process that forked this one.
    #[error("this producer was attached before a fork, by the parent process; attach another one in this process")]
    Inherited,
    /// The call waits for a participant, and the system does not say whether it lives.
    #[error(transparent)]
    Liveness(#[from] LivenessUnknown),
    /// The segment holds a value that no participant can have written.
    #[error("the segment is corrupt: {0}")]
    Corrupt(Corruption),
}

/// A batch was not sent to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{sent} messages of the batch were sent, the next was not: {error}")]
pub struct BatchError {
    /// How many were sent, from the first one on.
    pub sent: usize,
    /// Why the message after them was not sent.
    #[source]
    pub error: SendError,
}

/// Producers that died without finishing, by number, counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeadProducers(u64);

impl DeadProducers {
    /// Adds a producer. A channel has at most 64.
    pub(super) fn with(self, producer: u32) -> Self {
        Self(self.0 | 1_u64.checked_shl(producer).unwrap_or(0))
    }

    /// Whether it names no producer.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The producers' numbers, ascending.
    pub fn producers(self) -> impl Iterator<Item = u32> {
        (0..u64::BITS).filter(move |&producer| self.0 & (1 << producer) != 0)
    }
}

impl core::fmt::Display for DeadProducers {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut before = "number ";
        for producer in self.producers() {
            write!(f, "{before}{producer}")?;
            before = ", ";
        }
        Ok(())
    }
}

/// Why no message was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RecvError {
    /// END: every message was received, and none follows.
    #[error("the channel has ended: every message was received")]
    Ended,
    /// Every published message was received, and every attached producer died without finishing. If another producer
    /// joins, receiving goes on.
    #[error("every producer died without finishing ({0}); every message that they published was received")]
    ProducersLost(DeadProducers),
    /// The deadline passed before the next message was published. (`try_recv`: none is published yet.)
    #[error("gave up waiting for message {next}")]
    TimedOut {
        /// The message waited for, counted from 0.
        next: u64,
    },
    /// The consumer was attached by the process that forked this one.
    #[error("this consumer was attached before a fork, by the parent process; attach another one in this process")]
    Inherited,
    /// The call waits for the producers, and the system does not say whether they live.
    #[error(transparent)]
    Liveness(#[from] LivenessUnknown),
    /// The segment holds a value that no participant can have written.
    #[error("the segment is corrupt: {0}")]
    Corrupt(Corruption),
}
