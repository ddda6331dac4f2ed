//! What the checkers say of a test.

use super::{Standard, Test};
use crate::{
    checks::run::{Checker, check},
    events::Outcome,
    graph::{self, consistency::Model, search::Rules},
    hook::{self, Armed},
};
use std::{collections::BTreeSet, fmt};

/// A checker's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether an execution has the outcome that is asked about.
    pub reached: bool,
    /// How many outcomes there are.
    pub outcomes: usize,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, of {}", if self.reached { "yes" } else { "no" }, self.outcomes)
    }
}

/// The checkers, in the order of their columns.
pub const CHECKERS: [&str; 4] = ["graphs", "graphs under SC", "loom", "shuttle"];

/// The answers to a test, in the order of [`CHECKERS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict(pub [Answer; 4]);

impl Verdict {
    /// Asks all checkers.
    ///
    /// # Panics
    /// A checker reports a failure. A litmus test has none.
    pub fn of(test: &Test) -> Self {
        let answer = |outcomes: BTreeSet<Outcome>| Answer {
            reached: outcomes.iter().any(|outcome| test.is_asked(outcome)),
            outcomes: outcomes.len(),
        };
        let case = (test.case)();
        let graphs = |model| {
            hook::arm(Armed::default());
            let found = graph::explore(&case, Rules { model, ..Rules::default() });
            hook::disarm();
            assert!(found.failure.is_none(), "{}: {:?}", test.name, found.failure.map(|(why, _)| why));
            answer(found.outcomes)
        };
        let schedules = |checker| {
            let found = check(case, checker, Armed::default());
            hook::disarm();
            assert!(found.failure.is_none(), "{}: {:?}", test.name, found.failure);
            answer(found.outcomes)
        };
        Self([graphs(Model::Rc11), graphs(Model::Sc), schedules(Checker::Loom), schedules(Checker::Dfs)])
    }

    /// Where the checkers differ from the standard.
    pub fn differences(&self, standard: Standard) -> String {
        let differs = |(_, answer): &(&str, Answer)| answer.reached != (standard == Standard::Allowed);
        // shuttle says what graphs under SC say: see the test below.
        let columns = CHECKERS.into_iter().zip(self.0).filter(|(checker, _)| *checker != "graphs under SC");
        let names: Vec<_> = columns.filter(differs).map(|(checker, _)| checker).collect();
        match (standard, names.is_empty()) {
            (_, true) => String::new(),
            (Standard::Allowed, _) => format!("Missed by {}.", names.join(", ")),
            (Standard::Forbidden, _) => format!("False alarm of {}.", names.join(", ")),
        }
    }
}
