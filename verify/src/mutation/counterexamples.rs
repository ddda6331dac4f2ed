//! What a failing check prints and draws.

use super::sites::mutant;
use crate::{
    checks::{
        catalogue::{entries, first_entry},
        entry::Entry,
        explain::explain,
        run::{Checker, check},
    },
    hook::{Armed, Mutant, Operator, Weaker},
    model::{case::Case, config::ModelConfig},
    report::{counterexample::Counterexample, page::html},
};

/// The counterexample to a mutant.
fn counterexample(entry: Entry, mutant: Mutant) -> Counterexample {
    let armed = || Armed { mutant: Some(mutant), ..Armed::default() };
    explain(entry, armed, &check(entry.case, entry.checker, armed())).expect("it fails")
}

#[test]
fn relaxed_publication_is_reported_as_a_data_race() {
    let entry = first_entry("consumer_gets_every_message", ModelConfig::ASSUME);
    let mutant = mutant(entry, "E1", Operator::Weaken(Weaker::Relaxed));
    let counterexample = counterexample(entry, mutant);
    let text = counterexample.to_string();
    println!("{text}");
    assert!(text.contains("Causality violation") && text.contains("WEAKENED to Relaxed"));
    assert!(text.contains("producer 0") && text.contains("src/protocol/producer/prepared.rs:"));
    assert!(text.contains("Relaxed at E1 does not carry") && text.contains("S1: no torn payload"), "{text}");
    assert!(html(&counterexample).contains("class=\"rf\""), "the missing edge is drawn");
}

#[test]
fn dropped_acknowledgement_is_noticed_by_both_engines() {
    let entry = first_entry("consumer_gets_every_message", ModelConfig::ASSUME);
    let mutant = mutant(entry, "E3a", Operator::Drop);
    assert!(counterexample(entry, mutant).to_string().contains("DROPPED"));
    let case = Case { config: ModelConfig::PARK, ..entry.case };
    let by_shuttle = Entry { case, checker: Checker::Random(100, 1), ..entry };
    let armed = || Armed { mutant: Some(mutant), ..Armed::default() };
    let found = check(case, by_shuttle.checker, armed());
    let text = explain(by_shuttle, armed, &found).expect("it fails").to_string();
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
    let entry = first_entry("no_notification_is_lost", ModelConfig::STACK);
    for fence in ["F1", "F2"] {
        let mutant = mutant(entry, fence, Operator::Weaken(Weaker::AcqRel));
        assert!(counterexample(entry, mutant).message.contains("exceeded maximum number of branches"), "{fence}");
    }
}

/// A notification matters only to a consumer that sleeps, which it does not in every schedule.
#[test]
fn shuttle_failure_prints_how_to_replay_its_schedule() {
    let entry = entries().into_iter().find(|entry| matches!(entry.checker, Checker::Random(400, _)));
    let entry = Entry { checker: Checker::Random(1_000, 2), ..entry.expect("some are sampled") };
    let mutant = mutant(entry, "N", Operator::Drop);
    let armed = || Armed { mutant: Some(mutant), ..Armed::default() };
    let found = check(entry.case, entry.checker, armed());
    let text = explain(entry, armed, &found).expect("it fails").to_string();
    println!("{text}");
    let failure = found.failure.expect("a consumer sleeps for ever");
    let schedule: &'static str = failure.schedule.expect("shuttle's schedules are kept").leak();
    assert!(!schedule.is_empty() && text.contains(&format!("Checker::Replay(\"{schedule}\")")), "{text}");
    let again = check(entry.case, Checker::Replay(schedule), armed());
    assert_eq!((again.executions, again.failure.map(|failure| failure.message)), (1, Some(failure.message)));
    let unharmed = check(entry.case, Checker::Random(50, 2), Armed::default());
    assert_eq!(unharmed.failure.map(|failure| failure.message), None);
    // A check of the catalogue can be run by its name.
    let known = entries().into_iter().find(|entry| entry.checker.is_shuttle()).expect("there is one");
    let found = check(known.case, known.checker, armed());
    let text = explain(known, armed, &found).expect("it fails").to_string();
    assert!(text.contains("ACKCAST_SCHEDULE='") && text.contains(&known.test_name()), "{text}");
}
