//! Joining, leaving, and telling living participants from dead ones.
//!
//! An entry belongs to the participant that holds its number in the layer ([`Layer::claim`]). The kernel takes the
//! number back when the participant dies. So an entry that is ACTIVE, and whose number is not alive, is a dead
//! participant's. Joining takes no lock: a joiner waits neither for a slow consumer nor for the writer that waits for
//! that consumer.

use super::{
    Acknowledged, Channel, DeadProducers, EntryState, Event, JoinError, ProducerEntry, Published, Start, Storage,
};
use crate::layer::{Layer, LivenessUnknown, Participant, Signal, Word};
use core::iter::once;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

impl<L: Layer, S: Storage<L>> Channel<L, S> {
    /// Takes a consumer's entry: the participant, the number of its first message, and what is published. `None` when
    /// all are taken.
    ///
    /// # Errors
    /// [`JoinError::NotRetained`], [`JoinError::Liveness`]. The entry is free then.
    ///
    /// # Why no message is lost to a joiner
    ///
    /// The order that must not happen, for a joiner that starts at message *p*, on a ring of one slot:
    ///
    /// ```text
    ///   joiner C                              producer
    ///   published reads p
    ///                                         publishes p                          (E1)
    ///                                         needs the slot again: C is VACANT    (E6)
    ///                                         overwrites p
    ///   ACTIVE; starts at p                   p is lost to C
    /// ```
    ///
    /// So the joiner is ACTIVE first (E9), and reads what is published (E2d) after its fence J. If E2d counts *p*
    /// messages, the start is from *p - retain* to *p*. (Numbers below 0 count as 0, here and below.)
    ///
    /// Let a writer derive `writable_until` while *n* messages are published. It is at most *n - retain + slots*. If
    /// *n* is 0, that is `slots`, and every start is at least 0. Else its loads E6 come after a fence N that follows
    /// the publication of message *n - 1*. N is the publisher's, or that of `recover` if the publisher died before it.
    /// The lock orders N before E6 (E8, E7). J and N are two fences of one order:
    /// 1. J before N: E6 reads ACTIVE, and E4 the acknowledgement that E9 carries, or later values. The announced one
    ///    is *p' - retain*, where *p'* is what E2b counted. By coherence *p'* is at most *p*, so the joiner starts
    ///    there or later. It needs no message below its acknowledgement, and `writable_until` is at most `slots` above
    ///    that.
    /// 2. N before J: E2d sees that publication, so *p* is at least *n*, and the start at least *n - retain*.
    ///
    /// In both cases `writable_until` is at most `slots` above the first message that the joiner needs. So no such
    /// message is overwritten, also while the producer keeps `writable_until`.
    ///
    /// END is one more message in *p*, and none of the retained ones: the start may be *p - 1 - retain*. A writer
    /// derives nothing after END, so *n* is at most *p - 1*, and both cases hold with *p - 1* for *p*.
    ///
    /// # Why the announced acknowledgement may be lower than the last occupant's
    ///
    /// Each occupant's acknowledgements increase. E3b may decrease the word between two occupants. A writer whose E6
    /// reads the last occupant's ACTIVE may read either occupant's acknowledgement (E4). If it reads the joiner's, that
    /// is at most the joiner's start. If it reads the last occupant's, E6 has missed E9: this is case 2, which relies
    /// on *n* alone.
    pub(super) fn take_consumer_entry(&self, start: Start) -> Result<Option<(Participant, u64, Published)>, JoinError> {
        let Some((number, entry)) = self.claim_first_free(0, self.storage.consumers())? else { return Ok(None) };
        // X8 (owned), from K1: the last occupant wrote it. A writer may still evict that occupant, which the
        // generation in `state` makes harmless.
        let generation = entry.generation.load_owned();
        let state = EntryState { active: false, generation }.next();
        // X9 (Relaxed), to X8 by K1: the next occupant's generation is another one, even if we die here.
        entry.generation.store(state.generation, Relaxed);
        // C10: the call of H10. The last occupant may have died waiting here.
        entry.data.reset(&self.layer);
        // E2b (Acquire): a lower bound of the start; no slot is read on its account.
        let bound = Published::from_word(self.control().published.0.load(Acquire));
        let announced = Acknowledged { count: bound.oldest(self.geometry.retain), joining: true };
        // E3b (Release), pairs with E4: the last occupant's reads. JOINING: the start may still rise.
        entry.acked.0.store(announced.word(), Release);
        // E9 (Release), pairs with E6: the acknowledgement, with JOINING, and for K3 our claim.
        entry.state.store(state.word(), Release);
        // J (SeqCst, heavy), pairs with N: the writer sees ACTIVE, or E2d sees what the writer published. With F4: the
        // same for a producer that counts the consumers.
        self.layer.heavy_fence(SeqCst);
        // E2d (Acquire): the start; every slot is read after an acquiring poll (E2a).
        let published = Published::from_word(self.control().published.0.load(Acquire));
        let me = Participant { number, generation: state.generation };
        let first = start.among(published, self.geometry.retain).inspect_err(|_| self.leave_consumer_entry(me))?;
        // E3c (Release), pairs with E4: as E3b. The start is decided.
        entry.acked.0.store(Acknowledged { count: first, joining: false }.word(), Release);
        // C7 (calls F2, F3, R1): the first message may wait for this consumer.
        L::Signal::notify_all(&self.layer, once(&self.control().space.0));
        Ok(Some((me, first, published)))
    }

