//! # The producer waits for no acknowledgement
//!
//! The producer writes the next message into a slot that the consumer is still reading. The consumer gets half of each,
//! or never sees the first.
//!
//! ## In real code
//!
//! `time.sleep(0.1)` in a teaching exercise's producers, in the hope that each consumer has read by then. A longer ring
//! makes it rarer, not right. [CatxFish/obs-virtual-cam#4](https://github.com/CatxFish/obs-virtual-cam/issues/4) asks
//! what happens if the writer is much faster. The author confirms it: the reader gets a wrong image.
//!
//! ## The repair
//!
//! The consumer acknowledges each message. The producer waits for the acknowledgement before it overwrites the slot.
//!
//! ## Where ackcast does it right
//!
//! A consumer acknowledges with Release ([E3a](../orderings/E3a.md)). The producer acquires all acknowledgements
//! ([E4](../orderings/E4.md)) before it writes a slot ([D1](../orderings/D1.md)).

use super::prelude::*;

model! {
    NoAcknowledgement { published: word32, acked: word32, message: cell }

    "producer" => |s, m| {
        s.message.write(1);
        s.published.store(1, Release);
        if REPAIRED {
            m.wait_until(|| (s.acked.load(Acquire) == 1).then_some(()));
        }
        s.message.write(2);
        s.published.store(2, Release);
        vec![]
    }

    "consumer" => |s, m| {
        let receive = |n| {
            m.wait_until(|| (s.published.load(Acquire) >= n).then_some(()));
            let message = s.message.read() as u8;
            if REPAIRED {
                s.acked.store(n, Release);
            }
            message
        };
        (1..=2).map(receive).collect()
    }

    judge |seen| assert_eq!(seen[1], [1, 2], "S3: no message is overwritten before it is read");
    witness "both messages arrive" |seen| seen[1] == [1, 2];
}
