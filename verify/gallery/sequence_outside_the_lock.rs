//! # The sequence number is taken outside the lock
//!
//! Two producers take their numbers, then lock, and publish in the other order. The count says that message 0 is there,
//! and its slot is empty.
//!
//! ## In real code
//!
//! `n = next.fetch_add(1); std::lock_guard guard(mutex); ring[n] = message; published = n + 1;`. Gazette's publisher
//! numbered a message before it began to append, and readers discarded the late one:
//! [gazette#259](https://github.com/gazette/core/issues/259). A client of Pulsar numbers messages when they are made,
//! not when they are sent: [pulsar-client-go#1411](https://github.com/apache/pulsar-client-go/pull/1411).
//!
//! ## The repair
//!
//! The number is taken and published under one lock. The count of published messages is the next number.
//!
//! ## Where ackcast does it right
//!
//! [X1](../orderings/X1.md) reads the count under the lock, between [E7a](../orderings/E7a.md) and
//! [E8](../orderings/E8.md). [E1](../orderings/E1.md) publishes in the same critical section.

use super::prelude::*;

fn publish<M: Checkable>(s: &Words<M>, m: &M, message: u64, under_lock: bool) {
    let ticket = if under_lock { 0 } else { s.next.swap(1, Relaxed) }; // fetch_add: the second producer gets 1
    while s.lock.compare_exchange(0, 1, Acquire, Relaxed).is_err() {
        m.wait_until(|| (s.lock.load(Relaxed) == 0).then_some(()));
    }
    let number = if under_lock { s.published.load_owned() } else { ticket };
    s.ring[number as usize].write(message);
    s.published.store(number + 1, Release);
    s.lock.store(0, Release);
}

model! {
    SequenceOutsideTheLock { next: word32, lock: word32, published: word32, ring: [cell; 2] }

    "first" => |s, m| {
        publish(s, m, 7, REPAIRED);
        vec![]
    }

    "second" => |s, m| {
        publish(s, m, 8, REPAIRED);
        vec![]
    }

    "consumer" => |s, m| {
        let count = m.wait_until(|| Some(s.published.load(Acquire)).filter(|&count| count > 0));
        s.ring[..count as usize].iter().map(|slot| slot.read() as u8).collect()
    }

    judge |seen| assert!(!seen[2].contains(&0), "S2: each message that is counted is there: {seen:?}");
    witness "the first producer is first" |seen| seen[2] == [7, 8];
    witness "the second producer is first" |seen| seen[2] == [8, 7];
}
