//! # END is a second word
//!
//! The consumer reads the count, and then whether the stream has ended. The producer publishes its last message and END
//! in between. The consumer stops, and the last message is lost.
//!
//! ## In real code
//!
//! `msg = queue.try_pop(); if (!msg && queue.closed()) return;`. A Rust channel can report `Disconnected` with a
//! message still queued: [nexus#737](https://github.com/Abso1ut3Zer0/nexus/issues/737). Aeron read a position and an
//! end-of-stream flag apart: [aeron#1252](https://github.com/aeron-io/aeron/pull/1252).
//!
//! ## The repair
//!
//! END is a bit of the count's word: one load reads both. (Or: the consumer reads the count once more after it has seen
//! the flag.)
//!
//! ## Where ackcast does it right
//!
//! [E1](../orderings/E1.md) publishes END with the count, and [E2a](../orderings/E2a.md) reads both at once (S5). No
//! death can separate them.

use super::prelude::*;

/// The bit of the count's word that says END.
const END: u32 = 1 << 7;

model! {
    EndAsASecondWord { published: word32, ended: word32, message: cell }

    "producer" => |s, _m| {
        s.message.write(7);
        s.published.store(1, Release);
        if REPAIRED { s.published.store(1 | END, Release) } else { s.ended.store(END, Release) }
        vec![]
    }

    "consumer" => |s, m| {
        let published = m.wait_until(|| {
            let word = s.published.load(Acquire);
            let end = if REPAIRED { 0 } else { s.ended.load(Acquire) };
            (word | end != 0).then_some(word | end)
        });
        if published & !END == 0 { vec![] } else { vec![s.message.read() as u8, published as u8] }
    }

    judge |seen| assert!(!seen[1].is_empty(), "S5: END is seen only after all data");
    witness "the message comes before END" |seen| seen[1] == [7, 1];
    witness "the message comes with END" |seen| seen[1] == [7, 1 | END as u8];
}
