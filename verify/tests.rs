//! The tests. `--cfg loom` makes them deep; nothing else changes.

use crate::{
    catalogue::{Entry, entries},
    check::{Case, Checker, Report, check, refused, trace},
    doubles::Doubles,
    equivalents::{EQUIVALENTS, UNREACHED},
    hook::{Armed, Kind, Mutant, Operator, Weaker},
    mutants::{Fate, judge, line, mutants, quick_checks, survey},
    picture, report,
};
use std::{collections::BTreeSet, fmt::Write as _, time::Duration};

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
        let _ = write!(replay, "\n  it alone: Checker::Replay(\"{schedule}\")");
        if let Some(number) = entries().iter().position(|other| entry.is(other)) {
            let _ = write!(replay, ", or ACKCAST_CHECK={number} ACKCAST_SCHEDULE='{schedule}' {BY_HAND}");
        }
    }
    format!("{table}  {replay}\n  drawn in {} ({drawn:?})\n", path.display())
}

/// How to run [`one_check_by_hand`].
const BY_HAND: &str = "cargo test --test verify one_check_by_hand -- --nocapture";

fn passes(entry: Entry) -> Report {
    let found = check(entry.case, entry.checker, Armed::default());
    assert!(found.failure.is_none(), "\n{}", explain(entry, Armed::default, &found));
    for (what, test) in entry.witnesses {
        assert!(found.outcomes.iter().any(test), "{} never reaches: {what}", entry.case.name);
    }
    report::add(entry, &found);
    found
}

/// Every fourth check from the `part`-th on, so that they run side by side.
fn checks(part: usize) {
    let wanted = entries().into_iter().filter(|entry| cfg!(loom) || !entry.deep);
    for entry in wanted.skip(part).step_by(4) {
        passes(entry);
    }
}

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

fn first(name: &str, doubles: Doubles) -> Entry {
    let mut all = entries().into_iter();
    all.find(|entry| entry.case.name == name && entry.case.doubles == doubles).expect("there is such a check")
}

/// The mutant of this operator on the only site of this kind whose line has this text.
fn mutant(entry: Entry, text: &str, kind: Kind, operator: Operator) -> Mutant {
    let sites = survey(&[entry]);
    let mut found = sites.seen.keys().filter(|(site, k)| *k == kind && line(*site).contains(text));
    let (Some(&(site, kind)), None) = (found.next(), found.next()) else { panic!("not one site: {text}") };
    Mutant { site, kind, operator }
}

/// The counterexample to a mutant.
fn counterexample(entry: Entry, mutant: Mutant) -> String {
    let armed = || Armed { mutant: Some(mutant), ..Armed::default() };
    explain(entry, armed, &check(entry.case, entry.checker, armed()))
}

#[test]
fn a_relaxed_publication_is_a_data_race_that_one_can_read() {
    let entry = first("everyone_gets_everything", Doubles::ASSUME);
    let mutant = mutant(entry, "published.word(), Release", Kind::Store, Operator::Weaken(Weaker::Relaxed));
    let text = counterexample(entry, mutant);
    println!("{text}");
    assert!(text.contains("Causality violation") && text.contains("WEAKENED to Relaxed"));
    assert!(text.contains("producer 0") && text.contains("src/protocol/producer.rs:"));
    let svg = std::fs::read_to_string(picture::directory().join("everyone_gets_everything.svg"));
    assert!(svg.is_ok_and(|svg| svg.contains("stroke-dasharray")), "the edge that is missing is drawn");
}

#[test]
fn a_dropped_acknowledgement_is_noticed_by_both_engines() {
    let entry = first("everyone_gets_everything", Doubles::ASSUME);
    let mutant = mutant(entry, "acked.0.store(self.next, Release)", Kind::Store, Operator::Drop);
    assert!(counterexample(entry, mutant).contains("DROPPED"));
    let case = Case { doubles: Doubles::PARK, ..entry.case };
    let by_shuttle = Entry { case, checker: Checker::Random(100, 1), ..entry };
    assert!(counterexample(by_shuttle, mutant).contains("deadlock"));
}

#[test]
fn a_lost_wake_up_is_noticed_without_a_condition_variable() {
    let entry = first("no_notification_is_lost", Doubles::STACK);
    for fence in ["F1, to F2", "F2, to F1"] {
        let mutant = mutant(entry, fence, Kind::Fence, Operator::Weaken(Weaker::AcqRel));
        assert!(counterexample(entry, mutant).contains("exceeded maximum number of branches"), "{fence}");
    }
}

/// The notification matters only to a consumer that sleeps already: not in every schedule.
#[test]
fn a_failure_under_shuttle_says_how_to_run_its_schedule_again() {
    let entry = entries().into_iter().find(|entry| matches!(entry.checker, Checker::Random(400, _)));
    let entry = Entry { checker: Checker::Random(1_000, 2), ..entry.expect("some are sampled") };
    let mutant = mutant(entry, "here.map(|entry| &entry.data)", Kind::Notify, Operator::Drop);
    let armed = || Armed { mutant: Some(mutant), ..Armed::default() };
    let found = check(entry.case, entry.checker, armed());
    let text = explain(entry, armed, &found);
    println!("{text}");
    let failure = found.failure.expect("a consumer sleeps for ever");
    let schedule: &'static str = failure.schedule.expect("shuttle's schedules are kept").leak();
    assert!(!schedule.is_empty() && text.contains(&format!("Checker::Replay(\"{schedule}\")")), "{text}");
    let again = check(entry.case, Checker::Replay(schedule), armed());
    assert_eq!((again.executions, again.failure.map(|failure| failure.message)), (1, Some(failure.message)));
    let unharmed = check(entry.case, Checker::Random(50, 2), Armed::default());
    assert_eq!(unharmed.failure.map(|failure| failure.message), None);
    // The catalogue's own checks can be called by their numbers.
    let (number, known) = (0..).zip(entries()).find(|(_, entry)| entry.checker.is_shuttle()).expect("there is one");
    let text = explain(known, armed, &check(known.case, known.checker, armed()));
    assert!(text.contains(&format!("ACKCAST_CHECK={number} ACKCAST_SCHEDULE='")), "{text}");
}

