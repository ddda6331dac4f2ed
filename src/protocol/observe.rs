//! A channel's words, as an observer reads them.
//!
//! Every load is Relaxed. So the words may lie in memory that the observer can only read: the standard library promises
//! that of Relaxed loads alone. An observer that needs an order puts a fence between two calls.

use super::words::{Acknowledged, ConsumerEntry, Control, EntryState, ProducerEntry, Published};
use crate::layer::{Layer, Lock, Signal, Word};
use core::sync::atomic::Ordering::Relaxed;

/// The words of a channel, to be read and not written. Each answer is stale when it returns.
#[derive(Debug)]
pub struct Observed<'w, L: Layer> {
    control: &'w Control<L>,
    consumers: &'w [ConsumerEntry<L>],
    producers: &'w [ProducerEntry<L>],
}

impl<'w, L: Layer> Observed<'w, L> {
    /// The words of a single channel.
    pub const fn new(
        control: &'w Control<L>,
        consumers: &'w [ConsumerEntry<L>],
        producers: &'w [ProducerEntry<L>],
    ) -> Self {
        Self { control, consumers, producers }
    }

    /// What is published.
    pub fn published(&self) -> Published {
        // H11 (Relaxed): a snapshot. A fence of the caller orders it where a slot is read on its account.
        Published::from_word(self.control.published.0.load(Relaxed))
    }

    /// How many producers have finished so far.
    pub fn finished(&self) -> u32 {
        // H12 (Relaxed): a statistic.
        self.control.finished.load(Relaxed)
    }

    /// How many dead consumers were evicted so far.
    pub fn evicted(&self) -> u32 {
        // H3 (Relaxed): a statistic.
        self.control.evicted.load(Relaxed)
    }

    /// How often the write lock was taken over from a dead owner so far.
    pub fn takeovers(&self) -> u32 {
        // H4 (Relaxed): a statistic.
        self.control.takeovers.load(Relaxed)
    }

    /// The participant number of the write lock's owner, dead or alive. `None` if the lock is free, or if the layer
    /// does not tell.
    pub fn lock_owner(&self) -> Option<u32> {
        self.control.lock.0.owner()
    }

    /// Whether the owner of the write lock sleeps until there is room, or has just slept. `None` if the layer does not
    /// tell.
    pub fn is_writer_parked(&self) -> Option<bool> {
        self.control.space.0.is_parked()
    }

    /// The number and the state of each consumer's entry.
    pub fn consumers(&self) -> impl Iterator<Item = (u32, EntryState)> + use<'w, L> {
        (0..).zip(self.consumers).map(|(number, entry)| {
            // H5a (Relaxed): a snapshot.
            (number, EntryState::from_word(entry.state.load(Relaxed)))
        })
    }

    /// What the consumer of this number has acknowledged. `None` if there is no such entry.
    pub fn acknowledged(&self, consumer: u32) -> Option<Acknowledged> {
        let entry = self.consumers.get(consumer as usize)?;
        // H5b (Relaxed): a snapshot.
        Some(Acknowledged::from_word(entry.acked.0.load(Relaxed)))
    }

    /// Whether the consumer of this number sleeps until a message comes, or has just slept. `None` if the layer does
    /// not tell.
    pub fn is_consumer_parked(&self, consumer: u32) -> Option<bool> {
        self.consumers.get(consumer as usize)?.data.is_parked()
    }

    /// The participant number and the state of each producer's entry.
    pub fn producers(&self) -> impl Iterator<Item = (u32, EntryState)> + use<'w, L> {
        let first = self.consumers.len() as u32; // a geometry counts its places in 32 bits
        (first..).zip(self.producers).map(|(number, entry)| {
            // H13 (Relaxed): a snapshot.
            (number, EntryState::from_word(entry.state.load(Relaxed)))
        })
    }
}
