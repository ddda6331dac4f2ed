//! The write lock: one word that names its owner, so that a dead owner can be replaced.
//!
//! After Drepper, *Futexes Are Tricky* (2011), section 6, with the owner in place of the value 1.
//! The owner's generation makes every occupant of a number a different owner: a taker-over that
//! judged one of them dead cannot take the lock from the next.
#![deny(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::unreachable
)]

use crate::layer::{Acquired, Busy, Deadline, Layer, Lock, Park, Parked, Participant, Word};
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// The lock's word; see the [module](self).
///
/// Bits 0 to 7: the owner's number plus one, 0 when free. Bit 8: somebody may sleep on the word.
/// Bits 9 to 31: the owner's generation.
#[derive(Debug)]
#[repr(C)]
pub struct WordLock<L: Layer> {
    word: L::W32,
}

/// Nobody holds the lock. The value of a fresh segment.
const FREE: u32 = 0;
/// The bit that obliges the owner to wake somebody on release.
const CONTENDED: u32 = 1 << 8;

/// The word when `me` holds the lock and nobody waits.
const fn held_by(me: Participant) -> u32 {
    (me.number.wrapping_add(1) & 0xff) | (me.generation << 9)
}

/// The owner that a word names; `None` when it is free.
const fn owner(word: u32) -> Option<u32> {
    (word & 0xff).checked_sub(1)
}

impl<L: Layer> WordLock<L> {
    /// A lock on a word that holds 0: free.
    pub const fn new(word: L::W32) -> Self {
        Self { word }
    }
}

impl<L: Park> WordLock<L> {
    /// Takes the lock if it is free; `word` is what it holds then.
    #[track_caller]
    fn take_free(&self, word: u32) -> bool {
        self.word.compare_exchange(FREE, word, Acquire, Relaxed).is_ok() // E7, from the release E8
    }
}

impl<L: Park> Lock<L> for WordLock<L> {
    const KEEPS: bool = true;

    fn acquire(&self, layer: &L, me: Participant, deadline: Deadline) -> Result<Acquired, Busy> {
        let mine = held_by(me);
        if self.take_free(mine) {
            return Ok(Acquired::Clean);
        }
        let mut spins = 0;
        while deadline != Deadline::Now && layer.spin(&mut spins) {
            if self.word.load(Relaxed) == FREE && self.take_free(mine) {
                return Ok(Acquired::Clean);
            }
        }
        // Give up at once, but not before a thorough look: that is what a passed deadline becomes.
        let mut last = deadline == Deadline::Now;
        let mut patrol = last;
        loop {
            let seen = self.word.load(Relaxed); // a guess: the exchange below checks it
            let Some(other) = owner(seen) else {
                // Free, whatever a corrupt word's other bits are: they must not keep us here for ever. We
                // may have been woken alone though others sleep: the bit stays on their behalf.
                let taken = self.word.compare_exchange(seen, mine | CONTENDED, Acquire, Relaxed); // E7
                if taken.is_ok() {
                    return Ok(Acquired::Clean);
                }
                continue;
            };
            if patrol && !layer.is_alive(other) {
                // The word still names this dead occupant of the number, so nobody else has taken
                // over and nobody can have released: the lock goes from it to us.
                let taken = self.word.compare_exchange(seen, mine | CONTENDED, Acquire, Relaxed); // its death's edge
                if taken.is_ok() {
                    return Ok(Acquired::OwnerDied);
                }
                continue;
            }
            if last {
                return Err(Busy { owner: Some(other) });
            }
            let waited = seen | CONTENDED;
            if seen != waited && self.word.compare_exchange(seen, waited, Relaxed, Relaxed).is_err() {
                continue;
            }
            match layer.park(&self.word, waited, deadline) {
                Parked::Woken => patrol = false,
                Parked::Patrol => patrol = true,
                Parked::TimedOut => (last, patrol) = (true, true),
            }
        }
    }

    fn inherit(&self, _layer: &L, me: Participant) -> bool {
        loop {
            let seen = self.word.load(Relaxed); // ours, if it is our number: nobody else sets it
            if owner(seen) != Some(me.number) {
                return false;
            }
            // Our number, but not our doing: a dead predecessor's. A rival may be faster.
            let taken = self.word.compare_exchange(seen, held_by(me) | CONTENDED, Acquire, Relaxed);
            if taken.is_ok() {
                return true;
            }
        }
    }

    fn release(&self, layer: &L, _me: Participant) {
        let was = self.word.swap(FREE, Release); // E8, to the next owner's E7
        if was & CONTENDED != 0 {
            layer.wake(&self.word);
        }
    }
}
