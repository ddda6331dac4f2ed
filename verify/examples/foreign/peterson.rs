//! Peterson's lock for two threads. (*Myths About the Mutual Exclusion Problem*, 1981.)
//!
//! Its mistake is a famous one: without SeqCst fences, each thread may miss that the other one wants the lock. The
//! checker had two things to say of earlier versions of this file. With a single fence, behind both stores, the lock is
//! still wrong: a thread can see the other's `turn`, and enter by it, although the other one has missed its `wants`.
//! With an AcqRel exchange of `turn` in place of the store no fence is needed: it was a mutant that survived.

use ackcast::layer::Word;
use ackcast_verify::template::{Cell, Checkable, Outcome, Participant, Protocol, Seen, Witness};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

#[derive(Debug)]
pub struct Peterson<const FENCED: bool>;

#[derive(Debug)]
pub struct Words<M: Checkable> {
    wants: [M::W32; 2],
    turn: M::W32,
    counter: M::Cell,
}

fn critical_section<M: Checkable, const FENCED: bool>(words: &Words<M>, memory: &M, me: usize) -> Seen {
    let other = 1 - me;
    words.wants[me].store(1, Relaxed);
    if FENCED {
        memory.fence(SeqCst);
    }
    words.turn.store(other as u32, Relaxed);
    if FENCED {
        memory.fence(SeqCst);
    }
    memory.wait_until(|| {
        let free = words.wants[other].load(Acquire) == 0 || words.turn.load(Relaxed) == me as u32;
        free.then_some(())
    });
    let count = words.counter.read() + 1;
    words.counter.write(count);
    words.wants[me].store(0, Release);
    vec![count as u8]
}

impl<const FENCED: bool> Protocol for Peterson<FENCED> {
    const NAME: &'static str = if FENCED { "Peterson's lock" } else { "Peterson's lock without fences" };
    type Shared<M: Checkable> = Words<M>;

    fn shared<M: Checkable>(memory: &M) -> Words<M> {
        let wants = ["wants 0", "wants 1"].map(|name| memory.word32(name));
        Words { wants, turn: memory.word32("turn"), counter: memory.cell("counter") }
    }

    fn participants<M: Checkable>() -> Vec<Participant<Self, M>> {
        vec![
            Participant::new("first", |words: &Words<M>, memory: &M| critical_section::<M, FENCED>(words, memory, 0)),
            Participant::new("second", |words: &Words<M>, memory: &M| critical_section::<M, FENCED>(words, memory, 1)),
        ]
    }

    fn judge(outcome: &Outcome) {
        assert!(outcome[0] != outcome[1], "a count is lost: {outcome:?}");
    }

    fn witnesses() -> Vec<Witness> {
        vec![
            ("the first comes first", |outcome| outcome[0] == [1]),
            ("the second comes first", |outcome| outcome[1] == [1]),
        ]
    }
}