    /// Claims the first number from `first` on that no living participant has, with its entry.
    fn claim_first_free<'e, E>(&self, first: u32, entries: &'e [E]) -> Result<Option<(u32, &'e E)>, LivenessUnknown> {
        for (number, entry) in (first..).zip(entries) {
            // K1: everything the last claimant did, dead or gone, happens before.
            if self.layer.claim(number)? {
                return Ok(Some((number, entry)));
            }
        }
        Ok(None)
    }

    /// Gives a consumer's entry back. The consumer reads no slot any more.
    pub(super) fn leave_consumer_entry(&self, me: Participant) {
        if let Some(entry) = self.storage.consumers().get(me.number as usize) {
            let vacant = EntryState { active: true, generation: me.generation }.vacated();
            // E5 (Release), pairs with E6: all our reads of slots.
            entry.state.store(vacant.word(), Release);
            // C8 (calls F2, F3, R1): the writer may wait for this consumer.
            L::Signal::notify_all(&self.layer, once(&self.control().space.0));
        }
        // K6: the number is free. Everything this consumer did happens before the next claim, K1.
        self.layer.release(me.number);
    }

    /// Takes a producer's entry. `None` when all are taken.
    ///
    /// # Errors
    /// [`LivenessUnknown`].
    pub(super) fn take_producer_entry(&self) -> Result<Option<Participant>, LivenessUnknown> {
        let claimed = self.claim_first_free(self.geometry.consumers, self.storage.producers())?;
        let Some((number, entry)) = claimed else { return Ok(None) };
        // X10 (owned), from K1: the last occupant wrote it; producers are not evicted.
        let state = EntryState::from_word(entry.state.load_owned()).next();
        // X11 (Relaxed), to X10 by K1: a reader that misses X11 acts as before this join. E1 carries the claim of this
        // producer.
        entry.state.store(state.word(), Relaxed);
        Ok(Some(Participant { number, generation: state.generation }))
    }

    /// Makes our producer's entry VACANT: it is no longer asked about. The number stays ours.
    pub(super) fn vacate_producer_entry(&self, me: Participant) {
        if let Some(entry) = self.producer_entry(me.number) {
            let vacant = EntryState { active: true, generation: me.generation }.vacated();
            // E10 (Release), pairs with E11: all messages this producer published.
            entry.state.store(vacant.word(), Release);
        }
    }

    /// Makes a dead consumer's entry VACANT, unless a successor has it by now. The write lock is ours.
    pub(super) fn evict(&self, number: u32, dead: EntryState) {
        let Some(entry) = self.storage.consumers().get(number as usize) else { return };
        // X12 (Relaxed), races with E9: the generation is part of the value, so a successor's entry is left alone. The
        // writer may pass over that successor: E6 missed E9, so the successor starts at `n - retain` or later (J, N).
        let vacated = entry.state.compare_exchange(dead.word(), dead.vacated().word(), Relaxed, Relaxed);
        if vacated.is_ok() {
            let evicted = &self.control().evicted;
            // X6 (owned), from E7: the last eviction was made under the lock.
            let count = evicted.load_owned();
            // X7 (Relaxed), to X6 by E8: a statistic.
            evicted.store(count.wrapping_add(1), Relaxed);
            self.layer.note(Event::ConsumerEvicted { consumer: number });
        }
    }

    /// Whether a producer other than `me` is attached and alive.
    ///
    /// # Errors
    /// [`LivenessUnknown`].
    pub(super) fn another_producer_lives(&self, me: Participant) -> Result<bool, LivenessUnknown> {
        for (number, ..) in self.attached_producers() {
            // K4: a death carries everything that the producer did. A stale answer acts as if the producer had not
            // joined.
            if number != me.number && self.layer.is_alive(number)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The producers that died without finishing, if there are some and no other producer lives.
    ///
    /// # Errors
    /// [`LivenessUnknown`].
    pub fn lost_producers(&self) -> Result<Option<DeadProducers>, LivenessUnknown> {
        let mut dead = DeadProducers::default();
        for (number, entry, attached) in self.attached_producers() {
            // K5: a death carries everything that the producer did, and so does a departure.
            if self.layer.is_alive(number)? {
                return Ok(None);
            }
            // H7 (Relaxed), after K5: the producer's last state, or that of a successor.
            let last = EntryState::from_word(entry.state.load(Relaxed));
            if last == attached {
                dead = dead.with(number.saturating_sub(self.geometry.consumers));
            } else if last.active {
                return Ok(None); // a successor has joined since K5
            }
        }
        Ok((!dead.is_empty()).then_some(dead))
    }

    /// The producers that have joined and not finished, dead ones included, each with the state of its entry.
    fn attached_producers(&self) -> impl Iterator<Item = (u32, &ProducerEntry<L>, EntryState)> {
        let entries = (self.geometry.consumers..).zip(self.storage.producers());
        entries.filter_map(|(number, entry)| {
            // E11 (Acquire), pairs with E10: a thread that reads VACANT and then reloads `published` sees every message
            // that this producer published.
            let state = EntryState::from_word(entry.state.load(Acquire));
            state.active.then_some((number, entry, state))
        })
    }

    fn producer_entry(&self, number: u32) -> Option<&ProducerEntry<L>> {
        self.storage.producers().get(number.checked_sub(self.geometry.consumers)? as usize)
    }
}
