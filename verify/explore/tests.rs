//! Whether the explorer finds what others find, and whether it can fail.

use super::{
    Explored, Found, Rules, explore, explore_by,
    locals::TOO_MUCH,
    replay::{Forgets, Scenario},
    state::Omitted,
    sweep::{deaths, deaths_and, survivors},
};
use crate::{
    case,
    check::{Case, Checker, check},
    config::{ModelConfig, WaitModel},
    fixture::{Outcome, Shape, event},
    hook::{self, Armed, Crash, Kind, Mutant, Operator, Site},
    mutants::labelled,
    scenarios::{
        deaths::dead_owner_is_replaced,
        flow::end_is_last,
        survivors::{Late, survivors_agree},
        tries::participants_try_without_waiting,
    },
};
use std::collections::BTreeSet;

/// A scenario of the oracle's with its body for the explorer.
type Both = (Case, fn(&Case));

fn oracle() -> Vec<Both> {
    let (shape, parked) = (Shape::new, ModelConfig { waiting: WaitModel::Park, ..ModelConfig::ASSUME });
    vec![
        (
            case!(participants_try_without_waiting, "S2 S3", shape(1, 1, 1, 1), parked),
            participants_try_without_waiting::<Explored>,
        ),
        (
            case!(participants_try_without_waiting, "S2 S3", shape(2, 0, 1, 1), parked),
            participants_try_without_waiting::<Explored>,
        ),
        (case!(end_is_last, "S5", shape(2, 0, 1, 1), parked), end_is_last::<Explored>),
        (case!(dead_owner_is_replaced, "C2", shape(2, 0, 1, 1), parked), dead_owner_is_replaced::<Explored>),
    ]
}

/// The outcomes are those of every schedule, one by one; a fingerprint with a hole loses some.
#[test]
fn explorer_finds_what_every_schedule_finds() {
    let mut blind = 0;
    for (case, body) in oracle() {
        let by_all = check(case, Checker::Dfs, Armed::default());
        let explored = |omits| explore(&|| body(&case), Rules { omits, ..Rules::default() });
        let found = explored(None);
        assert!(by_all.failure.is_none() && found.failure.is_none(), "{case}: {:?}", found.failure);
        println!("{case}: {} schedules, {} states, {} outcomes", by_all.executions, found.states, found.outcomes.len());
        assert!(by_all.outcomes.len() > 1, "{case}: one outcome says nothing");
        assert_eq!(by_all.outcomes, found.outcomes, "{case}");
        let lost = |omitted| explored(Some(omitted)).outcomes.len() < found.outcomes.len();
        blind += (0..found.places.len()).filter(|&participant| lost(Omitted::Place(participant))).count();
    }
    assert!(blind > 0, "where a participant stands matters");
}

/// Of all points, what loom finds in all executions.
fn by_loom(case: Case, participants: u32) -> BTreeSet<Outcome> {
    let mut all = BTreeSet::new();
    for participant in 0..participants {
        for step in 0.. {
            let crashes = vec![Crash { participant, step }];
            let found = check(case, Checker::Loom, Armed { crashes, ..Armed::default() });
            hook::disarm();
            assert!(found.failure.is_none(), "{:?}", found.failure);
            let before = all.len();
            let died = found.outcomes.iter().any(|outcome| outcome[participant as usize] == [event::DIED]);
            all.extend(found.outcomes);
            if !died && all.len() == before {
                break;
            }
        }
    }
    all
}

/// With a death at each step, too: one point after the other by loom, all together here.
#[test]
fn explorer_finds_what_loom_finds_at_every_crash_point() {
    for case in [survivors(1, 1, 1, 1), survivors(1, 1, 1, 2), survivors(1, 1, 2, 1), survivors(2, 1, 0, 1)] {
        let assumed = Case { config: ModelConfig::ASSUME, ..case };
        let (loom, found) = (by_loom(assumed, case.shape.consumers + case.shape.producers), deaths(&case, 1));
        println!("{}: {} outcomes by loom, {} here", case.shape, loom.len(), found.outcomes.len());
        assert_eq!(loom, found.outcomes, "{}", case.shape);
    }
}

/// What is left out of a fingerprint is missed: where a participant stands, or what all share.
#[test]
fn incomplete_fingerprint_loses_outcomes() {
    let case = survivors(1, 1, 1, 1);
    let omitting = |omits| {
        let rules = Rules { deaths: 1, omits, ..Rules::default() };
        explore(&|| survivors_agree::<Explored>(&case), rules)
    };
    let whole = omitting(None);
    for hole in [Omitted::Place(0), Omitted::Place(1), Omitted::Words] {
        let found = omitting(Some(hole));
        println!("without {hole:?}: {} states of {}", found.states, whole.states);
        assert!(found.states < whole.states && found.outcomes != whole.outcomes, "{hole:?}");
    }
}

fn forgetting(case: &Case, forgets: Forgets, deaths: u8) -> Found {
    let body = || survivors_agree::<Explored>(case);
    explore_by(Scenario { body: &body, forgets }, Rules { deaths, shows: true, ..Rules::default() })
}

