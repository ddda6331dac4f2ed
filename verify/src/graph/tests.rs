//! The graph checker finds what other searches find, and it can fail.

use super::{
    check::{checks, explain},
    consistency::Model,
    explore,
    program::{Op, Update},
    search::{Counts, Rules, Search, Violation},
    tiny::{Instruction, Running, Tiny},
};
use crate::{
    explore::sweep::{deaths, survivors},
    hook::{self, Armed, Mutant, Operator, Weaker},
    model::{
        case::Case,
        config::{ModelConfig, Primitive},
    },
    mutation::sites::labelled,
    report::page::html,
};
use std::{
    collections::BTreeSet,
    sync::atomic::Ordering::{Acquire, Relaxed, Release},
};

/// With deaths at every step, the outcomes are those that the explorer finds in all states of the full stack.
#[test]
fn graphs_have_the_outcomes_of_every_state() {
    let (lock, stack) = (ModelConfig::WORD_LOCK, ModelConfig::PARK_STACK);
    let small = [survivors(1, 1, 1, 1), survivors(1, 1, 1, 2), survivors(1, 1, 2, 1), survivors(2, 1, 0, 1)];
    let on_lock = small.map(|case| (Case { config: lock, ..case }, 2));
    // The full stack here, too: lock, signal and sleeping.
    let on_stack = [small[0], small[3]].map(|case| (Case { config: stack, ..case }, 1));
    for (case, most) in on_lock.into_iter().chain(on_stack) {
        for count in 0..=most {
            let explored = deaths(&case, count);
            let rules = |model| Rules { model, deaths: count, ..Rules::default() };
            let [sc, rc11] = [Model::Sc, Model::Rc11].map(|model| explore(&case, rules(model)));
            println!("{case}, {count} deaths: {:?}, under RC11 {:?}", sc.counts, rc11.counts);
            assert!(sc.failure.is_none() && rc11.failure.is_none(), "{case}, {count} deaths");
            assert_eq!(explored.outcomes, sc.outcomes, "{case}, {count} deaths");
            assert!(rc11.outcomes.is_superset(&sc.outcomes));
        }
    }
}

const X: u8 = 0;
const Y: u8 = 1;

fn load(location: u8, order: std::sync::atomic::Ordering) -> Instruction {
    Op::Load { location, order }.into()
}

fn store(location: u8, value: u64, order: std::sync::atomic::Ordering) -> Instruction {
    Op::Store { location, value, order }.into()
}

fn outcome(instructions: Vec<Vec<Instruction>>) -> (Counts, Option<Violation>) {
    let mut running = Running::from(Tiny { instructions, initial: vec![0; 8] });
    let (counts, violation) = Search::new(&mut running, Rules::default()).run(|_, _, _| Ok(()));
    (counts, violation.map(|(violation, _)| violation))
}

/// A thread that sleeps on a word is woken by a wake that comes after it, and by no other.
#[test]
fn sleep_without_a_wake_is_a_deadlock() {
    let park = |location| Instruction::from(Op::Park { location, expected: 0 });
    let wake = |location| Instruction::from(Op::Wake { location });
    let sleeper = || vec![park(X)];
    let (counts, violation) = outcome(vec![sleeper(), vec![store(X, 1, Release), wake(X)]]);
    assert_eq!((counts.complete, violation), (1, None), "it finds the word changed, or sleeps until the wake");
    let (_, violation) = outcome(vec![sleeper(), vec![store(X, 1, Release)]]);
    assert_eq!(violation, Some(Violation::Deadlock(vec![0])), "nobody wakes it");
    let (_, violation) = outcome(vec![sleeper(), vec![wake(X), store(X, 1, Release)]]);
    assert_eq!(violation, Some(Violation::Deadlock(vec![0])), "the wake comes before the change");
    let (_, violation) = outcome(vec![sleeper(), vec![store(X, 1, Release), wake(Y)]]);
    assert_eq!(violation, Some(Violation::Deadlock(vec![0])), "the wake is for another word");
    let (_, violation) = outcome(vec![sleeper(), sleeper(), vec![store(X, 1, Release), wake(X)]]);
    assert!(matches!(violation, Some(Violation::Deadlock(_))), "one wake for two sleepers: {violation:?}");
    let (_, violation) = outcome(vec![sleeper(), sleeper(), vec![store(X, 1, Release), wake(X), wake(X)]]);
    assert_eq!(violation, None, "a wake for each");
}

/// A participant that waits for a value waits for ever if the value never comes.
#[test]
fn wait_without_an_end_is_a_deadlock() {
    let waits = |value| Instruction { awaits: Some(value), ..load(X, Acquire) };
    assert_eq!(outcome(vec![vec![waits(1)], vec![store(X, 1, Release)]]).1, None);
    assert_eq!(outcome(vec![vec![waits(2)], vec![store(X, 1, Release)]]).1, Some(Violation::Deadlock(vec![0])));
}

