//! A sweep can fail.

use super::sweep::{check_with_deaths, happened, name, survivors};
use crate::{
    checks::run::{Checker, check},
    hook::{Armed, Crash, Mutant, Operator, disarm},
    model::case::Case,
    mutation::sites::labelled,
};

/// The mutant with this operator at the site with this label, which `case` must reach.
fn mutant(case: Case, crashes: &[Crash], label: &str, operator: Operator) -> Mutant {
    let armed = Armed { coverage: true, executions: Some(500), crashes: crashes.to_vec(), ..Armed::default() };
    drop(check(case, Checker::Loom, armed));
    let (_, seen) = disarm();
    let (site, kind) = labelled(seen.keys(), label);
    Mutant { site, kind, operator }
}

/// The first step of a participant at which a death reveals the mutant, and the failure.
fn revealed_at(case: Case, participant: u32, mutant: Mutant) -> Option<(u32, String)> {
    for step in 0.. {
        let crashes = [Crash { participant, step }];
        let found = check_with_deaths(case, &crashes, Some(mutant));
        if let Some(failure) = &found.failure {
            return Some((step, failure.message.clone()));
        }
        if !happened(&found, &crashes) {
            break;
        }
    }
    None
}

/// A step of recovery is missing: no check without deaths fails, and the sweep does.
#[test]
fn sweep_reveals_missing_recovery() {
    let case = survivors(1, 1, 2, 1);
    let consumer_dies = [Crash { participant: 0, step: 0 }];
    let evict = mutant(case, &consumer_dies, "X12", Operator::Drop);
    let claim = mutant(case, &[], "X11", Operator::Drop);
    for (mutant, victim) in [(evict, 0), (claim, 1)] {
        let unharmed = check_with_deaths(case, &[], Some(mutant));
        assert!(unharmed.failure.is_none(), "without a death the mutant lives: {:?}", unharmed.failure);
        let (step, how) = revealed_at(case, victim, mutant).expect("the sweep finds it");
        println!("{} [{:?}]: {} dies at step {step}: {how}", mutant.site, mutant.operator, name(&case, victim));
    }
}