/// What is forgotten makes no difference: with whole histories there are more states, but none that
/// looks different from outside, that is, in the memory and in what everybody does next.
#[test]
fn forgetting_steps_loses_no_state() {
    for case in [survivors(1, 1, 1, 1), survivors(1, 1, 2, 1), survivors(2, 1, 0, 1)] {
        let [whole, forgot] = [Forgets::Nothing, Forgets::Steps].map(|forgets| forgetting(&case, forgets, 0));
        println!("{}: {} states with whole histories, {} without", case.shape, whole.states, forgot.states);
        assert!(whole.failure.is_none() && whole.states > forgot.states);
        assert_eq!((&whole.outcomes, &whole.shown), (&forgot.outcomes, &forgot.shown), "{}", case.shape);
    }
}

/// Whoever forgets the results, too, is caught: the same knowledge, and something else comes next.
#[test]
fn forgetting_results_is_noticed() {
    let found = forgetting(&survivors(2, 1, 0, 1), Forgets::Results, 1);
    let (why, _) = found.failure.expect("it is noticed");
    assert!(why.starts_with(TOO_MUCH), "{why}");
}

/// The sites that a sweep meets.
fn survey() -> BTreeSet<(Site, Kind)> {
    hook::arm(Armed { coverage: true, ..Armed::default() });
    drop(deaths(&survivors(2, 1, 1, 1), 1));
    hook::disarm().1.into_keys().collect()
}

/// The mutant of the one of these sites that has this label.
fn mutant(sites: &BTreeSet<(Site, Kind)>, label: &str, operator: Operator) -> Mutant {
    let (site, kind) = labelled(sites.iter(), label);
    Mutant { site, kind, operator }
}

/// What is found with this mutant, and after how many steps.
fn mutated(case: &Case, mutant: Mutant, count: u8) -> Option<(String, usize)> {
    hook::arm(Armed { mutant: Some(mutant), ..Armed::default() });
    let found = deaths(case, count);
    hook::disarm();
    found.failure.map(|(why, steps)| (why, steps.len()))
}

/// What recovery rests on is missing: nobody notices as long as nobody dies, and with one death it is.
#[test]
fn explored_deaths_reveal_missing_recovery() {
    let (sites, one, three) = (survey(), survivors(1, 1, 2, 1), survivors(3, 1, 0, 1));
    for (case, label, operator) in [
        (one, "X12", Operator::Drop),
        (one, "X11", Operator::Drop),
        (three, "E7e", Operator::Drop),
        (three, "E7e", Operator::Split),
    ] {
        let mutant = mutant(&sites, label, operator);
        assert_eq!(mutated(&case, mutant, 0), None, "without a death it goes unnoticed");
        let (why, steps) = mutated(&case, mutant, 1).expect("it is found with one");
        println!("{label} [{operator:?}]: after {steps} steps: {why}");
    }
}

/// What is found with this mutant if somebody comes late.
fn mutated_and(late: Late, case: &Case, mutant: Mutant) -> String {
    hook::arm(Armed { mutant: Some(mutant), ..Armed::default() });
    let found = deaths_and(late, case, 1);
    hook::disarm();
    let (why, steps) = found.failure.expect("it is found where somebody comes late");
    println!("{}, {late:?} late: after {} steps: {why}", mutant.site, steps.len());
    why
}

/// Who evicts a dead consumer must not evict its successor: nobody notices as long as nobody joins.
#[test]
fn late_consumer_reveals_eviction_of_a_successor() {
    let mutant = mutant(&survey(), "X12", Operator::Split);
    assert_eq!(mutated(&survivors(1, 1, 2, 1), mutant, 1), None, "without a successor it goes unnoticed");
    let why = mutated_and(Late::Consumer, &survivors(1, 2, 2, 1), mutant);
    assert!(why.contains("two accesses to a slot overlap"), "{why}");
}

/// Who takes a dead producer's number must free the lock that it held: nobody else would, since its owner lives.
#[test]
fn late_producer_reveals_missing_inheritance() {
    let (case, mutant) = (survivors(2, 1, 0, 1), mutant(&survey(), "C2", Operator::Skip));
    assert_eq!(mutated(&case, mutant, 2), None, "without a successor it goes unnoticed");
    let why = mutated_and(Late::Producer, &case, mutant);
    assert!(why.contains("nobody gets to an end"), "{why}");
}

/// Lost wake-ups are deadlocks, and an exchange that is none is two holders of the lock.
#[test]
fn explorer_finds_lost_wake_ups_and_split_exchanges() {
    let (sites, one, two) = (survey(), survivors(1, 1, 2, 1), survivors(2, 1, 1, 2));
    for (case, label, operator, how) in [
        (one, "P4", Operator::Drop, "nobody gets to an end"),
        (two, "P2", Operator::Drop, "nobody gets to an end"),
        (two, "E7a", Operator::Split, "belongs to somebody else"),
    ] {
        let (why, steps) = mutated(&case, mutant(&sites, label, operator), 0).expect(label);
        println!("{label} [{operator:?}]: after {steps} steps: {why}");
        assert!(why.contains(how), "{label}: {why}");
    }
}
