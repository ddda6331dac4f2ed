//! The sites of `src/`, found by running checks.

use crate::{
    checks::{entry::Entry, run::check},
    hook::{self, Armed, Kind, Mutant, Operator, Site, SiteCoverage},
    report::label,
};
use std::{collections::BTreeMap, time::Duration};

/// A site and the kind of its operation.
pub type Place = (Site, Kind);

/// The sites of `src/` that the quick checks reach, and which checks reach them.
#[derive(Debug, Default)]
pub struct Sites {
    /// What the checks saw of each site.
    pub seen: BTreeMap<Place, SiteCoverage>,
    /// The indices of the checks that reach each site, the shortest check first.
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

/// The site with this label among those seen.
pub fn labelled<'a>(seen: impl Iterator<Item = &'a Place>, wanted: &str) -> Place {
    let found: Vec<_> = seen.filter(|(site, _)| label(*site) == wanted).collect();
    match found[..] {
        [&place] => place,
        _ => panic!("not one site {wanted}: {found:?}"),
    }
}

/// The mutant with this operator at the site with this label.
pub fn mutant(entry: Entry, label: &str, operator: Operator) -> Mutant {
    let sites = survey(&[entry]);
    let (site, kind) = labelled(sites.seen.keys(), label);
    Mutant { site, kind, operator }
}
