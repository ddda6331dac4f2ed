//! The write lock: one word that names its owner, so that a dead owner can be replaced.
//!
//! After Drepper, *Futexes Are Tricky* (2011), section 6, with the owner in place of the value 1.
//! The owner's generation makes each of 2²³ occupants of a number in a row a different owner: a taker-over
//! that judged one of them dead cannot take the lock from the next. (The generation wraps after 8,388,608 joins of
//! one number, which take minutes. A thread that is suspended for as long between its check and its exchange, and
//! meets the very same generation then, takes a living owner's lock.)
//!
//! # Why a stale answer about the owner does no harm
//!
//! [`is_alive`](Layer::is_alive) may be as stale as an acquire load. The order that must not happen, where producer B
//! wants the lock, A held number 0 and is dead, and A′ has that number now:
//!
//! ```text
//!   A′                                     B
//!   claims number 0
//!   takes the lock: word = (0, gen 2)
//!                                          reads the word: (0, gen 2)             (1)
//!                                          asks whether 0 lives: it is told of A's death
//!                                          exchanges (0, gen 2) for (B, gen 1)    two owners
//! ```
//!
//! The read (1) acquires, and every exchange that puts an owner's name there releases (E7 is both). So A′'s claim
//! happens before B's question, and an answer is no older than what happens before it: B is told of A′. An exchange
//! that only sets CONTENDED continues the release sequence of the owner's.
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

use crate::layer::{Acquired, Deadline, Layer, Lock, LockError, Park, Participant, Poll, Spins, Word};
use crate::timer::{Duty, WaitTimer};
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

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
        // E7 (AcqRel), pairs with E8: the previous owner's work. Released to the guess below: our claim.
        self.word.compare_exchange(FREE, word, AcqRel, Relaxed).is_ok()
    }
}

// SAFETY: the word names one owner, and goes from FREE or from a dead owner's name to another's in one exchange.
unsafe impl<L: Park> Lock<L> for WordLock<L> {
    const IS_THREAD_INDEPENDENT: bool = true;

    fn acquire(&self, layer: &L, me: Participant, deadline: Deadline) -> Result<Acquired, LockError> {
        let mine = held_by(me);
        if self.take_free(mine) {
            return Ok(Acquired::Clean);
        }
        let mut spins = Spins::default();
        while deadline != Deadline::Now && layer.spin(&mut spins) {
            if self.word.load(Relaxed) == FREE && self.take_free(mine) {
                return Ok(Acquired::Clean);
            }
        }
        // `Deadline::Now` acts as an expired deadline: check the owner's liveness once, then fail.
        let mut last = deadline == Deadline::Now;
        let mut check = last;
        let mut timer = WaitTimer::start(layer, deadline, spins);
        loop {
            // A guess, which the exchange below checks. Acquire, from E7: the claim of the owner that it names.
            let seen = self.word.load(Acquire);
            let Some(other) = owner(seen) else {
                // Free, whatever a corrupt word's other bits are: they must not keep us here for ever. We
                // may have been woken alone though others sleep: the bit stays on their behalf.
                let taken = self.word.compare_exchange(seen, mine | CONTENDED, AcqRel, Relaxed); // E7
                if taken.is_ok() {
                    return Ok(Acquired::Clean);
                }
                continue;
            };
            if check && !layer.is_alive(other).map_err(LockError::Liveness)? {
                // The word still names this dead occupant of the number, so nobody else has taken
                // over and nobody can have released: the lock goes from it to us.
                let taken = self.word.compare_exchange(seen, mine | CONTENDED, AcqRel, Relaxed); // E7, from its death
                if taken.is_ok() {
                    return Ok(Acquired::OwnerDied);
                }
                continue;
            }
            if last {
                return Err(LockError::Busy { owner: Some(other) });
            }
            let waited = seen | CONTENDED;
            if seen != waited && self.word.compare_exchange(seen, waited, Relaxed, Relaxed).is_err() {
                continue;
            }
            let parked = layer.park(&self.word, waited, timer.sleep_until());
            (last, check) = match timer.after_sleep(layer, parked) {
                Duty::Poll(look) => (false, look == Poll::WordsAndLiveness),
                Duty::GiveUp => (true, true),
            };
        }
    }

    fn inherit(&self, _layer: &L, me: Participant) -> bool {
        loop {
            let seen = self.word.load(Relaxed); // ours, if it is our number: nobody else sets it
            if owner(seen) != Some(me.number) {
                return false;
            }
            // Our number, but not our doing: a dead predecessor's. A rival may be faster.
            let taken = self.word.compare_exchange(seen, held_by(me) | CONTENDED, AcqRel, Relaxed); // E7
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
