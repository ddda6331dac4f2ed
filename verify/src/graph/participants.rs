//! A scenario's participants as a program of the graph checker.

use super::program::{Location, Next, Op, Place, Program, Update, Value};
use crate::{
    events::{Outcome, event},
    explore::{
        locals::Locals,
        memory::{self, NO_HOLDER, TORN},
        replay::{self, Scenario, Start},
    },
};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// The participant has died; the system has yet to release its number.
const DIES: Place = Place::MAX - 1;
/// The participant has died.
const DEAD: Place = Place::MAX;

/// What is known of a place beside its next operation.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// The participant holds its number.
    holds: bool,
    /// Other participants can notice the operation before this place. A death here stands for all deaths until the
    /// next such operation: a later one has read more, which no other participant can tell.
    is_after_effect: bool,
}

/// See the [module](self).
pub struct Participants<'s> {
    scenario: Scenario<'s>,
    start: Start,
    locals: Vec<Locals<'s>>,
    /// By participant and place.
    known: Vec<Vec<Known>>,
}

impl std::fmt::Debug for Participants<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Participants").finish_non_exhaustive()
    }
}

impl<'s> Participants<'s> {
    /// The participants of a scenario.
    pub fn new(scenario: Scenario<'s>) -> Self {
        let start = scenario.set_up();
        let locals: Vec<_> = (0..start.numbers.len()).map(|place| Locals::new(scenario, place)).collect();
        let known = start.numbers.iter().map(|&number| {
            let holds = start.memory.get(start.alive[number as usize]) != NO_HOLDER;
            vec![Known { holds, is_after_effect: true }]
        });
        Self { scenario, known: known.collect(), start, locals }
    }

    /// What the participant does next by its own text, if it lives.
    pub fn text(&self, participant: usize, place: Place) -> Option<&replay::Next> {
        (place < DIES).then(|| self.locals[participant].next(place))
    }

    fn number(&self, participant: usize) -> memory::Address {
        self.start.alive[self.start.numbers[participant] as usize]
    }

    /// The participants' numbers.
    pub fn numbers(&self) -> &[u32] {
        &self.start.numbers
    }

    /// What all participants saw, at the places where they have ended.
    pub fn outcome(&self, places: impl Iterator<Item = Place>) -> Outcome {
        let saw = |(participant, place)| match self.text(participant, place) {
            Some(replay::Next::Ended(seen)) => seen.clone(),
            _ => vec![event::DIED],
        };
        places.enumerate().map(saw).collect()
    }

    /// Why the scenario rejects this outcome, if it does.
    pub fn judge(&self, outcome: Outcome, words: &[Value]) -> Option<String> {
        self.scenario.judge(outcome, words)
    }
}

/// The operation of the checker.
fn op(op: memory::Op) -> Op {
    use memory::Op as O;
    let at = |memory::Address(location): memory::Address| -> Location { location };
    match op {
        O::Load(word, order) => Op::Load { location: at(word), order },
        O::LoadOwned(word) => Op::Read { location: at(word) },
        O::Store(word, value, order) => Op::Store { location: at(word), value, order },
        O::Swap(word, value, order) => {
            Op::Update { location: at(word), update: Update::Swap(value), success: order, failure: order }
        }
        O::Exchange(word, current, new, success, failure) => {
            Op::Update { location: at(word), update: Update::Exchange { current, new }, success, failure }
        }
        O::Fence(weight, order) => Op::Fence { weight, order },
        O::Await(reads) => Op::Await { reads: reads as u32 },
        // The layer's contract: everything that the last holder did happens before a claim, and before an answer.
        O::Claim(number) => {
            let update = Update::Exchange { current: NO_HOLDER, new: 1 };
            Op::Update { location: at(number), update, success: Acquire, failure: Relaxed }
        }
        O::Alive(number) => Op::Load { location: at(number), order: Acquire },
        O::Read(slot) | O::ReadEnds(slot) => Op::Read { location: at(slot.content) },
        O::Write(slot) => Op::Write { location: at(slot.content), value: TORN },
        O::WriteEnds(slot, content) => Op::Write { location: at(slot.content), value: content },
        O::Park(word, expected) => Op::Park { location: at(word), expected },
        O::Wake(word) => Op::Wake { location: at(word) },
    }
}

/// Whether other participants can notice the operation.
const fn is_effect(op: memory::Op) -> bool {
    use memory::Op as O;
    !matches!(op, O::Load(..) | O::LoadOwned(_) | O::Fence(..) | O::Await(_) | O::Alive(_))
}

impl Program for Participants<'_> {
    fn participants(&self) -> usize {
        self.locals.len()
    }

    fn initial(&self) -> Vec<Value> {
        self.start.memory.words().to_vec()
    }

    fn next(&self, participant: usize, place: Place) -> Next {
        match self.text(participant, place) {
            Some(replay::Next::Op(next, _)) => Next::Op(op(*next)),
            Some(replay::Next::Ended(_)) => Next::Ended,
            Some(replay::Next::Failed(why)) => Next::Failed(why.clone()),
            None if place == DEAD => Next::Died,
            Some(replay::Next::Died) if !self.known[participant][place as usize].holds => Next::Died,
            Some(replay::Next::Died) | None => {
                let memory::Address(location) = self.number(participant);
                Next::Op(Op::Store { location, value: NO_HOLDER, order: Release })
            }
        }
    }

    fn after(&mut self, participant: usize, place: Place, result: Value) -> Place {
        let Some(&replay::Next::Op(op, _)) = self.text(participant, place) else { return DEAD };
        let result = match op {
            memory::Op::Claim(_) => u64::from(result == NO_HOLDER),
            memory::Op::Alive(_) => u64::from(result != NO_HOLDER),
            memory::Op::Park(..) => 0,
            _ => result,
        };
        let number = self.number(participant);
        let after = self.locals[participant].after(place, result).expect("nothing is forgotten");
        let known = &mut self.known[participant];
        if known.len() == after as usize {
            let holds = match op {
                memory::Op::Claim(of) if of == number => result == 1,
                memory::Op::Store(of, NO_HOLDER, _) if of == number => false,
                _ => known[place as usize].holds,
            };
            known.push(Known { holds, is_after_effect: is_effect(op) });
        }
        after
    }

    fn dies(&mut self, participant: usize, place: Place) -> Option<Place> {
        let known = self.known[participant].get(place as usize)?;
        (known.holds && known.is_after_effect).then_some(DIES)
    }
}
