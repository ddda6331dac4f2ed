//! The graph checker: explores execution graphs, that is, which write each read reads from, in place of schedules.
//!
//! Its memory model is RC11 with asymmetric fences ([`consistency`]). Participants may die at every step, and sleep.
//! There is no bound on preemptions or executions. A graph stands for all the schedules that nobody can tell apart, so
//! there are few: 25 where loom needs 477,756 executions.
//!
//! [`program`] says what can be explored, [`search`] how, [`waiting`] what a deadlock is. [`check`] runs the shipping
//! text, whose participants `participants` makes programs of.

#[cfg(test)]
mod brute;
pub mod check;
pub mod clock;
pub mod consistency;
pub(crate) mod counterexample;
pub mod event;
pub mod execution;
#[cfg(test)]
mod litmus;
pub(crate) mod participants;
pub mod program;
pub mod search;
#[cfg(test)]
mod tests;
pub mod tiny;
pub mod waiting;

use crate::{
    checks::panics::{silence_panics, text_of},
    events::Outcome,
    explore::replay::{Engine, Forgets, Scenario},
    hook::{self, Step},
    model::{case::Case, leak::drop_leaked},
    report::progress,
};
use participants::Participants;
use program::Program;
use search::{Counts, Rules, Search, Status, Violation};
use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

/// What an exploration found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// How many graphs there are.
    pub counts: Counts,
    /// The outcomes of the complete ones.
    pub outcomes: BTreeSet<Outcome>,
    /// The first failure, and the graph that has it, as a trace.
    pub failure: Option<(String, Vec<Step>)>,
    /// How long the exploration took.
    pub time: Duration,
}

/// Explores all execution graphs of a case, or all until the first failure.
pub fn explore(case: &Case, rules: Rules) -> Found {
    let start = Instant::now();
    let mut found = Ok(Found::default());
    silence_panics(|| found = catch_unwind(AssertUnwindSafe(|| search(case, rules))));
    hook::ignoring(drop_leaked);
    let found = found.unwrap_or_else(|payload| panic!("the graph checker itself fails: {:?}", text_of(&*payload)));
    Found { time: start.elapsed(), ..found }
}

fn search(case: &Case, rules: Rules) -> Found {
    let body = &|| (case.graph)(case);
    let scenario = Scenario { body, engine: Engine::Graphs, forgets: Forgets::Nothing };
    let mut program = match catch_unwind(AssertUnwindSafe(|| Participants::new(scenario))) {
        Ok(program) => program,
        Err(payload) => {
            let why = text_of(&*payload).unwrap_or_else(|| "a panic without a text".into());
            return Found { failure: Some((format!("the set-up fails: {why}"), vec![])), ..Found::default() };
        }
    };
    let (mut outcomes, mut judged, initial) = (BTreeSet::new(), BTreeSet::new(), program.initial());
    let (counts, violation) = Search::new(&mut program, rules).run(|program, graph, counts| {
        progress::executions(counts.complete + counts.blocked);
        if search::statuses(program, graph).iter().any(|status| *status != Status::Done) {
            return Ok(());
        }
        let places = (0..program.numbers().len()).map(|p| graph.last(p).map_or(0, |last| last.after));
        let (outcome, words) = (program.outcome(places), graph.last_values(&initial));
        if !judged.insert((outcome.clone(), words.clone())) {
            return Ok(());
        }
        outcomes.insert(outcome.clone());
        program.judge(outcome, &words).map_or(Ok(()), Err)
    });
    let failure = violation.map(|(violation, graph)| {
        let racing = if let Violation::Race(first, second) = violation { vec![first, second] } else { vec![] };
        let steps = counterexample::steps(&program, &graph, &racing);
        (in_words(case, &program, violation, &steps), steps)
    });
    Found { counts, outcomes, failure, time: Duration::ZERO }
}

/// What is wrong, in a sentence.
fn in_words(case: &Case, program: &Participants<'_>, violation: Violation, steps: &[Step]) -> String {
    let name = |participant: usize| (case.role)(case, program.numbers()[participant]);
    match violation {
        Violation::Failed(why) | Violation::Rejected(why) => why,
        Violation::Race(..) => {
            let racing =
                steps.iter().enumerate().filter(|(_, step)| step.edges.as_ref().is_some_and(|edges| edges.races));
            let told = racing.map(|(row, step)| format!("row {row} ({:?} {})", step.kind, step.name));
            let told: Vec<_> = told.collect();
            format!("a data race: neither of {} happens before the other", told.join(" and "))
        }
        Violation::Endless(participant) => format!(
            "{} does more than {} operations: it goes round for ever, or spins where it should wait",
            name(participant),
            clock::EVENTS - 1
        ),
        Violation::Deadlock(stuck) => {
            let [waits, reads] = if stuck.len() == 1 { ["waits", "it reads"] } else { ["wait", "they read"] };
            let names: Vec<_> = stuck.into_iter().map(name).collect();
            format!("deadlock: {} {waits}, and nothing that {reads} can change any more", names.join(" and "))
        }
    }
}
