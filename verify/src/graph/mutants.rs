//! Every mutant of the shipping text, against the graph checker alone.

use super::{Found, check::GraphCheck, check::checks};
use crate::{
    events::Outcome,
    hook::{self, Armed, Kind, Mutant, Site, SiteCoverage},
    mutation::{equivalents::excuse, operators::operators},
    report::{
        label, labels,
        pages::{Table, row},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// A check without a mutant.
struct Unharmed {
    check: GraphCheck,
    time: Duration,
    outcomes: BTreeSet<Outcome>,
}

/// What a site is, and the checks that reach it, the shortest first.
type Reached = BTreeMap<(Site, Kind), (SiteCoverage, Vec<usize>)>;

/// Runs the checks once, with coverage.
fn survey() -> (Vec<Unharmed>, Reached) {
    let mut all: Vec<_> = checks()
        .into_iter()
        .filter(|check| !check.deep)
        .map(|check| {
            hook::arm(Armed { coverage: true, ..Armed::default() });
            let Found { time, outcomes, failure, .. } = check.run();
            assert!(failure.is_none(), "{} fails unmutated: {failure:?}", check.test_name());
            (Unharmed { check, time, outcomes }, hook::disarm().1)
        })
        .collect();
    all.sort_by_key(|(unharmed, _)| unharmed.time);
    let mut reached = Reached::new();
    for (number, (_, coverage)) in all.iter_mut().enumerate() {
        for (place, seen) in std::mem::take(coverage).into_iter().filter(|((site, _), _)| site.file.starts_with("src/"))
        {
            let entry = reached.entry(place).or_default();
            entry.0.order = seen.order;
            entry.0.names.extend(seen.names);
            entry.1.push(number);
        }
    }
    (all.into_iter().map(|(unharmed, _)| unharmed).collect(), reached)
}

/// The check that kills the mutant, and how.
fn killer<'c>(mutant: Mutant, reached: &[usize], checks: &'c [Unharmed]) -> Option<(&'c GraphCheck, String)> {
    // A survivor with a reason meets the short checks; `equivalents` has it meet others.
    let most = if excuse(mutant).is_some() { Duration::from_millis(200) } else { Duration::MAX };
    reached.iter().map(|&number| &checks[number]).filter(|unharmed| unharmed.time <= most).find_map(|unharmed| {
        hook::arm(Armed { mutant: Some(mutant), ..Armed::default() });
        let found = unharmed.check.run();
        hook::disarm();
        let lost = unharmed.outcomes.difference(&found.outcomes).next();
        let lost = lost.map(|outcome| format!("outcome {outcome:?} is not reached any more"));
        let how = found.failure.map(|(why, _)| why).or(lost)?;
        Some((&unharmed.check, how))
    })
}

/// Every mutant dies by graphs alone, or is an equivalent that lives.
pub fn every_mutant_dies_by_graphs_or_has_a_reason() {
    let (checks, reached) = survey();
    let (mut rows, mut survivors) = (Vec::new(), Vec::new());
    for (&(site, kind), (seen, reaching)) in &reached {
        for operator in operators(kind, seen.order) {
            let mutant = Mutant { site, kind, operator };
            let killer = killer(mutant, reaching, &checks);
            let fate = match (&killer, excuse(mutant)) {
                (Some((check, how)), None) => {
                    let how: String = how.lines().next().unwrap_or_default().chars().take(70).collect();
                    format!("{}: {}", check.test_name().trim_start_matches("graph::"), how.replace('|', "/"))
                }
                (None, Some(reason)) => format!("equivalent: {reason}"),
                (Some(killer), Some(_)) => panic!("{mutant:?} is no equivalent: {killer:?}"),
                (None, None) => {
                    survivors.push((label(site), operator));
                    String::new()
                }
            };
            let words = Vec::from_iter(seen.names.iter().copied()).join(", ");
            rows.push((
                position(&label(site)),
                row(&[&label(site), &words, &format!("{operator:?}")]),
                format!(" {fate} |"),
            ));
        }
    }
    println!("{} sites, {} mutants, {} survivors without a reason", reached.len(), rows.len(), survivors.len());
    assert!(survivors.is_empty(), "these mutants survive: {survivors:?}");
    rows.sort();
    let rows = rows.into_iter().map(|(_, key, fate)| (key, fate)).collect();
    let (name, title) = ("graph_mutants", "Mutants, and what killed them by graphs alone");
    Table { name, title, head: "| label | word | mutation | fate |", rows }.must_be_documented();
}

/// The place of a label in the table of labels.
fn position(label: &str) -> usize {
    labels::rows().iter().position(|row| row.label == label).unwrap_or(usize::MAX)
}
