//! A state, its fingerprint, and the result of an exploration.

use super::{
    locals::Place,
    memory::{Memory, PARTICIPANTS},
};
use crate::{events::Outcome, hook::Step, model::case::Late};
use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
};

/// What to explore.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    /// Most deaths, each at any moment.
    pub deaths: u8,
    /// The participant that joins late. With one, all participants leave; without, there are fewer states.
    pub late: Late,
    /// For the negative twin: the part of a state that its fingerprint leaves out.
    pub omits: Option<Omitted>,
    /// Whether to keep how each state looks from outside.
    pub keeps_views: bool,
}

/// A part of a state.
#[derive(Clone, Copy, Debug)]
pub enum Omitted {
    /// All words.
    Words,
    /// The place of this participant.
    Place(usize),
}

/// The result of an exploration.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// How many states there are.
    pub states: u64,
    /// How many moves were followed.
    pub transitions: u64,
    /// The number of places of each participant.
    pub places: Vec<usize>,
    /// The participants, and their places, that died there.
    pub died_at: BTreeSet<(usize, Place)>,
    /// The outcomes at all ends.
    pub outcomes: BTreeSet<Outcome>,
    /// Hashes of each state's memory and of each participant's next operation, if the rules say so.
    pub views: BTreeSet<u64>,
    /// The segment's statistics at each end.
    pub counts: BTreeSet<(&'static str, u64)>,
    /// The failure, and the steps that lead to it.
    pub failure: Option<(String, Vec<Step>)>,
}

/// All that decides which moves are possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    pub memory: Memory,
    /// The place of each participant; `None` if it is dead.
    pub at: [Option<Place>; PARTICIPANTS],
    /// Deaths that are left.
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

/// A hasher for fingerprints, which are hashes already.
#[derive(Debug, Default)]
pub struct IdentityHasher(u64);

impl Hasher for IdentityHasher {
    fn write(&mut self, _bytes: &[u8]) {
        unreachable!("only fingerprints are hashed");
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
