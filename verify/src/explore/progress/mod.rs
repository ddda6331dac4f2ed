//! Progress of a wait under interference: a participant that keeps taking steps gets to its liveness check.
//!
//! Without a clock, a liveness check that is postponed for ever looks like one that may be due at any moment. Here the
//! replay has a clock: a word that no participant writes (`Engine::Clocked`). One participant of the shipping text
//! runs alone against an [`Adversary`], which chooses the result of each operation. The words change in every way that
//! does not satisfy the wait. Wakes come for ever, and the kernel never asks for a check. The adversary also chooses at
//! which reading of the clock the check is due.
//!
//! Places are merged as in `locals`, so the places are finite although the wait may not end. All are visited. Each of
//! these is a [`Fault`]:
//!
//! - a cycle while a check is due: the check is postponed for ever;
//! - a sleep that begins when the participant knows that a check is due;
//! - a sleep that begins before the participant has polled after the last one;
//! - [`STEPS`] steps with neither a sleep nor a check: the wait spins.
//!
//! Without a cycle, the longest path from the clock's answer to the check is finite: [`Found::bound`]. That is L2 in
//! the participant's own steps. `self_checks/interference.rs` has L2 in time: how long a sleep may last, and the time
//! that a wait spends spinning.
//!
//! **What it assumes.** Without a limit on retries, the wait for the lock has no bound. It loads the word and then
//! exchanges it. The exchange fails if another thread has changed the word in between. Then the wait begins again
//! without a check. So the adversary makes at most [`Adversary::retries`] exchanges between two sleeps fail. While a
//! dead owner has the lock, the word changes at most once, when another waiter sets CONTENDED. That needs no limit.
//!
//! The participant that is waited for stays attached: without one to ask about, a check has no step.

mod adversary;
#[cfg(test)]
mod faulty;
#[cfg(test)]
mod tests;

pub use adversary::{Adversary, Interference};

use super::{
    locals::{Locals, Place},
    memory::{Memory, Op},
    replay::{Engine, Forgets, Next, Operation, Scenario},
};
use crate::{
    checks::panics::{silence_panics, text_of},
    hook,
    model::leak::drop_leaked,
    report::label,
};
use adversary::Surroundings;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    panic::{AssertUnwindSafe, catch_unwind},
};

/// A wait that takes more steps than this without a sleep or a check does not get anywhere.
pub const STEPS: u32 = 24;
/// How many liveness checks of a wait are followed: the first one and one after it.
const CHECKS: u8 = 2;
/// Most states of a wait; the largest here has some twenty thousand.
const STATES: usize = 1_000_000;

/// What is wrong with a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A check is due, and the wait can go round for ever without it.
    Endless,
    /// A sleep begins although the participant knows that a check is due.
    SleepsWhenDue,
    /// A sleep begins without a poll since the last one.
    SleepsWithoutPoll,
    /// Too many steps without a sleep or a check.
    Spins,
    /// The wait ends although no deadline has passed: this adversary has satisfied it.
    Satisfied,
    /// A check in the text fails, or the participant dies.
    Fails,
}

/// The result of an exploration.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// How many places the participant has.
    pub places: usize,
    /// Places in all surroundings.
    pub states: usize,
    /// The longest way to a check, in the participant's steps since it knows that the check is due. The check counts.
    pub bound: u32,
    /// States in which a check is made in time.
    pub checks: usize,
    /// Whether the wait can end, as one with a deadline does.
    pub ends: bool,
    /// How each state looks from outside, if the sleeps are limited.
    pub views: BTreeSet<String>,
    /// A shortest path to each kind of fault, a step a line. For a cycle, the cycle follows.
    pub faults: BTreeMap<Fault, Vec<String>>,
}

struct State {
    place: Place,
    around: Surroundings,
    /// Steps since the last sleep or check.
    steps: u32,
    /// The state before this one, and the result of its operation.
    from: Option<(usize, u64)>,
    after: Vec<usize>,
}

struct Search<'s> {
    locals: Locals<'s>,
    memory: Memory,
    adversary: &'s Adversary,
    states: Vec<State>,
    known: HashMap<(Place, Surroundings), usize>,
    found: Found,
}

/// Explores the wait of the scenario's only participant against this adversary.
///
/// # Panics
/// When two merged histories go on differently, or the states are too many.
pub fn explore(body: &dyn Fn(), adversary: &Adversary) -> Found {
    explore_by(body, adversary, Forgets::Steps)
}

fn explore_by(body: &dyn Fn(), adversary: &Adversary, forgets: Forgets) -> Found {
    let scenario = Scenario { body, engine: Engine::Clocked, forgets };
    let search = || {
        let (locals, memory) = (Locals::new(scenario, 0), scenario.set_up().memory);
        Search { locals, memory, adversary, states: Vec::new(), known: HashMap::new(), found: Found::default() }.run()
    };
    let mut found = Ok(Found::default());
    silence_panics(|| found = catch_unwind(AssertUnwindSafe(search)));
    hook::ignoring(drop_leaked);
    found.unwrap_or_else(|payload| panic!("the exploration itself fails: {:?}", text_of(&*payload)))
}

