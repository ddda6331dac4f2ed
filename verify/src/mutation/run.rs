//! The run over all mutants, and over the equivalents.

use super::{
    equivalents::{EQUIVALENTS, Equivalent, UNREACHED, excuse},
    fates::{Effort, Fate, judge},
    operators::mutants,
    sites::survey,
    tables::{add_to_report, mutants_table, sites_table},
};
use crate::{
    checks::catalogue::{entries, quick_checks},
    report::{
        label,
        labels::{self, Row},
    },
};

/// Every mutant dies, or is an equivalent that lives.
pub fn every_mutant_dies_or_has_a_reason() {
    let checks = quick_checks();
    let sites = survey(&checks);
    sites_table(&sites).must_be_documented();
    // An equivalent meets all short checks here, and all exhaustive checks below.
    let effort = |mutant| Effort { short: excuse(mutant).is_some(), ..Effort::default() };
    let all = mutants(&sites).into_iter();
    let fates: Vec<Fate> = all.map(|mutant| judge(mutant, &sites, &checks, effort(mutant))).collect();
    add_to_report(&fates);
    let survivors = fates.iter().filter(|fate| fate.killer.is_none());
    let (excused, survivors): (Vec<_>, Vec<_>) = survivors.partition(|fate| excuse(fate.mutant).is_some());
    println!("{} sites, {} mutants, {} equivalent", sites.seen.len(), fates.len(), excused.len());
    assert!(survivors.is_empty(), "these mutants survive: {survivors:#?}");
    for equivalent in EQUIVALENTS {
        let stands = excused.iter().any(|fate| equivalent.is(fate.mutant));
        assert!(stands, "this is no equivalent (any more), it dies or is gone: {equivalent:?}");
    }
    mutants_table(&fates).must_be_documented();
    let reached: Vec<_> = sites.seen.keys().map(|(site, _)| label(*site)).collect();
    for Row { label, .. } in labels::rows() {
        let excused = UNREACHED.iter().any(|&(unreached, _)| unreached == label);
        assert_ne!(reached.contains(&label), excused, "{label} is reached, or is excused");
    }
}

/// An equivalent lives in all exhaustive checks that reach it, within a limit on executions.
pub fn equivalent_lives(equivalent: &Equivalent) {
    const EXECUTIONS: u64 = if cfg!(loom) { 20_000 } else { 100 };
    let wanted = entries().into_iter().filter(|entry| entry.checker.is_exhaustive() && (cfg!(loom) || !entry.deep));
    let checks: Vec<_> = wanted.collect();
    let sites = survey(&checks);
    let effort = Effort { executions: Some(EXECUTIONS), ..Effort::default() };
    for mutant in mutants(&sites).into_iter().filter(|&mutant| equivalent.is(mutant)) {
        let killer = judge(mutant, &sites, &checks, effort).killer;
        assert!(killer.is_none(), "this is no equivalent: {mutant:?} dies: {killer:?}");
    }
}
