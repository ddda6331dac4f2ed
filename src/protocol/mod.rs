//! The protocol: one text for every layer.
//!
//! | word | meaning |
//! | --- | --- |
//! | [`Control::lock`] | the write lock: one writer at a time (S4) |
//! | [`Control::published`] | the ready flag, counted: message *n* is readable iff it counts more than *n*; and whether all of them fill their slots |
//! | [`ConsumerEntry::acked`] | the consumer is done with every message below this number (S3) |
//! | [`ConsumerEntry::state`] | whether that acknowledgement counts |
//! | [`ConsumerEntry::data`], [`Control::space`] | where a consumer waits for data, and the writer for room |
//!
//! The edges, which the comments at the sites name:
//!
//! | edge | from (release) | to (acquire) | carries |
//! | --- | --- | --- | --- |
//! | E1 → E2 | `published` after writing a slot | `published` before reading it | the message |
//! | E3 → E4 | `acked` after reading a slot | `acked` before overwriting it | "done with it" |
//! | E5 → E6 | `state` on leaving | `state` before ignoring the consumer | "done with everything" |
//! | E8 → E7 | the lock's release | the lock's acquisition | the previous writer's work |
//! | E10 → E11 | a producer's `state` on finishing | its `state` before counting it out | "I published all this" |
//! | E9 → E6 | `state` on joining | `state` before asking for the acknowledgement | that it has yet to decide where it starts |
#![deny(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::unreachable
)]

mod consumer;
mod error;
mod producer;
mod registry;
mod ring;

pub use consumer::{Batch, Consumer, Message};
pub use error::{BatchError, BlockedOn, Corruption, DeadProducers, JoinError, RecvError, SendError};
pub use producer::{Finished, FreeSlot, MAX_PUBLISH_BATCH, Prepared, Producer, WriteGuard};

use self::ring::Ring;
use crate::layer::{Layer, Storage, Word};
use core::fmt;
use core::sync::atomic::Ordering::{Acquire, Relaxed};

/// How a channel is laid out: fixed at creation, checked once at attach, kept privately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Slots in the ring, at least 1.
    pub slots: u32,
    /// Bytes a slot can hold.
    pub slot_size: u32,
    /// How many consumers can be attached at a time.
    pub consumers: u32,
    /// How many producers can be attached at a time.
    pub producers: u32,
    /// The first message waits until this many consumers are there.
    pub start_with: u32,
    /// END is published once this many producers have finished and no other lives.
    pub end_after: u32,
}

/// A value on cache lines of its own: two, because neighbouring lines are fetched in pairs.
#[derive(Debug)]
#[repr(C, align(128))]
pub struct CachePadded<T>(pub T);

/// The words that all participants share.
#[derive(Debug)]
#[repr(C)]
pub struct Control<L: Layer> {
    /// The write lock.
    pub lock: CachePadded<L::Lock>,
    /// The ready flag, counted, and whether the last message counted is END; see [`Published`].
    pub published: CachePadded<L::W64>,
    /// Where the holder of the write lock waits for room, or for the consumers to come.
    pub space: CachePadded<L::Signal>,
    /// How many producers have finished. Written under the lock.
    pub finished: L::W32,
    /// How many dead consumers were evicted. Written under the lock.
    pub evicted: L::W32,
    /// How often the lock was taken over from a dead owner. Written under the lock.
    pub takeovers: L::W32,
}

/// A consumer's words. Only the holder of the entry writes them, except that the holder of the
/// write lock may evict a dead one.
#[derive(Debug)]
#[repr(C)]
pub struct ConsumerEntry<L: Layer> {
    /// The acknowledgement: done with every message below this number. Never goes back.
    pub acked: CachePadded<L::W64>,
    /// Where the consumer waits for data. Rarely written, so that a producer's look stays cheap.
    pub data: L::Signal,
    /// See [`EntryState`].
    pub state: L::W32,
    /// The generation of the last occupant that began to join. Only the claimant of the number writes it, so no write
    /// races with its load. (A writer may evict the last occupant meanwhile, which writes `state`.)
    pub generation: L::W32,
}

/// A producer's words. Only the holder of the entry writes them.
#[derive(Debug)]
#[repr(C, align(128))]
pub struct ProducerEntry<L: Layer> {
    /// See [`EntryState`]. A dead producer's stays ACTIVE: that is how the consumers know that
    /// somebody left without finishing.
    pub state: L::W32,
}

