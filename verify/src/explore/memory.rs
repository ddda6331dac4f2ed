//! The words that participants share, as plain data, and the effects of operations.

use crate::hook::Weight;
use std::sync::atomic::Ordering;

/// Most words of a segment.
const WORDS: usize = 32;
/// Most participants of a scenario.
pub const PARTICIPANTS: usize = 5;

/// A word's index in the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address(pub u8);

/// A slot: the word of its content, and the word of its accesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SlotAddress {
    pub content: Address,
    accesses: Address,
}

/// A slot's content during a write. No message looks like it, so a writer's death leaves the slot torn.
pub const TORN: u64 = u64::MAX;

/// The word of a participant's number if it has no holder; else it is 1 + the holder's index.
pub const NO_HOLDER: u64 = 0;

/// An operation on shared words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    Load(Address, Ordering),
    /// A load to which no write is concurrent.
    LoadOwned(Address),
    Store(Address, u64, Ordering),
    Swap(Address, u64, Ordering),
    /// The expected value and the new one; the orderings of success and of failure.
    Exchange(Address, u64, u64, Ordering, Ordering),
    Fence(Weight, Ordering),
    /// The results since this number of them did not suffice.
    Await(usize),
    /// Claims a participant's number: 1 if no living participant holds it.
    Claim(Address),
    /// Whether a living participant holds the number.
    Alive(Address),
    Read(SlotAddress),
    ReadEnds(SlotAddress),
    Write(SlotAddress),
    WriteEnds(SlotAddress, u64),
    /// Parks if the word holds this value.
    Park(Address, u64),
    /// Wakes any one of the threads that are parked on the word.
    Wake(Address),
}

/// The effect of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It has this result.
    Result(u64),
    /// It wakes a thread that is parked on this word.
    Wakes(Address),
    /// The participant parks.
    Sleeps,
    /// Two accesses to a slot overlap, and one of them writes.
    Race,
}

/// See the [module](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    words: [u64; WORDS],
    /// By participant: the word that it is parked on.
    asleep: [Option<Address>; PARTICIPANTS],
    used: u8,
}

impl Memory {
    pub const fn new() -> Self {
        Self { words: [0; WORDS], asleep: [None; PARTICIPANTS], used: 0 }
    }

    /// A new word, which holds 0.
    pub fn word(&mut self) -> Address {
        let address = Address(self.used);
        assert!(usize::from(self.used) < WORDS, "more words than an exploration has room for");
        self.used += 1;
        address
    }

    /// A new slot, which is empty.
    pub fn slot(&mut self) -> SlotAddress {
        SlotAddress { content: self.word(), accesses: self.word() }
    }

    /// The values of all words.
    pub fn words(&self) -> &[u64] {
        &self.words[..usize::from(self.used)]
    }

    pub fn set_words(&mut self, words: &[u64]) {
        self.words[..words.len()].copy_from_slice(words);
    }

    pub const fn get(&self, Address(place): Address) -> u64 {
        self.words[place as usize]
    }

    const fn at(&mut self, Address(place): Address) -> &mut u64 {
        &mut self.words[place as usize]
    }

    /// The memory as words: the parked participants (below bit 40), room for each participant's place, the words.
    pub fn packed(&self) -> [u64; 1 + PARTICIPANTS + WORDS] {
        let mut packed = [0; 1 + PARTICIPANTS + WORDS];
        for (participant, word) in self.asleep.iter().enumerate() {
            packed[0] |= word.map_or(0, |Address(place)| 1 + u64::from(place)) << (8 * participant);
        }
        packed[1 + PARTICIPANTS..].copy_from_slice(&self.words);
        packed
    }

    /// The length of the part of [`packed`](Self::packed) that is in use.
    pub const fn packed_len(&self) -> usize {
        1 + PARTICIPANTS + self.used as usize
    }

    pub const fn sleeps(&self, participant: usize) -> Option<Address> {
        self.asleep[participant]
    }

    pub const fn wake(&mut self, participant: usize) {
        self.asleep[participant] = None;
    }

    /// `participant` does this operation in a step.
    pub fn apply(&mut self, participant: usize, op: Op) -> Effect {
        let (reader, writer) = (1 << participant, 1 << (PARTICIPANTS + participant));
        Effect::Result(match op {
            Op::Fence(..) | Op::Await(_) => 0, // every step is ordered with every other; nothing awaits without a word
            Op::Load(word, _) | Op::LoadOwned(word) => self.get(word),
            Op::Store(word, value, _) => {
                *self.at(word) = value;
                0
            }
            Op::Swap(word, value, _) => std::mem::replace(self.at(word), value),
            Op::Exchange(word, current, new, ..) => {
                let found = self.get(word);
                if found == current {
                    *self.at(word) = new;
                }
                found
            }
            Op::Claim(number) if self.get(number) != NO_HOLDER => 0,
            Op::Claim(number) => {
                self.owned(number, participant);
                1
            }
            Op::Alive(number) => u64::from(self.get(number) != NO_HOLDER),
            Op::Read(slot) => {
                if self.get(slot.accesses) >> PARTICIPANTS != 0 {
                    return Effect::Race;
                }
                *self.at(slot.accesses) |= reader;
                self.get(slot.content)
            }
            Op::Write(slot) => {
                if self.get(slot.accesses) != 0 {
                    return Effect::Race;
                }
                *self.at(slot.accesses) = writer;
                std::mem::replace(self.at(slot.content), TORN)
            }
            Op::ReadEnds(slot) => {
                *self.at(slot.accesses) &= !reader;
                0
            }
            Op::WriteEnds(slot, content) => {
                *self.at(slot.content) = content;
                *self.at(slot.accesses) &= !writer;
                0
            }
            Op::Park(word, expected) if self.get(word) == expected => {
                self.asleep[participant] = Some(word);
                return Effect::Sleeps;
            }
            Op::Park(..) => 0,
            Op::Wake(word) => return Effect::Wakes(word),
        })
    }

    /// `participant` holds this number from now on.
    pub const fn owned(&mut self, number: Address, participant: usize) {
        *self.at(number) = 1 + participant as u64;
    }

    pub const fn is_owned(&self, number: Address, participant: usize) -> bool {
        self.get(number) == 1 + participant as u64
    }

    /// The kernel's part when `participant` dies: it is parked nowhere, holds no number, and accesses no slot.
    pub fn forget(&mut self, participant: usize, alive: &[Address], slots: &[SlotAddress]) {
        self.wake(participant);
        for &number in alive {
            if self.is_owned(number, participant) {
                *self.at(number) = NO_HOLDER;
            }
        }
        for slot in slots {
            *self.at(slot.accesses) &= !(1 << participant | 1 << (PARTICIPANTS + participant));
        }
    }
}
