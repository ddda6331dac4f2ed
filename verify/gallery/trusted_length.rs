//! # A length is read twice
//!
//! The consumer checks a length in shared memory, then reads it again for the copy. A peer has changed it in between,
//! and the copy leaves the slot.
//!
//! ## In real code
//!
//! `if (slot->len > sizeof buf) return -1; memcpy(buf, slot->data, slot->len);`. Even `n = slot->len;` may be read
//! twice by a compiler, if the field is neither atomic nor volatile. CCF's enclave checked a buffer's description, and
//! read it again: [CCF#1696](https://github.com/microsoft/CCF/pull/1696). Kernels meet the same mistake, a *double
//! fetch*, with user memory: [KSPP#95](https://github.com/KSPP/linux/issues/95).
//!
//! ## The repair
//!
//! The length is read once, into a variable of the reader's own. The variable is checked and used.
//!
//! ## Where ackcast does it right
//!
//! [D4](../orderings/D4.md): `Lengths::of` copies the header once, and checks the copy. A wrong length is an error,
//! `Corruption::Slot`.

use super::prelude::*;

/// Bytes that a slot holds.
const SLOT: u32 = 4;

model! {
    TrustedLength { length: word32 }

    "peer" => |s, _m| {
        s.length.store(9, Relaxed);
        vec![]
    }

    "consumer" => |s, _m| {
        let checked = s.length.load(Relaxed);
        if checked > SLOT {
            return vec![]; // corrupt
        }
        let copied = if REPAIRED { checked } else { s.length.load(Relaxed) };
        vec![copied as u8]
    }

    judge |seen| assert!(seen[1].iter().all(|&n| n <= SLOT as u8), "S1: the copy stays in the slot: {seen:?}");
    witness "the consumer copies" |seen| seen[1] == [0];
    witness "the consumer refuses the length" |seen| seen[1].is_empty();
}
