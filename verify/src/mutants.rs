//! Every site × every operator: each mutant must die, or be an equivalent with a reason.

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

/// A site and the kind of its operation.
pub type Place = (Site, Kind);

/// The sites of `src/` that the quick checks reach, and which checks reach them.
#[derive(Debug, Default)]
pub struct Sites {
    pub seen: BTreeMap<Place, SiteCoverage>,
    pub reached_by: BTreeMap<Place, Vec<usize>>,
    /// The time of each check without a mutant; `Duration::MAX` if it ran into its limit on executions.
    pub times: Vec<Duration>,
}

/// Runs every quick check once, with coverage.
pub fn survey(checks: &[Entry]) -> Sites {
    let mut sites = Sites::default();
    for (index, entry) in checks.iter().enumerate() {
        // A check reaches all its sites in the first executions.
        let armed = Armed { coverage: true, executions: Some(500), ..Armed::default() };
        let report = check(entry.case, entry.checker, armed);
        let long = report.failure.as_ref().is_some_and(|failure| failure.message == hook::EXECUTION_LIMIT);
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

/// The operators that apply to an operation.
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
        // A load has only its ordering. A park may return early by contract. Plain memory is the payload. The kernel's
        // knowledge is not the protocol's.
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

/// The fate of a mutant.
#[derive(Clone, Debug)]
pub struct Fate {
    pub mutant: Mutant,
    /// The words that it concerns.
    pub words: BTreeSet<&'static str>,
    /// The check that killed it, in which of its executions, and how.
    pub killer: Option<(Entry, u64, String)>,
}

/// A mutant that violates no property: its site's label, and the reason.
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

/// The site with this label among those seen.
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

/// A limit on the checks of a mutant.
#[derive(Clone, Copy, Debug, Default)]
pub struct Effort {
    /// Only the checks that take at most a second without a mutant.
    pub short: bool,
    /// Most executions of each check.
    pub executions: Option<u64>,
}

/// Runs the checks with a mutant, the shortest first, until a check kills it.
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
            Some(failure) if failure.message == hook::EXECUTION_LIMIT => continue,
            Some(failure) => Some(failure.message.clone()),
            // A sample that lacks a witness proves nothing.
            None if !entry.checker.is_exhaustive() => None,
            None => entry.unreached(&report).map(|what| format!("not reached any more: {what}")),
        };
        if let Some(how) = how {
            return Fate { mutant, words, killer: Some((entry, report.executions, how)) };
        }
    }
    Fate { mutant, words, killer: None }
}
