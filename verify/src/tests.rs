//! The checks of the catalogue, as tests. `--cfg loom` makes them deep and changes nothing else.

mod counterexamples;
mod mutants;

use crate::{
    alone::{self, Passed},
    case,
    catalogue::{Entry, Witness, entries},
    check::{Checker, Report, check, refused, text_of, trace},
    config::ModelConfig,
    fixture::{Shape, event},
    hook::{Armed, Mutant, Operator},
    mutants::{labelled, survey},
    picture, report,
    scenarios::flow::end_is_last,
};
use std::{
    fmt::Write as _,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Prints the failing execution and draws it.
fn explain(entry: Entry, armed: impl Fn() -> Armed, found: &Report) -> String {
    let Some(failure) = &found.failure else { return String::new() };
    let steps = trace(entry.case, entry.checker, armed(), found);
    let path = picture::directory().join(format!("{}.svg", entry.case.name));
    let drawn = std::fs::write(&path, picture::diagram(&entry.case, &steps, &failure.message));
    let table = picture::table(&entry.case, &steps, &failure.message);
    let mut replay =
        format!("execution {} of {:?}, deterministic: the same check finds it again", found.executions, entry.checker);
    if let Some(schedule) = &failure.schedule {
        let _ = write!(replay, "\n  that schedule: Checker::Replay(\"{schedule}\")");
        if let Some(number) = entries().iter().position(|other| entry.is(other)) {
            let _ = write!(replay, ", or ACKCAST_CHECK={number} ACKCAST_SCHEDULE='{schedule}' {BY_HAND}");
        }
    }
    format!("{table}  {replay}\n  drawn in {} ({drawn:?})\n", path.display())
}

/// The command that runs [`one_check_by_hand`].
const BY_HAND: &str = "cargo test -p ackcast-verify one_check_by_hand -- --nocapture";

fn passes(entry: Entry) -> Report {
    let found = check(entry.case, entry.checker, Armed::default());
    assert!(found.failure.is_none(), "\n{}", explain(entry, Armed::default, &found));
    assert_eq!(entry.unreached(&found), None, "{} never reaches it", entry.case);
    found
}

/// Runs every fourth check from the `part`-th last on, so that four tests run side by side. The last checks are the
/// longest: they come first, so that no core is idle at the end.
fn checks(part: usize) {
    let wanted = (0..).zip(entries()).filter(|(_, entry)| cfg!(loom) || !entry.deep);
    let wanted: Vec<_> = wanted.collect();
    for (number, entry) in wanted.into_iter().rev().skip(part).step_by(4) {
        report::add(entry, alone::passes(number, entry));
    }
}

#[test]
fn failed_child_process_fails_its_check() {
    let entry = first_entry("consumer_gets_every_message", ModelConfig::ASSUME);
    let said = panic_message(|| _ = alone::passes(entries().len(), entry));
    assert!(said.contains(NO_CHECK) && said.contains("exit status: 101"), "{said}");
}

const NO_CHECK: &str = "the catalogue is not that long";

#[test]
fn checks_first_part() {
    checks(0);
}

#[test]
fn checks_second_part() {
    checks(1);
}

#[test]
fn checks_third_part() {
    checks(2);
}

#[test]
fn checks_fourth_part() {
    checks(3);
}

/// The message of a panic.
pub fn panic_message(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("it panics");
    text_of(&*payload).expect("with a text")
}

#[test]
fn unreached_witness_fails_its_check() {
    let known = first_entry("consumer_gets_every_message", ModelConfig::ASSUME);
    let twice: Witness = ("message 0 comes twice", |_, seen| seen.outcome[0].iter().filter(|&&v| v == 16).count() > 1);
    let entry = Entry::new(known.case, Box::leak(Box::new([known.witnesses[0], twice])));
    let said = panic_message(|| drop(passes(entry)));
    assert!(said.contains("never reaches it") && said.contains("message 0 comes twice"), "{said}");
    // Under `Park`, a sleep is a witness, too: with a slot for each message, no producer sleeps.
    let sends = case!(end_is_last, "S5", Shape::new(1, 0, 1, 2), ModelConfig::PARK);
    let said = panic_message(|| drop(passes(Entry::new(sends, &[("it ends", |_, seen| seen.last() == [event::END])]))));
    assert!(said.contains("a thread sleeps"), "{said}");
}

#[test]
fn check_without_a_witness_is_refused() {
    let said =
        panic_message(|| _ = Entry::new(first_entry("consumer_gets_every_message", ModelConfig::ASSUME).case, &[]));
    assert_eq!(said, "a check names what it has to reach");
}

fn first_entry(name: &str, config: ModelConfig) -> Entry {
    let mut all = entries().into_iter();
    all.find(|entry| entry.case.name == name && entry.case.config == config).expect("there is such a check")
}

/// The mutant with this operator at the site with this label.
fn mutant(entry: Entry, label: &str, operator: Operator) -> Mutant {
    let sites = survey(&[entry]);
    let (site, kind) = labelled(sites.seen.keys(), label);
    Mutant { site, kind, operator }
}

#[test]
fn variables_that_end_loom_early_are_refused() {
    for name in ["LOOM_MAX_PERMUTATIONS", "LOOM_MAX_DURATION", "LOOM_MAX_PREEMPTIONS", "LOOM_CHECKPOINT_FILE"] {
        let said = refused([name.to_owned()].into_iter()).expect("it is refused");
        assert!(said.contains(name) && said.contains("exhaustive"), "{said}");
    }
    assert_eq!(refused(["LOOM_LOG".to_owned(), "PATH".to_owned()].into_iter()), None);
}

/// A check by its number in the catalogue, deep or not, or a schedule of it: `ACKCAST_CHECK=3` and [`BY_HAND`].
#[test]
fn one_check_by_hand() {
    let Ok(wanted) = std::env::var(alone::CHECK) else { return };
    println!(); // ends the line in which the test harness prints the test's name
    let wanted: usize = wanted.parse().expect("ACKCAST_CHECK is a number");
    let entry = entries().into_iter().nth(wanted).expect(NO_CHECK);
    let entry = match std::env::var(alone::SCHEDULE) {
        Ok(schedule) => Entry { checker: Checker::Replay(schedule.leak()), witnesses: &[], ..entry },
        Err(_) => entry,
    };
    eprintln!("{} {:?} [{}] {:?}", entry.case.name, entry.case.shape, entry.case.config, entry.checker);
    let found = passes(entry);
    println!("{}", Passed::new(&found).line());
    eprintln!("{} outcomes", found.outcomes.len());
}
