//! # An end marker in element 0
//!
//! The end marker is a value in the array of data. It overwrites one value. A consumer that sees it stops, and so
//! misses the other values, too.
//!
//! ## In real code
//!
//! A teaching exercise's second listing: `shared_array[0] = -1` after the last value. Each consumer reads the whole
//! array, and ends at `current_data[0] == -1`. The producer sets no event after the marker. The main process does, but
//! a consumer that has read just before [clears that event](shared_event.md). Data that is -1 ends the stream as well.
//! The lock makes each access whole, so the elements are words here.
//!
//! ## The repair
//!
//! The array holds only data. The end is a bit beside the count of values, which says what a consumer may still read.
//!
//! ## Where ackcast does it right
//!
//! END is a flag in the word that counts the messages ([E1](../orderings/E1.md), [E2a](../orderings/E2a.md)). No value
//! of a payload means the end, and END is notified as each message is ([N](../orderings/N.md)).

use super::prelude::*;

/// The listing's end marker: -1 as a byte.
const SENTINEL: u32 = 255;
/// The end, beside the count of values.
const END: u32 = 4;

model! {
    SentinelInElement0 { published: word32, array: [word32; 2] }

    "producer" => |s, _m| {
        s.array[0].store(5, Relaxed);
        s.array[1].store(6, Relaxed);
        s.published.store(2, Release);
        if REPAIRED {
            s.published.store(2 | END, Release);
        } else {
            s.array[0].store(SENTINEL, Relaxed); // no event after it
        }
        vec![]
    }

    "consumer" => |s, m| {
        let published = m.wait_until(|| Some(s.published.load(Acquire)).filter(|published| *published != 0));
        let array = [0, 1].map(|element| s.array[element].load(Relaxed));
        if REPAIRED {
            m.wait_until(|| (s.published.load(Relaxed) & END != 0).then_some(()));
        }
        if array[0] == SENTINEL { vec![] } else { vec![array[0] as u8, array[1] as u8, published as u8] }
    }

    judge |seen| assert!(seen[1].starts_with(&[5, 6]), "S2: the consumer gets both values: {:?}", seen[1]);
    witness "the consumer sees the values before the end" |seen| seen[1] == [5, 6, 2];
    witness "it sees all at once" |seen| seen[1] == [5, 6, 6];
}
