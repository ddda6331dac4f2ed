//! A state, its fingerprint, and what is found of all of them.

use super::{
    locals::Place,
    memory::{Memory, PARTICIPANTS},
};
use crate::{fixture::Outcome, hook::Step, scenarios::survivors::Late};
use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
};

/// What to explore.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    /// How many may die, at any moment each.
    pub deaths: u8,
    /// Who joins; where somebody does, everybody may leave. Where nobody may, there are fewer states.
    pub late: Late,
    /// For the negative twin: a part of the state that its fingerprint leaves out.
    pub omits: Option<Omitted>,
    /// Whether to keep what each state looks like from outside.
    pub shows: bool,
}

/// A part of a state.
#[derive(Clone, Copy, Debug)]
pub enum Omitted {
    /// All words.
    Words,
    /// Where this participant stands.
    Place(usize),
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub states: u64,
    pub transitions: u64,
    /// The places of each participant.
    pub places: Vec<usize>,
    /// Each place of a participant at which it died.
    pub died_at: BTreeSet<(usize, Place)>,
    pub outcomes: BTreeSet<Outcome>,
    /// Of each state, if the rules say so: the memory, and what everybody does next.
    pub shown: BTreeSet<u64>,
    /// The statistics in the segment, as they were in the end.
    pub counts: BTreeSet<(&'static str, u64)>,
    /// What went wrong, and how it came to that.
    pub failure: Option<(String, Vec<Step>)>,
}

/// Everything that decides what can come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    pub memory: Memory,
    /// `None`: it is dead.
    pub at: [Option<Place>; PARTICIPANTS],
    /// How many may yet die.
    pub left: u8,
}

/// 80 bits of a state's hash, in 10 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u16; 5]);

impl Hash for Fingerprint {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let [first, second, third, fourth, _] = self.0.map(u64::from);
        hasher.write_u64(first | second << 16 | third << 32 | fourth << 48);
    }
}

/// A fingerprint is its own hash.
#[derive(Debug, Default)]
pub struct Itself(u64);

impl Hasher for Itself {
    fn write(&mut self, _bytes: &[u8]) {
        unreachable!("only fingerprints are looked up");
    }

    fn write_u64(&mut self, print: u64) {
        self.0 = print;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl State {
    /// By two keys of SipHash.
    pub fn fingerprint(&self, omits: Option<Omitted>) -> Fingerprint {
        let (mut at, mut memory) = (self.at, self.memory);
        match omits {
            Some(Omitted::Place(participant)) => at[participant] = at[participant].and(Some(0)),
            Some(Omitted::Words) => memory = Memory::new(),
            None => {}
        }
        let mut packed = memory.packed();
        packed[0] |= u64::from(self.left) << 56;
        for (packed, place) in packed[1..].iter_mut().zip(at) {
            *packed = place.map_or(0, |place| 1 + u64::from(place));
        }
        let [first, second] = [0_u64, 1].map(|key| {
            let mut hasher = DefaultHasher::new();
            hasher.write_u64(key);
            Hash::hash_slice(&packed[..memory.packed_len()], &mut hasher);
            hasher.finish()
        });
        Fingerprint([first as u16, (first >> 16) as u16, (first >> 32) as u16, (first >> 48) as u16, second as u16])
    }
}
