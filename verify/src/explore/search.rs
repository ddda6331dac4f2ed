//! The search: visits every reachable state once, depth first, over plain data.

use super::{
    locals::Locals,
    memory::PARTICIPANTS,
    moves::{Choice, Moves},
    replay::{Next, Scenario},
    state::{Fingerprint, Found, IdentityHasher, Rules, State},
};
use crate::{
    events::{Outcome, event},
    hook::Step,
    report::progress,
};
use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher},
};

/// A state on the path to the present state.
struct Frame {
    state: State,
    choices: Vec<Choice>,
    tried: usize,
    index: u32,
    /// The lowest index on the path that is known to be reachable from here.
    low: u32,
    /// Whether an end is known to be reachable from here without a further death.
    ends: bool,
}

impl Frame {
    fn choice(&self) -> Option<Choice> {
        self.choices.get(self.tried.checked_sub(1)?).copied()
    }

    /// Whether the choice tried last is a death, which does not count as a way to an end.
    fn by_death(&self) -> bool {
        matches!(self.choice(), Some(Choice::Dies(_)))
    }
}

/// See the [module](self).
pub struct Search<'s> {
    scenario: Scenario<'s>,
    rules: Rules,
    moves: Moves<'s>,
    /// States whose successors have all been visited. An end can be reached from each.
    closed: HashSet<Fingerprint, BuildHasherDefault<IdentityHasher>>,
    /// The other visited states, with their indices.
    open: HashMap<Fingerprint, u32, BuildHasherDefault<IdentityHasher>>,
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

    /// Visits all states, or all until the first failure.
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

    /// Visits the successors of the path's last state, and goes back.
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

    /// Enters a state, for the first time or again.
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
        if self.rules.keeps_views {
            let mut hasher = DefaultHasher::new();
            state.memory.packed().hash(&mut hasher);
            let doing =
                (0..self.moves.locals.len()).map(|participant| format!("{:?}", self.moves.next(&state, participant)));
            doing.collect::<String>().hash(&mut hasher);
            self.found.views.insert(hasher.finish());
        }
        if self.found.states.is_multiple_of(progress::EVERY) {
            progress::tick(self.found.states);
        }
        self.order.push((index, print));
        let choices = self.moves.choices(&state);
        let ends = (0..self.moves.locals.len())
            .all(|participant| self.moves.next(&state, participant).is_none_or(|next| matches!(next, Next::Ended(_))));
        self.path.push(Frame { state, choices, tried: 0, index, low: index, ends });
        if ends { self.end(&state) } else { Ok(()) }
    }

    /// Goes back from a state whose successors have all been visited.
    fn leave(&mut self) -> Result<(), String> {
        let Some(&Frame { index, low, ends, .. }) = self.path.last() else { return Ok(()) };
        if low == index {
            // The states from here on are a strongly connected component: each can be reached from each.
            if !ends {
                return Err("no end can be reached any more: a deadlock, or an endless loop".into());
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

    /// Judges the outcome: every participant has ended or died.
    fn end(&mut self, state: &State) -> Result<(), String> {
        let saw = |participant| match self.moves.next(state, participant) {
            Some(Next::Ended(seen)) => seen.clone(),
            _ => vec![event::DIED],
        };
        let outcome: Outcome = (0..self.moves.locals.len()).map(saw).collect();
        let counts = ["takeovers", "evicted"].map(|name| (name, self.moves.start.count(&state.memory, name)));
        self.found.counts.extend(counts);
        if self.found.outcomes.insert(outcome.clone()) {
            self.scenario.judge(outcome, state.memory.words()).map_or(Ok(()), Err)?;
        }
        Ok(())
    }

    /// The step that was tried last from this state.
    fn step(&self, frame: &Frame) -> Option<Step> {
        self.moves.step(&frame.state, frame.choice()?)
    }
}
