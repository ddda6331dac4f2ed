//! # The end is written over the last message
//!
//! The end marker takes the place of a message. A consumer that is slow finds the end there, and the message is lost.
//!
//! ## In real code
//!
//! A teaching exercise's first listing: when the producer has ended, the main process executes `shared_memory.value =
//! b''`. Nothing there waits for the consumer, which sleeps after each message. The lock makes each access whole, so
//! the message is a word here. A queue whose close hides what is still in it loses the same message:
//! [scionproto/scion#1265](https://github.com/scionproto/scion/pull/1265).
//!
//! ## The repair
//!
//! The end is a bit beside the count of messages, and takes no slot. A consumer takes all counted messages first.
//!
//! ## Where ackcast does it right
//!
//! END is published as a message is ([E1](../orderings/E1.md)): a flag in the word that counts the messages. A consumer
//! polls both in one load ([E2a](../orderings/E2a.md)). A message is overwritten only after all consumers have
//! acknowledged it ([E4](../orderings/E4.md)).

use super::prelude::*;

/// The listing's end marker: an empty message.
const EMPTY: u32 = 0;
/// The end, beside the count of messages.
const END: u32 = 2;

model! {
    EndOverLastMessage { published: word32, message: word32 }

    "producer" => |s, _m| {
        s.message.store(7, Relaxed);
        s.published.store(1, Release);
        if REPAIRED {
            s.published.store(1 | END, Release);
        } else {
            s.message.store(EMPTY, Relaxed);
        }
        vec![]
    }

    "consumer" => |s, m| {
        let published = m.wait_until(|| Some(s.published.load(Acquire)).filter(|published| *published != 0));
        let message = s.message.load(Relaxed);
        if REPAIRED {
            m.wait_until(|| (s.published.load(Relaxed) & END != 0).then_some(()));
        }
        vec![message as u8, published as u8]
    }

    judge |seen| assert_eq!(seen[1][0], 7, "S5: the end comes after the last message");
    witness "the consumer sees the message before the end" |seen| seen[1] == [7, 1];
    witness "it sees both at once" |seen| seen[1] == [7, 3];
}
