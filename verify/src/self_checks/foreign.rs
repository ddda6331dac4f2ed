//! A foreign protocol on the model's words: an ordinary load may be stale, whatever its word is called.

use crate::{
    checks::run::{Checker, check},
    events::{Body, Seen},
    hook::{Armed, Name},
    model::{
        case::{Case, Shape},
        config::ModelConfig,
        engine::{Engine, Loom},
        word::ModelWord,
    },
    scenarios::fixture::Fixture,
};
use ackcast::layer::Word;
use std::{
    rc::Rc,
    sync::atomic::Ordering::{Acquire, Relaxed, Release},
};

/// The words of a seqlock. They bear names of ackcast's words on purpose.
struct Seqlock<E: Engine> {
    sequence: ModelWord<E>,
    values: [ModelWord<E>; 2],
}

fn word<E: Engine>(word: &'static str) -> ModelWord<E> {
    ModelWord { atom: E::atom(0), name: Name { word, owner: None }, sequential: false, touched: None, monitor: None }
}

/// After Boehm, *Can Seqlocks Get Along With Programming Language Memory Models?* (MSPC 2012). The reader's fence
/// orders its loads of the values before its second load of the sequence.
fn read_is_whole<E: Engine>(case: &Case, fenced: bool) {
    let fixture = Fixture::<E>::new(case.shape.geometry(), case.config, false);
    let lock = Rc::new(Seqlock::<E> { sequence: word("published"), values: [word("state"), word("acked")] });
    let load = |word: &ModelWord<E>, order| Word::<u64>::load(word, order);
    let store = |word: &ModelWord<E>, value, order| Word::<u64>::store(word, value, order);
    let (reader, writer) = (Rc::clone(&lock), lock);
    let reads: Body = Box::new(move || {
        let before = load(&reader.sequence, Acquire);
        let values = reader.values.each_ref().map(|value| load(value, Relaxed));
        if fenced {
            E::fence(Acquire);
        }
        let after = load(&reader.sequence, Relaxed);
        let whole = before == after && before % 2 == 0;
        assert!(!whole || values[0] == values[1], "a torn read");
        Seen::new()
    });
    let writes: Body = Box::new(move || {
        store(&writer.sequence, 1, Relaxed);
        E::fence(Release);
        writer.values.iter().for_each(|value| store(value, 1, Relaxed));
        store(&writer.sequence, 2, Release);
        Seen::new()
    });
    fixture.run(vec![(0, reads), (1, writes)], |_| {});
}

fn seqlock<E: Engine>(case: &Case) {
    read_is_whole::<E>(case, true);
}

fn seqlock_without_the_readers_fence<E: Engine>(case: &Case) {
    read_is_whole::<E>(case, false);
}

#[test]
fn seqlock_needs_the_fence_of_its_reader() {
    let shape = Shape::new(1, 1, 1, 1);
    let case = |name, body| Case {
        name,
        defends: "S1",
        shape,
        config: ModelConfig::ASSUME,
        loom: body,
        shuttle: body,
        graph: body,
    };
    let found = check(case("seqlock", seqlock::<Loom>), Checker::Loom, Armed::default());
    assert_eq!(found.failure.map(|failure| failure.message), None);
    println!("with the fence: {} executions", found.executions);
    let case = case("without the fence", seqlock_without_the_readers_fence::<Loom>);
    let failure = check(case, Checker::Loom, Armed::default()).failure.expect("it fails without the fence");
    assert!(failure.message.contains("a torn read"), "{}", failure.message);
}
