//! # Step 3: a ring
//!
//! Step 2 has one slot, so producer and consumers take turns. Here the producer runs ahead by one message.
//!
//! ## The idea
//!
//! There are two slots. Message n goes to slot n % 2. `published` is a count in place of a flag: message n is there
//! when `published` is greater than n. So a consumer that is late loses nothing. `acked` is a count, too. The producer
//! may write message n when the consumer has acknowledged message n - 2, which is the message in that slot.
//!
//! ## What breaks without it
//!
//! The broken text keeps the flag of step 2. The producer publishes messages 0 and 1, and the flag turns twice. A
//! consumer that has not polled between sees the flag as it was at first. It waits for message 0 for ever, and the
//! producer waits for that consumer: a deadlock (L1).
//!
//! ## What is still missing
//!
//! All participants know in advance that there are three messages. [Step 4](end.md) says when the last one was sent.
//! The count of 32 bits wraps after 4 billion messages; ackcast's has 62 bits.
//!
//! ## In ackcast
//!
//! [E1](../orderings/E1.md) and [E2a](../orderings/E2a.md) are the count, [E4](../orderings/E4.md) the wait for the
//! slot. [`ring.rs`](../../src/protocol/ring.rs) finds a slot. A producer keeps what it has learned from
//! [E4](../orderings/E4.md) in `writable_until`, so that it does not ask before each message.

use crate::gallery::prelude::*;

const SLOTS: u32 = 2;

fn send<M: Checkable>(s: &Words<M>, m: &M, n: u32, counts: bool) {
    // Acquire, pairs with `acked`'s store: the consumer has read message n - SLOTS.
    m.wait_until(|| (s.acked.load(Acquire) + SLOTS > n).then_some(()));
    s.slot[(n % SLOTS) as usize].write(7 + u64::from(n));
    // Release, pairs with the consumer's load: message n, and those before it.
    s.published.store(if counts { n + 1 } else { (n + 1) % 2 }, Release);
}

fn receive<M: Checkable>(s: &Words<M>, m: &M, n: u32, counts: bool) -> u8 {
    m.wait_until(|| {
        // Acquire, pairs with `published`'s store: all messages below the count.
        let published = s.published.load(Acquire);
        (if counts { published > n } else { published == (n + 1) % 2 }).then_some(())
    });
    let message = s.slot[(n % SLOTS) as usize].read();
    // Release, pairs with the producer's load: our reads of all messages up to n.
    s.acked.store(n + 1, Release);
    message as u8
}

model! {
    Ring {
        published: word32, // message n is readable when this is greater than n
        acked: word32,     // the consumer has read all messages below this; one consumer is enough from here on
        slot: [cell; 2],
    }

    "producer" => |s, m| {
        (0..3).for_each(|n| send(s, m, n, REPAIRED));
        vec![]
    }

    "consumer" => |s, m| { (0..3).map(|n| receive(s, m, n, REPAIRED)).collect() }

    judge |seen| assert_eq!(seen[1], [7, 8, 9], "S2: the consumer gets each message, in order");
    witness "all messages arrive" |seen| seen[1] == [7, 8, 9];
}
