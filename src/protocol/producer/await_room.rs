//! Waiting until a slot is free: until no consumer needs the message in it any more (S3).

use super::Producer;
use crate::layer::{Deadline, Found, Layer, Poll, Signal, Word};
use crate::protocol::{Acknowledged, BlockedOn, Corruption, EntryState, Geometry, Published, SendError, Storage};
use core::sync::atomic::Ordering::Acquire;

impl<L: Layer, S: Storage<L>> Producer<L, S> {
    /// Waits until message `n` may be written.
    #[inline(never)]
    pub(super) fn await_room(&mut self, n: u64, deadline: Deadline) -> Result<(), SendError> {
        if n == Published::MAX {
            return Err(SendError::Corrupt(Corruption::Count { published: n })); // the next count would read as 0
        }
        let slots = self.channel.ring.slots();
        let mut last = None;
        let poll = |kind| match self.lowest_acknowledgement(n, kind) {
            Ok(lowest) => {
                let writable_until = lowest.saturating_add(slots).min(Published::MAX);
                Some(Found { value: Ok(writable_until), messages: writable_until.saturating_sub(n) })
            }
            Err(Blocked::Failed(error)) => Some(Found::new(Err(error))),
            Err(Blocked::On(blocked_on)) => {
                last = Some(blocked_on);
                None
            }
        };
        // C5 (calls R2, F1): the wait for E3a, E3c and E5.
        let found = self.channel.control().space.0.wait(&self.channel.layer, deadline, poll);
        self.writable_until = match (found, last) {
            (Some(result), _) => result?,
            (None, Some(blocked_on)) => return Err(SendError::TimedOut(blocked_on)),
            (None, None) => {
                let what = "a wait for a free slot ended without a poll";
                return Err(SendError::Corrupt(Corruption::Internal { what }));
            }
        };
        Ok(())
    }

    /// The lowest acknowledgement, if message `n` may be written: if the first consumers are attached, and each
    /// consumer is done with the slot. The retained messages count as not acknowledged.
    ///
    /// A consumer (a) has left (E5), or is a joiner that E6 does not see: the joiner starts at `n - retain` or later
    /// (J, N); (b) has acknowledged the message in the slot (E4); (c) has not: the producer waits; (d) is dead, or has
    /// left since E6: it reads nothing any more, and everything it did happens before the answer of `is_alive` (K3).
    /// So message `n` overwrites nothing that is still read, nor a retained message: `retain` is less than `slots`.
    fn lowest_acknowledgement(&self, n: u64, poll: Poll) -> Result<u64, Blocked> {
        let Geometry { slots, start_with, retain, .. } = self.channel.geometry;
        let (mut lowest, mut joined) = (n.saturating_sub(retain.into()), 0_u32);
        for (consumer, entry) in (0..).zip(self.channel.storage.consumers()) {
            // E6 (Acquire), pairs with E5: a leaver reads no slot; and with E9: a joiner's acknowledgement and claim.
            let state = EntryState::from_word(entry.state.load(Acquire));
            if !state.active {
                continue;
            }
            // E4 (Acquire), pairs with E3: the consumer's reads of the slots that it has acknowledged.
            let Acknowledged { count: acked, joining } = Acknowledged::from_word(entry.acked.0.load(Acquire));
            // A consumer acknowledges published messages only, and `n` is exact under the lock.
            if acked > n {
                let (acked, published) = (acked, n);
                let corruption = Corruption::Acknowledgement { consumer, acked, published };
                return Err(Blocked::Failed(SendError::Corrupt(corruption)));
            }
            let binding = n.saturating_sub(acked) >= u64::from(slots);
            // Message 0 counts living consumers only. So each poll for it checks their liveness.
            let awaited = n == 0 && start_with > 0;
            if (awaited || binding && poll == Poll::WordsAndLiveness) && !self.is_consumer_alive(consumer)? {
                self.channel.evict(consumer, state);
                continue;
            }
            if binding {
                return Err(Blocked::On(BlockedOn::Acknowledgement { consumer, message: acked }));
            }
            // A JOINING consumer may still start after message 0. So it does not count.
            joined = joined.saturating_add(u32::from(!joining));
            lowest = lowest.min(acked);
        }
        if n == 0 && joined < start_with {
            return Err(Blocked::On(BlockedOn::Start { joined, wanted: start_with }));
        }
        Ok(lowest)
    }

    fn is_consumer_alive(&self, consumer: u32) -> Result<bool, Blocked> {
        // K3: a death carries everything that the consumer did. E6 acquired E9, and with it the claim. So the answer is
        // about the occupant that E6 read, or about a later one.
        let answer = self.channel.layer.is_alive(consumer);
        answer.map_err(|unknown| Blocked::Failed(SendError::Liveness(unknown)))
    }
}

/// Why the slot is not free.
enum Blocked {
    On(BlockedOn),
    Failed(SendError),
}
