//! Errors in using the template are messages that say what to do.

use super::{Cell, Checkable, Fault, Outcome, Participant, Protocol, Seen, Witness, check};
use ackcast::layer::Word;
use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

/// Hands a cell over by a flag. `HOW` says how the protocol is used wrongly.
struct HandOver<const HOW: u8>;

const RIGHT: u8 = 0;
const SPINS: u8 = 1;
const NO_WITNESS: u8 = 2;
const UNREACHED: u8 = 3;
const KEEPS_STATE: u8 = 4;
const NOBODY: u8 = 5;
const RELAXED: u8 = 6;
const MAKES_LATE: u8 = 7;

struct Words<M: Checkable> {
    flag: M::W64,
    value: M::Cell,
}

impl<const HOW: u8> Protocol for HandOver<HOW> {
    const NAME: &'static str = "hand over";
    const BY_SCHEDULES: bool = HOW != SPINS && HOW != KEEPS_STATE;
    type Shared<M: Checkable> = Words<M>;

    fn shared<M: Checkable>(memory: &M) -> Words<M> {
        Words { flag: memory.word64("flag"), value: memory.cell("value") }
    }

    fn participants<M: Checkable>() -> Vec<Participant<Self, M>> {
        if HOW == NOBODY {
            return vec![];
        }
        let giver = Participant::new("giver", |words: &Words<M>, _| {
            words.value.write(7);
            words.flag.store(1, if HOW == RELAXED { Relaxed } else { Release });
            Seen::new()
        });
        let taker = Participant::new("taker", |words: &Words<M>, memory: &M| {
            static RUNS: AtomicU64 = AtomicU64::new(0);
            match HOW {
                SPINS => while words.flag.load(Acquire) == 0 {},
                KEEPS_STATE => {
                    for _ in 0..RUNS.fetch_add(1, Relaxed) % 3 {
                        words.flag.load(Relaxed);
                    }
                    memory.wait_until(|| (words.flag.load(Acquire) == 1).then_some(()));
                }
                MAKES_LATE => drop(memory.word64("late")),
                _ => memory.wait_until(|| (words.flag.load(Acquire) == 1).then_some(())),
            }
            vec![words.value.read() as u8]
        });
        vec![giver, taker]
    }

    fn judge(outcome: &Outcome) {
        assert_eq!(outcome[1], [7]);
    }

    fn witnesses() -> Vec<Witness> {
        match HOW {
            NO_WITNESS => vec![],
            UNREACHED => vec![("the taker takes 8", |outcome| outcome[1] == [8])],
            _ => vec![("the taker takes 7", |outcome| outcome[1] == [7])],
        }
    }
}

fn said<const HOW: u8>() -> String {
    let said = check::<HandOver<HOW>>().expect_err("it is used wrongly").to_string();
    println!("{said}\n");
    said
}

#[test]
fn right_use_kills_each_mutant() {
    let report = check::<HandOver<RIGHT>>().unwrap_or_else(|fault| panic!("{fault}"));
    println!("{report}");
    assert_eq!((report.sites, report.survivors().count()), (2 + 2, 0), "two words' sites, and two cells'");
    assert!(report.to_string().contains("verify/src/template/tests.rs:"), "{report}");
    assert!(report.fates.iter().any(|fate| fate.counterexample.is_some()));
}

#[test]
fn wrong_use_is_told_what_to_do() {
    assert!(said::<SPINS>().contains("uses `wait_until`"));
    assert!(said::<NO_WITNESS>().contains("`witnesses` returns at least one outcome"));
    assert!(said::<UNREACHED>().contains("no execution is one in which the taker takes 8"));
    assert!(said::<KEEPS_STATE>().contains("it keeps state across executions"));
    assert!(said::<NOBODY>().contains("`participants` returns at least one"));
    assert!(said::<MAKES_LATE>().contains("make the word \"late\" in `shared`"));
}

#[test]
fn race_is_shown_with_the_participants_names() {
    let fault = check::<HandOver<RELAXED>>().expect_err("the cell races");
    let text = fault.to_string();
    assert!(text.contains("a data race") && text.contains("giver") && text.contains("taker"), "{text}");
    assert!(matches!(fault, Fault::Fails { counterexample, .. } if !counterexample.is_empty()));
}
