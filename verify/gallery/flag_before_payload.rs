//! # The flag is raised before the payload is written
//!
//! The consumer sees the flag, and reads a message that is not there yet. A Relaxed flag after the payload is the same
//! mistake: the text's order is no order between processes.
//!
//! ## In real code
//!
//! `ready = true; buffer = message;`, or `ready.store(true, Ordering::Relaxed)` because "x86 keeps stores in order". The
//! compiler need not.
//!
//! ## The repair
//!
//! The flag is stored after the payload, with Release; the consumer loads it with Acquire.
//!
//! ## Where ackcast does it right
//!
//! E1 publishes with Release after the bytes are written (D1), and E2a acquires.

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
