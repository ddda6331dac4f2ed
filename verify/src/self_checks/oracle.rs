//! Whether loom reaches every outcome that other searches reach, and how the layer helps where it does not.

use crate::{
    case,
    checks::{
        catalogue::entries,
        run::{Checker, check},
    },
    events::Outcome,
    graph::{consistency::Model, explore, search::Rules},
    hook::{Armed, disarm},
    model::{
        case::{Case, Shape},
        config::{ModelConfig, WaitModel},
        engine::{Engine, Loom},
    },
    scenarios::{deaths::*, flow::*, primitives::*, tries::*},
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

/// All combinations of values that the threads can read.
fn outcomes<const N: usize>(threads: [Thread; N]) -> BTreeSet<Vec<u64>> {
    let all = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = Arc::clone(&all);
    crate::checks::panics::silence_panics(|| {
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

/// loom #166, the reason for the engine's three kinds of loads.
#[test]
fn own_load_hides_the_loads_of_other_threads() {
    let hidden = outcomes([|w| get(w, &[(0, Relaxed)]), |w| [get(w, &[(0, Relaxed)]), put(w, 0, Relaxed)].concat()]);
    assert!(!hidden.contains(&vec![1, 0]), "loom misses that the store can come first");
    let owned = outcomes([
        |w| get(w, &[(0, Relaxed)]),
        |w| [vec![Loom::load_owned(&w[0], Relaxed)], put(w, 0, Relaxed)].concat(),
    ]);
    assert!(owned.contains(&vec![1, 0]), "a load that counts as a write hides nothing");
    let exclusive =
        outcomes([|w| get(w, &[(0, Relaxed)]), |w| [vec![Loom::load_exclusive(&w[0])], put(w, 0, Relaxed)].concat()]);
    assert!(exclusive.contains(&vec![1, 0]), "nor does a load that is not a step");
}

/// Fails with the outcomes that shuttle reaches and loom does not.
fn missed(by_loom: &BTreeSet<Outcome>, by_shuttle: &BTreeSet<Outcome>) -> Result<(), String> {
    let missed: Vec<_> = by_shuttle.difference(by_loom).collect();
    if missed.is_empty() { Ok(()) } else { Err(format!("loom never reaches {missed:?}")) }
}

/// The same case with waits that park: under `Assume`, shuttle's schedules have no end.
fn parked(case: Case) -> Case {
    Case { config: ModelConfig { waiting: WaitModel::Park, ..case.config }, ..case }
}

/// Cases of few steps, so that all schedules can be tried, and of more than one outcome.
fn small() -> Vec<Case> {
    let (shape, plain) = (Shape::new, ModelConfig::ASSUME);
    vec![
        case!(participants_try_without_waiting, "S2 S3", shape(1, 1, 1, 1), plain),
        case!(participants_try_without_waiting, "S2 S3", shape(2, 0, 1, 1), plain),
        case!(lock_has_one_holder_at_a_time, "S4", shape(2, 0, 1, 1), plain),
        case!(lock_has_one_holder_at_a_time, "S4", shape(2, 1, 2, 1), plain),
        case!(lock_has_one_holder_at_a_time, "S4", shape(3, 1, 1, 1), plain),
        case!(lock_has_one_holder_at_a_time, "S4", shape(2, 0, 1, 1), ModelConfig::WORD_LOCK),
        case!(lock_has_one_holder_at_a_time, "S4", shape(2, 1, 1, 1), ModelConfig::WORD_LOCK),
        case!(end_is_last, "S5", shape(2, 0, 1, 1), plain),
        case!(dead_owner_is_replaced, "C2", shape(2, 0, 1, 1), ModelConfig::ASSUME_FENCED),
    ]
}

/// All schedules: the search has no bound and ends when none is left. A schedule without an end fails it.
#[test]
fn loom_and_graphs_reach_what_every_schedule_reaches() {
    for case in small() {
        let by_loom = check(case, Checker::Loom, Armed::default());
        let by_shuttle = check(parked(case), Checker::Dfs, Armed::default());
        let (l, s, count) = (by_loom.executions, by_shuttle.executions, by_shuttle.outcomes.len());
        println!("{case}: {l} executions, {s} schedules in {:.1?}, {count} outcomes", by_shuttle.time);
        assert!(by_loom.failure.is_none() && by_shuttle.failure.is_none(), "{case}: {:?}", by_shuttle.failure);
        assert!(count > 1, "{case}: one outcome says nothing");
        assert_eq!(missed(&by_loom.outcomes, &by_shuttle.outcomes), Ok(()), "{case}");
        // Graphs have just these outcomes under the axioms of sequential consistency, and perhaps more under RC11.
        let graphs = |model| explore(&case, Rules { model, ..Rules::default() });
        let [sc, rc11] = [Model::Sc, Model::Rc11].map(graphs);
        println!("by graphs: {:?}, under RC11 {:?}", sc.counts, rc11.counts);
        assert!(sc.failure.is_none() && rc11.failure.is_none(), "{case}");
        assert_eq!(sc.outcomes, by_shuttle.outcomes, "{case}");
        assert!(rc11.outcomes.is_superset(&sc.outcomes), "{case}");
        // Negative twin: the first execution of loom lacks outcomes.
        let armed = Armed { coverage: true, executions: Some(1), ..Armed::default() };
        let first = check(case, Checker::Loom, armed);
        disarm();
        assert_eq!(first.outcomes.len(), 1, "{case}");
        let said = missed(&first.outcomes, &by_shuttle.outcomes).expect_err("the others are missing");
        assert!(said.starts_with("loom never reaches [[["), "{said}");
    }
}

/// When threads can yield to each other for ever, the depth-first search fails and names the limit.
#[test]
fn endless_schedule_fails_depth_first_search() {
    let case = case!(end_is_last, "S5", Shape::new(1, 1, 1, 1), ModelConfig::ASSUME);
    let found = check(case, Checker::Dfs, Armed::default());
    let said = found.failure.expect("a schedule without an end").message;
    assert!(said.contains("exceeded max_steps"), "{said}");
}

/// Larger cases: loom reaches the outcomes of every execution graph, no more and no less.
#[test]
fn loom_reaches_what_graphs_reach() {
    const ORACLE: [(&str, &str); 7] = [
        ("participants_try_without_waiting", "1×1×2"),
        ("participants_try_without_waiting", "2×1×1"),
        ("lock_has_one_holder_at_a_time", "2×0×1"),
        ("consumer_joins_again_after_leaving", "1×1×2"),
        ("producer_joins_late", "2×1×1"),
        ("end_is_last", "2×1×1"),
        ("consumer_gets_every_message", "2×1×1"),
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
        let by_graphs = explore(&entry.case, Rules::default());
        assert!(by_graphs.failure.is_none(), "{:?}", by_graphs.failure);
        assert_eq!(by_loom, by_graphs.outcomes, "{name}");
    }
}
