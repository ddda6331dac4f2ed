//! The fate of a mutant: the check that kills it, or none.

use super::sites::Sites;
use crate::{
    checks::{entry::Entry, run::check},
    hook::{self, Armed, Mutant},
};
use std::{collections::BTreeSet, time::Duration};

/// The fate of a mutant.
#[derive(Clone, Debug)]
pub struct Fate {
    /// The mutant.
    pub mutant: Mutant,
    /// The words that it concerns.
    pub words: BTreeSet<&'static str>,
    /// The check that killed it, in which of its executions, and how.
    pub killer: Option<(Entry, u64, String)>,
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
