//! The assumption behind the config for safety: leaving a failed wait unexplored loses no outcome.
//!
//! Tested where an exploration that yields and looks again finishes, too.

use crate::{
    case,
    check::{Case, Checker, check},
    config::{ModelConfig, WaitModel},
    fixture::{Outcome, Shape},
    hook::{self, Armed, ENOUGH},
    scenarios::{come_and_go::*, flow::*, primitives::*, tries::*},
};
use std::collections::BTreeSet;

/// What one side reaches and the other does not.
fn difference(assumed: &BTreeSet<Outcome>, yielded: &BTreeSet<Outcome>) -> Result<(), String> {
    let lost: Vec<_> = yielded.difference(assumed).collect();
    let made_up: Vec<_> = assumed.difference(yielded).collect();
    if lost.is_empty() && made_up.is_empty() {
        return Ok(());
    }
    Err(format!("assuming loses {lost:?} and makes up {made_up:?}"))
}

/// All outcomes of a case, waiting in this way.
fn outcomes(case: Case, waiting: WaitModel) -> (u64, BTreeSet<Outcome>) {
    let case = Case { config: ModelConfig { waiting, ..case.config }, ..case };
    let found = check(case, Checker::Loom, Armed::default());
    assert!(found.failure.is_none(), "{} {:?}: {:?}", case.name, case.config, found.failure);
    (found.executions, found.outcomes)
}

/// Those that finish while they yield: where two sleep at once, they yield to one another for ever.
fn cases() -> Vec<Case> {
    let shape = Shape::new;
    let (plain, fenced) = (ModelConfig::ASSUME, ModelConfig::ASSUME_FENCED);
    vec![
        case!(consumer_gets_every_message, "S2", shape(1, 1, 2, 1), plain),
        case!(consumer_gets_every_message, "S2", shape(1, 1, 2, 2), plain),
        case!(consumer_gets_every_message, "S2", shape(2, 1, 1, 1), plain),
        case!(consumer_gets_every_message, "S2", shape(2, 1, 1, 2), plain),
        case!(kept_message_is_received_again, "S3", shape(1, 1, 2, 1), plain),
        case!(end_is_last, "S5", shape(1, 1, 1, 1), plain),
        case!(consumers_get_the_first_message, "S2", shape(1, 1, 1, 1), fenced),
        case!(lock_has_one_holder_at_a_time, "S4", shape(2, 1, 1, 1), ModelConfig::WORD_LOCK),
        // Nobody waits here, so the two are the same exploration.
        case!(participants_try_without_waiting, "S2", shape(1, 1, 2, 1), plain),
        case!(participants_try_without_waiting, "S2", shape(2, 1, 1, 1), plain),
    ]
}

#[test]
fn assuming_loses_no_outcome() {
    for case in cases() {
        let (a, assumed) = outcomes(case, WaitModel::Assume);
        let (y, yielded) = outcomes(case, WaitModel::Yield);
        let (what, count) = (format!("{} {} [{}]", case.name, case.shape, case.config), assumed.len());
        println!("{what}: {a} executions assuming, {y} yielding, {count} outcomes");
        assert!(a <= y, "{what}: assuming saves executions");
        assert_eq!(difference(&assumed, &yielded), Ok(()), "{what}");
    }
}

/// The comparison can fail: a side that stops early has not reached what the other has.
#[test]
fn missing_outcome_is_noticed() {
    let case = case!(consumer_gets_every_message, "S2", Shape::new(2, 1, 1, 1), ModelConfig::ASSUME);
    let (_, all) = outcomes(case, WaitModel::Yield);
    let stopped = check(case, Checker::Loom, Armed { coverage: true, executions: Some(1), ..Armed::default() });
    hook::disarm();
    assert!(stopped.failure.is_some_and(|failure| failure.message.contains(ENOUGH)));
    let said = difference(&stopped.outcomes, &all).expect_err("one order is missing");
    assert!(said.starts_with("assuming loses [[[") && said.ends_with("makes up []"), "{said}");
    let said = difference(&all, &stopped.outcomes).expect_err("and the other way round");
    assert!(said.starts_with("assuming loses [] and makes up [[["), "{said}");
}
