//! The ring: the slot of each message. A participant divides once, where it starts, and counts on from there.

use core::num::NonZeroU64;

/// A ring of slots.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ring {
    slots: NonZeroU64,
}

impl Ring {
    /// A ring of this many slots, at least 1.
    pub(super) const fn new(slots: u32) -> Self {
        match NonZeroU64::new(slots as u64) {
            Some(slots) => Self { slots },
            None => Self { slots: NonZeroU64::MIN }, // not reached: a geometry has at least one slot
        }
    }

    /// How many slots there are.
    #[inline(always)]
    pub(super) const fn slots(self) -> u64 {
        self.slots.get()
    }

    /// The slot of message `n`.
    #[inline(always)]
    pub(super) fn slot_of(self, n: u64) -> usize {
        (n % self.slots) as usize
    }

    /// The slot of the message after the one in `slot`.
    #[inline(always)]
    pub(super) const fn next(self, slot: usize) -> usize {
        let next = slot.wrapping_add(1); // at most `slots`
        if next as u64 != self.slots() {
            return next;
        }
        rarely();
        0
    }

    /// The slot of the message `count` after the one in `slot`. `count` is at most a lap.
    #[inline(always)]
    pub(super) const fn after(self, slot: usize, count: u64) -> usize {
        let after = (slot as u64).wrapping_add(count); // below two laps
        if after < self.slots() {
            return after as usize;
        }
        rarely();
        after.wrapping_sub(self.slots()) as usize
    }
}

/// Tells the compiler that the branch is rarely taken.
#[cold]
#[inline]
pub(crate) const fn rarely() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_slot_equals_divided_slot() {
        for slots in 1..5 {
            let ring = Ring::new(slots);
            for n in 0..20 {
                assert_eq!(ring.next(ring.slot_of(n)), ring.slot_of(n + 1));
                for count in 0..=ring.slots() {
                    assert_eq!(ring.after(ring.slot_of(n), count), ring.slot_of(n + count));
                }
            }
        }
    }
}
