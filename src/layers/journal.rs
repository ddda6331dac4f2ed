//! Events for `tracing`, if the feature is on. Without it a journal is empty, and nothing is compiled in.

#[cfg(not(feature = "tracing"))]
pub(crate) use off::Journal;
#[cfg(feature = "tracing")]
pub(crate) use on::Journal;

#[cfg(not(feature = "tracing"))]
mod off {
    /// What a handle tells of its channel: nothing.
    #[derive(Debug)]
    pub(crate) struct Journal;

    impl Journal {
        pub(crate) const fn new(_channel: &str) -> Self {
            Self
        }

        pub(crate) const fn created(&self, _slots: u32, _slot_size: u32) {}
    }
}

#[cfg(feature = "tracing")]
mod on {
    use crate::layers::lock_poisoned_or_not;
    use crate::protocol::{DeadProducers, Event};
    use std::sync::Mutex;
    use tracing::{debug, error, info, warn};

    /// What a handle tells of its channel.
    #[derive(Debug)]
    pub(crate) struct Journal {
        channel: Box<str>,
        /// The last loss of all producers that was told, and the message that was waited for. A consumer finds the same
        /// loss at each wait, and tells of it once.
        lost: Mutex<Option<(DeadProducers, u64)>>,
    }

    impl Journal {
        pub(crate) fn new(channel: &str) -> Self {
            Self { channel: channel.into(), lost: Mutex::default() }
        }

        pub(crate) fn created(&self, slots: u32, slot_size: u32) {
            let channel = &*self.channel;
            info!(target: "ackcast", channel, slots, slot_size, "created a channel");
        }

        #[cold]
        pub(crate) fn note(&self, event: Event) {
            let channel = &*self.channel;
            match event {
                Event::ConsumerJoined { consumer, next } => {
                    info!(target: "ackcast", channel, consumer, next, "a consumer has joined");
                }
                Event::ConsumerLeft { consumer, next } => {
                    info!(target: "ackcast", channel, consumer, next, "a consumer has left");
                }
                Event::ProducerJoined { producer } => {
                    info!(target: "ackcast", channel, producer, "a producer has joined");
                }
                Event::ProducerLeft { producer, finished: true } => {
                    info!(target: "ackcast", channel, producer, "a producer has left");
                }
                Event::ProducerLeft { producer, finished: false } => {
                    warn!(target: "ackcast", channel, producer, "a producer has left without finishing");
                }
                Event::ConsumerEvicted { consumer } => {
                    warn!(target: "ackcast", channel, consumer, "a consumer is dead, and was evicted");
                }
                Event::OwnerDied { producer } => {
                    warn!(target: "ackcast", channel, producer, "took the write lock over from a dead producer");
                }
                Event::ProducersLost { producers, next } => {
                    let lost = Some((producers, next));
                    if core::mem::replace(&mut *lock_poisoned_or_not(&self.lost), lost) != lost {
                        warn!(target: "ackcast", channel, %producers, next, "every producer is dead");
                    }
                }
                Event::Ended { messages } => info!(target: "ackcast", channel, messages, "published END"),
                Event::EndReceived { consumer } => debug!(target: "ackcast", channel, consumer, "received END"),
                Event::Corrupt(corruption) => error!(target: "ackcast", channel, %corruption, "the channel is corrupt"),
            }
        }
    }
}
