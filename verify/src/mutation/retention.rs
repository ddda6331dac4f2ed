//! The mistakes that retained messages invite. Each must die, by graphs and by loom.

use super::sites::mutant;
use crate::{
    case,
    checks::{
        entry::Entry,
        run::{Checker, check},
    },
    graph::{self, search::Rules},
    hook::{self, Armed, Mutant, Operator},
    model::{
        case::{Case, Shape},
        config::ModelConfig,
    },
    scenarios::late_reader::*,
};

/// One producer, a late reader alone, 3 messages on 2 slots, of which 1 message is retained.
const SHAPE: Shape = Shape::new(1, 1, 3, 2).retaining(1);

fn right() -> Case {
    case!(late_reader_gets_what_is_retained, "S2 S3", SHAPE, ModelConfig::ASSUME_FENCED)
}

/// How the case fails by graphs, and by loom.
fn failures(case: &Case, mutant: Option<Mutant>) -> [Option<String>; 2] {
    hook::arm(Armed { mutant, ..Armed::default() });
    let by_graphs = graph::explore(case, Rules::default()).failure;
    hook::disarm();
    let by_loom = check(*case, Checker::Loom, Armed { mutant, ..Armed::default() }).failure;
    hook::disarm();
    [by_graphs.map(|(why, _)| why), by_loom.map(|failure| failure.message)]
}

fn must_die(what: &str, case: &Case, mutant: Option<Mutant>) {
    let failures = failures(case, mutant);
    println!("{what}: {failures:?}");
    // Two accesses race, or a message is not there, or the reader finds that the writer is more than a ring ahead.
    let signs = ["data race", "Concurrent", "S2: ", "is not acknowledged and there are 2 slots"];
    for why in failures {
        let why = why.expect("graphs notice it, and loom does");
        assert!(signs.iter().any(|sign| why.contains(sign)), "{what}: {why}");
    }
}

#[test]
fn right_text_passes() {
    assert_eq!(failures(&right(), None), [None, None]);
}

/// The lowest acknowledgement starts at `n`, not at `n - retain`.
#[test]
fn writer_that_retains_nothing_is_noticed() {
    let config = ModelConfig::ASSUME_FENCED;
    let case = case!(late_reader_of_writers_that_retain_nothing, "S2 S3", SHAPE, config);
    must_die("the writers retain nothing", &case, None);
}

/// The start is `published - retain - 1`, and so is the announced acknowledgement.
#[test]
fn reader_that_starts_one_too_early_is_noticed() {
    let case = case!(late_reader_that_goes_too_far_back, "S2 S3", SHAPE, ModelConfig::ASSUME_FENCED);
    must_die("the reader goes too far back", &case, None);
}

/// E3b announces what E2b counts, and not the oldest retained message.
#[test]
fn announced_acknowledgement_above_the_start_is_noticed() {
    let case = right();
    let raised = mutant(Entry::new(case, &[("any", |_, _| true)]), "E3b", Operator::Raise(1));
    must_die("E3b is too high", &case, Some(raised));
}

/// Without J, writer and reader may miss each other.
#[test]
fn late_reader_without_its_fence_is_noticed() {
    let case = right();
    let dropped = mutant(Entry::new(case, &[("any", |_, _| true)]), "J", Operator::Drop);
    must_die("J is dropped", &case, Some(dropped));
}

/// Negative twin of the judgement: a reader that starts at the next message does not get what is retained.
#[test]
fn reader_that_starts_too_late_is_noticed() {
    let case = case!(late_reader_that_starts_at_the_next, "S2", SHAPE, ModelConfig::ASSUME_FENCED);
    must_die("the reader starts too late", &case, None);
}