impl Search<'_> {
    fn run(mut self) -> Found {
        self.reach(0, Surroundings::default(), 0, None);
        let mut next = 0;
        while next < self.states.len() {
            assert!(next < STATES, "a wait has more than {STATES} states");
            self.visit(next);
            next += 1;
        }
        (self.found.places, self.found.states) = (self.locals.len(), self.states.len());
        self.measure();
        self.found
    }

    /// The index of the state, which may be new.
    fn reach(&mut self, place: Place, around: Surroundings, steps: u32, from: Option<(usize, u64)>) -> usize {
        *self.known.entry((place, around)).or_insert_with(|| {
            self.states.push(State { place, around, steps, from, after: Vec::new() });
            self.states.len() - 1
        })
    }

    /// The operation in this state, if there is one.
    fn operation(&self, state: usize) -> Option<(Op, Operation)> {
        match *self.locals.next(self.states[state].place) {
            Next::Op(op, operation) => Some((op, operation)),
            _ => None,
        }
    }

    /// Adds the states after this one.
    fn visit(&mut self, state: usize) {
        let State { place, around, steps, .. } = self.states[state];
        if self.adversary.sleeps.is_some() {
            self.found.views.insert(format!("{:?} {around:?}", self.locals.next(place)));
        }
        let Some((op, operation)) = self.operation(state) else {
            match self.locals.next(place) {
                Next::Ended(_) if around.is_due() => self.found.ends = true,
                Next::Ended(_) => self.note(Fault::Satisfied, state),
                _ => self.note(Fault::Fails, state),
            }
            return;
        };
        if around.checks() == CHECKS && !around.is_due() {
            return;
        }
        let steps = match op {
            Op::Park(..) => {
                if around.is_due() {
                    self.note(Fault::SleepsWhenDue, state);
                }
                if !around.has_polled() {
                    self.note(Fault::SleepsWithoutPoll, state);
                }
                0
            }
            Op::Alive(_) => {
                self.found.checks += usize::from(around.is_due());
                0
            }
            _ if steps == STEPS => return self.note(Fault::Spins, state),
            _ => steps + 1,
        };
        let Some(answers) = self.adversary.answers(&self.memory, op, operation, around) else {
            return self.note(Fault::Satisfied, state);
        };
        assert!(!answers.is_empty() || self.adversary.sleeps.is_some(), "the adversary has no answer: {op:?}");
        for (result, around) in answers {
            let place = self.locals.after(place, result).unwrap_or_else(|why| panic!("{why}"));
            let after = self.reach(place, around, steps, Some((state, result)));
            self.states[state].after.push(after);
        }
    }

    /// Whether the wait keeps its promise here: it checks liveness, or has ended.
    fn is_check(&self, state: usize) -> bool {
        matches!(self.operation(state), None | Some((Op::Alive(_), _)))
    }

    /// Finds a cycle among the states in which a check is due, or the longest path to a check.
    fn measure(&mut self) {
        /// The state is on the path, or its longest path is known.
        #[derive(Clone, Copy)]
        enum Seen {
            Not,
            OnPath,
            Longest(u32),
        }
        let mut seen = vec![Seen::Not; self.states.len()];
        for start in 0..self.states.len() {
            if !self.states[start].around.is_due() {
                continue;
            }
            let mut path = vec![(start, 0)];
            while let Some((state, tried)) = path.last_mut() {
                let (state, place) = (*state, *tried);
                *tried += 1;
                if place == 0 && matches!(seen[state], Seen::Longest(_)) {
                    path.pop();
                    continue;
                }
                seen[state] = Seen::OnPath;
                let after = if self.is_check(state) { &[][..] } else { &self.states[state].after };
                match after.get(place).map(|&next| (next, seen[next])) {
                    Some((next, Seen::Not)) => path.push((next, 0)),
                    Some((_, Seen::Longest(_))) => {}
                    Some((next, Seen::OnPath)) => {
                        let begins = path.iter().position(|&(other, _)| other == next).unwrap_or(0);
                        let cycle: Vec<usize> = path[begins..].iter().map(|&(state, _)| state).collect();
                        return self.note_cycle(&cycle);
                    }
                    None => {
                        let length = |&next: &usize| if let Seen::Longest(length) = seen[next] { length } else { 0 };
                        let op = u32::from(self.operation(state).is_some());
                        let longest = op + after.iter().map(length).max().unwrap_or(0);
                        seen[state] = Seen::Longest(longest);
                        self.found.bound = self.found.bound.max(longest);
                        path.pop();
                    }
                }
            }
        }
    }

    /// The operation of a state as a line, with its result.
    fn line(&self, state: usize, result: Option<u64>) -> String {
        let result = result.map_or(String::new(), |result| format!(" -> {result:#x}"));
        match self.locals.next(self.states[state].place) {
            Next::Op(_, Operation { site, name, kind, .. }) => format!("{} {kind:?} {name}{result}", label(*site)),
            other => format!("{other:?}"),
        }
    }

    fn path_to(&self, state: usize) -> Vec<String> {
        let (mut lines, mut at) = (Vec::new(), state);
        while let Some((before, result)) = self.states[at].from {
            lines.push(self.line(before, Some(result)));
            at = before;
        }
        lines.reverse();
        lines
    }

    fn note(&mut self, fault: Fault, state: usize) {
        if !self.found.faults.contains_key(&fault) {
            let mut lines = self.path_to(state);
            lines.push(self.line(state, None));
            self.found.faults.insert(fault, lines);
        }
    }

    fn note_cycle(&mut self, cycle: &[usize]) {
        let mut lines = self.path_to(cycle[0]);
        lines.push("and for ever:".into());
        for (&state, &next) in cycle.iter().zip(cycle.iter().cycle().skip(1)) {
            // Different results may lead to the same state; any of them is an example.
            let place = self.states[state].after.iter().position(|&after| after == next).unwrap_or(0);
            let answers = self.operation(state).and_then(|(op, operation)| {
                self.adversary.answers(&self.memory, op, operation, self.states[state].around)
            });
            lines.push(self.line(state, answers.map(|answers| answers[place].0)));
        }
        self.found.faults.insert(Fault::Endless, lines);
    }
}
