//! The model check: every order of steps, deaths and faults of the two state machines, within bounds.
//!
//! The stream is what the two sides share. `source` checks what is stored in it, and `receiver` checks what is made of
//! any stream that `source` allows. Each mutant is found by one of them.

mod receiver;
mod search;
mod source;

use ackcast_bridge::mutant::Mutant;
use search::{Report, explore};

fn sources(mutant: Option<Mutant>) -> Vec<(&'static str, source::World)> {
    use source::{Bounds, World, abandoned, ends, lost, succeeded};
    let bounds = Bounds { bridges: 1, window: 2, deaths: 2, cuts: 2, retain: 8 };
    vec![
        ("3 messages and END", World::new(vec![ends(3)], bounds, mutant)),
        ("2 messages, and the producers die", World::new(vec![lost(2)], bounds, mutant)),
        (
            "two channels, one after the other",
            World::new(vec![ends(1), ends(2)], Bounds { deaths: 1, ..bounds }, mutant),
        ),
        ("two channels, the first without END", World::new(vec![lost(1), ends(1)], bounds, mutant)),
        ("the producers die, and a successor goes on", World::new(vec![succeeded(1, 2)], bounds, mutant)),
        (
            "a channel whose users all die, and the next one",
            World::new(vec![abandoned(2), ends(2)], Bounds { deaths: 2, cuts: 0, ..bounds }, mutant),
        ),
        ("a channel that retains too little", World::new(vec![ends(3)], Bounds { retain: 1, ..bounds }, mutant)),
        (
            "two bridges at the same time",
            World::new(vec![ends(2)], Bounds { bridges: 2, window: 2, deaths: 1, cuts: 0, retain: 8 }, mutant),
        ),
    ]
}

fn receivers(mutant: Option<Mutant>) -> Vec<(&'static str, receiver::World)> {
    use receiver::{Bounds, World, log};
    let bounds = Bounds { deaths: 1, cuts: 1, redeliveries: 1, departures: 0 };
    let deaths = Bounds { deaths: 3, cuts: 0, redeliveries: 0, departures: 0 };
    vec![
        ("2 messages and END", World::new(log(&["mme"]), bounds, mutant)),
        ("2 messages and END, 3 deaths", World::new(log(&["mme"]), deaths, mutant)),
        ("the producers die, and a successor goes on", World::new(log(&["mlme"]), bounds, mutant)),
        ("the producers die for good", World::new(log(&["mml"]), bounds, mutant)),
        ("two channels, one after the other", World::new(log(&["me", "me"]), bounds, mutant)),
        ("two channels, the first without END", World::new(log(&["m", "me"]), bounds, mutant)),
        ("a reader that leaves", World::new(log(&["mme"]), Bounds { departures: 1, ..bounds }, mutant)),
    ]
}

fn check<W: search::World>(worlds: Vec<(&str, W)>) {
    for (name, world) in worlds {
        let Report { states, transitions, ends, violation } = explore(world);
        println!("{name}: {states} states, {transitions} transitions, {ends} ends");
        assert_eq!(violation, None, "{name}");
        assert!(ends > 0, "{name}");
    }
}

#[test]
fn source_side_keeps_the_contract() {
    check(sources(None));
}

#[test]
fn receiving_side_keeps_the_contract() {
    check(receivers(None));
}

/// Each remedy is needed: without it, some order of events breaks the contract.
#[test]
fn every_mutant_is_found() {
    for mutant in Mutant::ALL {
        if mutant == Mutant::BlockedClient {
            continue; // threads are no part of the model; `tests/server` has a test with a real client
        }
        let violation = match mutant.is_of_in() {
            true => {
                receivers(Some(mutant)).into_iter().find_map(|(name, world)| Some((name, explore(world).violation?)))
            }
            false => {
                sources(Some(mutant)).into_iter().find_map(|(name, world)| Some((name, explore(world).violation?)))
            }
        };
        let (name, violation) = violation.unwrap_or_else(|| panic!("{mutant:?} is not found"));
        println!("{mutant:?}: {name}: {} after {} steps", violation.what, violation.trace.len());
    }
}
