//! # Step 6: joining
//!
//! Step 5 waits for a consumer that is there from the start. Here the consumer comes in the middle, and leaves. (To
//! keep it short, there are one producer and one slot, no lock and no END.)
//!
//! ## The idea
//!
//! `state` says whether the consumer's entry counts. The producer does not wait for a VACANT entry. The joiner stores
//! ACTIVE, makes a fence, and then reads its start. The producer stores `published`, makes a fence, and then reads
//! `state`. One of the two fences comes first. If the joiner's does, the producer sees ACTIVE and waits. If the
//! producer's does, the joiner sees the message as published and starts after it.
//!
//! ## What breaks without it
//!
//! Without the fences each side may miss the other's store. The joiner starts at message n. The producer has published
//! it, sees VACANT, and writes message n + 1 over it. The joiner never reads n (S2), or reads it during the write (S1).
//! Release and Acquire do not help, because they do not order a store before a later load.
//!
//! ## What is still missing
//!
//! Every wait is a loop that polls. [Step 7](sleeping.md) lets the consumer sleep.
//!
//! ## In ackcast
//!
//! [E9](../orderings/E9.md), [J](../orderings/J.md), [E2d](../orderings/E2d.md) and [E3c](../orderings/E3c.md) join, in
//! [`registry.rs`](../../src/protocol/registry.rs). [N](../orderings/N.md) and [E6](../orderings/E6.md) are the
//! producer's side, and [E5](../orderings/E5.md) leaves. An entry there serves many occupants, so more is released.

use crate::gallery::prelude::*;

/// No consumer reads here: the producer ignores the acknowledgement. The initial value.
const VACANT: u32 = 0;
/// The acknowledgement counts.
const ACTIVE: u32 = 1;

/// Waits until message `n` may be written, to the one slot.
fn await_room<M: Checkable>(s: &Words<M>, m: &M, n: u32) {
    m.wait_until(|| {
        // Acquire, pairs with the leaver's store: all its reads.
        let vacant = s.state.load(Acquire) == VACANT;
        (vacant || s.acked.load(Acquire) + 1 > n).then_some(())
    });
}

/// Joins, and returns the number of the first message to receive.
fn join<M: Checkable>(s: &Words<M>, m: &M, fences: bool) -> u32 {
    s.state.store(ACTIVE, Relaxed); // `acked` is 0, which is no more than the start
    if fences {
        m.fence(SeqCst); // pairs with the producer's
    }
    let start = s.published.load(Relaxed);
    s.acked.store(start, Relaxed); // we have read nothing yet
    start
}

fn receive<M: Checkable>(s: &Words<M>, m: &M, n: u32) -> u8 {
    m.wait_until(|| (s.published.load(Acquire) > n).then_some(()));
    let message = s.slot.read();
    s.acked.store(n + 1, Release);
    message as u8
}

model! {
    Joining {
        published: word32, acked: word32, slot: cell,
        state: word32, // whether `acked` counts: VACANT or ACTIVE
    }

    "producer" => |s, m| {
        for n in 0..4 {
            await_room(s, m, n);
            s.slot.write(7 + u64::from(n));
            s.published.store(n + 1, Release);
            if REPAIRED { m.fence(SeqCst) } // pairs with the joiner's: we see ACTIVE, or it sees what we published
        }
        vec![]
    }

    "consumer" => |s, m| {
        let start = join(s, m, REPAIRED);
        let seen = (start..4).take(2).map(|n| receive(s, m, n)).collect();
        s.state.store(VACANT, Release); // pairs with `await_room`: all our reads
        seen
    }

    judge |seen| assert!(
        matches!(seen[1][..], [7, 8] | [8, 9] | [9, 10] | [10] | []),
        "S2: the joiner gets each message from its start on: {seen:?}",
    );
    witness "it joins at the start" |seen| seen[1] == [7, 8];
    witness "it joins in the middle" |seen| seen[1] == [9, 10];
    witness "it joins after the last message" |seen| seen[1].is_empty();
}
