//! Why each operation is as it is: every mutant of the shipping text against the graph checker, with the shortest
//! counterexample, or the reason why it is kept.

use crate::{
    checks::explain::must_pass,
    events::Outcome,
    graph::{
        self, Found,
        check::{GraphCheck, checks, explain},
        consistency::Model,
    },
    hook::{self, Armed, Kind, Mutant, Operator, Site, SiteCoverage},
    mutation::{
        equivalents::{EQUIVALENTS, Equivalent},
        operators::operators,
    },
    report::{counterexample::Counterexample, label},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// A check of at most so many graphs is small: all of them look for the shortest counterexample.
const SMALL: u64 = 1_000;

/// A check without a mutant.
struct Unharmed {
    check: GraphCheck,
    graphs: u64,
    outcomes: BTreeSet<Outcome>,
}

/// The sites of `src/`, and the checks that reach them, the smallest first.
pub struct Survey {
    checks: Vec<Unharmed>,
    reached: BTreeMap<(Site, Kind), (SiteCoverage, Vec<usize>)>,
}

impl fmt::Debug for Survey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Survey").field("sites", &self.reached.len()).finish_non_exhaustive()
    }
}

/// A mutant that dies.
#[derive(Clone, Debug)]
pub struct Killed {
    /// The check that kills it.
    pub check: String,
    /// The shortest counterexample. `None`: no execution fails, but an outcome is lost.
    pub counterexample: Option<Counterexample>,
    /// The outcome that is not reached any more, if that is all.
    pub lost: Option<String>,
    /// Whether that check fails under sequential consistency, too.
    pub under_sc: bool,
}

/// What became of a mutant.
#[derive(Clone, Debug)]
pub struct Fate {
    /// The label of its site.
    pub label: String,
    /// Its words.
    pub words: String,
    /// The mutant.
    pub mutant: Mutant,
    /// What kills it, if it dies.
    pub killed: Option<Killed>,
    /// Why it may live.
    pub excuse: Option<&'static Equivalent>,
}

/// The name of a change: `relaxed`, `drop`.
pub fn change(operator: Operator) -> String {
    match operator {
        Operator::Weaken(weaker) => format!("{weaker:?}").to_lowercase(),
        other => format!("{other:?}").to_lowercase(),
    }
}

impl Fate {
    /// The mutant's name: `E1-relaxed`.
    pub fn name(&self) -> String {
        format!("{}-{}", self.label, change(self.mutant.operator))
    }
}

impl Survey {
    /// Runs the quick checks once, with coverage.
    ///
    /// # Panics
    /// A check fails without a mutant: the counterexample is the panic's text.
    pub fn new() -> Self {
        Self::of(|check| !check.deep)
    }

    /// The same with the smallest checks only, by the numbers of docs/tables/graphs.md: they reach and kill almost all.
    pub fn small() -> Self {
        Self::of(|check| check.documented().is_some_and(|graphs| graphs <= SMALL))
    }

    fn of(is_wanted: fn(&GraphCheck) -> bool) -> Self {
        let mut reached = BTreeMap::<_, (SiteCoverage, Vec<usize>)>::new();
        let mut all = Vec::new();
        for check in checks().into_iter().filter(is_wanted) {
            hook::arm(Armed { coverage: true, ..Armed::default() });
            let found = check.run();
            let coverage = hook::disarm().1;
            must_pass(explain(&check, &found));
            let Found { counts, outcomes, .. } = found;
            all.push((Unharmed { check, graphs: counts.complete + counts.blocked, outcomes }, coverage));
        }
        all.sort_by_key(|(unharmed, _)| unharmed.graphs); // those of equal size stay in the catalogue's order
        for (number, (_, coverage)) in all.iter_mut().enumerate() {
            let ours = std::mem::take(coverage).into_iter().filter(|((site, _), _)| site.file.starts_with("src/"));
            for (place, seen) in ours {
                let entry = reached.entry(place).or_default();
                entry.0.order = seen.order;
                entry.0.names.extend(seen.names);
                entry.1.push(number);
            }
        }
        Self { checks: all.into_iter().map(|(unharmed, _)| unharmed).collect(), reached }
    }

    /// All mutants, by their labels: without their fates, which take longer to find.
    pub fn mutants(&self) -> Vec<(String, Mutant)> {
        let mutants = self.reached.iter().flat_map(|(&(site, kind), (seen, _))| {
            let all = operators(kind, seen.order).into_iter();
            all.map(move |operator| (label(site), Mutant { site, kind, operator }))
        });
        mutants.collect()
    }

    /// How a check goes, perhaps under a mutant: the failure, or the outcomes.
    fn run(&self, number: usize, mutant: Option<Mutant>, model: Model) -> Found {
        let check = self.checks[number].check;
        hook::arm(Armed { mutant, ..Armed::default() });
        let found = graph::explore(&check.case, graph::search::Rules { model, ..check.rules() });
        hook::disarm();
        found
    }

    /// What kills the mutant: of the small checks the one with the shortest counterexample, else the first one.
    pub fn fate(&self, label: String, mutant: Mutant) -> Fate {
        let (seen, reaching) = &self.reached[&(mutant.site, mutant.kind)];
        let excuse = EQUIVALENTS.iter().find(|equivalent| equivalent.is(mutant));
        let words = Vec::from_iter(seen.names.iter().copied()).join(", ");
        let mut best: Option<(usize, usize, Counterexample)> = None;
        let mut lost = None;
        for &number in reaching {
            let Unharmed { check, graphs, outcomes } = &self.checks[number];
            if *graphs > SMALL && (best.is_some() || lost.is_some() || excuse.is_some()) {
                break;
            }
            let found = self.run(number, Some(mutant), Model::Rc11);
            if let Some(counterexample) = explain(check, &found) {
                let length = counterexample.len();
                if best.as_ref().is_none_or(|&(shortest, ..)| length < shortest) {
                    best = Some((length, number, counterexample));
                }
            } else if lost.is_none() {
                lost = outcomes.difference(&found.outcomes).next().map(|outcome| (number, format!("{outcome:?}")));
            }
        }
        let fails_under_sc = |number: usize| self.run(number, Some(mutant), Model::Sc).failure.is_some();
        // An outcome that SC does not have without the mutant is not lost by it.
        let loses_under_sc = |number: usize| {
            let [without, with] = [None, Some(mutant)].map(|mutant| self.run(number, mutant, Model::Sc));
            with.failure.is_some() || !without.outcomes.is_subset(&with.outcomes)
        };
        let name = format!("{label}-{}", change(mutant.operator));
        let killed = match (best, &lost) {
            (Some((_, number, counterexample)), _) => {
                let check = self.checks[number].check.test_name();
                let found_by = format!("{} ({check})", counterexample.found_by);
                let next = format!("cargo test --test verify -- --exact {check} is the check.");
                let mutant = Some((label.clone(), mutant.operator));
                let counterexample = Counterexample { name, found_by, next, mutant, ..counterexample };
                let under_sc = fails_under_sc(number);
                Some(Killed { check, counterexample: Some(counterexample), lost: None, under_sc })
            }
            (None, Some((number, outcome))) => Some(Killed {
                check: self.checks[*number].check.test_name(),
                counterexample: None,
                lost: Some(outcome.clone()),
                under_sc: loses_under_sc(*number),
            }),
            (None, None) => None,
        };
        Fate { label, words, mutant, killed, excuse }
    }
}

impl Default for Survey {
    fn default() -> Self {
        Self::new()
    }
}
