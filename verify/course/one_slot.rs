//! # Step 1: one slot
//!
//! A producer, a consumer, a message. The flag says that the message is there.
//!
//! ## The idea
//!
//! ## What breaks without it
//!
//! ## What is still missing
//!
//! ## In ackcast

use crate::gallery::prelude::*;

model! {
    OneSlot { ready: word32, message: cell }

    "producer" => |s, _m| {
        s.message.write(7);
        s.ready.store(1, if REPAIRED { Release } else { Relaxed });
        vec![]
    }

    "consumer" => |s, m| {
        m.wait_until(|| (s.ready.load(Acquire) == 1).then_some(()));
        vec![s.message.read() as u8]
    }

    judge |seen| assert_eq!(seen[1], [7], "S1: the consumer gets the message");
    witness "the message arrives" |seen| seen[1] == [7];
}
