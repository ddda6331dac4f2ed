//! Where loom reaches exactly what C11 allows.

use super::{Thread, Words, explore, set};
use crate::hook::Weight;
use loom::sync::atomic::{
    Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst},
    fence,
};

/// MP, message passing: the flag carries the message only if its store releases and its load acquires.
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

/// SB, store buffering: both threads may read the old values, unless each has a SeqCst fence in between.
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
    let single_fence = explore(&[
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
    assert!(single_fence.contains(&vec![0, 0]), "a SeqCst fence in one thread only forbids nothing");
}

/// SB with asymmetric fences: a light and a heavy fence forbid it, two light fences do not.
#[test]
fn store_buffering_is_forbidden_by_a_light_and_a_heavy_fence() {
    let light_and_heavy = explore(&[
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
    assert_eq!(light_and_heavy, set([[0, 1], [1, 0], [1, 1]]));
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
    assert_eq!(explore(Box::leak(Box::new([heavy, other]))), light_and_heavy);
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

/// IRIW: with acquire loads, two readers may see independent writes in different orders; SeqCst fences forbid it.
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

/// A read-modify-write continues the release sequence that it reads from. A plain store ends it, even if the same
/// thread made the release (since C++20).
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

/// Release and acquire fences order relaxed accesses as the accesses' own orderings would.
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
