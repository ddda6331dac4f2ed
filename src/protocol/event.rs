//! What a participant tells a log.

use super::{Corruption, DeadProducers};

/// What a participant did or noticed; see [`Layer::note`](crate::layer::Layer::note). Messages are no events. Consumers
/// and producers are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// This consumer has joined.
    ConsumerJoined {
        /// Its number.
        consumer: u32,
        /// The number of the first message that it receives.
        next: u64,
    },
    /// This consumer has left.
    ConsumerLeft {
        /// Its number.
        consumer: u32,
        /// The number of the message after the last one that it has acknowledged.
        next: u64,
    },
    /// This producer has joined.
    ProducerJoined {
        /// Its number.
        producer: u32,
    },
    /// This producer was dropped.
    ProducerLeft {
        /// Its number.
        producer: u32,
        /// Whether it had finished. If not, the others take it for dead.
        finished: bool,
    },
    /// This producer has evicted a dead consumer. It holds the write lock.
    ConsumerEvicted {
        /// The dead consumer's number.
        consumer: u32,
    },
    /// This producer has taken the write lock over from a dead producer.
    OwnerDied {
        /// This producer's number.
        producer: u32,
    },
    /// This consumer has found that every attached producer is dead.
    ProducersLost {
        /// The dead producers.
        producers: DeadProducers,
        /// The number of the message that the consumer waits for.
        next: u64,
    },
    /// This producer has published END. It holds the write lock.
    Ended {
        /// How many messages are published, END included.
        messages: u64,
    },
    /// This consumer has received END.
    EndReceived {
        /// Its number.
        consumer: u32,
    },
    /// This participant has found a value in the segment that no participant can have written.
    Corrupt(Corruption),
}
