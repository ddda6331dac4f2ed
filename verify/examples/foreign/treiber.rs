//! Treiber's stack, on indices: the head names a node, and each node names the next one.
//! (*Systems Programming: Coping with Parallelism*, 1986.)
//!
//! Its mistake is ABA: a thread reads that node 1 is the head and node 2 the next one; meanwhile another thread pops
//! both and pushes node 1 again. The first thread's exchange succeeds, and makes node 2 the head, which is in use. A
//! tag that counts the changes of the head makes the exchange fail.

use ackcast::layer::Word;
use ackcast_verify::template::{Checkable, Outcome, Participant, Protocol, Seen, Witness};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

#[derive(Debug)]
pub struct Stack<const TAGGED: bool>;

/// The head is a node's number, 0 if there is none, and 256 times the number of changes.
#[derive(Debug)]
pub struct Words<M: Checkable> {
    head: M::W32,
    next: [M::W32; 2],
}

fn changed<const TAGGED: bool>(head: u32, node: u32) -> u32 {
    if TAGGED { (head & !0xff).wrapping_add(0x100) | node } else { node }
}

fn push<M: Checkable, const TAGGED: bool>(words: &Words<M>, node: u32) {
    loop {
        let head = words.head.load(Acquire);
        words.next[node as usize - 1].store(head & 0xff, Relaxed);
        if words.head.compare_exchange(head, changed::<TAGGED>(head, node), AcqRel, Relaxed).is_ok() {
            return;
        }
    }
}

fn pop<M: Checkable, const TAGGED: bool>(words: &Words<M>) -> u32 {
    loop {
        let head = words.head.load(Acquire);
        let Some(index) = (head & 0xff).checked_sub(1) else { return 0 };
        let next = words.next[index as usize].load(Relaxed);
        if words.head.compare_exchange(head, changed::<TAGGED>(head, next), AcqRel, Relaxed).is_ok() {
            return index + 1;
        }
    }
}

impl<const TAGGED: bool> Protocol for Stack<TAGGED> {
    const NAME: &'static str = if TAGGED { "Treiber's stack" } else { "Treiber's stack without tags" };
    type Shared<M: Checkable> = Words<M>;

    fn shared<M: Checkable>(memory: &M) -> Words<M> {
        let words = Words { head: memory.word32("head"), next: ["next 1", "next 2"].map(|name| memory.word32(name)) };
        push::<M, TAGGED>(&words, 2);
        push::<M, TAGGED>(&words, 1);
        words
    }

    fn participants<M: Checkable>() -> Vec<Participant<Self, M>> {
        vec![
            Participant::new("popper", |words: &Words<M>, _| vec![pop::<M, TAGGED>(words) as u8]),
            Participant::new("recycler", |words: &Words<M>, _| {
                let mut mine = vec![pop::<M, TAGGED>(words), pop::<M, TAGGED>(words)];
                if mine[0] != 0 {
                    push::<M, TAGGED>(words, mine.remove(0)); // the other one stays in use
                }
                mine.push(pop::<M, TAGGED>(words));
                mine.into_iter().map(|node| node as u8).collect::<Seen>()
            }),
        ]
    }

    fn judge(outcome: &Outcome) {
        let mut held: Seen = outcome.iter().flatten().copied().filter(|&node| node != 0).collect();
        held.sort_unstable();
        let count = held.len();
        held.dedup();
        assert_eq!(held.len(), count, "a node is popped twice, and is in use by two: {outcome:?}");
    }

    fn witnesses() -> Vec<Witness> {
        vec![
            ("the popper gets the node that was pushed again", |outcome| outcome[0] == [1] && outcome[1][0] == 2),
            ("the popper comes first", |outcome| outcome[0] == [1] && outcome[1].contains(&2)),
        ]
    }
}
