//! The tests. `--cfg loom` makes them deep; nothing else changes.

use crate::{
    alone::{self, Passed},
    case,
    catalogue::{Entry, Witness, entries},
    check::{Case, Checker, Report, check, refused, text_of, trace},
    config::ModelConfig,
    equivalents::{EQUIVALENTS, UNREACHED, excuse},
    fixture::{Shape, event},
    hook::{Armed, Mutant, Operator, Weaker},
    labels::{self, Row},
    mutants::{Effort, Fate, judge, label, labelled, mutants, quick_checks, survey},
    picture, report,
    scenarios::flow::end_is_last,
};
use std::{
    fmt::Write as _,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
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
    assert_eq!(entry.unreached(&found), None, "{} never reaches it", entry.case);
    found
}

/// Every fourth check from the `part`-th on, so that they run side by side.
fn checks(part: usize) {
    let wanted = (0..).zip(entries()).filter(|(_, entry)| cfg!(loom) || !entry.deep);
    for (number, entry) in wanted.skip(part).step_by(4) {
        report::add(entry, alone::passes(number, entry));
    }
}

#[test]
fn failed_child_process_fails_its_check() {
    let entry = first("consumer_gets_every_message", ModelConfig::ASSUME);
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

/// The cause of a panic, as text.
pub fn panic_message(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("it panics");
    text_of(&*payload).expect("with a text")
}

#[test]
fn unreached_witness_fails_its_check() {
    let known = first("consumer_gets_every_message", ModelConfig::ASSUME);
    let twice: Witness = ("message 0 comes twice", |_, seen| seen.outcome[0].iter().filter(|&&v| v == 16).count() > 1);
    let entry = Entry::new(known.case, Box::leak(Box::new([known.witnesses[0], twice])));
    let said = panic_message(|| drop(passes(entry)));
    assert!(said.contains("never reaches it") && said.contains("message 0 comes twice"), "{said}");
    // Under park, that somebody sleeps is one more: with as many slots as messages, no producer does.
    let sends = case!(end_is_last, "S5", Shape::new(1, 0, 1, 2), ModelConfig::PARK);
    let said = panic_message(|| drop(passes(Entry::new(sends, &[("it ends", |_, seen| seen.last() == [event::END])]))));
    assert!(said.contains("somebody sleeps"), "{said}");
}

#[test]
fn check_without_a_witness_is_refused() {
    let said = panic_message(|| _ = Entry::new(first("consumer_gets_every_message", ModelConfig::ASSUME).case, &[]));
    assert_eq!(said, "a check names what it has to reach");
}

fn first(name: &str, config: ModelConfig) -> Entry {
    let mut all = entries().into_iter();
    all.find(|entry| entry.case.name == name && entry.case.config == config).expect("there is such a check")
}

/// The mutant of this operator at the site with this label.
fn mutant(entry: Entry, label: &str, operator: Operator) -> Mutant {
    let sites = survey(&[entry]);
    let (site, kind) = labelled(sites.seen.keys(), label);
    Mutant { site, kind, operator }
}

/// The counterexample to a mutant.
fn counterexample(entry: Entry, mutant: Mutant) -> String {
    let armed = || Armed { mutant: Some(mutant), ..Armed::default() };
    explain(entry, armed, &check(entry.case, entry.checker, armed()))
}

#[test]
fn relaxed_publication_is_reported_as_a_data_race() {
    let entry = first("consumer_gets_every_message", ModelConfig::ASSUME);
    let mutant = mutant(entry, "E1", Operator::Weaken(Weaker::Relaxed));
    let text = counterexample(entry, mutant);
    println!("{text}");
    assert!(text.contains("Causality violation") && text.contains("WEAKENED to Relaxed"));
    assert!(text.contains("producer 0") && text.contains("src/protocol/producer/prepared.rs:"));
    let svg = std::fs::read_to_string(picture::directory().join("consumer_gets_every_message.svg"));
    assert!(svg.is_ok_and(|svg| svg.contains("stroke-dasharray")), "the edge that is missing is drawn");
}

#[test]
fn dropped_acknowledgement_is_noticed_by_both_engines() {
    let entry = first("consumer_gets_every_message", ModelConfig::ASSUME);
    let mutant = mutant(entry, "E3a", Operator::Drop);
    assert!(counterexample(entry, mutant).contains("DROPPED"));
    let case = Case { config: ModelConfig::PARK, ..entry.case };
    let by_shuttle = Entry { case, checker: Checker::Random(100, 1), ..entry };
    let armed = || Armed { mutant: Some(mutant), ..Armed::default() };
    let found = check(case, by_shuttle.checker, armed());
    let text = explain(by_shuttle, armed, &found);
    let failure = found.failure.expect("the producer waits for ever");
    let schedule: &'static str = failure.schedule.expect("shuttle's schedules are kept").leak();
    assert!(
        failure.message.contains("deadlock") && text.contains(&format!("Checker::Replay(\"{schedule}\")")),
        "{text}"
    );
    let again = check(case, Checker::Replay(schedule), armed());
    assert_eq!((again.executions, again.failure.map(|failure| failure.message)), (1, Some(failure.message)));
}

#[test]
fn lost_wake_up_is_noticed_without_a_condition_variable() {
    let entry = first("no_notification_is_lost", ModelConfig::STACK);
    for fence in ["F1", "F2"] {
        let mutant = mutant(entry, fence, Operator::Weaken(Weaker::AcqRel));
        assert!(counterexample(entry, mutant).contains("exceeded maximum number of branches"), "{fence}");
    }
}

/// The notification matters only to a consumer that sleeps already: not in every schedule.
#[test]
fn shuttle_failure_prints_how_to_replay_its_schedule() {
    let entry = entries().into_iter().find(|entry| matches!(entry.checker, Checker::Random(400, _)));
    let entry = Entry { checker: Checker::Random(1_000, 2), ..entry.expect("some are sampled") };
    let mutant = mutant(entry, "N", Operator::Drop);
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

#[test]
fn every_mutant_dies_or_has_a_reason() {
    let checks = quick_checks();
    let sites = survey(&checks);
    report::sites_table(&sites).must_be_documented();
    // An equivalent meets them all: here those that are short, and below the exhaustive ones.
    let effort = |mutant| Effort { short: excuse(mutant).is_some(), ..Effort::default() };
    let all = mutants(&sites).into_iter();
    let fates: Vec<Fate> = all.map(|mutant| judge(mutant, &sites, &checks, effort(mutant))).collect();
    report::add_fates(&fates);
    let survivors = fates.iter().filter(|fate| fate.killer.is_none());
    let (excused, survivors): (Vec<_>, Vec<_>) = survivors.partition(|fate| excuse(fate.mutant).is_some());
    println!("{} sites, {} mutants, {} equivalent", sites.seen.len(), fates.len(), excused.len());
    assert!(survivors.is_empty(), "these mutants survive: {survivors:#?}");
    for equivalent in EQUIVALENTS {
        let stands = excused.iter().any(|fate| equivalent.is(fate.mutant));
        assert!(stands, "this is no equivalent (any more), it dies or is gone: {equivalent:?}");
    }
    report::mutants_table(&fates).must_be_documented();
    let reached: Vec<_> = sites.seen.keys().map(|(site, _)| label(*site)).collect();
    for Row { label, .. } in labels::rows() {
        let excused = UNREACHED.iter().any(|&(unreached, _)| unreached == label);
        assert_ne!(reached.contains(&label), excused, "{label} is reached, or is excused");
    }
}

/// Every `parts`-th equivalent lives in all exhaustive checks that reach it; of the largest, in the first executions.
fn equivalents_live(part: usize, parts: usize) {
    const EXECUTIONS: u64 = if cfg!(loom) { 20_000 } else { 100 };
    let wanted = entries().into_iter().filter(|entry| entry.checker.is_exhaustive() && (cfg!(loom) || !entry.deep));
    let checks: Vec<_> = wanted.collect();
    let sites = survey(&checks);
    let excused = mutants(&sites).into_iter().filter(|&mutant| excuse(mutant).is_some());
    for mutant in excused.skip(part).step_by(parts) {
        let effort = Effort { executions: Some(EXECUTIONS), ..Effort::default() };
        let start = Instant::now();
        let killer = judge(mutant, &sites, &checks, effort).killer;
        let reaching = sites.reached_by[&(mutant.site, mutant.kind)].len();
        println!("{} {:?}: {reaching} checks in {:.1?}", mutant.site, mutant.operator, start.elapsed());
        assert!(killer.is_none(), "this is no equivalent: {mutant:?} dies: {killer:?}");
    }
}

#[test]
fn equivalents_live_first_part() {
    equivalents_live(0, 4);
}

#[test]
fn equivalents_live_second_part() {
    equivalents_live(1, 4);
}

#[test]
fn equivalents_live_third_part() {
    equivalents_live(2, 4);
}

#[test]
fn equivalents_live_fourth_part() {
    equivalents_live(3, 4);
}

/// The same look at a mutant that is none finds it out.
#[test]
fn ordinary_mutant_dies_within_the_bounds_of_equivalents() {
    let entry = first("consumer_gets_every_message", ModelConfig::ASSUME);
    let sites = survey(&[entry]);
    let mutant = mutant(entry, "E1", Operator::Weaken(Weaker::Relaxed));
    let effort = |executions| Effort { executions: Some(executions), ..Effort::default() };
    assert!(judge(mutant, &sites, &[entry], effort(100)).killer.is_some());
    assert!(judge(mutant, &sites, &[entry], effort(0)).killer.is_none(), "to be cut off is not to be killed");
}

#[test]
fn variables_that_end_loom_early_are_refused() {
    for name in ["LOOM_MAX_PERMUTATIONS", "LOOM_MAX_DURATION", "LOOM_MAX_PREEMPTIONS", "LOOM_CHECKPOINT_FILE"] {
        let said = refused([name.to_owned()].into_iter()).expect("it is refused");
        assert!(said.contains(name) && said.contains("exhaustive"), "{said}");
    }
    assert_eq!(refused(["LOOM_LOG".to_owned(), "PATH".to_owned()].into_iter()), None);
}

/// One check by its place in the catalogue, deep or not, or of it one schedule: `ACKCAST_CHECK=3` and [`BY_HAND`].
#[test]
fn one_check_by_hand() {
    let Ok(wanted) = std::env::var(alone::CHECK) else { return };
    println!(); // alone in its process, the test's name comes before this
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
