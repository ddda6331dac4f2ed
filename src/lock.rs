//! The write lock: one word that names its owner, so that a dead owner can be replaced.
//!
//! After Drepper, *Futexes Are Tricky* (2011), section 6, with the owner in place of the value 1.
//!
//! The word holds the owner's generation. So 2²³ occupants of a number in a row are different owners. Let a producer
//! find one of them dead (K2). Its exchange E7e fails once another occupant has the lock. The generation wraps after
//! 8,388,608 joins of one number, which take minutes. A thread that is suspended between K2 and E7e for that many joins
//! can take a living owner's lock.
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
//!                                          reads the word: (0, gen 2)             (E7c)
//!                                          asks whether 0 lives: it is told of A's death
//!                                          exchanges (0, gen 2) for (B, gen 1)    two owners
//! ```
//!
//! The load E7c acquires, and every exchange that stores an owner's name releases (E7a, E7b, E7d, E7e, E7f). So A′'s
//! claim happens before B's question, and an answer is no older than what happens before the question. So B is told of
//! A′, or of a later holder of the number, which claimed it after A′ was gone. The exchange R3, which only sets
//! CONTENDED, continues the release sequence of the owner's exchange. A stale answer that the owner lives delays a
//! takeover until a later check.
//!
//! # No wake is lost
//!
//! A release (E8) wakes one thread. That thread takes the lock with CONTENDED set (E7d), or finds another owner and
//! sets CONTENDED again (R3) before it sleeps or gives up. So the next release wakes a thread, too. A thread that dies
//! between its wake and that step loses the wake, as does an owner that dies between E8 and P2. The parked threads poll
//! again at their next liveness check then.
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

use crate::layer::{Acquired, Deadline, Layer, Lock, LockError, Memory, Park, Participant, Poll, Spins, Word};
use crate::timer::{Duty, WaitTimer};
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

/// The lock's word; see the [module](self).
///
/// Bits 0 to 7: the owner's number plus one; 0 when free. Bit 8: CONTENDED. Bits 9 to 31: the owner's generation.
#[derive(Debug)]
#[repr(C)]
pub struct WordLock<M: Memory> {
    word: M::W32,
}

/// FREE: no owner. The value of a fresh segment.
const FREE: u32 = 0;
/// CONTENDED: a thread may be parked on the word, so the owner wakes one when it releases the lock.
const CONTENDED: u32 = 1 << 8;

/// The word when `me` owns the lock and no thread is parked.
const fn held_by(me: Participant) -> u32 {
    (me.number.wrapping_add(1) & 0xff) | (me.generation << 9)
}

/// The owner that a word names; `None` when it is free.
const fn owner(word: u32) -> Option<u32> {
    (word & 0xff).checked_sub(1)
}

impl<M: Memory> WordLock<M> {
    /// A lock on a word that holds 0: free.
    pub const fn new(word: M::W32) -> Self {
        Self { word }
    }
}

// SAFETY: the word names one owner, and goes from FREE or from a dead owner's name to another's in one exchange.
unsafe impl<L: Layer + Park> Lock<L> for WordLock<L> {
    const IS_THREAD_INDEPENDENT: bool = true;

    fn acquire(&self, layer: &L, me: Participant, deadline: Deadline) -> Result<Acquired, LockError> {
        let mine = held_by(me);
        // E7a (AcqRel), pairs with E8: the previous owner's work. Pairs with E7c: our claim.
        if self.word.compare_exchange(FREE, mine, AcqRel, Relaxed).is_ok() {
            return Ok(Acquired::Clean);
        }
        let mut spins = Spins::default();
        while deadline != Deadline::Now && layer.spin(&mut spins) {
            // H1 (Relaxed): a guess, which E7b checks.
            if self.word.load(Relaxed) != FREE {
                continue;
            }
            // E7b (AcqRel): as E7a.
            if self.word.compare_exchange(FREE, mine, AcqRel, Relaxed).is_ok() {
                return Ok(Acquired::Clean);
            }
        }
        // `Deadline::Now` acts as an expired deadline: check the owner's liveness, then fail. Such a call never parks.
        let mut last = deadline == Deadline::Now;
        let mut check = last;
        let mut timer = WaitTimer::start(layer, deadline, spins);
        loop {
            // E7c (Acquire), pairs with E7a, E7b, E7d, E7e and E7f: the claim of the owner that the word names. A
            // guess, which E7d, E7e or R3 checks.
            let mut seen = self.word.load(Acquire);
            let Some(other) = owner(seen) else {
                // The lock is free, whatever a corrupt word's other bits are: they must not keep us here for ever.
                // CONTENDED stays set, because the release that woke this thread may have left others parked.
                // E7d (AcqRel): as E7a.
                if self.word.compare_exchange(seen, mine | CONTENDED, AcqRel, Relaxed).is_ok() {
                    return Ok(Acquired::Clean);
                }
                continue;
            };
            let waited = seen | CONTENDED;
            if deadline != Deadline::Now && seen != waited {
                // R3 (Relaxed), read by E8: the owner shall wake a thread. A thread that is about to give up requests
                // it, too, because the wake that ended its sleep may have been the only one.
                if self.word.compare_exchange(seen, waited, Relaxed, Relaxed).is_err() {
                    continue;
                }
                seen = waited;
            }
            // K2: a death carries everything that the owner did. E7c acquired the owner's claim, so the answer is about
            // that owner, or about a later holder of its number.
            if check && !layer.is_alive(other).map_err(LockError::Liveness)? {
                // The word still names the dead owner. So no other producer has taken over, and the dead cannot
                // release: the exchange passes the lock from the dead owner to us.
                // E7e (AcqRel): as E7a, with the dead owner's work by K2.
                if self.word.compare_exchange(seen, mine | CONTENDED, AcqRel, Relaxed).is_ok() {
                    return Ok(Acquired::OwnerDied);
                }
                continue;
            }
            if last {
                return Err(LockError::Busy { owner: Some(other) });
            }
            // P1: ended by P2, or by the timer.
            let parked = layer.park(&self.word, seen, timer.sleep_until());
            (last, check) = match timer.after_sleep(layer, parked) {
                Duty::Poll(poll) => (false, poll == Poll::WordsAndLiveness),
                Duty::GiveUp => (true, true),
            };
        }
    }

    fn inherit(&self, _layer: &L, me: Participant) -> bool {
        loop {
            // H2 (Relaxed): only a participant under our number, which we have claimed (K1), could have stored it.
            let seen = self.word.load(Relaxed);
            if owner(seen) != Some(me.number) {
                return false;
            }
            // The word names our number, and we did not store it: a dead predecessor did. A rival may take over first.
            // E7f (AcqRel): as E7a, with the predecessor's work by K1.
            if self.word.compare_exchange(seen, held_by(me) | CONTENDED, AcqRel, Relaxed).is_ok() {
                return true;
            }
        }
    }

    fn release(&self, layer: &L, _me: Participant) {
        // E8 (Release), pairs with E7a, E7b and E7d: the owner's work. Reads R3.
        let was = self.word.swap(FREE, Release);
        if was & CONTENDED != 0 {
            // P2: ends P1.
            layer.wake(&self.word);
        }
    }

    fn owner(&self) -> Option<u32> {
        // H14 (Relaxed): a statistic.
        owner(self.word.load(Relaxed))
    }
}