/// A poll may have exchanged a word: that it has made a newer write itself is no reason to go on.
#[test]
fn wait_after_an_exchange_is_a_deadlock() {
    #[derive(Debug)]
    struct Waits;
    impl super::program::Program for Waits {
        fn participants(&self) -> usize {
            1
        }
        fn initial(&self) -> Vec<u64> {
            vec![0, 0]
        }
        fn next(&self, _participant: usize, place: u32) -> super::program::Next {
            let swap = Op::Update { location: Y, update: Update::Swap(1), success: Acquire, failure: Acquire };
            super::program::Next::Op(match place {
                0 => Op::Load { location: X, order: Acquire },
                1 => swap,
                _ => Op::Await { reads: 2 },
            })
        }
        fn after(&mut self, _participant: usize, place: u32, _result: u64) -> u32 {
            place + 1
        }
    }
    let (_, violation) = Search::new(&mut Waits, Rules::default()).run(|_, _, _| Ok(()));
    assert_eq!(violation.map(|(violation, _)| violation), Some(Violation::Deadlock(vec![0])));
}

/// Accesses to plain memory race unless one happens before the other.
#[test]
fn unordered_plain_accesses_race() {
    let hand_over = |order| {
        let write = Instruction::from(Op::Write { location: Y, value: 7 });
        let read = Instruction { only_if: Some(1), ..Op::Read { location: Y }.into() };
        outcome(vec![vec![write, store(X, 1, order)], vec![load(X, Acquire), read]]).1
    };
    assert_eq!(hand_over(Release), None);
    assert!(matches!(hand_over(Relaxed), Some(Violation::Race(..))));
}

/// A participant that spins without waiting is told so.
#[test]
fn endless_participant_is_told() {
    #[derive(Debug)]
    struct Spins;
    impl super::program::Program for Spins {
        fn participants(&self) -> usize {
            1
        }
        fn initial(&self) -> Vec<u64> {
            vec![0]
        }
        fn next(&self, _participant: usize, _place: u32) -> super::program::Next {
            super::program::Next::Op(Op::Load { location: X, order: Relaxed })
        }
        fn after(&mut self, _participant: usize, _place: u32, _result: u64) -> u32 {
            0
        }
    }
    let (_, violation) = Search::new(&mut Spins, Rules::default()).run(|_, _, _| Ok(()));
    assert_eq!(violation.map(|(violation, _)| violation), Some(Violation::Endless(0)));
}

/// A failed exchange may read an older value, and is a load of its failure ordering.
#[test]
fn failed_exchange_may_read_an_older_value() {
    let fails = Instruction::from(Op::Update {
        location: X,
        update: Update::Exchange { current: 7, new: 8 },
        success: Relaxed,
        failure: Relaxed,
    });
    let threads = vec![vec![store(X, 1, Relaxed), store(Y, 1, Relaxed)], vec![load(Y, Relaxed), fails]];
    assert_eq!(outcome(threads).0.complete, 4, "1 of Y with 0 of X is among them; loom misses it");
}

/// The counterexample of a graph has rows, edges, the pair that races, and a picture.
#[test]
fn weakened_publication_is_shown_as_a_race() {
    let wanted = checks().into_iter().find(|check| check.case.name == "consumer_gets_every_message");
    let wanted = wanted.expect("there is such a check");
    hook::arm(Armed { coverage: true, ..Armed::default() });
    drop(wanted.run());
    let seen = hook::disarm().1;
    let (site, kind) = labelled(seen.keys(), "E1");
    let mutant = Mutant { site, kind, operator: Operator::Weaken(Weaker::Relaxed) };
    hook::arm(Armed { mutant: Some(mutant), ..Armed::default() });
    let found = wanted.run();
    hook::disarm();
    let counterexample = explain(&wanted, &found).expect("it fails");
    let text = counterexample.to_string();
    println!("{text}");
    for part in ["a data race", "WEAKENED to Relaxed", "rf ", "mo 1", "RACES", "producer 0", "consumer 0", "E1"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let page = html(&counterexample);
    for part in ["class=\"rf\"", "class=\"race\"", "own races", "class=\"because\"", "NOT carried"] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

/// Every exhaustive check of the catalogue whose shape is small is a check by graphs, too.
#[test]
fn each_check_has_a_name_of_its_own() {
    let names: Vec<_> = checks().iter().map(super::check::GraphCheck::test_name).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:#?}");
    assert!(checks().iter().any(|check| check.case.config.lock == Primitive::Words && check.deaths == 2));
}
