//! # A consumer joins without a fence
//!
//! The joiner marks itself ACTIVE, then reads the count. The producer publishes, then looks for ACTIVE consumers. Both
//! miss each other. The producer overwrites the message at which the joiner starts.
//!
//! ## In real code
//!
//! `slot->active = true; start = ring->published;`. Release and Acquire do not help: they do not keep a store before a
//! later load, and x86 does not either. A reader that enters an epoch joins in the same way. Garnet's LightEpoch
//! announced the epoch with a plain store: [garnet#2015](https://github.com/microsoft/garnet/pull/2015).
//!
//! ## The repair
//!
//! Both sides have a SeqCst fence between their store and their load. Of two such fences, one comes first.
//!
//! ## Where ackcast does it right
//!
//! [J](../orderings/J.md) is the joiner's fence, between [E9](../orderings/E9.md) and [E2d](../orderings/E2d.md).
//! [N](../orderings/N.md) is the producer's, after [E1](../orderings/E1.md).

use super::prelude::*;

model! {
    JoiningWithoutAFence { active: word32, published: word32, acked: word32, slot: cell }

    "joiner" => |s, m| {
        s.active.store(1, Relaxed);
        if REPAIRED {
            m.fence(SeqCst);
        }
        let start = s.published.load(Relaxed);
        m.wait_until(|| (s.published.load(Acquire) == 1).then_some(()));
        let first = if start == 0 { s.slot.read() } else { 0 };
        s.acked.store(1, Release);
        vec![first as u8]
    }

    "producer" => |s, m| {
        s.slot.write(7);
        s.published.store(1, Release);
        if REPAIRED {
            m.fence(SeqCst);
        }
        if s.active.load(Relaxed) == 1 {
            m.wait_until(|| (s.acked.load(Acquire) == 1).then_some(()));
        }
        s.slot.write(8);
        vec![]
    }

    judge |seen| assert!(matches!(seen[0][..], [0] | [7]), "S3: no unacknowledged message is overwritten: {seen:?}");
    witness "the joiner starts at the message" |seen| seen[0] == [7];
    witness "the joiner starts after it" |seen| seen[0] == [0];
}
