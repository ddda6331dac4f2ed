//! # The first check of two is relaxed
//!
//! Each opener initialises the header under a lock, unless the magic number is there. The second opener sees the number
//! without the lock, and reads a size that is not there yet.
//!
//! ## In real code
//!
//! `if (h->magic != MAGIC) { lock(); if (h->magic != MAGIC) init(h); unlock(); } map(h->size);`. The lock orders
//! nothing for an opener that does not take it. Cobalt's lazy initialisation and embassy's OnceLock checked a flag with
//! Relaxed: [cobalt#12304](https://github.com/youtube/cobalt/pull/12304),
//! [embassy#6000](https://github.com/embassy-rs/embassy/pull/6000).
//!
//! ## The repair
//!
//! The magic number is stored last, with Release. The check without the lock is an Acquire load.
//!
//! ## Where ackcast does it right
//!
//! No opener sees half a header: a segment gets its name when it is whole ([create.rs](../../src/segment/create.rs)).
//! Words that tell a state pair Release with Acquire: [E9](../orderings/E9.md) with [E6](../orderings/E6.md).

use super::prelude::*;

fn open<M: Checkable>(s: &Words<M>, m: &M, acquires: bool) -> Vec<u8> {
    let magic = if acquires { s.magic.load(Acquire) } else { s.magic.load(Relaxed) };
    if magic == 0 {
        while s.lock.compare_exchange(0, 1, Acquire, Relaxed).is_err() {
            m.wait_until(|| (s.lock.load(Relaxed) == 0).then_some(()));
        }
        if s.magic.load_owned() == 0 {
            s.size.write(4);
            s.magic.store(1, Release);
        }
        s.lock.store(0, Release);
    }
    vec![magic as u8, s.size.read() as u8]
}

model! {
    DoubleCheckedHeader { magic: word32, lock: word32, size: cell }

    "first" => |s, m| { open(s, m, REPAIRED) }

    "second" => |s, m| { open(s, m, REPAIRED) }

    judge |seen| assert!(seen.iter().all(|one| one[1] == 4), "S1: an opener reads the whole header: {seen:?}");
    witness "both want to initialise" |seen| seen[0][0] == 0 && seen[1][0] == 0;
    witness "the second finds it initialised" |seen| seen[1][0] == 1;
}
