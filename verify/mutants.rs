//! Every site found × every operator: each mutant must die, or be an equivalent with a reason.

use crate::{
    catalogue::{Entry, entries},
    check::check,
    hook::{self, Armed, Kind, Mutant, Operator, Site, SiteCoverage, Weaker},
    labels,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering,
    time::Duration,
};

/// A site and what it does there.
pub type Place = (Site, Kind);

/// The sites of `src/` that the quick checks reach, and which checks reach them.
#[derive(Debug, Default)]
pub struct Sites {
    pub seen: BTreeMap<Place, SiteCoverage>,
    pub reached_by: BTreeMap<Place, Vec<usize>>,
    /// How long each check takes unmutated; the longest possible time if long.
    pub times: Vec<Duration>,
}

/// Runs every quick check once, with coverage.
pub fn survey(checks: &[Entry]) -> Sites {
    let mut sites = Sites::default();
    for (index, entry) in checks.iter().enumerate() {
        // The first executions reach every site that a check reaches.
        let armed = Armed { coverage: true, executions: Some(500), ..Armed::default() };
        let report = check(entry.case, entry.checker, armed);
        let long = report.failure.as_ref().is_some_and(|failure| failure.message == hook::ENOUGH);
        assert!(long || report.failure.is_none(), "{} fails unmutated: {:?}", entry.case.name, report.failure);
        let (_, coverage) = hook::disarm();
        sites.times.push(if long { Duration::MAX } else { report.time });
        for (place, seen) in coverage.into_iter().filter(|((site, _), _)| site.file.starts_with("src/")) {
            sites.reached_by.entry(place).or_default().push(index);
            let all = sites.seen.entry(place).or_default();
            all.names.extend(seen.names);
            all.order = seen.order;
            all.count += seen.count;
        }
    }
    for reaching in sites.reached_by.values_mut() {
        reaching.sort_by_key(|&index| sites.times[index]);
    }
    sites
}

/// The quick checks.
pub fn quick_checks() -> Vec<Entry> {
    entries().into_iter().filter(|entry| !entry.deep).collect()
}

/// The operators that apply.
pub fn operators(kind: Kind, order: Option<Ordering>) -> Vec<Operator> {
    use Operator::{Drop, Lighten, Skip, Split, Weaken};
    let weaker = match order {
        Some(Ordering::SeqCst) if matches!(kind, Kind::LightFence | Kind::HeavyFence) => vec![Weaker::AcqRel],
        Some(Ordering::Acquire | Ordering::Release) => vec![Weaker::Relaxed],
        Some(Ordering::AcqRel) => vec![Weaker::Acquire, Weaker::Release],
        _ => vec![],
    };
    let mut all: Vec<Operator> = weaker.into_iter().map(Weaken).collect();
    all.extend(match kind {
        Kind::Store | Kind::LightFence | Kind::Notify | Kind::Unlock | Kind::Wake => vec![Drop],
        Kind::HeavyFence => vec![Drop, Lighten],
        Kind::Swap | Kind::Exchange => vec![Drop, Split],
        Kind::Wait | Kind::Lock | Kind::Inherit => vec![Skip],
        // A load has only its ordering; a park may return early by contract; plain memory is
        // the payload; and what the kernel knows is not the protocol's.
        Kind::Load | Kind::Park | Kind::Read | Kind::Write | Kind::Claim | Kind::Release | Kind::Alive => vec![],
    });
    all
}

/// All mutants of the sites.
pub fn mutants(sites: &Sites) -> Vec<Mutant> {
    let places = sites.seen.iter();
    places
        .flat_map(|(&(site, kind), seen)| {
            operators(kind, seen.order).into_iter().map(move |operator| Mutant { site, kind, operator })
        })
        .collect()
}

/// What became of a mutant.
#[derive(Clone, Debug)]
pub struct Fate {
    pub mutant: Mutant,
    /// The words it concerns.
    pub words: BTreeSet<&'static str>,
    /// The check that killed it, in which of its executions, and how.
    pub killer: Option<(Entry, u64, String)>,
}

/// A mutant that changes nothing that matters: its site's label, and why.
#[derive(Debug)]
pub struct Equivalent {
    pub label: &'static str,
    pub operator: Operator,
    pub reason: &'static str,
}

/// The label of a site; its file and line if it has none.
pub fn label(site: Site) -> String {
    labels::at(site.file, site.line).map_or_else(|| site.to_string(), |found| found.label)
}

/// The site with this label among those seen, and what it does there.
pub fn labelled<'a>(seen: impl Iterator<Item = &'a Place>, wanted: &str) -> Place {
    let found: Vec<_> = seen.filter(|(site, _)| label(*site) == wanted).collect();
    match found[..] {
        [&place] => place,
        _ => panic!("not one site {wanted}: {found:?}"),
    }
}

impl Equivalent {
    pub fn is(&self, mutant: Mutant) -> bool {
        mutant.operator == self.operator && label(mutant.site) == self.label
    }
}

/// How long to try.
#[derive(Clone, Copy, Debug, Default)]
pub struct Effort {
    /// Only those checks that take no longer than a second, unmutated.
    pub short: bool,
    /// Of each check at most so many executions.
    pub executions: Option<u64>,
}

/// Tries the checks on a mutant until one kills it: those first that take least.
pub fn judge(mutant: Mutant, sites: &Sites, checks: &[Entry], effort: Effort) -> Fate {
    let Effort { short, executions } = effort;
    let reaching = sites.reached_by.get(&(mutant.site, mutant.kind));
    let words = sites.seen.get(&(mutant.site, mutant.kind)).map(|seen| seen.names.clone()).unwrap_or_default();
    let wanted = |&&index: &&usize| !short || sites.times[index] <= Duration::from_secs(1);
    for &index in reaching.into_iter().flatten().filter(wanted) {
        let entry = checks[index];
        let report = check(entry.case, entry.checker, Armed { mutant: Some(mutant), executions, ..Armed::default() });
        hook::disarm();
        let how = match &report.failure {
            Some(failure) if failure.message == hook::ENOUGH => continue,
            Some(failure) => Some(failure.message.clone()),
            // That a few schedules do not reach something is no proof.
            None if !entry.checker.is_exhaustive() => None,
            None => entry.unreached(&report).map(|what| format!("not reached any more: {what}")),
        };
        if let Some(how) = how {
            return Fate { mutant, words, killer: Some((entry, report.executions, how)) };
        }
    }
    Fate { mutant, words, killer: None }
}
