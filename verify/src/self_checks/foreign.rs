//! A foreign protocol on the model's words: an ordinary load may be stale, whatever its word is called.

use crate::{
    checks::run::{Checker, check},
    events::{Body, Seen},
    hook::Armed,
    model::{
        case::{Case, Shape},
        config::ModelConfig,
        engine::{Engine, Loom},
        execution,
        kernel::Kernel,
        layer::Model,
        word::ModelWord,
    },
};
use ackcast::layer::{Memory, Word};
use std::{
    rc::Rc,
    sync::atomic::Ordering::{Acquire, Relaxed, Release},
};

/// A seqlock, on any memory.
struct Seqlock<M: Memory> {
    sequence: M::W64,
    values: [M::W64; 2],
}

/// After Boehm, *Can Seqlocks Get Along With Programming Language Memory Models?* (MSPC 2012).
impl<M: Memory> Seqlock<M> {
    fn write(&self, memory: &M, value: u64) {
        self.sequence.store(1, Relaxed);
        memory.light_fence(Release);
        self.values.iter().for_each(|word| word.store(value, Relaxed));
        self.sequence.store(2, Release);
    }

    /// The values, if no write came in between. The fence orders their loads before the second load of the sequence.
    fn read(&self, memory: &M, fenced: bool) -> Option<[u64; 2]> {
        let before = self.sequence.load(Acquire);
        let values = self.values.each_ref().map(|word| word.load(Relaxed));
        if fenced {
            memory.light_fence(Acquire);
        }
        let after = self.sequence.load(Relaxed);
        (before == after && before.is_multiple_of(2)).then_some(values)
    }
}

fn read_is_whole<E: Engine>(case: &Case, fenced: bool) {
    execution::begin();
    let kernel = Kernel::new(2, 1, case.config, false, vec![]);
    let memory = || Model::<E>::new(Rc::clone(&kernel));
    // The words bear names of ackcast's words on purpose.
    let words = ["state", "acked"].map(ModelWord::new);
    let lock = Rc::new(Seqlock::<Model<E>> { sequence: ModelWord::new("published"), values: words });
    let (reader, reads_on, writer, writes_on) = (Rc::clone(&lock), memory(), lock, memory());
    let reads: Body = Box::new(move || {
        if let Some([first, second]) = reader.read(&reads_on, fenced) {
            assert_eq!(first, second, "a torn read");
        }
        Seen::new()
    });
    let writes: Body = Box::new(move || {
        writer.write(&writes_on, 1);
        Seen::new()
    });
    execution::run::<E>(vec![(0, reads), (1, writes)], |_| {}, |_| {});
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
