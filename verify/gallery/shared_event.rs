//! # An event that all consumers share
//!
//! The consumer that comes first clears the event. The other consumer finds it clear, and waits for ever. If a next
//! message sets the event again, the other consumer misses the first one.
//!
//! ## In real code
//!
//! A teaching exercise's first listing, with two consumers: `data_ready_event.wait()`, then `data_ready_event.clear()`.
//! The wait is outside of its lock, so the lock changes nothing, and the model leaves it out. A Windows event with
//! automatic reset is the same. In [scionproto/scion#463](https://github.com/scionproto/scion/issues/463) a clear races
//! with a set, and path responses are not noticed.
//!
//! ## The repair
//!
//! The event becomes a count of messages that only grows. Consumers read it, and no consumer writes it. Each consumer
//! remembers how many messages it has read.
//!
//! ## Where ackcast does it right
//!
//! The producer alone advances `published` ([E1](../orderings/E1.md)), and each consumer compares it with a count of
//! its own ([E2a](../orderings/E2a.md)). Each consumer sleeps on a word of its own ([P3](../orderings/P3.md)).

use super::prelude::*;

fn receive<M: Checkable>(s: &Words<M>, m: &M, clears: bool) -> Vec<u8> {
    m.wait_until(|| (s.event.load(Acquire) == 1).then_some(()));
    let message = s.message.read() as u8;
    if clears {
        s.event.store(0, Relaxed);
    }
    vec![message]
}

model! {
    SharedEvent { event: word32, message: cell }

    "producer" => |s, _m| {
        s.message.write(7);
        s.event.store(1, Release);
        vec![]
    }

    "first" => |s, m| { receive(s, m, !REPAIRED) }

    "second" => |s, m| { receive(s, m, !REPAIRED) }

    judge |seen| assert!(seen[1] == [7] && seen[2] == [7], "S2: each consumer gets the message: {seen:?}");
    witness "both get the message" |seen| seen[1] == [7] && seen[2] == [7];
}
