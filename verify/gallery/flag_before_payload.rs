//! # The flag is raised before the payload is written
//!
//! The consumer sees the flag, and reads a message that is not there yet. A Relaxed flag after the payload is the same
//! mistake: the order of the text is no order between processes.
//!
//! ## In real code
//!
//! `ready = true; buffer = message;` in this order, as in
//! [hw-native-sys/simpler#1942](https://github.com/hw-native-sys/simpler/pull/1942). Or the right order without
//! Release, because "x86 keeps stores in order". The compiler need not, and other processors do not:
//! [ClusterLabs/libqb#64](https://github.com/ClusterLabs/libqb/issues/64).
//!
//! ## The repair
//!
//! The flag is stored after the payload, with Release. The consumer loads it with Acquire.
//!
//! ## Where ackcast does it right
//!
//! The producer publishes with Release ([E1](../orderings/E1.md)) after it has written the bytes
//! ([D1](../orderings/D1.md)). The consumer acquires ([E2a](../orderings/E2a.md)).

use super::prelude::*;

model! {
    FlagBeforePayload { ready: word32, message: cell }

    "producer" => |s, _m| {
        if REPAIRED {
            s.message.write(7);
        }
        s.ready.store(1, Release);
        if !REPAIRED {
            s.message.write(7);
        }
        vec![]
    }

    "consumer" => |s, m| {
        m.wait_until(|| (s.ready.load(Acquire) == 1).then_some(()));
        vec![s.message.read() as u8]
    }

    judge |seen| assert_eq!(seen[1], [7], "S1: the consumer gets the message");
    witness "the message arrives" |seen| seen[1] == [7];
}
