//! What a failing check prints and draws, and how it is run again.

use super::{
    catalogue::entries,
    entry::Entry,
    run::{Checker, Report, check, trace},
};
use crate::{
    hook::Armed,
    report::{
        counterexample::Counterexample,
        tables::{self, CHECKS},
    },
};
use std::fmt::Write as _;

/// The schedule to run, if not the whole check.
pub const SCHEDULE: &str = "ACKCAST_SCHEDULE";

/// The failing execution for people, and how it is run again; `None` if there is no failure.
pub fn explain(entry: Entry, armed: impl Fn() -> Armed, found: &Report) -> Option<Counterexample> {
    let failure = found.failure.as_ref()?;
    let steps = trace(entry.case, entry.checker, armed(), found);
    let name = entry.test_name();
    let is_known = entries().iter().any(|other| entry.is(other));
    let mut next = String::new();
    if is_known {
        let _ = writeln!(next, "cargo test --test verify -- --exact {name} finds it again.");
    }
    if let Some(schedule) = &failure.schedule {
        let _ = writeln!(next, "Checker::Replay(\"{schedule}\") runs that schedule alone.");
        if is_known {
            let _ = writeln!(next, "{SCHEDULE}='{schedule}' cargo test --test verify -- --exact {name} does, too.");
        }
    }
    let found_by = format!("{:?}, execution {}", entry.checker, found.executions);
    Some(Counterexample::new(name, entry.case, found_by, &failure.message, &steps).with_next(next))
}

/// Fails with the counterexample, if there is one.
pub fn must_pass(counterexample: Option<Counterexample>) {
    if let Some(counterexample) = counterexample {
        panic!("{}", counterexample.report());
    }
}

/// Runs a check.
///
/// # Panics
/// It fails, or lacks a witness.
pub fn passes(entry: Entry) -> Report {
    let found = check(entry.case, entry.checker, Armed::default());
    must_pass(explain(entry, Armed::default, &found));
    assert_eq!(entry.unreached(&found), None, "{} never reaches it", entry.case);
    found
}

/// Runs a check as a test, or only the schedule that the environment names.
pub fn test(entry: Entry) {
    if let Ok(schedule) = std::env::var(SCHEDULE) {
        let replayed = Entry { checker: Checker::Replay(schedule.leak()), witnesses: &[], ..entry };
        return drop(passes(replayed));
    }
    let found = passes(entry);
    let exhaustive = if entry.checker.is_exhaustive() { "yes" } else { "no" };
    let seconds = format!("{:.2}", found.time.as_secs_f64());
    let case = &entry.case;
    tables::add(
        &CHECKS,
        &[
            &case.name,
            &case.defends,
            &case.shape,
            &case.config,
            &format!("{:?}", entry.checker),
            &found.executions,
            &seconds,
            &exhaustive,
        ],
    );
}
