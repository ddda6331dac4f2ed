//! Whether loom reaches what others reach, and the layer's answer where by itself it does not.

use crate::{
    catalogue::entries,
    check::{Case, Checker, check},
    doubles::Doubles,
    engine::{Engine, Loom},
    hook::Armed,
};
use loom::{sync::atomic::AtomicU64, thread};
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::Ordering::{self, Relaxed},
    },
};

type Words = Arc<[AtomicU64; 2]>;
type Thread = fn(&Words) -> Vec<u64>;

/// What the threads can see, together.
fn outcomes<const N: usize>(threads: [Thread; N]) -> BTreeSet<Vec<u64>> {
    let all = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = Arc::clone(&all);
    crate::check::quietly(|| {
        loom::model(move || {
            let words: Words = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
            let spawn = |body: Thread| {
                let words = Arc::clone(&words);
                thread::spawn(move || body(&words))
            };
            let running: Vec<_> = threads[1..].iter().map(|&body| spawn(body)).collect();
            let mut outcome = threads[0](&words);
            outcome.extend(running.into_iter().flat_map(|thread| thread.join().expect("no thread panics")));
            seen.lock().expect("not poisoned").insert(outcome);
        })
    });
    let all = all.lock().expect("not poisoned");
    all.clone()
}

fn put(words: &Words, word: usize, order: Ordering) -> Vec<u64> {
    words[word].store(1, order);
    vec![]
}

fn get(words: &Words, list: &[(usize, Ordering)]) -> Vec<u64> {
    list.iter().map(|&(word, order)| words[word].load(order)).collect()
}

/// loom #166: why the layer has three kinds of loads.
#[test]
fn a_threads_own_load_hides_the_loads_of_others() {
    let hidden = outcomes([|w| get(w, &[(0, Relaxed)]), |w| [get(w, &[(0, Relaxed)]), put(w, 0, Relaxed)].concat()]);
    assert!(!hidden.contains(&vec![1, 0]), "loom misses that the store can come first");
    let owned = outcomes([
        |w| get(w, &[(0, Relaxed)]),
        |w| [vec![Loom::load_owned(&w[0], Relaxed)], put(w, 0, Relaxed)].concat(),
    ]);
    assert!(owned.contains(&vec![1, 0]), "a load that counts as a write hides nothing");
    let exclusive =
        outcomes([|w| get(w, &[(0, Relaxed)]), |w| [vec![Loom::load_exclusive(&w[0])], put(w, 0, Relaxed)].concat()]);
    assert!(exclusive.contains(&vec![1, 0]), "nor does a load that is no step");
}

/// What a sequentially consistent schedule can reach, loom must have reached.
#[test]
fn loom_reaches_what_shuttle_reaches() {
    const ORACLE: [(&str, &str); 7] = [
        ("everybody_tries", "1×1×2"),
        ("everybody_tries", "2×1×1"),
        ("one_holder_at_a_time", "2×0×1"),
        ("comes_back", "1×1×2"),
        ("a_producer_comes_late", "2×1×1"),
        ("end_is_last", "2×1×1"),
        ("everyone_gets_everything", "2×1×1"),
    ];
    for (name, shape) in ORACLE {
        let found = entries().into_iter().find(|entry| {
            let s = entry.case.shape;
            entry.case.name == name
                && format!("{}×{}×{}", s.producers, s.consumers, s.messages) == shape
                && entry.checker == Checker::Loom
        });
        let entry = found.expect("there is such a check");
        let by_loom = check(entry.case, Checker::Loom, Armed::default()).outcomes;
        let waits = name != "everybody_tries";
        let case = if waits { Case { doubles: Doubles::PARK_STACK, ..entry.case } } else { entry.case };
        let by_shuttle = check(case, Checker::Random(3_000, 11), Armed::default());
        assert!(by_shuttle.failure.is_none(), "{:?}", by_shuttle.failure);
        let missed: Vec<_> = by_shuttle.outcomes.difference(&by_loom).collect();
        assert!(missed.is_empty(), "{name}: loom never reaches {missed:?}");
    }
    let small = entries().into_iter().find(|entry| entry.case.name == "everybody_tries").expect("it is there");
    let case = Case { shape: crate::world::Shape { messages: 1, ..small.case.shape }, ..small.case };
    let by_loom = check(case, Checker::Loom, Armed::default()).outcomes;
    let by_shuttle = check(case, Checker::Dfs, Armed::default());
    println!("depth first: {} schedules, {:?}", by_shuttle.executions, by_shuttle.outcomes);
    assert!(by_shuttle.failure.is_none() && by_shuttle.outcomes.is_subset(&by_loom));
}
