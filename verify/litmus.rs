//! Litmus tests: what loom explores and what it does not, pinned.
//!
//! Each runs two to four threads of a few relaxed, acquire or release operations and collects
//! everything they can read. A table of what C11 allows, and what loom reaches, is the honest
//! measure of "checked". When a new loom changes one of these, a test says so.

use crate::engine::Loom;
use crate::fences::{Asymmetric, Weight};
use loom::sync::atomic::{AtomicUsize, Ordering, fence};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

/// What the threads read in one execution.
type Reads = Vec<usize>;

/// The words of a test: enough for all of them.
#[derive(Debug)]
struct Words {
    x: AtomicUsize,
    y: AtomicUsize,
    fences: Asymmetric<Loom>,
}

/// One thread of a test: what it reads.
type Thread = fn(&Words) -> Reads;

/// All the combinations of reads that loom reaches, thread by thread.
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

/// MP, message passing: with release and acquire, the flag brings the message along.
#[test]
fn message_passing_needs_both_sides() {
    let strong = explore(&[
        |w| {
            w.x.store(1, Relaxed);
            w.y.store(1, Release);
            vec![]
        },
        |w| vec![w.y.load(Acquire), w.x.load(Relaxed)],
    ]);
    assert_eq!(strong, set([[0, 0], [0, 1], [1, 1]]));
    let weak = set([[0, 0], [0, 1], [1, 0], [1, 1]]);
    let no_release: &'static [Thread] = &[
        |w| {
            w.x.store(1, Relaxed);
            w.y.store(1, Relaxed);
            vec![]
        },
        |w| vec![w.y.load(Acquire), w.x.load(Relaxed)],
    ];
    assert_eq!(explore(no_release), weak);
    let no_acquire: &'static [Thread] = &[
        |w| {
            w.x.store(1, Relaxed);
            w.y.store(1, Release);
            vec![]
        },
        |w| vec![w.y.load(Relaxed), w.x.load(Relaxed)],
    ];
    assert_eq!(explore(no_acquire), weak);
}

/// SB, store buffering: both may read the old values, unless SeqCst fences stand between.
#[test]
fn store_buffering_is_forbidden_by_fences_alone() {
    let weak = explore(&[
        |w| {
            w.x.store(1, Release);
            vec![w.y.load(Acquire)]
        },
        |w| {
            w.y.store(1, Release);
            vec![w.x.load(Acquire)]
        },
    ]);
    assert!(weak.contains(&vec![0, 0]));
    let fenced = explore(&[
        |w| {
            w.x.store(1, Relaxed);
            fence(SeqCst);
            vec![w.y.load(Relaxed)]
        },
        |w| {
            w.y.store(1, Relaxed);
            fence(SeqCst);
            vec![w.x.load(Relaxed)]
        },
    ]);
    assert_eq!(fenced, set([[0, 1], [1, 0], [1, 1]]));
    let one_fence = explore(&[
        |w| {
            w.x.store(1, Relaxed);
            fence(SeqCst);
            vec![w.y.load(Relaxed)]
        },
        |w| {
            w.y.store(1, Relaxed);
            fence(AcqRel);
            vec![w.x.load(Relaxed)]
        },
    ]);
    assert!(one_fence.contains(&vec![0, 0]), "one SeqCst fence is none");
}

/// SB with asymmetric fences: a light one and a heavy one forbid it, two light ones do not.
#[test]
fn store_buffering_is_forbidden_by_a_light_and_a_heavy_fence() {
    let one_of_each = explore(&[
        |w| {
            w.x.store(1, Relaxed);
            w.fences.fence(Weight::Light);
            vec![w.y.load(Relaxed)]
        },
        |w| {
            w.y.store(1, Relaxed);
            w.fences.fence(Weight::Heavy);
            vec![w.x.load(Relaxed)]
        },
    ]);
    assert_eq!(one_of_each, set([[0, 1], [1, 0], [1, 1]]));
    let heavy: Thread = |w| {
        w.x.store(1, Relaxed);
        w.fences.fence(Weight::Heavy);
        vec![w.y.load(Relaxed)]
    };
    let other: Thread = |w| {
        w.y.store(1, Relaxed);
        w.fences.fence(Weight::Heavy);
        vec![w.x.load(Relaxed)]
    };
    assert_eq!(explore(Box::leak(Box::new([heavy, other]))), one_of_each);
    let two_light = explore(&[
        |w| {
            w.x.store(1, Relaxed);
            w.fences.fence(Weight::Light);
            vec![w.y.load(Relaxed)]
        },
        |w| {
            w.y.store(1, Relaxed);
            w.fences.fence(Weight::Light);
            vec![w.x.load(Relaxed)]
        },
    ]);
    assert_eq!(two_light, set([[0, 0], [0, 1], [1, 0], [1, 1]]));
}