/// Makes the words of a model's segment. (A real segment's words are zeroed memory.)
pub trait Make<L: Layer> {
    /// A 32-bit word holding 0. `owner` tells the entries apart.
    fn w32(&mut self, name: &'static str, owner: Option<u32>) -> L::W32;
    /// A 64-bit word holding 0.
    fn w64(&mut self, name: &'static str, owner: Option<u32>) -> L::W64;
    /// A free lock.
    fn lock(&mut self) -> L::Lock;
    /// A signal that nobody has notified.
    fn signal(&mut self, name: &'static str, owner: Option<u32>) -> L::Signal;
}

impl<L: Layer> Control<L> {
    /// The words of a fresh channel.
    pub fn new(make: &mut impl Make<L>) -> Self {
        Self {
            lock: CachePadded(make.lock()),
            published: CachePadded(make.w64("published", None)),
            space: CachePadded(make.signal("space", None)),
            finished: make.w32("finished", None),
            evicted: make.w32("evicted", None),
            takeovers: make.w32("takeovers", None),
        }
    }
}

impl<L: Layer> ConsumerEntry<L> {
    /// A vacant entry; `number` is the consumer's.
    pub fn new(make: &mut impl Make<L>, number: u32) -> Self {
        Self {
            acked: CachePadded(make.w64("acked", Some(number))),
            data: make.signal("data", Some(number)),
            state: make.w32("state", Some(number)),
            generation: make.w32("generation", Some(number)),
        }
    }
}

impl<L: Layer> ProducerEntry<L> {
    /// A vacant entry; `number` is the producer's participant number.
    pub fn new(make: &mut impl Make<L>, number: u32) -> Self {
        Self { state: make.w32("state", Some(number)) }
    }
}

/// What [`Control::published`] holds: the word as it is, since a producer makes the next one of it for each message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Published(u64);

impl Published {
    const ENDED: u64 = 1 << 63;
    const VARIABLE_LENGTH: u64 = 1 << 62;
    /// The most messages that a channel can count. None comes so far: 146 years at 1 a nanosecond.
    pub const MAX: u64 = Self::VARIABLE_LENGTH - 1;

    /// Reads the word's value.
    pub const fn from_word(word: u64) -> Self {
        Self(word)
    }

    /// The word's value.
    pub const fn word(self) -> u64 {
        self.0
    }

    /// How many messages were published, END included.
    pub const fn count(self) -> u64 {
        self.0 & Self::MAX
    }

    /// The last of them is END: nothing follows. In the same word as the count, so that nobody
    /// sees the one without the other, whoever dies in between.
    pub const fn ended(self) -> bool {
        self.0 & Self::ENDED != 0
    }

    /// Not all of them fill their slots: what they are, the slots' headers say. Once set, it stays. While
    /// it is not, nobody reads a header, and its line stays with the writer: one transfer a message less.
    pub const fn variable_length(self) -> bool {
        self.0 & Self::VARIABLE_LENGTH != 0
    }

    /// With so many more messages counted. There are as many: no number reaches [`MAX`](Self::MAX).
    const fn advanced_by(self, messages: u64, all_fill: bool) -> Self {
        let counted = self.0.wrapping_add(messages);
        Self(if all_fill { counted } else { counted | Self::VARIABLE_LENGTH })
    }

    /// With END counted, too.
    const fn with_end(self) -> Self {
        Self(self.advanced_by(1, false).0 | Self::ENDED)
    }
}

impl fmt::Debug for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, ended, variable_length) = (self.count(), self.ended(), self.variable_length());
        f.debug_struct("Published")
            .field("count", &count)
            .field("ended", &ended)
            .field("variable_length", &variable_length)
            .finish()
    }
}

/// What [`ConsumerEntry::acked`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// Done with every message below this number.
    pub count: u64,
    /// The consumer has not decided yet where it starts: the count may still rise without a
    /// message received, so a first message that waits for consumers does not count on this one.
    pub joining: bool,
}

impl Acknowledged {
    const JOINING: u64 = 1 << 63;

    /// Reads the word's value.
    pub const fn from_word(word: u64) -> Self {
        Self { count: word & !Self::JOINING, joining: word & Self::JOINING != 0 }
    }

    /// The word's value.
    pub const fn word(self) -> u64 {
        if self.joining { self.count | Self::JOINING } else { self.count }
    }
}

/// What a registry entry's `state` holds: bit 0 is ACTIVE, the rest counts the occupants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryState {
    /// VACANT (false): nobody is here; a writer ignores the acknowledgement.
    /// ACTIVE (true): somebody is here, or died here and was not evicted yet.
    pub active: bool,
    /// Counts the occupants. Tells a dead one from its successor.
    pub generation: u32,
}

