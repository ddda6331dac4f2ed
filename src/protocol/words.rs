//! The words that all participants share, and what their values mean.

use super::payload::Lengths;
use crate::layer::Layer;
use core::fmt;

/// A value on cache lines of its own: two of them, because processors fetch neighbouring lines in pairs.
#[derive(Debug)]
#[repr(C, align(128))]
pub struct CachePadded<T>(pub T);

/// The words of a channel.
#[derive(Debug)]
#[repr(C)]
pub struct Control<L: Layer> {
    /// The write lock: one writer at a time (S4).
    pub lock: CachePadded<L::Lock>,
    /// How many messages are published, whether the last of them is END, and how long they are; see [`Published`].
    pub published: CachePadded<L::W64>,
    /// The owner of the write lock waits here for a free slot, or for the first consumers.
    pub space: CachePadded<L::Signal>,
    /// How many producers have finished. Written under the lock.
    pub finished: L::W32,
    /// How many dead consumers were evicted. Written under the lock.
    pub evicted: L::W32,
    /// How often the lock was taken over from a dead owner. Written under the lock.
    pub takeovers: L::W32,
}

/// A consumer's words. The consumer alone writes them. The owner of the write lock may evict a dead consumer, which
/// writes `state`.
#[derive(Debug)]
#[repr(C)]
pub struct ConsumerEntry<L: Layer> {
    /// The consumer has acknowledged every message below this number (S3); see [`Acknowledged`]. Never decreases while
    /// the entry has one occupant. The next occupant may start at a retained message, which is a lower number.
    pub acked: CachePadded<L::W64>,
    /// The consumer waits for messages here. Rarely written, so that its notifier reads it from its own cache.
    pub data: L::Signal,
    /// Whether the acknowledgement counts; see [`EntryState`].
    pub state: L::W32,
    /// The generation of the last occupant that began to join. Only the claimant of the number writes it.
    pub generation: L::W32,
}

/// A producer's words. The producer alone writes them.
#[derive(Debug)]
#[repr(C, align(128))]
pub struct ProducerEntry<L: Layer> {
    /// See [`EntryState`]. A dead producer's entry stays ACTIVE, which tells consumers that it did not finish.
    pub state: L::W32,
}

/// Makes the words of a model's segment. (A real segment's words are zeroed memory.)
pub trait Make<L: Layer> {
    /// A 32-bit word that holds 0. `owner` tells the entries apart.
    fn w32(&mut self, name: &'static str, owner: Option<u32>) -> L::W32;
    /// A 64-bit word that holds 0.
    fn w64(&mut self, name: &'static str, owner: Option<u32>) -> L::W64;
    /// A free lock.
    fn lock(&mut self) -> L::Lock;
    /// A signal without a notification.
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

/// What [`Control::published`] holds. Kept in its encoded form, because a producer advances it for each message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Published(u64);

impl Published {
    const ENDED: u64 = 1 << 63;
    const VARIABLE_LENGTH: u64 = 1 << 62;
    /// The most messages that a channel can count. At one message a nanosecond it lasts 146 years.
    pub const MAX: u64 = Self::VARIABLE_LENGTH - 1;

    /// Decodes the word's value; every value means something.
    pub const fn from_word(word: u64) -> Self {
        Self(word)
    }

    /// The word's value.
    pub const fn word(self) -> u64 {
        self.0
    }

    /// How many messages are published, END included.
    pub const fn count(self) -> u64 {
        self.0 & Self::MAX
    }

    /// END is published: it is the last message. The flag shares a word with the count, so that no death can separate
    /// the two.
    pub const fn ended(self) -> bool {
        self.0 & Self::ENDED != 0
    }

    /// The oldest message that a consumer may start at, where `retain` messages are retained. END is not counted among
    /// them: no producer writes after it. Never decreases.
    pub(super) const fn oldest(self, retain: u32) -> u64 {
        self.count().saturating_sub(self.ended() as u64).saturating_sub(retain as u64)
    }

    /// How the lengths of the published messages are known.
    pub const fn lengths(self) -> Lengths {
        if self.0 & Self::VARIABLE_LENGTH == 0 { Lengths::Fixed } else { Lengths::Variable }
    }

    /// Adds `messages`. Cannot overflow: `await_room` refuses message [`MAX`](Self::MAX). Lengths that have become
    /// variable stay so.
    pub(super) const fn advanced_by(self, messages: u64, lengths: Lengths) -> Self {
        let counted = self.0.wrapping_add(messages);
        match lengths {
            Lengths::Fixed => Self(counted),
            Lengths::Variable => Self(counted | Self::VARIABLE_LENGTH),
        }
    }

    /// Adds END, which fills no slot.
    pub(super) const fn with_end(self) -> Self {
        Self(self.advanced_by(1, Lengths::Variable).0 | Self::ENDED)
    }
}

impl fmt::Debug for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, ended, lengths) = (self.count(), self.ended(), self.lengths());
        f.debug_struct("Published").field("count", &count).field("ended", &ended).field("lengths", &lengths).finish()
    }
}

