//! Litmus tests with their known numbers of executions.

use super::{
    consistency::Model,
    program::{Op, Update, Weight},
    search::{Counts, Rules, Search},
    tiny::{Instruction, Running, Tiny},
};
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

const X: u8 = 0;
const Y: u8 = 1;

fn load(location: u8, order: Ordering) -> Instruction {
    Op::Load { location, order }.into()
}

fn store(location: u8, value: u64, order: Ordering) -> Instruction {
    Op::Store { location, value, order }.into()
}

fn add(location: u8) -> Instruction {
    Op::Update { location, update: Update::Add(1), success: AcqRel, failure: Relaxed }.into()
}

fn fence(weight: Weight) -> Instruction {
    Op::Fence { weight, order: SeqCst }.into()
}

fn counts(rules: Rules, instructions: Vec<Vec<Instruction>>) -> Counts {
    let mut running = Running::from(Tiny { instructions, initial: vec![0; 8] });
    let (counts, violation) = Search::new(&mut running, rules).run(|_, _, _| Ok(()));
    assert_eq!(violation.map(|(violation, _)| violation), None);
    counts
}

fn executions(instructions: Vec<Vec<Instruction>>) -> u64 {
    counts(Rules::default(), instructions).complete
}

#[test]
fn litmus_tests_have_their_known_numbers_of_executions() {
    let sb = |middle: Option<[Weight; 2]>, s, l| {
        let thread = |first, second, n: usize| {
            let mut thread = vec![store(first, 1, s), load(second, l)];
            if let Some(weights) = middle {
                thread.insert(1, fence(weights[n]));
            }
            thread
        };
        executions(vec![thread(X, Y, 0), thread(Y, X, 1)])
    };
    assert_eq!(sb(None, Relaxed, Relaxed), 4);
    assert_eq!(sb(None, Release, Acquire), 4);
    assert_eq!(sb(None, SeqCst, SeqCst), 3);
    assert_eq!(sb(Some([Weight::Full, Weight::Full]), Relaxed, Relaxed), 3);
    assert_eq!(sb(Some([Weight::Light, Weight::Heavy]), Relaxed, Relaxed), 3);
    assert_eq!(sb(Some([Weight::Heavy, Weight::Heavy]), Relaxed, Relaxed), 3);
    assert_eq!(sb(Some([Weight::Light, Weight::Light]), Relaxed, Relaxed), 4);
    // Load buffering.
    let lb = |s, l| executions(vec![vec![load(X, l), store(Y, 1, s)], vec![load(Y, l), store(X, 1, s)]]);
    assert_eq!(lb(Relaxed, Relaxed), 3);
    // Message passing.
    let mp = |s, l| executions(vec![vec![store(X, 1, Relaxed), store(Y, 1, s)], vec![load(Y, l), load(X, Relaxed)]]);
    assert_eq!((mp(Release, Acquire), mp(Relaxed, Acquire), mp(Release, Relaxed)), (3, 4, 4));
    // 2+2W.
    let w = |a, b| vec![store(a, 1, Relaxed), store(b, 2, Relaxed)];
    assert_eq!(executions(vec![w(X, Y), w(Y, X)]), 4);
    // Independent reads of independent writes.
    let iriw = vec![
        vec![store(X, 1, Release)],
        vec![store(Y, 1, Release)],
        vec![load(X, Acquire), load(Y, Acquire)],
        vec![load(Y, Acquire), load(X, Acquire)],
    ];
    assert_eq!(executions(iriw), 16);
}

#[test]
fn counters_have_their_known_numbers_of_executions() {
    for (n, factorial) in [(2_usize, 2_u64), (3, 6), (4, 24), (5, 120)] {
        assert_eq!(executions(vec![vec![add(X)]; n]), factorial);
        if n < 5 {
            assert_eq!(executions(vec![vec![add(X), add(Y)]; n]), factorial * factorial);
        }
    }
    for readers in [2_u32, 8, 13] {
        let mut threads = vec![vec![store(X, 1, Relaxed)]];
        threads.extend(vec![vec![load(X, Relaxed)]; readers as usize]);
        assert_eq!(executions(threads), 2_u64.pow(readers));
    }
}

#[test]
fn sequential_consistency_is_a_model() {
    let sc = |threads| counts(Rules { model: Model::Sc, ..Rules::default() }, threads).complete;
    let sb = |first, second| vec![store(first, 1, Relaxed), load(second, Relaxed)];
    assert_eq!(sc(vec![sb(X, Y), sb(Y, X)]), 3);
    assert_eq!(
        sc(vec![vec![store(X, 1, Relaxed), store(Y, 2, Relaxed)], vec![store(Y, 1, Relaxed), store(X, 2, Relaxed)]]),
        3
    );
}

#[test]
fn speed_by_hand() {
    for threads in [
        vec![vec![add(X), add(Y)]; 5],
        vec![vec![add(X), load(Y, Acquire), add(Y), load(X, Acquire)]; 3],
        vec![
            vec![
                store(X, 1, Release),
                fence(Weight::Full),
                load(Y, Acquire),
                store(Y, 1, Release),
                fence(Weight::Full),
                load(X, Acquire)
            ];
            3
        ],
    ] {
        let start = std::time::Instant::now();
        let counts = counts(Rules::default(), threads);
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "{counts:?} {seconds:.3} s, {:.0}/s, {:.0} steps/s",
            counts.complete as f64 / seconds,
            counts.steps as f64 / seconds
        );
    }
}
