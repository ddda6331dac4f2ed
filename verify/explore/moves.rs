//! What can come next in a state, and what it leads to.

use super::{
    layer::{LIVENESS_INTERVAL, WOKEN},
    locals::Locals,
    memory::{Address, Came, NOBODY, Op},
    replay::{Doing, Next, Scenario, Start},
    state::{Rules, State},
};
use crate::{
    hook::{Kind, Name, Step, Verdict},
    scenarios::survivors::Late,
};

/// What can come next.
#[derive(Clone, Copy, Debug)]
pub enum Choice {
    /// Its operation.
    Step(usize),
    /// Its operation, which wakes that one.
    Wakes(usize, usize),
    /// It has slept for long enough to ask whether its peers live.
    Patrols(usize),
    Dies(usize),
    /// The same, by its own text.
    Stops(usize),
}

/// See the [module](self).
pub struct Moves<'s> {
    pub start: Start,
    pub locals: Vec<Locals<'s>>,
    /// Somebody may die at any moment, or might have.
    mortal: bool,
    /// Somebody may join: it writes its `state` without the lock, and claims a number.
    joins: bool,
}

impl<'s> Moves<'s> {
    pub fn new(scenario: Scenario<'s>, rules: Rules) -> Self {
        let (mut start, mortal) = (scenario.set_up(), rules.deaths > 0);
        assert!(start.numbers.iter().copied().eq(0..start.numbers.len() as u32), "they are listed by their numbers");
        for who in 0..start.numbers.len() {
            if start.memory.get(start.alive[who]) != NOBODY {
                start.memory.owned(start.alive[who], who); // claimed in the set-up, by nobody in particular
            }
        }
        if rules.late != Late::Nobody {
            start.guarded.retain(|&word| start.names.contains(&("finished", word)));
        }
        if rules.late == Late::Producer {
            start.states.clear();
        }
        let locals = (0..start.numbers.len()).map(|place| Locals::new(scenario, place)).collect();
        Self { start, locals, mortal, joins: rules.late != Late::Nobody }
    }

    /// What it does next; `None` of the dead.
    pub fn next(&self, state: &State, who: usize) -> Option<&Next> {
        state.at[who].map(|place| self.locals[who].next(place))
    }

    pub fn choices(&self, state: &State) -> Vec<Choice> {
        let mut choices = Vec::with_capacity(8);
        let living = || (0..self.locals.len()).filter(|&who| state.at[who].is_some());
        // Whoever may find somebody dead, or looks just before that.
        let patrols = state.left > 0 || living().count() < self.locals.len();
        for who in living() {
            match self.next(state, who) {
                Some(Next::Op(..)) if state.memory.sleeps(who).is_some() => {
                    choices.extend(patrols.then_some(Choice::Patrols(who)));
                }
                Some(Next::Op(Op::Wake(word), _)) if living().any(|w| state.memory.sleeps(w) == Some(*word)) => {
                    let sleepers = living().filter(|&other| state.memory.sleeps(other) == Some(*word));
                    choices.extend(sleepers.map(|other| Choice::Wakes(who, other)));
                }
                Some(Next::Op(..)) => choices.push(Choice::Step(who)),
                Some(Next::Died) => choices.push(Choice::Stops(who)),
                _ => continue,
            }
            choices.extend((state.left > 0).then_some(Choice::Dies(who)));
        }
        choices
    }

    /// The state that this leads to.
    pub fn follow(&mut self, state: State, choice: Choice) -> Result<State, String> {
        let mut next = state;
        match choice {
            Choice::Step(who) => {
                while let Some(&Next::Op(op, _)) = self.next(&next, who) {
                    if !self.is_allowed(&next, who, op) {
                        return Err("a word is written that belongs to somebody else".into());
                    }
                    match next.memory.apply(who, op) {
                        Came::To(result) => self.advance(&mut next, who, result)?,
                        Came::Waking(_) => self.advance(&mut next, who, WOKEN)?,
                        Came::Asleep => {}
                        Came::Race => return Err("two accesses to a slot overlap, and one of them writes".into()),
                    }
                    if !self.goes_on(&next, who, op) {
                        break;
                    }
                }
            }
            Choice::Wakes(who, other) => {
                self.advance(&mut next, who, WOKEN)?;
                next.memory.wake(other);
                self.advance(&mut next, other, WOKEN)?;
            }
            Choice::Patrols(who) => {
                next.memory.wake(who);
                self.advance(&mut next, who, LIVENESS_INTERVAL)?;
            }
            Choice::Dies(who) | Choice::Stops(who) => {
                assert!(matches!(choice, Choice::Dies(_)) || !self.mortal, "nobody dies by both rules");
                if matches!(choice, Choice::Dies(_)) {
                    next.left -= 1;
                }
                next.memory.forget(who, &self.start.alive, &self.start.slots);
                next.at[who] = None;
            }
        }
        Ok(next)
    }

