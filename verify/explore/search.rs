//! Every state that can be reached, once: depth first, over plain data.

use super::{
    locals::Locals,
    memory::PARTICIPANTS,
    moves::{Choice, Moves},
    replay::{Next, Scenario},
    state::{Fingerprint, Found, Itself, Rules, State},
};
use crate::{
    fixture::{Outcome, event},
    hook::Step,
    progress,
};
use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher},
};

/// A state on the way to the present one.
struct Frame {
    state: State,
    choices: Vec<Choice>,
    tried: usize,
    index: u32,
    /// The lowest state on the way that can be reached from here, as far as is known.
    low: u32,
    /// Whether an end can be reached from here with no further death, as far as is known.
    ends: bool,
}

impl Frame {
    fn choice(&self) -> Option<Choice> {
        self.choices.get(self.tried.checked_sub(1)?).copied()
    }

    /// Whether the choice tried last is a death: that is no way to get to an end.
    fn by_death(&self) -> bool {
        matches!(self.choice(), Some(Choice::Dies(_)))
    }
}

/// See the [module](self).
pub struct Search<'s> {
    scenario: Scenario<'s>,
    rules: Rules,
    moves: Moves<'s>,
    /// States after which all that can come has been tried. An end can be reached from each.
    closed: HashSet<Fingerprint, BuildHasherDefault<Itself>>,
    /// The other states that were seen, with their indices.
    open: HashMap<Fingerprint, u32, BuildHasherDefault<Itself>>,
    /// The open states in the order of their indices.
    order: Vec<(u32, Fingerprint)>,
    path: Vec<Frame>,
    found: Found,
}

impl<'s> Search<'s> {
    pub fn new(scenario: Scenario<'s>, rules: Rules) -> Self {
        let moves = Moves::new(scenario, rules);
        let (closed, open, order, path) = (HashSet::default(), HashMap::default(), Vec::new(), Vec::new());
        Self { scenario, rules, moves, closed, open, order, path, found: Found::default() }
    }

    /// Tries all that can happen, or all up to the first failure.
    pub fn run(mut self) -> Found {
        let mut at = [None; PARTICIPANTS];
        at[..self.moves.locals.len()].fill(Some(0));
        let first = State { memory: self.moves.start.memory, at, left: self.rules.deaths };
        let result = self.enter(first).and_then(|()| self.go_on());
        let path = &self.path;
        self.found.failure = result.err().map(|why| (why, path.iter().filter_map(|frame| self.step(frame)).collect()));
        self.found.places = self.moves.locals.iter().map(Locals::len).collect();
        self.found
    }

    /// Goes through all states that follow, and back.
    fn go_on(&mut self) -> Result<(), String> {
        while let Some(frame) = self.path.last_mut() {
            let Some(&choice) = frame.choices.get(frame.tried) else {
                self.leave()?;
                continue;
            };
            frame.tried += 1;
            let state = frame.state;
            self.found.transitions += 1;
            if let (Choice::Dies(participant), at) = (choice, state.at) {
                self.found.died_at.extend(at[participant].map(|place| (participant, place)));
            }
            let next = self.moves.follow(state, choice)?;
            self.enter(next)?;
        }
        Ok(())
    }

    /// Comes to a state, for the first time or again.
    fn enter(&mut self, state: State) -> Result<(), String> {
        let print = state.fingerprint(self.rules.omits);
        if self.closed.contains(&print) {
            if let Some(frame) = self.path.last_mut() {
                frame.ends |= !frame.by_death();
            }
            return Ok(());
        }
        let index = self.found.states as u32;
        match self.open.entry(print) {
            Entry::Occupied(seen) => {
                if let Some(frame) = self.path.last_mut() {
                    frame.low = frame.low.min(*seen.get());
                }
                return Ok(());
            }
            Entry::Vacant(place) => drop(place.insert(index)),
        }
        self.found.states += 1;
        if self.rules.shows {
            let mut hasher = DefaultHasher::new();
            state.memory.packed().hash(&mut hasher);
            let doing =
                (0..self.moves.locals.len()).map(|participant| format!("{:?}", self.moves.next(&state, participant)));
            doing.collect::<String>().hash(&mut hasher);
            self.found.shown.insert(hasher.finish());
        }
        if self.found.states % progress::EVERY == 0 {
            progress::tick(self.found.states);
        }
        self.order.push((index, print));
        let choices = self.moves.choices(&state);
        let ends = (0..self.moves.locals.len())
            .all(|participant| self.moves.next(&state, participant).is_none_or(|next| matches!(next, Next::Ended(_))));
        self.path.push(Frame { state, choices, tried: 0, index, low: index, ends });
        if ends { self.end(&state) } else { Ok(()) }
    }

    /// Goes back from a state after which everything has been tried.
    fn leave(&mut self) -> Result<(), String> {
        let Some(&Frame { index, low, ends, .. }) = self.path.last() else { return Ok(()) };
        if low == index {
            // From each of the states from here on all the others can be reached.
            if !ends {
                return Err("nobody gets to an end any more: a deadlock, or a round without an end".into());
            }
            while let Some(&(_, print)) = self.order.last().filter(|&&(open, _)| open >= index) {
                self.order.pop();
                self.open.remove(&print);
                self.closed.insert(print);
            }
        }
        self.path.pop();
        if let Some(before) = self.path.last_mut() {
            before.low = before.low.min(low);
            before.ends |= ends && !before.by_death();
        }
        Ok(())
    }

    /// Nobody has anything left to do: what they saw is judged.
    fn end(&mut self, state: &State) -> Result<(), String> {
        let saw = |participant| match self.moves.next(state, participant) {
            Some(Next::Ended(seen)) => seen.clone(),
            _ => vec![event::DIED],
        };
        let outcome: Outcome = (0..self.moves.locals.len()).map(saw).collect();
        let counts = ["takeovers", "evicted"].map(|name| (name, self.moves.start.count(&state.memory, name)));
        self.found.counts.extend(counts);
        if self.found.outcomes.insert(outcome.clone()) {
            self.scenario.judge(outcome).map_or(Ok(()), Err)?;
        }
        Ok(())
    }

    /// What was done last from there.
    fn step(&self, frame: &Frame) -> Option<Step> {
        self.moves.step(&frame.state, frame.choice()?)
    }
}