impl EntryState {
    /// Reads the word's value; every value means something.
    pub const fn from_word(word: u32) -> Self {
        Self { active: word & 1 != 0, generation: word >> 1 }
    }

    /// The word's value.
    pub const fn word(self) -> u32 {
        (self.generation << 1) | self.active as u32
    }

    /// The next occupant's.
    const fn next(self) -> Self {
        Self { active: true, generation: self.generation.wrapping_add(1) & (u32::MAX >> 1) }
    }

    const fn vacated(self) -> Self {
        Self { active: false, generation: self.generation }
    }
}

/// A channel as one participant holds it.
#[derive(Debug)]
pub struct Channel<L: Layer, S: Storage<L>> {
    layer: L,
    storage: S,
    geometry: Geometry,
    ring: Ring,
}

impl<L: Layer, S: Storage<L>> Channel<L, S> {
    /// A handle on `storage`. The layer is this handle's own: it has claimed no number yet.
    ///
    /// # Safety
    /// `storage` has the entries, and slots of the number and size, that `geometry` says. No other channel uses the
    /// layer's claims: two participants of one number would write one slot at the same time.
    pub const unsafe fn new(layer: L, storage: S, geometry: Geometry) -> Self {
        Self { layer, storage, geometry, ring: Ring::new(geometry.slots) }
    }

    /// The geometry this handle was made with.
    pub const fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// The layer.
    ///
    /// # Safety
    /// The caller neither claims nor releases a number: this handle's participant relies on its claim.
    pub const unsafe fn layer(&self) -> &L {
        &self.layer
    }

    /// The storage.
    ///
    /// # Safety
    /// The caller changes no word, and accesses no slot: the protocol relies on its words for access to slots.
    pub const unsafe fn storage(&self) -> &S {
        &self.storage
    }

    /// How far the channel is; stale when it returns, but never ahead.
    pub fn published(&self) -> Published {
        Published::from_word(self.control().published.0.load(Acquire)) // E2
    }

    /// How many dead consumers were evicted so far.
    pub fn evicted(&self) -> u32 {
        self.control().evicted.load(Relaxed) // a statistic: orders nothing
    }

    /// How often the write lock was taken over from a dead owner so far.
    pub fn takeovers(&self) -> u32 {
        self.control().takeovers.load(Relaxed) // a statistic: orders nothing
    }

    /// The consumers attached, dead ones not yet evicted included, each with the number of
    /// messages it has acknowledged.
    pub fn acknowledged(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        (0..).zip(self.storage.consumers()).filter_map(|(number, entry)| {
            let state = EntryState::from_word(entry.state.load(Relaxed)); // a snapshot orders nothing
            state.active.then(|| (number, Acknowledged::from_word(entry.acked.0.load(Relaxed)).count))
        })
    }

    fn control(&self) -> &Control<L> {
        self.storage.control()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_what_was_written_into_them() {
        for count in [0, 1, 2, Published::MAX] {
            for flag in [false, true] {
                let acknowledged = Acknowledged { count, joining: flag };
                assert_eq!(Acknowledged::from_word(acknowledged.word()), acknowledged);
            }
        }
        for generation in [0, 1, 2, u32::MAX >> 1] {
            for active in [false, true] {
                let occupancy = EntryState { active, generation };
                assert_eq!(EntryState::from_word(occupancy.word()), occupancy);
                assert_eq!(occupancy.vacated(), EntryState { active: false, generation });
            }
        }
    }

    #[test]
    fn what_is_published_is_counted_in_one_word() {
        let none = Published::from_word(0);
        assert_eq!((none.count(), none.ended(), none.variable_length()), (0, false, false));
        let two = none.advanced_by(2, true);
        assert_eq!((two.count(), two.ended(), two.variable_length()), (2, false, false));
        let three = two.advanced_by(1, false);
        assert_eq!((three.count(), three.ended(), three.variable_length()), (3, false, true));
        assert!(three.advanced_by(1, true).variable_length(), "once set, it stays");
        let most = Published::from_word(Published::MAX - 1).with_end();
        assert_eq!((most.count(), most.ended(), most.variable_length()), (Published::MAX, true, true));
        assert_eq!(Published::from_word(most.word()), most);
    }

    #[test]
    fn generations_count_and_come_round() {
        let first = EntryState { active: false, generation: 5 }.next();
        assert_eq!(first, EntryState { active: true, generation: 6 });
        let last = EntryState { active: false, generation: u32::MAX >> 1 }.next();
        assert_eq!(last, EntryState { active: true, generation: 0 });
    }
}
