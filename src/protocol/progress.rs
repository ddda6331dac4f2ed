//! How far the consumers are: polled, and never waited for.

use super::{Acknowledged, Channel, EntryState, Storage};
use crate::layer::{Layer, LivenessUnknown, Word};
use core::sync::atomic::Ordering::{Acquire, Relaxed, SeqCst};

/// A consumer that was attached when [`Channel::attached`] was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attached {
    /// The consumer's number.
    pub consumer: u32,
    generation: u32,
    /// How many messages were acknowledged at the last poll, by the consumer or by a successor.
    pub acknowledged: u64,
}

/// What a poll says of a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It has acknowledged everything that was asked for. Its reads of those messages happen before the answer.
    Received,
    /// It has left or died, and is not known to have acknowledged everything.
    Gone,
    /// It lives, and has not acknowledged everything.
    Behind,
}

impl<L: Layer, S: Storage<L>> Channel<L, S> {
    /// How many messages are published, by whichever producer, and the consumers that are attached. A consumer that
    /// starts below that count, and not at a retained message, is among them.
    ///
    /// The order that must not happen, where another producer has published message 0:
    ///
    /// ```text
    ///   joiner C                              this producer
    ///                                         published reads 1                    (E2c)
    ///                                         C is VACANT                          (H5a)
    ///   ACTIVE                      (E9)
    ///   published reads 0           (E2d)
    ///   starts at message 0                   does not count C
    /// ```
    ///
    /// The other producer's fence N may come later than E2c. So this producer makes a fence of its own, F4. J and F4
    /// are two fences of one order:
    /// 1. J before F4: H5a reads ACTIVE.
    /// 2. F4 before J: E2d reads the count of E2c or a later one, so C starts after these messages.
    pub fn attached(&self) -> (u64, impl Iterator<Item = Attached> + '_) {
        let published = self.published().count();
        // F4 (SeqCst, light), pairs with J: H5a reads ACTIVE, or the joiner's E2d what E2c read.
        self.layer.light_fence(SeqCst);
        let attached = |(consumer, state, acknowledged): (u32, EntryState, Acknowledged)| {
            let Acknowledged { count, .. } = acknowledged;
            state.active.then_some(Attached { consumer, generation: state.generation, acknowledged: count })
        };
        (published, self.acknowledged().filter_map(attached))
    }

    /// Whether this consumer has acknowledged every message below `until`.
    ///
    /// # Errors
    /// [`LivenessUnknown`].
    pub fn progress_of(&self, attached: &mut Attached, until: u64) -> Result<Progress, LivenessUnknown> {
        // Liveness comes first: the words that are read after a death are the last that the consumer has written.
        let alive = self.is_alive(attached.consumer)?;
        let Some(entry) = self.storage.consumers().get(attached.consumer as usize) else { return Ok(Progress::Gone) };
        // E12 (Acquire), pairs with E3: the consumer's reads of the slots that it has acknowledged.
        let acked = Acknowledged::from_word(entry.acked.0.load(Acquire));
        // H17 (Relaxed), after E12: whose acknowledgement that is. A successor has stored E3b after its predecessor's
        // E5, so the state is not older than the acknowledgement.
        let state = EntryState::from_word(entry.state.load(Relaxed));
        attached.acknowledged = acked.count;
        Ok(attached.progress(until, acked, state, alive))
    }

    /// Whether a living participant has this number: consumers come first, producers after them.
    ///
    /// # Errors
    /// [`LivenessUnknown`].
    pub fn is_alive(&self, number: u32) -> Result<bool, LivenessUnknown> {
        // K8: a death carries everything that the participant did, and so does a departure.
        self.layer.is_alive(number)
    }
}

impl Attached {
    /// What the consumer has done, as its entry says. `acked` was read before `state`, and `alive` before both.
    ///
    /// The entry is (a) still the consumer's, or VACANT after it: the acknowledgement is the consumer's; (b) VACANT and
    /// JOINING: the acknowledgement is that of a successor, which has not stored its state yet; (c) a successor's. In
    /// (b) and (c), the consumer's last acknowledgement is lost.
    fn progress(&self, until: u64, acked: Acknowledged, state: EntryState, alive: bool) -> Progress {
        let Acknowledged { count, joining } = acked;
        match state.generation == self.generation && (state.active || !joining) {
            true if count >= until && !joining => Progress::Received,
            true if state.active && alive => Progress::Behind,
            _ => Progress::Gone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entry_that_a_successor_is_joining_tells_nothing() {
        let attached = Attached { consumer: 0, generation: 1, acknowledged: 0 };
        let says = |count, joining, active, generation, alive| {
            attached.progress(3, Acknowledged { count, joining }, EntryState { active, generation }, alive)
        };
        assert_eq!(says(3, false, true, 1, true), Progress::Received);
        assert_eq!(says(3, false, false, 1, false), Progress::Received, "it has left");
        assert_eq!(says(3, false, true, 1, false), Progress::Received, "it has died");
        assert_eq!(says(2, false, true, 1, true), Progress::Behind);
        assert_eq!(says(3, true, true, 1, true), Progress::Behind, "it is joining, and may start at a later message");
        assert_eq!(says(2, false, true, 1, false), Progress::Gone, "it has died");
        assert_eq!(says(2, false, false, 1, true), Progress::Gone, "it has left, and its number is taken");
        assert_eq!(says(3, true, false, 1, true), Progress::Gone, "a successor has stored its acknowledgement");
        assert_eq!(says(3, false, true, 2, true), Progress::Gone, "a successor");
    }
}
