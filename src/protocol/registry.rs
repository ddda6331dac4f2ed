//! Joining, leaving, and telling the living from the dead.
//!
//! An entry belongs to whoever holds its number in the layer ([`Layer::claim`]), and the kernel
//! takes that back at death, however a process dies. So an entry that is ACTIVE and not alive is a
//! dead participant's, and joining needs no lock: it neither waits for a slow consumer nor for the
//! barrier that waits for it.

use super::{Acknowledged, Channel, DeadProducers, EntryState, ProducerEntry, Published};
use crate::layer::{Layer, LivenessUnknown, Participant, Signal, Storage, Word};
use core::iter::once;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

impl<L: Layer, S: Storage<L>> Channel<L, S> {
    /// Takes a consumer's entry: who we are, and where we start. `None` when all are taken.
    ///
    /// # Errors
    /// [`LivenessUnknown`].
    ///
    /// Let *p* be the count we start with. Nothing that we have yet to read is overwritten, since a
    /// writer asks for our acknowledgement before it needs the slot of message *p* again. It
    /// looks at `state` for message *p + slots* after the fence that follows the publication of
    /// *p* or a later one (N), and we load the count after our own fence (J):
    /// 1. J before N: the writer sees ACTIVE.
    /// 2. N before J: we see that publication, so the count we start with is above *p*: not this case.
    pub(super) fn take_consumer_entry(&self) -> Result<Option<(Participant, Published)>, LivenessUnknown> {
        let Some((number, entry)) = self.claim_one_of(0, self.storage.consumers())? else { return Ok(None) };
        // The claim happens after all that the last occupant did: these words are ours alone now,
        // except that a writer may still evict that occupant, which the generation makes harmless.
        let state = EntryState { active: false, generation: entry.generation.load_owned() }.next();
        entry.generation.store(state.generation, Relaxed); // the claim carries it to our successor
        entry.data.reset(&self.layer);
        let bound = Published::from_word(self.control().published.0.load(Acquire)); // E2, though no slot is read
        // E3, to E4: what the last occupant read, too. JOINING: we may yet start later.
        entry.acked.0.store(Acknowledged { count: bound.count(), joining: true }.word(), Release);
        entry.state.store(state.word(), Release); // E9, to E6: JOINING
        self.layer.heavy_fence(SeqCst); // J
        let start = Published::from_word(self.control().published.0.load(Acquire)); // E2
        let settled = Acknowledged { count: start.count(), joining: false };
        entry.acked.0.store(settled.word(), Release); // E3, to E4: as above, and we read nothing below
        L::Signal::notify_all(&self.layer, once(&self.control().space.0)); // it may wait for us to come
        Ok(Some((Participant { number, generation: state.generation }, start)))
    }

    /// Claims the first number from `first` on that no living participant has, with its entry.
    fn claim_one_of<'e, E>(&self, first: u32, entries: &'e [E]) -> Result<Option<(u32, &'e E)>, LivenessUnknown> {
        for (number, entry) in (first..).zip(entries) {
            if self.layer.claim(number)? {
                return Ok(Some((number, entry)));
            }
        }
        Ok(None)
    }

    /// Gives a consumer's entry back. No slot is being read.
    pub(super) fn leave_consumer_entry(&self, me: Participant) {
        if let Some(entry) = self.storage.consumers().get(me.number as usize) {
            let vacant = EntryState { active: true, generation: me.generation }.vacated();
            entry.state.store(vacant.word(), Release); // E5, to E6: we read nothing any more
            L::Signal::notify_all(&self.layer, once(&self.control().space.0)); // it may wait for us
        }
        self.layer.release(me.number);
    }

    /// Takes a producer's entry. `None` when all are taken.
    ///
    /// # Errors
    /// [`LivenessUnknown`].
    pub(super) fn take_producer_entry(&self) -> Result<Option<Participant>, LivenessUnknown> {
        let claimed = self.claim_one_of(self.geometry.consumers, self.storage.producers())?;
        let Some((number, entry)) = claimed else { return Ok(None) };
        let state = EntryState::from_word(entry.state.load_owned()).next(); // ours alone, as above; it is not evicted
        // Relaxed: a reader that is told of our predecessor's death acts as it would have before we joined. What we publish
        // carries our claim.
        entry.state.store(state.word(), Relaxed);
        Ok(Some(Participant { number, generation: state.generation }))
    }

    /// Makes our producer's entry VACANT: nobody shall ask whether we live. The number stays ours.
    pub(super) fn vacate_producer_entry(&self, me: Participant) {
        if let Some(entry) = self.producer_entry(me.number) {
            let vacant = EntryState { active: true, generation: me.generation }.vacated();
            entry.state.store(vacant.word(), Release); // E10, to E11: all that we published
        }
    }

    /// Makes a dead consumer's entry VACANT, unless somebody else has it by now. We hold the lock.
    pub(super) fn evict(&self, number: u32, dead: EntryState) {
        let Some(entry) = self.storage.consumers().get(number as usize) else { return };
        // The generation is part of the value: a successor's entry is not touched.
        let vacated = entry.state.compare_exchange(dead.word(), dead.vacated().word(), Relaxed, Relaxed);
        if vacated.is_ok() {
            let evicted = self.control().evicted.load_owned(); // a statistic, written under the lock
            self.control().evicted.store(evicted.wrapping_add(1), Relaxed);
        }
    }

    /// Whether a producer other than `me` is attached and alive.
    ///
    /// # Errors
    /// [`LivenessUnknown`].
    pub(super) fn another_producer_lives(&self, me: Participant) -> Result<bool, LivenessUnknown> {
        for (number, _) in self.attached_producers() {
            if number != me.number && self.layer.is_alive(number)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The producers that died without finishing, if there were some and no other lives.
    ///
    /// # Errors
    /// [`LivenessUnknown`].
    pub fn lost_producers(&self) -> Result<Option<DeadProducers>, LivenessUnknown> {
        let mut lost = DeadProducers::default();
        for (number, entry) in self.attached_producers() {
            if self.layer.is_alive(number)? {
                return Ok(None);
            }
            // Dead, or gone after our first look: what it did last happens before the answer.
            if EntryState::from_word(entry.state.load(Relaxed)).active {
                lost = lost.and(number.saturating_sub(self.geometry.consumers));
            }
        }
        Ok((!lost.is_empty()).then_some(lost))
    }

    /// The producers that have joined and not finished, dead ones included.
    fn attached_producers(&self) -> impl Iterator<Item = (u32, &ProducerEntry<L>)> {
        let entries = (self.geometry.consumers..).zip(self.storage.producers());
        // E11, from E10: a thread that reads VACANT and then reloads `published` sees all that this producer published.
        entries.filter(|(_, entry)| EntryState::from_word(entry.state.load(Acquire)).active)
    }

    fn producer_entry(&self, number: u32) -> Option<&ProducerEntry<L>> {
        self.storage.producers().get(number.checked_sub(self.geometry.consumers)? as usize)
    }
}
