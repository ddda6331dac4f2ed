//! The writable_until: how far the consumers let the producer go.

use super::Producer;
use crate::layer::{Deadline, Layer, Poll, Signal, Storage, Word};
use crate::protocol::{Acknowledged, BlockedOn, Corruption, EntryState, Geometry, Published, SendError};
use core::sync::atomic::Ordering::Acquire;

impl<L: Layer, S: Storage<L>> Producer<L, S> {
    /// Waits until message `n` may be written.
    #[inline(never)]
    pub(super) fn await_room(&mut self, n: u64, deadline: Deadline) -> Result<(), SendError> {
        if n == Published::MAX {
            return Err(SendError::Corrupt(Corruption::Count { published: n })); // the next would read as 0
        }
        if deadline != Deadline::Now {
            self.channel.layer.pace(self.found, self.channel.geometry.slots);
        }
        let (mut last, mut looks) = (None, 0_u32);
        let found = self.channel.control().space.0.wait(&self.channel.layer, deadline, |look| {
            looks = looks.saturating_add(1);
            match self.look_for_room(n, look) {
                Ok(lowest) => Some(Ok(lowest)),
                Err(Blocked::Failed(error)) => Some(Err(error)),
                Err(Blocked::BlockedOn(waiting)) => {
                    last = Some(waiting);
                    None
                }
            }
        });
        let lowest = match (found, last) {
            (Some(result), _) => result?,
            (None, Some(waiting)) => return Err(SendError::TimedOut(waiting)),
            (None, None) => {
                let what = "a wait for room ended without a poll";
                return Err(SendError::Corrupt(Corruption::Internal { what }));
            }
        };
        self.writable_until = lowest.saturating_add(self.channel.ring.slots()).min(Published::MAX);
        self.found = if looks == 1 { self.writable_until.saturating_sub(n) } else { 0 };
        Ok(())
    }

    /// What must be known before message `n` may be written: that the consumers are there, if it
    /// is the first, and that each is done with the slot. Returns the lowest acknowledgement.
    fn look_for_room(&self, n: u64, look: Poll) -> Result<u64, Blocked> {
        let Geometry { slots, start_with, .. } = self.channel.geometry;
        let (mut lowest, mut joined) = (n, 0_u32);
        for (consumer, entry) in (0..).zip(self.channel.storage.consumers()) {
            let state = EntryState::from_word(entry.state.load(Acquire)); // E6, from E5 or E9
            // The consumer (a) is not here, or left (E5): it reads nothing; (b) has acknowledged
            // the message that the slot holds (E4); (c) has not: we wait; (d) is dead: it reads
            // nothing any more, and that it does not is what the answer of `is_alive` carries.
            if !state.active {
                continue;
            }
            let acked = Acknowledged::from_word(entry.acked.0.load(Acquire)); // E4, from E3
            let Acknowledged { count: acked, joining } = acked;
            if acked > n {
                let (acked, published) = (acked, n);
                let corruption = Corruption::Acknowledgement { consumer, acked, published };
                return Err(Blocked::Failed(SendError::Corrupt(corruption)));
            }
            let binding = n.saturating_sub(acked) >= u64::from(slots);
            // Those that the first message waits for must be there and not have been there.
            let awaited = n == 0 && start_with > 0;
            if (awaited || binding && look == Poll::WordsAndLiveness) && !self.lives(consumer)? {
                self.channel.evict(consumer, state);
                continue;
            }
            if binding {
                return Err(Blocked::BlockedOn(BlockedOn::Acknowledgement { consumer, message: acked }));
            }
            // Until it has decided, it could still start after the message that waits for it.
            joined = joined.saturating_add(u32::from(!joining));
            lowest = lowest.min(acked);
        }
        if n == 0 && joined < start_with {
            return Err(Blocked::BlockedOn(BlockedOn::Start { joined, wanted: start_with }));
        }
        Ok(lowest)
    }

    #[track_caller]
    fn lives(&self, consumer: u32) -> Result<bool, Blocked> {
        let answer = self.channel.layer.is_alive(consumer);
        answer.map_err(|unknown| Blocked::Failed(SendError::Liveness(unknown)))
    }
}

/// Why there is no room yet.
enum Blocked {
    BlockedOn(BlockedOn),
    Failed(SendError),
}