    /// Whether what comes next is part of the same step, which has one operation that others can notice:
    /// access to a slot begins with the one before it and ends with the one after it, since whoever comes
    /// in between and is in its way would race with it anyway. And a load of what nobody else can change
    /// at present goes with what comes after it.
    fn goes_on(&self, state: &State, who: usize, done: Op) -> bool {
        let Some(&Next::Op(next, _)) = self.next(state, who) else { return false };
        match (done, next) {
            (_, Op::Wake(_) | Op::Park(..)) => false,
            (_, Op::Read(_) | Op::Write(_)) | (Op::ReadEnds(_) | Op::WriteEnds(..), _) => true,
            (Op::Load(word) | Op::Alive(word), _) => self.is_settled(state, who, word),
            _ => false,
        }
    }

    /// Whether nobody but `who` can write this word before `who` has done its next step.
    fn is_settled(&self, state: &State, who: usize, word: Address) -> bool {
        let Start { alive, states, guarded, .. } = &self.start;
        let gone = |owner: usize| self.next(state, owner).is_none_or(|next| matches!(next, Next::Ended(_)));
        if guarded.contains(&word) {
            return self.start.holds_lock(&state.memory, who);
        }
        match states.iter().find(|&&(_, state)| state == word) {
            Some(&(owner, _)) => gone(owner),
            None => self.mortal && state.left == 0 && !self.joins && alive.contains(&word),
        }
    }

    /// What [`is_settled`](Self::is_settled) relies on: the count of the finished is written by whoever holds the lock; and
    /// where nobody joins, a producer's entry by itself alone, a consumer's by whoever holds the lock.
    fn is_allowed(&self, state: &State, who: usize, op: Op) -> bool {
        let (Op::Store(word, _) | Op::Swap(word, _) | Op::Exchange(word, ..)) = op else { return true };
        let Start { states, guarded, .. } = &self.start;
        let owner = states.iter().find(|&&(_, state)| state == word);
        owner.is_none_or(|&(owner, _)| owner == who)
            && (!guarded.contains(&word) || self.start.holds_lock(&state.memory, who))
    }

    /// `who`'s operation has come to this.
    fn advance(&mut self, state: &mut State, who: usize, result: u64) -> Result<(), String> {
        let Some(place) = &mut state.at[who] else { return Ok(()) };
        *place = self.locals[who].after(*place, result)?;
        match self.locals[who].next(*place) {
            Next::Failed(why) => Err(why.clone()),
            _ => Ok(()),
        }
    }

    /// What was done there, for a picture.
    pub fn step(&self, state: &State, choice: Choice) -> Option<Step> {
        let (Choice::Step(who) | Choice::Wakes(who, _) | Choice::Patrols(who) | Choice::Dies(who) | Choice::Stops(who)) =
            choice;
        let (participant, mut memory) = (Some(self.start.numbers[who]), state.memory);
        let (order, verdict) = (None, Verdict::Proceed);
        let Some(&Next::Op(op, Doing { site, name, kind })) = self.next(state, who) else { return None };
        if matches!(choice, Choice::Dies(_)) {
            let (name, kind) = (Name { word: "alive", owner: participant }, Kind::Release);
            return Some(Step { participant, site, name, kind, order, verdict, value: None, written: Some(0) });
        }
        let (value, written) = match (op, memory.apply(who, op)) {
            (Op::Store(_, value) | Op::WriteEnds(_, value), _) => (None, Some(value)),
            (Op::Load(_) | Op::Alive(_) | Op::Read(_), Came::To(value)) => (Some(value), None),
            (Op::Exchange(_, current, new), Came::To(value)) => (Some(value), (value == current).then_some(new)),
            (Op::Swap(_, new), Came::To(value)) => (Some(value), Some(new)),
            (Op::Claim(_), Came::To(taken)) => (Some(taken), None),
            _ => (None, None),
        };
        Some(Step { participant, site, name, kind, order, verdict, value, written })
    }
}
