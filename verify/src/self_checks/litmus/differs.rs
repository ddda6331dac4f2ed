//! Where loom reaches more or less than C11 allows.

use super::{explore, set};
use loom::sync::atomic::{
    Ordering::{Relaxed, SeqCst},
    fence,
};

/// SB with SeqCst accesses: C11 forbids 0, 0; loom reaches it, because it treats them as acquire and release. So no
/// access of the protocol is SeqCst: loom would reject correct code.
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

/// LB, load buffering: C11 allows each thread to read what the other one writes later; loom never does. So loom misses
/// a bug that needs it. (No processor that Rust's standard compilers target is known to show it for this code, but the
/// language allows it.)
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
