//! The assumption of [`WaitModel::Assume`]: not to explore a failed wait loses no outcome.
//!
//! Tested on cases that loom finishes with [`WaitModel::Yield`], too.

use crate::{
    case,
    checks::run::{Checker, check},
    events::Outcome,
    hook::{self, Armed, EXECUTION_LIMIT},
    model::{
        case::{Case, Shape},
        config::{ModelConfig, WaitModel},
    },
    scenarios::{come_and_go::*, flow::*, primitives::*, tries::*},
};
use std::collections::BTreeSet;

/// The outcomes that only one of the two reaches.
fn difference(assumed: &BTreeSet<Outcome>, yielded: &BTreeSet<Outcome>) -> Result<(), String> {
    let lost: Vec<_> = yielded.difference(assumed).collect();
    let made_up: Vec<_> = assumed.difference(yielded).collect();
    if lost.is_empty() && made_up.is_empty() {
        return Ok(());
    }
    Err(format!("assuming loses {lost:?} and makes up {made_up:?}"))
}

/// The executions and all outcomes of a case with this wait model.
fn outcomes(case: Case, waiting: WaitModel) -> (u64, BTreeSet<Outcome>) {
    let case = Case { config: ModelConfig { waiting, ..case.config }, ..case };
    let found = check(case, Checker::Loom, Armed::default());
    assert!(found.failure.is_none(), "{} {:?}: {:?}", case.name, case.config, found.failure);
    (found.executions, found.outcomes)
}

/// Cases that finish with `Yield`. Others do not, because two waiting threads yield to each other for ever.
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
        // No operation waits here, so both explorations are the same.
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

/// Negative twin: a side that stops early lacks outcomes.
#[test]
fn missing_outcome_is_noticed() {
    let case = case!(consumer_gets_every_message, "S2", Shape::new(2, 1, 1, 1), ModelConfig::ASSUME);
    let (_, all) = outcomes(case, WaitModel::Yield);
    let stopped = check(case, Checker::Loom, Armed { coverage: true, executions: Some(1), ..Armed::default() });
    hook::disarm();
    assert!(stopped.failure.is_some_and(|failure| failure.message.contains(EXECUTION_LIMIT)));
    let said = difference(&stopped.outcomes, &all).expect_err("an order is missing");
    assert!(said.starts_with("assuming loses [[[") && said.ends_with("makes up []"), "{said}");
    let said = difference(&all, &stopped.outcomes).expect_err("and the other way round");
    assert!(said.starts_with("assuming loses [] and makes up [[["), "{said}");
}
