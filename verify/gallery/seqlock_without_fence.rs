//! # A seqlock's reader without a fence
//!
//! The reader reads the sequence number, the data, and the number again. Nothing keeps the second read of the number
//! after the reads of the data. The number is unchanged, and the data is torn.
//!
//! ## In real code
//!
//! `before = seq.load(acquire); copy = data; return before == seq.load(acquire);`. An Acquire load orders what comes
//! after it, not what comes before. CPython's type cache failed so on arm64:
//! [cpython#121388](https://github.com/python/cpython/pull/121388). dora's tensor pool has fences on the wrong side:
//! [dora#3288](https://github.com/dora-rs/dora/issues/3288).
//!
//! ## The repair
//!
//! An Acquire fence between the data and the second read, and a Release fence in the writer. See Boehm, *Can Seqlocks
//! Get Along With Programming Language Memory Models?* (MSPC 2012).
//!
//! ## Where ackcast does it right
//!
//! No reader races with a writer: a slot is overwritten after [E4](../orderings/E4.md) has acquired what
//! [E3a](../orderings/E3a.md) released. So payloads are plain memory.

use super::prelude::*;

model! {
    SeqlockWithoutFence { sequence: word32, data: [word32; 2] }

    "writer" => |s, m| {
        s.sequence.store(1, Relaxed);
        m.fence(Release); // no data is seen before the odd number
        s.data.iter().for_each(|word| word.store(7, Relaxed));
        s.sequence.store(2, Release);
        vec![]
    }

    "reader" => |s, m| {
        let before = s.sequence.load(Acquire);
        let data = s.data.each_ref().map(|word| word.load(Relaxed) as u8);
        if REPAIRED {
            m.fence(Acquire); // the data is read before the number is read again
        }
        let after = s.sequence.load(Relaxed);
        if before == after && before % 2 == 0 { data.to_vec() } else { vec![] }
    }

    judge |seen| assert!(matches!(seen[1][..], [] | [0, 0] | [7, 7]), "S1: no torn read: {seen:?}");
    witness "the reader gets the new data" |seen| seen[1] == [7, 7];
    witness "the reader retries" |seen| seen[1].is_empty();
}
