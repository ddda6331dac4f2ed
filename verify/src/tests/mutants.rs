//! Every mutant dies, or is an equivalent that lives.

use super::{first_entry, mutant};
use crate::{
    catalogue::entries,
    config::ModelConfig,
    equivalents::{EQUIVALENTS, UNREACHED, excuse},
    hook::{Operator, Weaker},
    labels::{self, Row},
    mutants::{Effort, Fate, judge, label, mutants, quick_checks, survey},
    report,
};
use std::time::Instant;

#[test]
fn every_mutant_dies_or_has_a_reason() {
    let checks = quick_checks();
    let sites = survey(&checks);
    report::sites_table(&sites).must_be_documented();
    // An equivalent meets all short checks here, and all exhaustive checks below.
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

/// Every `parts`-th equivalent lives in all exhaustive checks that reach it, within a limit on executions.
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

/// Negative twin: the same effort kills a mutant that is no equivalent.
#[test]
fn ordinary_mutant_dies_within_the_bounds_of_equivalents() {
    let entry = first_entry("consumer_gets_every_message", ModelConfig::ASSUME);
    let sites = survey(&[entry]);
    let mutant = mutant(entry, "E1", Operator::Weaken(Weaker::Relaxed));
    let effort = |executions| Effort { executions: Some(executions), ..Effort::default() };
    assert!(judge(mutant, &sites, &[entry], effort(100)).killer.is_some());
    assert!(
        judge(mutant, &sites, &[entry], effort(0)).killer.is_none(),
        "a check that ends at its limit kills no mutant"
    );
}
