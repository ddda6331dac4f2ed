//! The run over the mutants can fail.

use super::{
    fates::{Effort, judge},
    sites::{mutant, survey},
};
use crate::{
    checks::catalogue::first_entry,
    hook::{Operator, Weaker},
    model::config::ModelConfig,
};

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
