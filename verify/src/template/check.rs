//! What the checkers do with a protocol: all graphs, schedules, then each mutant. It is compiled once for all protocols.

use super::{
    Fault, Protocol, Witness, case, count,
    report::{Account, Fate, Report},
};
use crate::{
    checks::run::{Checker, check as check_by, trace},
    events::Outcome,
    graph::{self, search::Rules},
    hook::{self, Armed, Kind, Mutant, SiteCoverage, Step},
    model::case::Case,
    mutation::operators::operators,
    report::counterexample::Counterexample,
};
use std::collections::{BTreeMap, BTreeSet};

/// A protocol without its type.
#[derive(Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) case: Case,
    pub(crate) by_schedules: bool,
    rules: Rules,
    participants: u32,
    witnesses: fn() -> Vec<Witness>,
}

impl Scenario {
    pub(crate) fn of<P: Protocol>() -> Self {
        let rules = Rules { deaths: P::DEATHS, victims: P::VICTIMS, ..Rules::default() };
        let (case, participants) = (case::<P>(), count::<P>());
        Self { case, by_schedules: P::BY_SCHEDULES, rules, participants, witnesses: P::witnesses }
    }

    /// Explores all graphs, up to the first failure.
    pub(crate) fn by_graphs(&self) -> graph::Found {
        graph::explore(&self.case, self.rules)
    }
}

/// A failure with its execution.
fn fails(case: &Case, checker: &str, after: u64, why: &str, steps: &[Step]) -> Fault {
    let found_by = format!("{checker}, execution {after}");
    let counterexample = Counterexample::new(case.name.into(), *case, found_by, why, steps);
    Fault::Fails { checker: checker.into(), counterexample: Box::new(counterexample) }
}

/// See [`check`](super::check).
pub(crate) fn check_scenario(scenario: &Scenario) -> Result<Report, Fault> {
    let Scenario { case, by_schedules, participants, .. } = *scenario;
    let (participants, witnesses) = (participants as usize, (scenario.witnesses)());
    let most = if by_schedules { loom::MAX_THREADS } else { graph::clock::PARTICIPANTS };
    match participants {
        0 => return Err(Fault::NoParticipant),
        _ if participants > most => return Err(Fault::TooMany { participants, most }),
        _ if witnesses.is_empty() => return Err(Fault::NoWitness),
        _ => {}
    }
    let mut report = Report::new(case.name);
    hook::arm(Armed { coverage: true, ..Armed::default() });
    let found = scenario.by_graphs();
    let sites = hook::disarm().1;
    if let Some((why, steps)) = found.failure {
        return Err(fails(&case, "graphs", found.counts.complete + found.counts.blocked + 1, &why, &steps));
    }
    let mut account = |checker: &str, executions, seconds, outcomes| {
        report.accounts.push(Account { checker: checker.into(), executions, seconds, outcomes });
    };
    account("graphs", found.counts.complete, found.time.as_secs_f64(), found.outcomes.len());
    if let Some(&(witness, _)) = witnesses.iter().find(|(_, is)| !found.outcomes.iter().any(is)) {
        return Err(Fault::Unreached { witness, outcomes: found.outcomes.into_iter().collect() });
    }
    if by_schedules {
        for (name, checker) in [
            ("loom", Checker::Loom),
            ("shuttle, random", Checker::Random(500, 1)),
            ("shuttle, PCT", Checker::Pct(500, 1)),
        ] {
            let found = check_by(case, checker, Armed::default());
            if let Some(failure) = &found.failure {
                let steps = trace(case, checker, Armed::default(), &found);
                return Err(fails(&case, name, found.executions, &failure.message, &steps));
            }
            account(name, found.executions, found.time.as_secs_f64(), found.outcomes.len());
        }
    }
    let known = found.outcomes;
    // The system's own steps are not the protocol's.
    let own = sites.into_iter().filter(|((_, kind), _)| !matches!(kind, Kind::Claim | Kind::Release));
    let own: BTreeMap<_, _> = own.collect();
    report.sites = own.len();
    for ((site, kind), seen) in own {
        for operator in operators(kind, seen.order) {
            let mutant = Mutant { site, kind, operator };
            report.fates.push(fate(scenario, mutant, &seen, &known));
        }
    }
    Ok(report)
}

/// Runs the protocol with a mutant.
fn fate(scenario: &Scenario, mutant: Mutant, seen: &SiteCoverage, known: &BTreeSet<Outcome>) -> Fate {
    let case = &scenario.case;
    let words = Vec::from_iter(seen.names.iter().copied()).join(", ");
    let armed = || Armed { mutant: Some(mutant), ..Armed::default() };
    hook::arm(armed());
    let found = scenario.by_graphs();
    hook::disarm();
    if let Some((why, steps)) = found.failure {
        let name = format!("{}.{}.{:?}", case.name, mutant.site.line, mutant.operator);
        let counterexample = Some(Counterexample::new(name, *case, "graphs".into(), &why, &steps));
        let why = why.lines().next().unwrap_or_default().to_owned();
        return Fate { mutant, words, killer: Some(("graphs".into(), why)), counterexample };
    }
    let lost =
        (scenario.witnesses)().into_iter().find(|(_, is)| known.iter().any(is) && !found.outcomes.iter().any(is));
    if let Some((witness, _)) = lost {
        let how = format!("it is not reached any more that {witness}");
        return Fate { mutant, words, killer: Some(("graphs".into(), how)), counterexample: None };
    }
    if scenario.by_schedules {
        let found = check_by(*case, Checker::Loom, armed());
        hook::disarm();
        if let Some(failure) = found.failure {
            let how = failure.message.lines().next().unwrap_or_default().to_owned();
            return Fate { mutant, words, killer: Some(("loom".into(), how)), counterexample: None };
        }
    }
    Fate { mutant, words, killer: None, counterexample: None }
}
