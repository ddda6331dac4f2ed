//! The write lock as one producer holds it: a biased lock round the channel's lock.
//!
//! Where a channel has a single producer place, no other producer can want the lock. So its producer keeps the lock
//! between calls, and a call costs no atomic step. A successor finds the lock free, or inherits it.
//! (The idea is that of Dice, Moir and Scherer, *Quickly Reacquirable Locks*, 2003. This one needs no revocation,
//! because the place itself excludes rivals.)

use crate::layer::{Acquired, Deadline, Layer, Lock, LockError, Participant};

/// One producer's hold on the write lock.
#[derive(Debug)]
pub(super) struct WriteLock {
    me: Participant,
    /// The lock is ours: a guard lives, or a guard was forgotten, or the lock is biased.
    held: bool,
    /// The lock stays ours between calls.
    biased: bool,
}

impl WriteLock {
    /// The lock of participant `me`, which does not hold it. `alone`: no other producer can want it.
    pub(super) const fn new<L: Layer>(me: Participant, alone: bool) -> Self {
        Self { me, held: false, biased: alone && L::Lock::IS_THREAD_INDEPENDENT }
    }

    /// The participant.
    pub(super) const fn owner(&self) -> Participant {
        self.me
    }

    /// Whether a call may go on without taking the lock. A lock that belongs to a thread is always taken anew: the
    /// thread that forgot its guard may have been another one.
    #[inline(always)]
    pub(super) const fn is_usable<L: Layer>(&self) -> bool {
        L::Lock::IS_THREAD_INDEPENDENT && self.held
    }

    /// Takes the lock. It is given back first if a guard of it was forgotten.
    ///
    /// # Errors
    /// See [`Lock::acquire`].
    pub(super) fn acquire<L: Layer>(
        &mut self,
        lock: &L::Lock,
        layer: &L,
        deadline: Deadline,
    ) -> Result<Acquired, LockError> {
        self.release(lock, layer);
        // C1: the call of E7a to E7e.
        let acquired = lock.acquire(layer, self.me, deadline)?;
        self.held = true;
        Ok(acquired)
    }

    /// Takes over what a dead predecessor under our number still holds: true if that was the lock.
    pub(super) fn inherit<L: Layer>(&mut self, lock: &L::Lock, layer: &L) -> bool {
        // C2: the call of E7f.
        self.held = lock.inherit(layer, self.me);
        self.held
    }

    /// A guard ends: gives the lock back unless it is biased.
    #[inline(always)]
    pub(super) fn end_guard<L: Layer>(&mut self, lock: &L::Lock, layer: &L) {
        if !self.biased {
            self.release(lock, layer);
        }
    }

    /// From now on the lock is given back when a guard ends.
    pub(super) const fn end_bias(&mut self) {
        self.biased = false;
    }

    /// Gives the lock back if it is ours.
    #[inline(never)]
    pub(super) fn release<L: Layer>(&mut self, lock: &L::Lock, layer: &L) {
        if self.held {
            self.held = false;
            // C3: the call of E8.
            lock.release(layer, self.me);
        }
    }
}
