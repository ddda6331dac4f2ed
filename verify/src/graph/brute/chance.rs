//! Tiny programs by chance.

use super::super::{
    program::{Location, Op, Update, Weight},
    tiny::{Instruction, Tiny},
};
use rand::{Rng, rngs::SmallRng, seq::IndexedRandom};
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

fn pick<T: Copy>(chance: &mut SmallRng, of: &[T]) -> T {
    *of.choose(chance).expect("there is something to choose")
}

/// A program of 2 or 3 participants, each of 2 or 3 instructions, on 1 to 3 locations. In some, the last location is
/// plain memory.
pub fn program(chance: &mut SmallRng) -> Tiny {
    let participants = pick(chance, &[2, 2, 3]);
    let locations: Location = pick(chance, &[1, 2, 2, 2, 3]);
    let plain = (locations > 1 && chance.random_ratio(1, 4)).then_some(locations - 1);
    // Few orderings in a program make the interesting shapes frequent.
    let strong = pick(chance, &[&[Relaxed][..], &[Relaxed, Release, Acquire], &[SeqCst, Relaxed], &[Release, Acquire]]);
    let most = if participants == 3 { 3 } else { 4 };
    let one = |chance: &mut SmallRng| {
        let count = chance.random_range(2..=most);
        (0..count).map(|_| instruction(chance, locations, plain, strong)).collect()
    };
    let instructions = (0..participants).map(|_| one(chance)).collect();
    Tiny { instructions, initial: vec![0; usize::from(locations)] }
}

fn instruction(
    chance: &mut SmallRng,
    locations: Location,
    plain: Option<Location>,
    strong: &[Ordering],
) -> Instruction {
    let location = chance.random_range(0..locations);
    let strong = pick(chance, strong);
    let load = match strong {
        Release => Acquire,
        order => order,
    };
    let store = match strong {
        Acquire => Release,
        order => order,
    };
    let value = chance.random_range(1..=2);
    if plain == Some(location) {
        let op = if chance.random() { Op::Read { location } } else { Op::Write { location, value } };
        let only_if = chance.random_ratio(2, 3).then_some(1);
        return Instruction { only_if, ..op.into() };
    }
    let both = pick(chance, &[Relaxed, Acquire, Release, AcqRel, if strong == SeqCst { SeqCst } else { AcqRel }]);
    let exchange = Update::Exchange { current: pick(chance, &[0, 0, 1]), new: value };
    let op = match chance.random_range(0..20) {
        0..7 => Op::Load { location, order: load },
        7..14 => Op::Store { location, value, order: store },
        14 => Op::Update { location, update: Update::Swap(value), success: both, failure: Relaxed },
        15 => Op::Update { location, update: Update::Add(1), success: both, failure: Relaxed },
        16 => Op::Update { location, update: exchange, success: both, failure: load },
        17 => Op::Fence { weight: Weight::Full, order: pick(chance, &[Acquire, Release, AcqRel, SeqCst, SeqCst]) },
        _ => Op::Fence { weight: pick(chance, &[Weight::Full, Weight::Light, Weight::Heavy]), order: SeqCst },
    };
    let reads = matches!(op, Op::Load { .. });
    Instruction {
        op,
        only_if: chance.random_ratio(1, 8).then(|| pick(chance, &[0, 1])),
        adds_last: chance.random_ratio(1, 8),
        awaits: (reads && chance.random_ratio(1, 8)).then(|| pick(chance, &[1, 2])),
    }
}
