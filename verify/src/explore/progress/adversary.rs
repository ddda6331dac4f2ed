//! The adversary: it chooses the result of each operation among those that do not satisfy the wait.

use super::super::{
    layer::{CLOCK, INTERVAL, WOKEN},
    memory::{Memory, Op},
    replay::Operation,
};
use crate::hook::Name;

/// The values of a word during the wait. Other words keep the value of the set-up.
#[derive(Clone, Debug)]
pub struct Interference {
    /// The word.
    pub name: Name,
    /// The values that an operation may find.
    pub values: Vec<u64>,
    /// The word takes these values in their order and never goes back; else it may hold any of them at any time.
    pub advances: bool,
    /// The wait is over if an exchange finds this value. So a load may find it, and the exchange after it fails.
    pub satisfies: Option<u64>,
}

/// An adversary: see the module `adversary`.
#[derive(Clone, Debug)]
pub struct Adversary {
    /// The words that change.
    pub words: Vec<Interference>,
    /// A load of this word is a poll.
    pub polled: &'static str,
    /// Most exchanges between two sleeps that fail because another thread changes the word just before.
    pub retries: u8,
    /// Most sleeps, to test that merging histories makes no difference; without a limit, wakes come for ever.
    pub sleeps: Option<u8>,
    /// The wait's deadline, in ticks since it began.
    pub deadline: Option<u8>,
    /// For the negative twin: the clock that the participant reads stands still.
    pub stops_clock: bool,
}

/// What the adversary has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Surroundings {
    /// The wait has begun: it has read the clock.
    has_begun: bool,
    /// In ticks since the wait began.
    now: u8,
    /// When the participant last checked liveness, or began to wait.
    checked: u8,
    is_due: bool,
    /// Checks that were made when they were due.
    checks: u8,
    /// The index of the advancing word's value.
    stage: u8,
    /// Failed exchanges since the last sleep.
    retries: u8,
    /// Sleeps, if they are limited.
    sleeps: u8,
    polled: bool,
}

impl Surroundings {
    /// The participant has read a clock by which a liveness check is due, or the deadline has passed.
    pub const fn is_due(self) -> bool {
        self.is_due
    }

    /// How many liveness checks were made when they were due.
    pub const fn checks(self) -> u8 {
        self.checks
    }

    pub const fn has_polled(self) -> bool {
        self.polled
    }
}

impl Adversary {
    /// The possible results of the operation, and what has been done after each. `None`: the operation is no part of a
    /// wait.
    pub(super) fn answers(
        &self,
        memory: &Memory,
        op: Op,
        operation: Operation,
        around: Surroundings,
    ) -> Option<Vec<(u64, Surroundings)>> {
        let word = self.words.iter().find(|word| word.name == operation.name);
        let polled = around.polled || operation.name.word == self.polled;
        Some(match (op, word) {
            (Op::Load(..), _) if operation.name == CLOCK => self.readings(around),
            (Op::Load(word, _) | Op::LoadOwned(word), None) => {
                vec![(memory.get(word), Surroundings { polled, ..around })]
            }
            (Op::Load(..) | Op::Swap(..), Some(word)) => word
                .found(around, self.retries)
                .map(|(value, around)| (value, Surroundings { polled, ..around }))
                .collect(),
            (Op::Exchange(_, current, new, ..), Some(word)) => {
                let found = word.found(around, self.retries).filter(|&(value, _)| word.satisfies != Some(value));
                found.filter_map(|(value, around)| self.exchange(word, current, new, value, around)).collect()
            }
            (Op::Store(..), _) => vec![(0, around)],
            (Op::Wake(_), _) => vec![(WOKEN, around)],
            (Op::Park(..), _) if self.sleeps == Some(around.sleeps) => vec![],
            (Op::Park(..), _) => {
                let sleeps = around.sleeps + u8::from(self.sleeps.is_some());
                vec![(WOKEN, Surroundings { polled: false, retries: 0, sleeps, ..around })]
            }
            (Op::Alive(_), _) => {
                let (checked, checks) = (around.now, around.checks + u8::from(around.is_due));
                vec![(1, Surroundings { checked, checks, is_due: self.is_over(checked), retries: 0, ..around })]
            }
            _ => return None,
        })
    }

    /// Whether the deadline has passed.
    fn is_over(&self, now: u8) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }

    /// What the clock may say: it stands still when the check is due, since time changes nothing more then.
    fn readings(&self, around: Surroundings) -> Vec<(u64, Surroundings)> {
        let latest = match around {
            Surroundings { has_begun: false, .. } | Surroundings { is_due: true, .. } => around.now,
            _ => around.checked + INTERVAL,
        };
        let readings = (around.now..=latest).map(|now| {
            let is_due = now >= around.checked + INTERVAL || self.is_over(now);
            (if self.stops_clock { 0 } else { now.into() }, Surroundings { now, is_due, has_begun: true, ..around })
        });
        readings.collect()
    }

    /// The answer if an exchange finds this value, unless that would be one retry too many.
    fn exchange(
        &self,
        word: &Interference,
        current: u64,
        new: u64,
        value: u64,
        around: Surroundings,
    ) -> Option<(u64, Surroundings)> {
        if value == current {
            let stage = word.stage_of(new).unwrap_or(around.stage);
            return Some((value, Surroundings { stage, ..around }));
        }
        // An exchange that would satisfy the wait always fails. The load that found `current` has counted as a retry.
        if word.satisfies == Some(current) || word.advances {
            return Some((value, around));
        }
        (around.retries < self.retries).then_some((value, Surroundings { retries: around.retries + 1, ..around }))
    }
}

impl Interference {
    fn stage_of(&self, value: u64) -> Option<u8> {
        self.advances.then(|| self.values.iter().position(|&other| other == value).map(|stage| stage as u8))?
    }

    /// The values that an operation may find now.
    fn found(&self, around: Surroundings, most: u8) -> impl Iterator<Item = (u64, Surroundings)> {
        let values = (0_u8..).zip(&self.values).filter_map(move |(stage, &value)| match self.advances {
            true => (stage >= around.stage).then_some((value, Surroundings { stage, ..around })),
            false => Some((value, around)),
        });
        let satisfying = self.satisfies.filter(|_| around.retries < most);
        values.chain(satisfying.map(|value| (value, Surroundings { retries: around.retries + 1, ..around })))
    }
}
