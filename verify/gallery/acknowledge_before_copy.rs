//! # The consumer acknowledges before it has copied the message
//!
//! The acknowledgement lets the producer write the slot. The consumer is still reading that slot.
//!
//! ## In real code
//!
//! `tail = (tail + 1) % N; return buffer[old];`, or a view into the slot that outlives its release. The consumer of
//! [JCTools/JCTools#71](https://github.com/JCTools/JCTools/issues/71) published its index before it had read the
//! message. A store without Release after the read is the same mistake: the processor may execute it first.
//!
//! ## The repair
//!
//! The consumer copies the message, and then acknowledges it with Release.
//!
//! ## Where ackcast does it right
//!
//! The acknowledgement ([E3a](../orderings/E3a.md)) comes after all reads of the slot ([D4](../orderings/D4.md)). A
//! `Message` borrows its consumer, so the compiler rejects a view that is used after the acknowledgement.

use super::prelude::*;

model! {
    AcknowledgeBeforeCopy { published: word32, acked: word32, message: cell }

    "producer" => |s, m| {
        s.message.write(1);
        s.published.store(1, Release);
        m.wait_until(|| (s.acked.load(Acquire) == 1).then_some(()));
        s.message.write(2);
        vec![]
    }

    "consumer" => |s, m| {
        m.wait_until(|| (s.published.load(Acquire) == 1).then_some(()));
        if !REPAIRED {
            s.acked.store(1, Relaxed);
        }
        let message = s.message.read();
        if REPAIRED {
            s.acked.store(1, Release);
        }
        vec![message as u8]
    }

    judge |seen| assert_eq!(seen[1], [1], "S3: no message is overwritten before it is read");
    witness "the message arrives" |seen| seen[1] == [1];
}