/// What the documentation must say: each site's mutants, but nothing that a run may change.
fn documented(fates: &[Fate]) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verification.md");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let missing: Vec<_> = fates.iter().map(report::mutant_key).filter(|key| !text.contains(key.as_str())).collect();
    let known: BTreeSet<_> = fates.iter().map(report::mutant_key).collect();
    let stale = text
        .lines()
        .filter(|line| line.starts_with("| `src/"))
        .filter(|line| !known.iter().any(|key| line.starts_with(key.as_str())));
    let stale: Vec<_> = stale.collect();
    if missing.is_empty() && stale.is_empty() {
        return;
    }
    if std::env::var_os("ACKCAST_BLESS").is_some() {
        let (before, rest) = text.split_once("<!-- mutants -->\n").expect("the page has a place for the mutants");
        let (_, after) = rest.split_once("<!-- end of mutants -->").expect("and its end");
        let table = report::mutants_table(fates);
        let text = format!("{before}<!-- mutants -->\n{table}<!-- end of mutants -->{after}");
        std::fs::write(path, text).expect("the page can be written");
        return;
    }
    panic!(
        "docs/verification.md is not up to date (ACKCAST_BLESS=1 rewrites it): missing {missing:#?}, stale {stale:#?}"
    );
}

#[test]
fn every_mutant_dies_or_has_a_reason() {
    let checks = quick_checks();
    let sites = survey(&checks);
    // That an equivalent lives is looked into by the checks that are short: it would meet all of them.
    let limit = |mutant| {
        let excused = EQUIVALENTS.iter().any(|equivalent| equivalent.is(mutant));
        if excused { Duration::from_secs(1) } else { Duration::MAX }
    };
    let all = mutants(&sites).into_iter();
    let fates: Vec<Fate> = all.map(|mutant| judge(mutant, &sites, &checks, limit(mutant))).collect();
    report::add_fates(&fates);
    let survivors = fates.iter().filter(|fate| fate.killer.is_none());
    let (excused, survivors): (Vec<_>, Vec<_>) =
        survivors.partition(|fate| EQUIVALENTS.iter().any(|equivalent| equivalent.is(fate.mutant)));
    println!("{} sites, {} mutants, {} equivalent", sites.seen.len(), fates.len(), excused.len());
    assert!(survivors.is_empty(), "these mutants survive: {survivors:#?}");
    for equivalent in EQUIVALENTS {
        let stands = excused.iter().any(|fate| equivalent.is(fate.mutant));
        assert!(stands, "this is no equivalent (any more), it dies or is gone: {equivalent:?}");
    }
    documented(&fates);
    for file in [
        "lock.rs",
        "signal.rs",
        "protocol/mod.rs",
        "protocol/consumer.rs",
        "protocol/producer.rs",
        "protocol/registry.rs",
    ] {
        let file = format!("src/{file}");
        let text =
            std::fs::read_to_string(format!("{}/{file}", env!("CARGO_MANIFEST_DIR"))).expect("the source is there");
        const OPERATIONS: [&str; 8] =
            [".load(", ".store(", ".swap(", ".compare_exchange(", ".fence(", ".park(", ".wake(", "notify_all(&"];
        for (number, line) in (1..).zip(text.lines()) {
            let code = line.split("//").next().unwrap_or_default();
            if OPERATIONS.iter().any(|operation| code.contains(operation)) {
                let reached = sites.seen.keys().any(|(site, _)| site.file == file && site.line == number);
                let excused = UNREACHED.iter().any(|&(f, text, _)| f == file && line.contains(text));
                let forwarded = code.contains("self.word.compare_exchange(FREE, word"); // its callers are the sites
                assert!(reached || excused || forwarded, "no check reaches {file}:{number}: {line}");
            }
        }
    }
}

#[test]
fn what_ends_loom_early_is_refused() {
    for name in ["LOOM_MAX_PERMUTATIONS", "LOOM_MAX_DURATION", "LOOM_MAX_PREEMPTIONS", "LOOM_CHECKPOINT_FILE"] {
        let said = refused([name.to_owned()].into_iter()).expect("it is refused");
        assert!(said.contains(name) && said.contains("exhaustive"), "{said}");
    }
    assert_eq!(refused(["LOOM_LOG".to_owned(), "PATH".to_owned()].into_iter()), None);
}

/// One check by its place in the catalogue, deep or not, or of it one schedule: `ACKCAST_CHECK=3` and [`BY_HAND`].
#[test]
fn one_check_by_hand() {
    let Ok(wanted) = std::env::var("ACKCAST_CHECK") else { return };
    let wanted: usize = wanted.parse().expect("ACKCAST_CHECK is a number");
    let entry = entries().into_iter().nth(wanted).expect("the catalogue is that long");
    let entry = match std::env::var("ACKCAST_SCHEDULE") {
        Ok(schedule) => Entry { checker: Checker::Replay(schedule.leak()), witnesses: &[], ..entry },
        Err(_) => entry,
    };
    eprintln!("{} {:?} [{}] {:?}", entry.case.name, entry.case.shape, entry.case.doubles, entry.checker);
    let found = passes(entry);
    eprintln!("{} executions in {:?}, {} outcomes", found.executions, found.time, found.outcomes.len());
}
