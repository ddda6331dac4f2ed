//! # Step 7: sleeping
//!
//! In step 6 every wait polls. Here the consumer sleeps until the producer wakes it. (It is there from the start.)
//!
//! ## The idea
//!
//! `signal` says whether the consumer sleeps. The consumer stores PARKED, makes a fence, and polls once more before it
//! sleeps. The producer stores `published`, makes a fence, and then reads `signal`. This is Dekker's pattern, and the
//! same as in step 6: each side writes, fences, and reads what the other side writes. So the poll finds the message, or
//! the producer finds PARKED and makes the wake. One fence of the producer serves both steps.
//!
//! ## What breaks without it
//!
//! Without the fences both loads may be stale. The consumer polls, reads an old count, and parks. The producer does not
//! read what the consumer has announced last, and makes no wake for it. The consumer sleeps for ever beside its
//! message: a lost wake-up (L1).
//!
//! ## What is still missing
//!
//! The eighth step is `src/` itself. [docs/protocol.md](../protocol.md) says in which order to read it: first the words
//! and states, then a message's way through `await_room.rs`, `free_slot.rs`, `prepared.rs` and `consumer.rs`, then
//! `registry.rs`, and at last `lock.rs` and `signal.rs`. It adds deadlines, lengths, and deaths at every step.
//!
//! ## In ackcast
//!
//! [R2](../orderings/R2.md) and [F1](../orderings/F1.md) are the waiter, [F2](../orderings/F2.md) and
//! [F3](../orderings/F3.md) the notifier, in [`signal.rs`](../../src/signal.rs). [P3](../orderings/P3.md) sleeps and
//! [P4](../orderings/P4.md) wakes. F2 is a light fence and F1 a heavy one. [R1](../orderings/R1.md) spares later
//! sleeps the fence.

use crate::gallery::prelude::*;

/// The consumer is awake. The initial value.
const EMPTY: u32 = 0;
/// The consumer sleeps, or is about to.
const PARKED: u32 = 1;

fn notify<M: Checkable>(s: &Words<M>, m: &M, fences: bool) {
    if fences {
        m.fence(SeqCst); // pairs with the waiter's: we see PARKED, or the waiter sees what we published
    }
    if s.signal.load(Relaxed) == PARKED {
        s.signal.store(EMPTY, Relaxed); // a waiter that does not sleep yet finds the word changed
        m.wake(&s.signal);
    }
}

fn receive<M: Checkable>(s: &Words<M>, m: &M, n: u32, fences: bool) -> u8 {
    loop {
        s.signal.store(PARKED, Relaxed);
        if fences {
            m.fence(SeqCst); // pairs with the notifier's
        }
        if s.published.load(Acquire) > n {
            break;
        }
        m.sleep_while(&s.signal, PARKED);
    }
    let message = s.slot.read();
    s.acked.store(n + 1, Release);
    message as u8
}

model! {
    Sleeping {
        published: word32, acked: word32, slot: cell,
        signal: word32, // whether the consumer sleeps: EMPTY or PARKED
    }

    "producer" => |s, m| {
        for n in 0..2 {
            m.wait_until(|| (s.acked.load(Acquire) + 1 > n).then_some(())); // in ackcast it sleeps here, too
            s.slot.write(7 + u64::from(n));
            s.published.store(n + 1, Release);
            notify(s, m, REPAIRED);
        }
        vec![]
    }

    "consumer" => |s, m| { (0..2).map(|n| receive(s, m, n, REPAIRED)).collect() }

    judge |seen| assert_eq!(seen[1], [7, 8], "L1: no wake-up is lost");
    witness "both messages arrive" |seen| seen[1] == [7, 8];
}
