//! The moves that are possible in a state, and the states that they lead to.

use super::{
    layer::{CHECK_LIVENESS, WOKEN},
    locals::Locals,
    memory::{Address, Effect, NO_HOLDER, Op},
    replay::{Next, Operation, Scenario, Start},
    state::{Rules, State},
};
use crate::{
    hook::{Kind, Name, Step, Verdict},
    model::case::Late,
};

/// A move.
#[derive(Clone, Copy, Debug)]
pub enum Choice {
    /// The participant does its operation.
    Step(usize),
    /// The first participant wakes the second.
    Wakes(usize, usize),
    /// The liveness check of the parked participant is due.
    ChecksLiveness(usize),
    Dies(usize),
    /// The participant dies by its own text.
    Stops(usize),
}

/// See the [module](self).
pub struct Moves<'s> {
    pub start: Start,
    pub locals: Vec<Locals<'s>>,
    /// The rules allow deaths.
    mortal: bool,
    /// A participant may join: it writes its `state` without the lock, and claims a number.
    joins: bool,
}

impl<'s> Moves<'s> {
    pub fn new(scenario: Scenario<'s>, rules: Rules) -> Self {
        let (mut start, mortal) = (scenario.set_up(), rules.deaths > 0);
        assert!(
            start.numbers.iter().copied().eq(0..start.numbers.len() as u32),
            "participants are in the order of their numbers"
        );
        for participant in 0..start.numbers.len() {
            if start.memory.get(start.alive[participant]) != NO_HOLDER {
                start.memory.owned(start.alive[participant], participant); // the set-up claimed it for no participant
            }
        }
        if rules.late != Late::None {
            start.guarded.retain(|&word| start.names.contains(&("finished", word)));
        }
        if rules.late == Late::Producer {
            start.states.clear();
        }
        let locals = (0..start.numbers.len()).map(|place| Locals::new(scenario, place)).collect();
        Self { start, locals, mortal, joins: rules.late != Late::None }
    }

    /// What a participant does next; `None` if it is dead.
    pub fn next(&self, state: &State, participant: usize) -> Option<&Next> {
        state.at[participant].map(|place| self.locals[participant].next(place))
    }

    pub fn choices(&self, state: &State) -> Vec<Choice> {
        let mut choices = Vec::with_capacity(8);
        let living = || (0..self.locals.len()).filter(|&participant| state.at[participant].is_some());
        // A liveness check matters only after a death, or just before it.
        let may_check = state.left > 0 || living().count() < self.locals.len();
        for participant in living() {
            match self.next(state, participant) {
                Some(Next::Op(..)) if state.memory.sleeps(participant).is_some() => {
                    choices.extend(may_check.then_some(Choice::ChecksLiveness(participant)));
                }
                Some(Next::Op(Op::Wake(word), _))
                    if living().any(|other| state.memory.sleeps(other) == Some(*word)) =>
                {
                    let sleepers = living().filter(|&other| state.memory.sleeps(other) == Some(*word));
                    choices.extend(sleepers.map(|other| Choice::Wakes(participant, other)));
                }
                Some(Next::Op(..)) => choices.push(Choice::Step(participant)),
                Some(Next::Died) => choices.push(Choice::Stops(participant)),
                _ => continue,
            }
            choices.extend((state.left > 0).then_some(Choice::Dies(participant)));
        }
        choices
    }

    /// The state after this move.
    pub fn follow(&mut self, state: State, choice: Choice) -> Result<State, String> {
        let mut next = state;
        match choice {
            Choice::Step(participant) => {
                while let Some(&Next::Op(op, _)) = self.next(&next, participant) {
                    if !self.is_allowed(&next, participant, op) {
                        return Err("a participant writes a word that belongs to another one".into());
                    }
                    match next.memory.apply(participant, op) {
                        Effect::Result(result) => self.advance(&mut next, participant, result)?,
                        Effect::Wakes(_) => self.advance(&mut next, participant, WOKEN)?,
                        Effect::Sleeps => {}
                        Effect::Race => return Err("two accesses to a slot overlap, and one of them writes".into()),
                    }
                    if !self.goes_on(&next, participant, op) {
                        break;
                    }
                }
            }
            Choice::Wakes(participant, other) => {
                self.advance(&mut next, participant, WOKEN)?;
                next.memory.wake(other);
                self.advance(&mut next, other, WOKEN)?;
            }
            Choice::ChecksLiveness(participant) => {
                next.memory.wake(participant);
                self.advance(&mut next, participant, CHECK_LIVENESS)?;
            }
            Choice::Dies(participant) | Choice::Stops(participant) => {
                assert!(
                    matches!(choice, Choice::Dies(_)) || !self.mortal,
                    "a scenario with deaths of its own has no others"
                );
                if matches!(choice, Choice::Dies(_)) {
                    next.left -= 1;
                }
                next.memory.forget(participant, &self.start.alive, &self.start.slots);
                next.at[participant] = None;
            }
        }
        Ok(next)
    }

