//! # Step 2: acknowledgement
//!
//! Step 1 uses its slot once. Here a second message goes through the same slot, to two consumers.
//!
//! ## The idea
//!
//! Each consumer has a word of its own, `acked`. It stores there that it has read the slot. The producer waits for all
//! of these words before it writes the slot again. So `published` carries the message to the consumers, and `acked`
//! carries the end of the read back. Each flag turns with each message: 1, 0, 1. One counter for all
//! consumers would not tell which of them has died.
//!
//! ## What breaks without it
//!
//! In the broken text a consumer acknowledges one line too early, before it reads the slot. The producer writes the
//! second message while the consumer still reads the first one: a data race (S3). The same happens with an `acked` that
//! is Relaxed, because the read may then move behind it.
//!
//! ## What is still missing
//!
//! Producer and consumers take turns. The producer waits for the slowest consumer after each message.
//! [Step 3](ring.md) lets it run ahead.
//!
//! ## In ackcast
//!
//! [E3a](../orderings/E3a.md) acknowledges in [`consumer.rs`](../../src/protocol/consumer.rs).
//! [E4](../orderings/E4.md) reads the acknowledgements in
//! [`await_room.rs`](../../src/protocol/producer/await_room.rs).

use crate::gallery::prelude::*;

fn send<M: Checkable>(s: &Words<M>, m: &M, n: u32) {
    for acked in &s.acked {
        // Acquire, pairs with `acked`'s store: the consumer has read message n - 1.
        m.wait_until(|| (acked.load(Acquire) == n % 2).then_some(()));
    }
    s.slot.write(7 + u64::from(n));
    // Release, pairs with the consumers' load: message n.
    s.published.store((n + 1) % 2, Release);
}

fn receive<M: Checkable>(s: &Words<M>, m: &M, me: usize, n: u32, too_early: bool) -> u8 {
    // Acquire, pairs with `published`'s store: message n.
    m.wait_until(|| (s.published.load(Acquire) == (n + 1) % 2).then_some(()));
    let acknowledge = || s.acked[me].store((n + 1) % 2, Release);
    if too_early {
        acknowledge();
    }
    let message = s.slot.read();
    if !too_early {
        acknowledge(); // Release, pairs with the producer's load: our read of the slot
    }
    message as u8
}

model! {
    Acknowledgement {
        published: word32,  // 1 after message 0, 0 after message 1, and so on
        acked: [word32; 2], // for each consumer: turns when it has read the slot
        slot: cell,
    }

    "producer" => |s, m| {
        (0..2).for_each(|n| send(s, m, n));
        vec![]
    }

    "consumer 0" => |s, m| { (0..2).map(|n| receive(s, m, 0, n, !REPAIRED)).collect() }
    "consumer 1" => |s, m| { (0..2).map(|n| receive(s, m, 1, n, !REPAIRED)).collect() }

    judge |seen| assert!(seen[1..].iter().all(|got| got[..] == [7, 8]), "S3: no message is overwritten: {seen:?}");
    witness "both messages arrive" |seen| seen[1] == [7, 8];
}
