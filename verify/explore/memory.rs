//! What all participants share, as plain data, and what an operation does to it.

/// More than the words of any segment that is explored.
const WORDS: usize = 32;
/// The most participants.
pub const PARTICIPANTS: usize = 5;

/// A word, by its place in the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address(u8);

/// A slot's content, and who accesses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SlotAddress {
    content: Address,
    accesses: Address,
}

/// What a slot holds while somebody writes it: no message's form. So whoever dies writing leaves it torn.
const TORN: u64 = u64::MAX;

/// What the word of a participant's number holds if nobody has it; else who, counted from 1.
pub const NO_HOLDER: u64 = 0;

/// An operation that others may notice, or that may notice others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    Load(Address),
    Store(Address, u64),
    Swap(Address, u64),
    Exchange(Address, u64, u64),
    /// Takes a participant's number: 1 if nobody living has it.
    Claim(Address),
    /// Whether somebody living has the number.
    Alive(Address),
    Read(SlotAddress),
    ReadEnds(SlotAddress),
    Write(SlotAddress),
    WriteEnds(SlotAddress, u64),
    /// Sleeps if the word holds this.
    Park(Address, u64),
    /// Wakes one of those who sleep on the word: any of them.
    Wake(Address),
}

/// What an operation comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Its result.
    Result(u64),
    /// Its result, and whoever sleeps there.
    Wakes(Address),
    /// It sleeps.
    Sleeps,
    /// Two accesses to a slot overlap, and one of them writes.
    Race,
}

/// See the [module](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    words: [u64; WORDS],
    /// By participant: the word that it sleeps on.
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

    /// A new slot, which holds nothing.
    pub fn slot(&mut self) -> SlotAddress {
        SlotAddress { content: self.word(), accesses: self.word() }
    }

    pub const fn get(&self, Address(place): Address) -> u64 {
        self.words[place as usize]
    }

    const fn at(&mut self, Address(place): Address) -> &mut u64 {
        &mut self.words[place as usize]
    }

    /// All of it, after who sleeps where (below bit 40) and a place for each participant.
    pub fn packed(&self) -> [u64; 1 + PARTICIPANTS + WORDS] {
        let mut packed = [0; 1 + PARTICIPANTS + WORDS];
        for (participant, word) in self.asleep.iter().enumerate() {
            packed[0] |= word.map_or(0, |Address(place)| 1 + u64::from(place)) << (8 * participant);
        }
        packed[1 + PARTICIPANTS..].copy_from_slice(&self.words);
        packed
    }

    /// How much of that is in use.
    pub const fn packed_len(&self) -> usize {
        1 + PARTICIPANTS + self.used as usize
    }

    pub const fn sleeps(&self, participant: usize) -> Option<Address> {
        self.asleep[participant]
    }

    pub const fn wake(&mut self, participant: usize) {
        self.asleep[participant] = None;
    }

    /// `participant` does this, in one step.
    pub fn apply(&mut self, participant: usize, op: Op) -> Effect {
        let (reader, writer) = (1 << participant, 1 << (PARTICIPANTS + participant));
        Effect::Result(match op {
            Op::Load(word) => self.get(word),
            Op::Store(word, value) => {
                *self.at(word) = value;
                0
            }
            Op::Swap(word, value) => std::mem::replace(self.at(word), value),
            Op::Exchange(word, current, new) => {
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

    /// This number is `participant`'s.
    pub const fn owned(&mut self, number: Address, participant: usize) {
        *self.at(number) = 1 + participant as u64;
    }

    pub const fn is_owned(&self, number: Address, participant: usize) -> bool {
        self.get(number) == 1 + participant as u64
    }

    /// The kernel's part when `participant` dies: it sleeps nowhere, has no number, and accesses no slot.
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
