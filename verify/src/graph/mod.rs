//! The graph checker.
pub mod clock;
pub mod consistency;
pub mod event;
pub mod execution;
pub(crate) mod participants;
pub mod program;
pub mod search;
#[cfg(test)]
mod shipping;
#[cfg(test)]
mod tests;
pub mod tiny;
pub mod waiting;

use crate::{
    checks::panics::{silence_panics, text_of},
    events::Outcome,
    explore::replay::{Engine, Forgets, Scenario},
    hook,
    model::leak::drop_leaked,
    report::progress,
};
use participants::Participants;
use program::Program;
use search::{Counts, Rules, Search, Violation};
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
    /// The first failure, if there is one.
    pub failure: Option<String>,
    /// How long the exploration took.
    pub time: Duration,
}

/// Explores all execution graphs of a scenario.
pub fn explore(body: &dyn Fn(), rules: Rules) -> Found {
    if std::env::var_os("ACKCAST_DUMP").is_some() {
        return search(body, rules);
    }
    let mut found = Ok(Found::default());
    silence_panics(|| found = catch_unwind(AssertUnwindSafe(|| search(body, rules))));
    hook::ignoring(drop_leaked);
    found.unwrap_or_else(|payload| panic!("the graph checker itself fails: {:?}", text_of(&*payload)))
}

fn search(body: &dyn Fn(), rules: Rules) -> Found {
    let start = Instant::now();
    let scenario = Scenario { body, engine: Engine::Graphs, forgets: Forgets::Nothing };
    let mut program = match catch_unwind(AssertUnwindSafe(|| Participants::new(scenario))) {
        Ok(program) => program,
        Err(payload) => {
            let why = text_of(&*payload).unwrap_or_else(|| "a panic without a text".into());
            return Found { failure: Some(format!("the set-up fails: {why}")), ..Found::default() };
        }
    };
    let (mut outcomes, mut judged, initial) = (BTreeSet::new(), BTreeSet::new(), program.initial());
    let (counts, violation) = Search::new(&mut program, rules).run(|program, graph, counts| {
        if (counts.complete + counts.blocked) % progress::EVERY == 0 {
            progress::executions(counts.complete + counts.blocked);
        }
        let is_complete = search::statuses(program, graph).iter().all(|status| *status == search::Status::Done);
        if !is_complete {
            return Ok(());
        }
        let places = (0..program.numbers().len()).map(|p| graph.last(p).map_or(0, |last| last.after));
        let outcome = program.outcome(places);
        let words = graph.last_values(&initial);
        if judged.insert((outcome.clone(), words.clone())) {
            outcomes.insert(outcome.clone());
            return program.judge(outcome, &words).map_or(Ok(()), Err);
        }
        Ok(())
    });
    if let Some((_, graph)) = &violation
        && std::env::var_os("ACKCAST_DUMP").is_some()
    {
        for (stamp, event) in graph.events().iter().enumerate() {
            let site = match program.text(event.participant.into(), event.before) {
                Some(crate::explore::replay::Next::Op(_, operation)) => {
                    format!("{} {}", operation.name, crate::report::label(operation.site))
                }
                _ => String::new(),
            };
            println!(
                "{stamp:>3} T{} {:?} {:?} value {:#x} from {} {site} at {}",
                event.participant,
                event.kind,
                event.op,
                event.value,
                event.from as i16,
                if event.kind == event::Kind::Write { graph.position(event.location, stamp as u16) } else { 0 }
            );
        }
    }
    let failure = violation.map(|(violation, graph)| match violation {
        Violation::Failed(why) | Violation::Rejected(why) => why,
        Violation::Race(a, b) => format!("a data race: {:?} {:?}", graph.at(a).op, graph.at(b).op),
        Violation::Endless(participant) => format!(
            "participant {participant} does more than {} operations: it goes round for ever, or spins where it should wait",
            clock::EVENTS - 1
        ),
        Violation::Deadlock(stuck) => format!("participants {stuck:?} wait for ever"),
    });
    Found { counts, outcomes, failure, time: start.elapsed() }
}
