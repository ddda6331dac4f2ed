//! # One counter for the acknowledgements of all consumers
//!
//! The counter says how many acknowledgements there were, but not whose. A fast consumer acknowledges two messages. The
//! producer takes them for one of each consumer, and overwrites the message that the slow consumer is reading.
//!
//! ## In real code
//!
//! `if (atomic_load(&acks) == consumers)`, often with `acks = 0` for each message. With the reset, a late
//! acknowledgement of one message counts for the next. The count has the expected value for another reason (ABA). The
//! barrier of [uccl-project/uccl#1052](https://github.com/uccl-project/uccl/pull/1052) mixed up rounds by its counter,
//! as did that of [tile-ai/tilelang#2319](https://github.com/tile-ai/tilelang/pull/2319).
//!
//! ## The repair
//!
//! Each consumer has a word of its own, which holds the number of messages that it has acknowledged. It only grows.
//!
//! ## Where ackcast does it right
//!
//! Each consumer's entry has its own `acked` ([E3a](../orderings/E3a.md)). The producer takes the lowest
//! ([E4](../orderings/E4.md)).

use super::prelude::*;

/// Two messages. `own`: the consumer's own word. Without it, all consumers count in `acked[0]`.
fn receive<M: Checkable>(s: &Words<M>, m: &M, own: Option<usize>) -> Vec<u8> {
    m.wait_until(|| (s.published.load(Acquire) == 2).then_some(()));
    let mut seen = vec![];
    for n in 0..2 {
        seen.push(s.slots[n as usize].read() as u8);
        match own {
            Some(me) => s.acked[me].store(n + 1, Release),
            None => {
                (n..).find(|&count| s.acked[0].compare_exchange(count, count + 1, AcqRel, Relaxed).is_ok());
            }
        }
    }
    seen
}

model! {
    SharedAcknowledgementCounter { published: word32, acked: [word32; 2], slots: [cell; 2] }

    "producer" => |s, m| {
        s.slots[0].write(1);
        s.slots[1].write(2);
        s.published.store(2, Release);
        let (acked, needed) = if REPAIRED { (&s.acked[..], 1) } else { (&s.acked[..1], 2) };
        m.wait_until(|| acked.iter().all(|acked| acked.load(Acquire) >= needed).then_some(()));
        s.slots[0].write(3);
        vec![]
    }

    "first" => |s, m| { receive(s, m, REPAIRED.then_some(0)) }

    "second" => |s, m| { receive(s, m, REPAIRED.then_some(1)) }

    judge |seen| assert!(seen[1] == [1, 2] && seen[2] == [1, 2], "S3: each consumer reads both messages: {seen:?}");
    witness "both read both messages" |seen| seen[1] == [1, 2] && seen[2] == [1, 2];
}
