//! What a failing check prints and draws, and how it is run again.

use super::{
    catalogue::entries,
    entry::Entry,
    run::{Checker, Report, check, trace},
};
use crate::{
    hook::Armed,
    report::{
        picture,
        tables::{self, CHECKS},
    },
};
use std::fmt::Write as _;

/// The schedule to run, if not the whole check.
pub const SCHEDULE: &str = "ACKCAST_SCHEDULE";

/// The failing execution as a table, where it is drawn, and how it is run again.
pub fn explain(entry: Entry, armed: impl Fn() -> Armed, found: &Report) -> String {
    let Some(failure) = &found.failure else { return String::new() };
    let steps = trace(entry.case, entry.checker, armed(), found);
    let path = picture::directory().join(format!("{}.svg", entry.case.name));
    let drawn = std::fs::write(&path, picture::diagram(&entry.case, &steps, &failure.message));
    let table = picture::table(&entry.case, &steps, &failure.message);
    let mut replay =
        format!("execution {} of {:?}, deterministic: the same check finds it again", found.executions, entry.checker);
    if let Some(schedule) = &failure.schedule {
        let _ = write!(replay, "\n  that schedule: Checker::Replay(\"{schedule}\")");
        if entries().iter().any(|other| entry.is(other)) {
            let name = entry.test_name();
            let _ = write!(replay, ", or {SCHEDULE}='{schedule}' cargo test --test verify -- --exact {name}");
        }
    }
    format!("{table}  {replay}\n  drawn in {} ({drawn:?})\n", path.display())
}

/// Runs a check.
///
/// # Panics
/// It fails, or lacks a witness.
pub fn passes(entry: Entry) -> Report {
    let found = check(entry.case, entry.checker, Armed::default());
    assert!(found.failure.is_none(), "\n{}", explain(entry, Armed::default, &found));
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