    /// Whether the next operation is part of the same step. (a) An access to a slot begins with the operation before it
    /// and ends with the operation after it. A conflicting access in between would be a race anyway. (b) A load of a
    /// word that no other participant can change now is part of the step after it. Every other operation is a step.
    fn goes_on(&self, state: &State, participant: usize, done: Op) -> bool {
        let Some(&Next::Op(next, _)) = self.next(state, participant) else { return false };
        match (done, next) {
            (_, Op::Wake(_) | Op::Park(..)) => false,
            (_, Op::Read(_) | Op::Write(_)) | (Op::ReadEnds(_) | Op::WriteEnds(..), _) => true,
            (Op::Load(word, _) | Op::LoadOwned(word) | Op::Alive(word), _) => self.is_settled(state, participant, word),
            _ => false,
        }
    }

    /// Whether no other participant can write this word before `participant` has done its next step.
    fn is_settled(&self, state: &State, participant: usize, word: Address) -> bool {
        let Start { alive, states, guarded, .. } = &self.start;
        let gone = |owner: usize| self.next(state, owner).is_none_or(|next| matches!(next, Next::Ended(_)));
        if guarded.contains(&word) {
            return self.start.holds_lock(&state.memory, participant);
        }
        match states.iter().find(|&&(_, state)| state == word) {
            Some(&(owner, _)) => gone(owner),
            None => self.mortal && state.left == 0 && !self.joins && alive.contains(&word),
        }
    }

    /// What [`is_settled`](Self::is_settled) relies on: only the owner of the lock writes `finished`. Without joins,
    /// only the producer itself writes its entry, and only the owner of the lock writes a consumer's entry.
    fn is_allowed(&self, state: &State, participant: usize, op: Op) -> bool {
        let (Op::Store(word, ..) | Op::Swap(word, ..) | Op::Exchange(word, ..)) = op else { return true };
        let Start { states, guarded, .. } = &self.start;
        let owner = states.iter().find(|&&(_, state)| state == word);
        owner.is_none_or(|&(owner, _)| owner == participant)
            && (!guarded.contains(&word) || self.start.holds_lock(&state.memory, participant))
    }

    /// `participant`'s operation has this result.
    fn advance(&mut self, state: &mut State, participant: usize, result: u64) -> Result<(), String> {
        let Some(place) = &mut state.at[participant] else { return Ok(()) };
        *place = self.locals[participant].after(*place, result)?;
        match self.locals[participant].next(*place) {
            Next::Failed(why) => Err(why.clone()),
            _ => Ok(()),
        }
    }

    /// The move as a step of a trace.
    pub fn step(&self, state: &State, choice: Choice) -> Option<Step> {
        let (Choice::Step(participant)
        | Choice::Wakes(participant, _)
        | Choice::ChecksLiveness(participant)
        | Choice::Dies(participant)
        | Choice::Stops(participant)) = choice;
        let (number, mut memory) = (Some(self.start.numbers[participant]), state.memory);
        let (order, verdict) = (None, Verdict::Proceed);
        let Some(&Next::Op(op, Operation { site, name, kind })) = self.next(state, participant) else { return None };
        if matches!(choice, Choice::Dies(_)) {
            let (name, kind) = (Name { word: "alive", owner: number }, Kind::Release);
            return Some(Step { participant: number, site, name, kind, order, verdict, value: None, written: Some(0) });
        }
        let (value, written) = match (op, memory.apply(participant, op)) {
            (Op::Store(_, value, _) | Op::WriteEnds(_, value), _) => (None, Some(value)),
            (Op::Load(..) | Op::LoadOwned(_) | Op::Alive(_) | Op::Read(_), Effect::Result(value)) => {
                (Some(value), None)
            }
            (Op::Exchange(_, current, new, ..), Effect::Result(value)) => {
                (Some(value), (value == current).then_some(new))
            }
            (Op::Swap(_, new, _), Effect::Result(value)) => (Some(value), Some(new)),
            (Op::Claim(_), Effect::Result(taken)) => (Some(taken), None),
            _ => (None, None),
        };
        Some(Step { participant: number, site, name, kind, order, verdict, value, written })
    }
}