/// SB with SeqCst accesses: C11 forbids 0, 0; loom takes them for acquire and release and reaches
/// it. That is why no access of the protocol is SeqCst: loom would reject correct code.
#[test]
fn seqcst_accesses_are_weaker_in_loom_than_in_c11() {
    let outcomes = explore(&[
        |w| {
            w.x.store(1, SeqCst);
            vec![w.y.load(SeqCst)]
        },
        |w| {
            w.y.store(1, SeqCst);
            vec![w.x.load(SeqCst)]
        },
    ]);
    assert!(outcomes.contains(&vec![0, 0]));
}

/// LB, load buffering: C11 allows both to read what the other writes later; loom never does. So a
/// bug that needs a load to see the future is beyond it (no processor that Rust's standard
/// compilers target is known to show it for this code, but the language allows it).
#[test]
fn load_buffering_is_not_explored() {
    let outcomes = explore(&[
        |w| {
            let read = w.x.load(Relaxed);
            w.y.store(1, Relaxed);
            vec![read]
        },
        |w| {
            let read = w.y.load(Relaxed);
            w.x.store(1, Relaxed);
            vec![read]
        },
    ]);
    assert_eq!(outcomes, set([[0, 0], [0, 1], [1, 0]]));
}

/// CoRR: two reads of one word never go backwards.
#[test]
fn reads_of_one_word_are_coherent() {
    let outcomes = explore(&[
        |w| {
            w.x.store(1, Relaxed);
            vec![]
        },
        |w| vec![w.x.load(Relaxed), w.x.load(Relaxed)],
    ]);
    assert_eq!(outcomes, set([[0, 0], [0, 1], [1, 1]]));
}

/// IRIW: without SeqCst, two readers may disagree on the order of independent writes, even with
/// acquire loads; SeqCst fences make them agree.
#[test]
fn independent_writes_may_be_seen_in_different_orders() {
    let writes_x: Thread = |w| {
        w.x.store(1, Release);
        vec![]
    };
    let writes_y: Thread = |w| {
        w.y.store(1, Release);
        vec![]
    };
    let weak = explore(Box::leak(Box::new([
        writes_x,
        writes_y,
        |w: &Words| vec![w.x.load(Acquire), w.y.load(Acquire)],
        |w: &Words| vec![w.y.load(Acquire), w.x.load(Acquire)],
    ])));
    assert!(weak.contains(&vec![1, 0, 1, 0]));
    let fenced = explore(Box::leak(Box::new([
        writes_x,
        writes_y,
        |w: &Words| {
            let x = w.x.load(Acquire);
            fence(SeqCst);
            vec![x, w.y.load(Acquire)]
        },
        |w: &Words| {
            let y = w.y.load(Acquire);
            fence(SeqCst);
            vec![y, w.x.load(Acquire)]
        },
    ])));
    assert!(!fenced.contains(&vec![1, 0, 1, 0]));
}

/// A read-modify-write continues the release sequence that it reads from; a plain store, even of
/// the same thread as the release, ends it (since C++20).
#[test]
fn release_sequences_go_on_through_exchanges_only() {
    let through_rmw = explore(&[
        |w| {
            w.x.store(1, Relaxed);
            w.y.store(1, Release);
            vec![]
        },
        |w| {
            let _ = w.y.compare_exchange(1, 2, Relaxed, Relaxed);
            vec![]
        },
        |w| vec![w.y.load(Acquire), w.x.load(Relaxed)],
    ]);
    assert!(through_rmw.contains(&vec![2, 1]) && !through_rmw.contains(&vec![2, 0]));
    let through_store = explore(&[
        |w| {
            w.x.store(1, Relaxed);
            w.y.store(1, Release);
            w.y.store(2, Relaxed);
            vec![]
        },
        |w| vec![w.y.load(Acquire), w.x.load(Relaxed)],
    ]);
    assert!(through_store.contains(&vec![2, 0]));
}

/// Release and acquire fences do with relaxed accesses what the accesses' orderings would.
#[test]
fn fences_carry_relaxed_accesses() {
    let outcomes = explore(&[
        |w| {
            w.x.store(1, Relaxed);
            fence(Release);
            w.y.store(1, Relaxed);
            vec![]
        },
        |w| {
            let y = w.y.load(Relaxed);
            fence(Acquire);
            vec![y, w.x.load(Relaxed)]
        },
    ]);
    assert_eq!(outcomes, set([[0, 0], [0, 1], [1, 1]]));
}

/// A fence is no step of its own in loom: it takes place with the operation before it. So a fence
/// after a store never comes late, and a relaxed read of that store synchronises through the two
/// fences, which C11 does not promise. A check in which fences stand about may miss a data race:
/// the safety config leave out the fences of waiting and notifying for that reason.
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

/// A failed exchange reads the newest value only (C11 lets it read older ones), and a weak one
/// never fails by itself.
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

/// loom compares an access with the last one only: a thread's own load before its store hides
/// another thread's earlier load from the store, and with it an interleaving (loom #166).
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
