//! The explorer finds what other searches find, and it can fail.

use super::{
    Explored, Found, Rules, explore, explore_by,
    locals::TOO_MUCH,
    replay::{Engine, Forgets, Scenario},
    state::Omitted,
    sweep::{deaths, deaths_with_late, survivors},
};
use crate::{
    case,
    checks::run::{Checker, check},
    events::{Outcome, event},
    hook::{self, Armed, Crash, Kind, Mutant, Operator, Site},
    model::{
        case::{Case, Late, Shape},
        config::{ModelConfig, WaitModel},
    },
    mutation::sites::labelled,
    scenarios::{
        deaths::dead_owner_is_replaced, flow::end_is_last, survivors::survivors_agree,
        tries::participants_try_without_waiting,
    },
};
use std::collections::BTreeSet;

/// A case of the oracle, and its body for the explorer.
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

/// The outcomes are exactly those of every schedule. Negative twin: a fingerprint without a participant's place loses
/// some.
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
    assert!(blind > 0, "a participant's place matters");
}

/// The outcomes of loom's executions over all crash points.
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

/// With a death, the outcomes are those of loom: there one crash point after the other, here all together.
#[test]
fn explorer_finds_what_loom_finds_at_every_crash_point() {
    for case in [survivors(1, 1, 1, 1), survivors(1, 1, 1, 2), survivors(1, 1, 2, 1), survivors(2, 1, 0, 1)] {
        let assumed = Case { config: ModelConfig::ASSUME, ..case };
        let (loom, found) = (by_loom(assumed, case.shape.consumers + case.shape.producers), deaths(&case, 1));
        println!("{}: {} outcomes by loom, {} here", case.shape, loom.len(), found.outcomes.len());
        assert_eq!(loom, found.outcomes, "{}", case.shape);
    }
}

/// Negative twin: a fingerprint without a participant's place, or without the words, loses states and outcomes.
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
    explore_by(
        Scenario { body: &body, engine: Engine::States, forgets },
        Rules { deaths, keeps_views: true, ..Rules::default() },
    )
}

/// Forgetting steps loses no state: with whole histories there are more states, but the same views, that is, memories
/// and next operations.
#[test]
fn forgetting_steps_loses_no_state() {
    for case in [survivors(1, 1, 1, 1), survivors(1, 1, 2, 1), survivors(2, 1, 0, 1)] {
        let [whole, forgot] = [Forgets::Nothing, Forgets::Steps].map(|forgets| forgetting(&case, forgets, 0));
        println!("{}: {} states with whole histories, {} without", case.shape, whole.states, forgot.states);
        assert!(whole.failure.is_none() && whole.states > forgot.states);
        assert_eq!((&whole.outcomes, &whole.views), (&forgot.outcomes, &forgot.views), "{}", case.shape);
    }
}

/// Negative twin: without results, histories with the same knowledge go on differently, and that is noticed.
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

/// The mutant with this operator at the site with this label.
fn mutant(sites: &BTreeSet<(Site, Kind)>, label: &str, operator: Operator) -> Mutant {
    let (site, kind) = labelled(sites.iter(), label);
    Mutant { site, kind, operator }
}

/// The failure with this mutant, and the number of steps that lead to it.
fn mutated(case: &Case, mutant: Mutant, count: u8) -> Option<(String, usize)> {
    hook::arm(Armed { mutant: Some(mutant), ..Armed::default() });
    let found = deaths(case, count);
    hook::disarm();
    found.failure.map(|(why, steps)| (why, steps.len()))
}

/// A step of recovery is missing: no exploration without deaths fails, and one with a death does.
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
        assert_eq!(mutated(&case, mutant, 0), None, "without a death the mutant lives");
        let (why, steps) = mutated(&case, mutant, 1).expect("it is found with one");
        println!("{label} [{operator:?}]: after {steps} steps: {why}");
    }
}

/// The failure with this mutant and a death when a participant joins late.
fn mutated_with_late(late: Late, case: &Case, mutant: Mutant) -> String {
    hook::arm(Armed { mutant: Some(mutant), ..Armed::default() });
    let found = deaths_with_late(late, case, 1);
    hook::disarm();
    let (why, steps) = found.failure.expect("it is found when a participant joins late");
    println!("{}, {late:?} late: after {} steps: {why}", mutant.site, steps.len());
    why
}

/// An eviction in two steps may hit a dead consumer's successor; without joins the mutant lives.
#[test]
fn late_consumer_reveals_eviction_of_a_successor() {
    let mutant = mutant(&survey(), "X12", Operator::Split);
    assert_eq!(mutated(&survivors(1, 1, 2, 1), mutant, 1), None, "without a successor the mutant lives");
    let why = mutated_with_late(Late::Consumer, &survivors(1, 2, 2, 1), mutant);
    assert!(why.contains("two accesses to a slot overlap"), "{why}");
}

/// The successor of a dead producer must free its lock. No other participant does, because the lock's owner seems to
/// live.
#[test]
fn late_producer_reveals_missing_inheritance() {
    let (case, mutant) = (survivors(2, 1, 0, 1), mutant(&survey(), "C2", Operator::Skip));
    assert_eq!(mutated(&case, mutant, 2), None, "without a successor the mutant lives");
    let why = mutated_with_late(Late::Producer, &case, mutant);
    assert!(why.contains("no end can be reached"), "{why}");
}

/// A lost wake-up is a deadlock, and an exchange in two steps gives the lock two holders.
#[test]
fn explorer_finds_lost_wake_ups_and_split_exchanges() {
    let (sites, one, two) = (survey(), survivors(1, 1, 2, 1), survivors(2, 1, 1, 2));
    for (case, label, operator, how) in [
        (one, "P4", Operator::Drop, "no end can be reached"),
        (two, "P2", Operator::Drop, "no end can be reached"),
        (two, "E7a", Operator::Split, "belongs to another one"),
    ] {
        let (why, steps) = mutated(&case, mutant(&sites, label, operator), 0).expect(label);
        println!("{label} [{operator:?}]: after {steps} steps: {why}");
        assert!(why.contains(how), "{label}: {why}");
    }
}
