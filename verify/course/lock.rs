//! # Step 5: a lock
//!
//! Step 4 has one producer. Here there are two, and the first of them may die at any step.
//!
//! ## The idea
//!
//! A producer takes `lock` before it reads `published`, and gives it back after it has published. The word names its
//! owner. A waiter asks the kernel whether that owner lives, and exchanges a dead owner's name for its own. Nothing has
//! to be repaired: the store to `published` is the one step that counts. A message that was not published is
//! overwritten. END (bit 31) comes with the last message, in one store.
//!
//! ## What breaks without it
//!
//! The broken text does not ask. The first producer dies as the owner, and the second one waits for ever (C2). That is
//! what a lock made for threads does in shared memory.
//!
//! ## What is still missing
//!
//! The consumer is there from the start, and for ever. [Step 6](joining.md) lets it come and go. A number that is used
//! again needs a generation, or a living successor would pass for the dead owner. A dead consumer still stops the
//! producers. ackcast asks about it in the same way ([K3](../orderings/K3.md), [X12](../orderings/X12.md)).
//!
//! ## In ackcast
//!
//! [E7a](../orderings/E7a.md) takes the lock in [`lock.rs`](../../src/lock.rs), and [E8](../orderings/E8.md) gives it
//! back. [E7e](../orderings/E7e.md) takes over a dead owner's, which [K2](../orderings/K2.md) has asked about.
//! [X1](../orderings/X1.md) reads `published` under the lock.

use crate::gallery::prelude::*;

const SLOTS: u32 = 2;
const END: u32 = 1 << 31;

fn acquire<M: Checkable>(s: &Words<M>, m: &M, me: u32, asks: bool) {
    loop {
        let owner = m.wait_until(|| {
            let owner = s.lock.load(Relaxed); // a guess, which the exchange checks
            (owner == 0 || asks && !m.is_alive(owner - 1)).then_some(owner)
        });
        // Acquire, pairs with the release below: the last owner's work. A dead owner's comes with the kernel's answer.
        if s.lock.compare_exchange(owner, me + 1, Acquire, Relaxed).is_ok() {
            return;
        }
    }
}

/// Sends these messages, unless END is published. Message 9 is the last one.
fn send<M: Checkable>(s: &Words<M>, m: &M, me: u32, messages: &[u32], asks: bool) -> Vec<u8> {
    acquire(s, m, me, asks);
    let count = s.published.load_owned(); // only the lock's owner writes it
    for (n, &message) in (count..).zip(messages).filter(|_| count & END == 0) {
        m.wait_until(|| (s.acked.load(Acquire) + SLOTS > n).then_some(()));
        s.slot[(n % SLOTS) as usize].write(message.into());
        let end = if message == 9 { END } else { 0 };
        s.published.store((n + 1) | end, Release);
    }
    s.lock.store(0, Release); // pairs with `acquire`: our messages
    vec![]
}

/// The next message; `None` at END.
fn receive<M: Checkable>(s: &Words<M>, m: &M, n: u32) -> Option<u8> {
    // Greater than n: message n is there, or END.
    let published = m.wait_until(|| Some(s.published.load(Acquire)).filter(|&published| published > n));
    (published & !END > n).then(|| {
        let message = s.slot[(n % SLOTS) as usize].read();
        s.acked.store(n + 1, Release);
        message as u8
    })
}

model! {
    Lock {
        lock: word32, // its owner's number plus 1, or 0
        published: word32, acked: word32, slot: [cell; 2],
    }
    @deaths 1 of 0b001;
    @graphs;

    "producer 0" => |s, m| { send(s, m, 0, &[7], REPAIRED) }
    "producer 1" => |s, m| { send(s, m, 1, &[8, 9], REPAIRED) }
    "consumer" => |s, m| { (0..4).map_while(|n| receive(s, m, n)).collect() }

    judge |seen| assert!(matches!(seen[2][..], [7, 8, 9] | [8, 9]), "C2: a message arrives or does not: {seen:?}");
    witness "producer 0 dies after it has published" |seen| seen[0] == [DIED] && seen[2] == [7, 8, 9];
    witness "producer 0 dies before" |seen| seen[0] == [DIED] && seen[2] == [8, 9];
}
