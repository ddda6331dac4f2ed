//! The checks can fail, and the catalogue is as its pages say.

use super::{
    catalogue::{entries, first_entry},
    entry::{Entry, Witness},
    explain::passes,
    panics::panic_message,
    run::refused,
};
use crate::{
    case,
    events::event,
    model::{case::Shape, config::ModelConfig},
    report::pages::{self, row},
    scenarios::flow::end_is_last,
};
use std::collections::BTreeSet;

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

#[test]
fn variables_that_end_loom_early_are_refused() {
    for name in ["LOOM_MAX_PERMUTATIONS", "LOOM_MAX_DURATION", "LOOM_MAX_PREEMPTIONS", "LOOM_CHECKPOINT_FILE"] {
        let said = refused([name.to_owned()].into_iter()).expect("it is refused");
        assert!(said.contains(name) && said.contains("exhaustive"), "{said}");
    }
    assert_eq!(refused(["LOOM_LOG".to_owned(), "PATH".to_owned()].into_iter()), None);
}

/// What is missing or stale in the checks of `docs/tables/deep.md`.
fn deep_faults(page: &str, entries: &[Entry]) -> Vec<String> {
    let checks = page.split("## ").find(|section| section.starts_with("Checks\n")).unwrap_or_default();
    let mut rows: Vec<_> = checks.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
    let mut faults = Vec::new();
    for entry in entries {
        let case = &entry.case;
        let key = row(&[&case.name, &case.defends, &case.shape, &case.config]);
        match rows.iter().position(|row| row.starts_with(&key)) {
            Some(found) => drop(rows.swap_remove(found)),
            None => faults.push(format!("missing: {key}")),
        }
    }
    faults.extend(rows.iter().map(|row| format!("stale: {row}")));
    faults
}

#[test]
fn page_of_the_deep_run_has_each_check() {
    let page = pages::read("deep");
    let all = entries();
    let faults = deep_faults(&page, &all);
    assert!(faults.is_empty(), "ACKCAST_BLESS=1 in a deep run rewrites docs/tables/deep.md: {faults:#?}");
    assert_eq!(deep_faults(&page, &all[1..]).len(), 1, "a row too many is noticed");
    assert_eq!(deep_faults(&page.replacen("| consumer_gets_every_message |", "| other |", 1), &all).len(), 2);
}

#[test]
fn each_check_has_a_name_of_its_own() {
    let names: BTreeSet<_> = entries().iter().map(Entry::test_name).collect();
    assert_eq!(names.len(), entries().len());
    let plain = |name: &String| name.chars().all(|c| c.is_ascii_alphanumeric() || "_:".contains(c));
    assert!(names.iter().all(plain), "{names:#?}");
    assert!(names.contains("check::consumer_gets_every_message::1x3x2_on_1::assume"), "{names:#?}");
}