/// What [`ConsumerEntry::acked`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// The consumer has acknowledged every message below this number.
    pub count: u64,
    /// JOINING: the consumer has not decided yet where it starts. `count` may still rise although no message was
    /// received, so a first message that waits for consumers does not count this one.
    pub joining: bool,
}

impl Acknowledged {
    const JOINING: u64 = 1 << 63;

    /// Decodes the word's value; every value means something.
    pub const fn from_word(word: u64) -> Self {
        Self { count: word & !Self::JOINING, joining: word & Self::JOINING != 0 }
    }

    /// The word's value.
    pub const fn word(self) -> u64 {
        if self.joining { self.count | Self::JOINING } else { self.count }
    }
}

/// What an entry's `state` holds: bit 0 is ACTIVE, the other bits are the generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryState {
    /// VACANT (false): no participant uses the entry; a writer ignores its acknowledgement.
    /// ACTIVE (true): a participant uses the entry, or died and was not evicted yet.
    pub active: bool,
    /// Counts the occupants. Tells a dead occupant from its successor. Wraps after 2³¹ of them.
    pub generation: u32,
}

impl EntryState {
    /// Decodes the word's value; every value means something.
    pub const fn from_word(word: u32) -> Self {
        Self { active: word & 1 != 0, generation: word >> 1 }
    }

    /// The word's value.
    pub const fn word(self) -> u32 {
        (self.generation << 1) | self.active as u32
    }

    /// The state of the next occupant.
    pub(super) const fn next(self) -> Self {
        Self { active: true, generation: self.generation.wrapping_add(1) & (u32::MAX >> 1) }
    }

    /// The state that this occupant leaves behind.
    pub(super) const fn vacated(self) -> Self {
        Self { active: false, generation: self.generation }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_decode_to_what_was_encoded() {
        for count in [0, 1, 2, Published::MAX] {
            for flag in [false, true] {
                let acknowledged = Acknowledged { count, joining: flag };
                assert_eq!(Acknowledged::from_word(acknowledged.word()), acknowledged);
            }
        }
        for generation in [0, 1, 2, u32::MAX >> 1] {
            for active in [false, true] {
                let state = EntryState { active, generation };
                assert_eq!(EntryState::from_word(state.word()), state);
                assert_eq!(state.vacated(), EntryState { active: false, generation });
            }
        }
    }

    #[test]
    fn published_counts_messages_end_and_lengths_in_one_word() {
        let none = Published::from_word(0);
        assert_eq!((none.count(), none.ended(), none.lengths()), (0, false, Lengths::Fixed));
        let two = none.advanced_by(2, Lengths::Fixed);
        assert_eq!((two.count(), two.ended(), two.lengths()), (2, false, Lengths::Fixed));
        let three = two.advanced_by(1, Lengths::Variable);
        assert_eq!((three.count(), three.ended(), three.lengths()), (3, false, Lengths::Variable));
        assert_eq!(three.advanced_by(1, Lengths::Fixed).lengths(), Lengths::Variable, "variable lengths stay so");
        let most = Published::from_word(Published::MAX - 1).with_end();
        assert_eq!((most.count(), most.ended(), most.lengths()), (Published::MAX, true, Lengths::Variable));
        assert_eq!(Published::from_word(most.word()), most);
    }

    #[test]
    fn generations_wrap_to_zero() {
        let first = EntryState { active: false, generation: 5 }.next();
        assert_eq!(first, EntryState { active: true, generation: 6 });
        let last = EntryState { active: false, generation: u32::MAX >> 1 }.next();
        assert_eq!(last, EntryState { active: true, generation: 0 });
    }
}
