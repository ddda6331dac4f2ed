//! Litmus tests: what loom explores and what it does not, pinned.
//!
//! Each test runs two to four threads of a few operations and collects every combination of values that they can read.
//! [`agrees`] has the tests in which loom reaches what C11 allows, [`differs`] the others. A test fails when another
//! version of loom changes its answer.

mod agrees;
mod differs;

use crate::model::{engine::Loom, fence::Asymmetric};
use loom::sync::atomic::AtomicUsize;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// What the threads read in one execution.
type Reads = Vec<usize>;

/// The words that the threads of a test share.
#[derive(Debug)]
struct Words {
    x: AtomicUsize,
    y: AtomicUsize,
    fences: Asymmetric<Loom>,
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
        let (x, y) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let words = Arc::new(Words { x, y, fences: Asymmetric::default() });
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
