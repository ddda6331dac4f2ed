//! Litmus tests of loom: where it reaches less than C11 allows, pinned.
//!
//! Each test runs two threads of a few operations and collects every combination of values that they can read. A test
//! fails when another version of loom changes its answer. [`crate::litmus`] has the classic tests, which all checkers
//! answer; these here are about operations that the classic ones do not have.

use loom::sync::atomic::{
    AtomicUsize,
    Ordering::{Relaxed, SeqCst},
    fence,
};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// What the threads read in one execution.
type Reads = Vec<usize>;

/// The words that the threads of a test share.
#[derive(Debug)]
struct Words {
    x: AtomicUsize,
    y: AtomicUsize,
}

/// A thread of a test; returns the values that it reads.
type Thread = fn(&Words) -> Reads;

/// Every combination of reads that loom reaches, thread by thread.
fn explore(threads: &'static [Thread]) -> BTreeSet<Reads> {
    let outcomes = Arc::new(Mutex::new(BTreeSet::new()));
    let collected = Arc::clone(&outcomes);
    let mut builder = loom::model::Builder::new();
    (builder.max_permutations, builder.max_duration, builder.preemption_bound) = (None, None, None);
    builder.check(move || {
        let words = Arc::new(Words { x: AtomicUsize::new(0), y: AtomicUsize::new(0) });
        let handles: Vec<_> = threads[1..]
            .iter()
            .map(|thread| {
                let words = Arc::clone(&words);
                loom::thread::spawn(move || thread(&words))
            })
            .collect();
        let mut reads = threads[0](&words);
        for handle in handles {
            reads.extend(handle.join().unwrap());
        }
        collected.lock().unwrap().insert(reads);
    });
    Arc::into_inner(outcomes).unwrap().into_inner().unwrap()
}

fn set<const N: usize, const R: usize>(outcomes: [[usize; R]; N]) -> BTreeSet<Reads> {
    outcomes.iter().map(|reads| reads.to_vec()).collect()
}

/// In loom a fence is not a step of its own: it takes place with the operation before it. So a relaxed read of a store
/// synchronises through a fence after that store, which C11 does not promise. So a check with fences may miss a data
/// race. The configs for safety leave out the fences of waiting and notifying.
#[test]
fn fence_takes_place_with_the_operation_before_it() {
    let early = explore(&[
        |w| {
            w.x.store(1, Relaxed);
            fence(SeqCst);
            w.y.store(1, Relaxed);
            vec![]
        },
        |w| {
            fence(SeqCst);
            vec![w.y.load(Relaxed), w.x.load(Relaxed)]
        },
    ]);
    assert_eq!(early, set([[0, 0], [0, 1], [1, 0], [1, 1]]), "the reader's fence may come first");
    let late = explore(&[
        |w| {
            w.x.store(1, Relaxed);
            w.y.store(1, Relaxed);
            fence(SeqCst);
            vec![]
        },
        |w| {
            let y = w.y.load(Relaxed);
            fence(SeqCst);
            vec![y, w.x.load(Relaxed)]
        },
    ]);
    assert_eq!(late, set([[0, 0], [0, 1], [1, 1]]), "C11 also allows 1, 0");
}

/// In loom a failed exchange reads the newest value only (C11 allows older ones), and a weak exchange never fails
/// spuriously.
#[test]
fn failed_exchanges_read_the_newest_value() {
    let outcomes = explore(&[
        |w| {
            w.x.store(1, Relaxed);
            w.y.store(1, Relaxed);
            vec![]
        },
        |w| {
            let y = w.y.load(Relaxed);
            let (Ok(x) | Err(x)) = w.x.compare_exchange(7, 8, Relaxed, Relaxed);
            vec![y, x]
        },
    ]);
    assert_eq!(outcomes, set([[0, 0], [0, 1], [1, 1]]), "C11 also allows 1, 0");
}

/// loom compares an access with the last access only. So a thread's own load before its store hides another thread's
/// earlier load, and with it an interleaving (loom #166).
#[test]
fn load_before_a_store_hides_an_earlier_load() {
    let plain = explore(&[
        |w| vec![w.x.load(Relaxed)],
        |w| {
            w.x.load(Relaxed);
            w.x.store(1, Relaxed);
            vec![]
        },
    ]);
    let bare = explore(&[
        |w| vec![w.x.load(Relaxed)],
        |w| {
            w.x.store(1, Relaxed);
            vec![]
        },
    ]);
    assert_eq!(bare, set([[0], [1]]));
    assert_eq!(plain, set([[0]]), "C11 also allows 1");
}
