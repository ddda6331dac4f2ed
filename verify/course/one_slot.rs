//! # Step 1: one slot
//!
//! A producer hands one message to one consumer. Both share a slot and a word. Each of them may be stopped between any
//! two lines.
//!
//! ## The idea
//!
//! `published` is a flag. The producer writes the slot first and the flag after it. The consumer polls the flag first
//! and reads the slot after it. Each side needs an ordering for that. The store is a Release, and the load that reads
//! its value is an Acquire. Everything before that store happens before everything after that load.
//!
//! ## What breaks without it
//!
//! The broken text stores the flag with Relaxed. The compiler and the processor may move the write of the slot behind
//! it. The consumer then reads a slot that the producer still writes: a data race (S1).
//!
//! ## What is still missing
//!
//! The slot is used once. A second message would overwrite the first one, because the producer does not know when the
//! consumer has read it. [Step 2](acknowledgement.md) tells it.
//!
//! ## In ackcast
//!
//! [E1](../orderings/E1.md) publishes with Release, and [E2a](../orderings/E2a.md) polls with Acquire.
//! [D1](../orderings/D1.md) and [D4](../orderings/D4.md) are the slot. See
//! [`prepared.rs`](../../src/protocol/producer/prepared.rs) and [`consumer.rs`](../../src/protocol/consumer.rs).

use crate::gallery::prelude::*;

model! {
    OneSlot {
        published: word32, // 1: the slot holds the message
        slot: cell,
    }

    "producer" => |s, _m| {
        s.slot.write(7);
        // Release, pairs with the consumer's load: the message.
        s.published.store(1, if REPAIRED { Release } else { Relaxed });
        vec![]
    }

    "consumer" => |s, m| {
        // Acquire, pairs with the producer's store: the message.
        m.wait_until(|| (s.published.load(Acquire) == 1).then_some(()));
        vec![s.slot.read() as u8]
    }

    judge |seen| assert_eq!(seen[1], [7], "S1: the consumer gets the message");
    witness "the message arrives" |seen| seen[1] == [7];
}
