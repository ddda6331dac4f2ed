//! Publishing: take the lock, wait for a free slot, write it, count it.
//!
//! The order of the steps is in the types. A [`Producer`] becomes a [`WriteGuard`] when it takes the write lock. The
//! guard becomes a [`FreeSlot`] when the next slot is free. The slot becomes [`Prepared`] when it is written. Only that
//! publishes.

mod await_room;
mod free_slot;
mod log;
mod prepared;
mod write_guard;
mod write_lock;

pub use free_slot::FreeSlot;
pub use prepared::Prepared;
pub use write_guard::WriteGuard;

use self::write_lock::WriteLock;
use super::payload::PayloadLen;
use super::{
    BatchError, BlockedOn, Channel, ConsumerEntry, Control, Corruption, EntryState, Event, JoinError, Published,
    SendError, Storage,
};
use crate::layer::{Acquired, Deadline, Layer, LockError, Participant, Signal, Word};
use core::sync::atomic::Ordering::Relaxed;

/// A participant that publishes.
///
/// To drop it without [`finish`](Producer::finish) is to die, for the other participants: END does not come on its
/// account.
#[derive(Debug)]
pub struct Producer<L: Layer, S: Storage<L>> {
    channel: Channel<L, S>,
    lock: WriteLock,
    /// The slots of messages below this number are free: it follows from the lowest acknowledgement seen. That stays
    /// true, because a consumer's acknowledgements never decrease, and a later joiner starts where it needs none of
    /// these slots (J and N, see [`Channel::take_consumer_entry`]). At most [`Published::MAX`].
    writable_until: u64,
    /// What is published and where the next message goes, while the lock is ours: no other participant writes
    /// `published` then.
    position: Position,
    finished: bool,
}

/// Where the next message goes.
#[derive(Clone, Copy, Debug)]
struct Position {
    /// What is published before it.
    published: Published,
    /// Its slot.
    slot: usize,
}

/// The most messages of a batch that one step publishes. At 64 the step's cost per message no longer shows in the
/// benchmark (`verify/bench`), and consumers need not wait long for the first message.
pub const MAX_PUBLISH_BATCH: usize = 64;

/// The most messages that a producer writes before it publishes them, on a ring of this many slots. At most
/// [`MAX_PUBLISH_BATCH`]. On a ring of 4 slots or more it spares a quarter of the ring, so an observer can read the
/// newest messages there although no producer waits for it: their slots are not written before another message is
/// published.
pub const fn max_prepared(slots: u32) -> u64 {
    let most = slots.saturating_sub(slots >> 2) as u64;
    if most < MAX_PUBLISH_BATCH as u64 { most } else { MAX_PUBLISH_BATCH as u64 }
}

/// What [`Producer::finish`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// This producer was the last: END is published.
    Ended,
    /// Other producers have yet to finish.
    OthersRemain,
}

impl<L: Layer, S: Storage<L>> Producer<L, S> {
    /// Joins. If a dead predecessor under the same number held the write lock, the lock is freed.
    ///
    /// # Errors
    /// [`JoinError::Full`], [`JoinError::Ended`], [`JoinError::Liveness`].
    pub fn join(channel: Channel<L, S>) -> Result<Self, JoinError> {
        let capacity = channel.geometry.producers;
        let Some(me) = channel.take_producer_entry()? else {
            let full = JoinError::Full { role: "producer", capacity };
            return Err(if channel.published().ended() { JoinError::Ended } else { full });
        };
        let position = Position { published: Published::from_word(0), slot: 0 }; // read once the lock is ours
        let lock = WriteLock::new::<L>(me, capacity == 1);
        let mut producer = Self { channel, lock, writable_until: 0, position, finished: false };
        if producer.lock.inherit(&producer.channel.control().lock.0, &producer.channel.layer) {
            producer.recover();
            drop(WriteGuard::new(&mut producer));
        }
        if producer.channel.published().ended() {
            producer.channel.vacate_producer_entry(me);
            return Err(JoinError::Ended);
        }
        producer.channel.layer.note(Event::ProducerJoined { producer: producer.number() });
        Ok(producer)
    }

    /// The participant's number and generation.
    pub const fn participant(&self) -> Participant {
        self.lock.owner()
    }

    /// The channel.
    pub const fn channel(&self) -> &Channel<L, S> {
        &self.channel
    }

    /// Takes the write lock.
    ///
    /// # Errors
    /// [`SendError::TimedOut`] with [`BlockedOn::Lock`], [`SendError::Ended`], [`SendError::Inherited`],
    /// [`SendError::Liveness`].
    #[inline(always)]
    pub fn lock(&mut self, deadline: Deadline) -> Result<WriteGuard<'_, L, S>, SendError> {
        if self.channel.layer.is_inherited() {
            return Err(SendError::Inherited);
        }
        if !self.lock.is_usable::<L>() {
            self.acquire(deadline)?;
        }
        Ok(WriteGuard::new(self))
    }

    /// Waits for the write lock and a free slot.
    ///
    /// # Errors
    /// See [`SendError`].
    #[inline(always)]
    pub fn reserve(&mut self, deadline: Deadline) -> Result<FreeSlot<'_, L, S>, SendError> {
        self.lock(deadline)?.free_slot(deadline)
    }

    /// Sends one message.
    ///
    /// # Errors
    /// See [`SendError`].
    #[inline(always)]
    pub fn send(&mut self, message: &[u8], deadline: Deadline) -> Result<(), SendError> {
        let len = self.payload_len(message.len())?;
        self.reserve(deadline)?.copy_fitting(message, len).publish();
        Ok(())
    }

    /// Sends messages in order, with no other producer's between them. Where there are free slots, one step publishes
    /// up to [`max_prepared`] of them. Returns when all are sent.
    ///
    /// # Errors
    /// [`BatchError`]: how many were sent, and why the next was not.
    pub fn send_batch<M: AsRef<[u8]>>(&mut self, messages: &[M], deadline: Deadline) -> Result<(), BatchError> {
        let mut messages = messages.iter().map(AsRef::as_ref);
        let count = messages.len();
        self.send_written(count, deadline, |bytes: &mut [u8]| {
            let message = messages.next()?;
            if let Some(bytes) = bytes.get_mut(..message.len()) {
                bytes.copy_from_slice(message);
            }
            Some(message.len())
        })
    }

    /// As [`send_batch`](Producer::send_batch), of messages that are written in place. `write` is called at most
    /// `count` times. It gets the slot's bytes (see [`FreeSlot::bytes_mut`]) and returns the message's length, or
    /// `None` to end the batch.
    ///
    /// # Errors
    /// [`BatchError`]: how many were sent, and why the next was not.
    #[inline(always)]
    pub fn send_written(
        &mut self,
        count: usize,
        deadline: Deadline,
        mut write: impl FnMut(&mut [u8]) -> Option<usize>,
    ) -> Result<(), BatchError> {
        let mut sent = 0_usize;
        let at = |sent| move |error| BatchError { sent, error };
        let mut guard = self.lock(deadline).map_err(at(sent))?;
        while sent < count {
            let mut slot = guard.free_slot(deadline).map_err(at(sent))?;
            let Some(len) = write(slot.bytes_mut()) else { break };
            let mut prepared = slot.prepare(len).map_err(at(sent))?;
            let (mut left, mut over) = (count.saturating_sub(sent).saturating_sub(1), None);
            let more = prepared.extend(|bytes| {
                left = left.checked_sub(1)?;
                let len = write(bytes)?;
                over = (len > bytes.len()).then_some(len);
                Some(len)
            });
            sent = sent.saturating_add(1).saturating_add(more);
            guard = prepared.publish();
            // All messages before the long one are sent.
            if let Some(len) = over {
                return Err(at(sent)(guard.producer.too_long(len)));
            }
        }
        Ok(())
    }

    /// Finishes. The last producer to do so publishes END, when there is a free slot.
    ///
    /// # Errors
    /// See [`SendError`]. The producer has not finished then, and may try again. [`SendError::Ended`] if END is
    /// published.
    pub fn finish(&mut self, deadline: Deadline) -> Result<Finished, SendError> {
        let end_after = self.channel.geometry.end_after;
        let me = self.participant();
        let guard = self.lock(deadline)?;
        let channel = &guard.producer.channel;
        // X2 (owned), from E7: the last producer that finished held the lock.
        let finished = channel.control().finished.load_owned().saturating_add(1);
        let last = finished >= end_after && !channel.another_producer_lives(me)?;
        let guard = if last { guard.free_slot(deadline)?.end() } else { guard };
        // X3 (Relaxed), to X2 by E8: one more has finished.
        guard.producer.channel.control().finished.store(finished, Relaxed);
        // Under the lock, too: of two producers that finish, the second must see that the first has left.
        guard.producer.finished = true;
        guard.producer.lock.end_bias();
        guard.producer.channel.vacate_producer_entry(me);
        if last {
            let messages = guard.producer.position.published.count();
            guard.producer.channel.layer.note(Event::Ended { messages });
        }
        Ok(if last { Finished::Ended } else { Finished::OthersRemain })
    }

    /// Takes the lock, unless END is published. (A producer that keeps its lock is alone: it alone publishes END.)
    #[inline(never)]
    fn acquire(&mut self, deadline: Deadline) -> Result<(), SendError> {
        if self.finished {
            return Err(SendError::Ended);
        }
        match self.lock.acquire(&self.channel.control().lock.0, &self.channel.layer, deadline) {
            Ok(Acquired::Clean) => self.begin(),
            Ok(Acquired::OwnerDied) => self.recover(),
            Err(LockError::Busy { owner }) => {
                let first = self.channel.geometry.consumers;
                let owner = owner.map(|number| number.saturating_sub(first));
                return Err(SendError::TimedOut(BlockedOn::Lock { owner }));
            }
            Err(LockError::Liveness(unknown)) => return Err(SendError::Liveness(unknown)),
            Err(LockError::Broken) => {
                self.channel.layer.note(Event::Corrupt(Corruption::Lock));
                return Err(SendError::Corrupt(Corruption::Lock));
            }
        }
        if self.position.published.ended() {
            self.release();
            return Err(SendError::Ended);
        }
        Ok(())
    }

    /// The lock has become ours.
    fn begin(&mut self) {
        // X1 (owned), from E1 by the lock (E7): the last producer that published held it.
        let published = Published::from_word(self.channel.control().published.0.load_owned());
        self.position = Position { published, slot: self.channel.ring.slot_of(published.count()) };
    }

    /// The lock has become ours, and its previous owner died. What that owner did not publish was never there, so
    /// nothing is rolled back. It may have published without a notification, so this producer notifies in its place
    /// before it needs a slot: that fence is N for the dead owner's messages.
    fn recover(&mut self) {
        self.begin();
        let Control { space, takeovers, .. } = self.channel.control();
        // C9: the call of H10. The dead owner may have died waiting there.
        space.0.reset(&self.channel.layer);
        // X4 (owned), from E7: the last takeover was made under the lock.
        let count = takeovers.load_owned();
        // X5 (Relaxed), to X4 by E8: a statistic.
        takeovers.store(count.wrapping_add(1), Relaxed);
        self.notify();
        self.channel.layer.note(Event::OwnerDied { producer: self.number() });
    }

    fn release(&mut self) {
        self.lock.release(&self.channel.control().lock.0, &self.channel.layer);
    }

    /// Makes every consumer poll `published` again.
    #[inline(always)]
    fn notify(&self) {
        // The loads come after the fence F2 of `notify_all`. A joiner whose entry reads VACANT here makes its fence J
        // after F2, so it starts at a count that includes this publication.
        let attached = |entry: &&ConsumerEntry<L>| {
            // H6 (Relaxed), after F2: whether the consumer may wait. A joiner that H6 misses is case 2 of J and N.
            EntryState::from_word(entry.state.load(Relaxed)).active
        };
        let attached = self.channel.storage.consumers().iter().filter(attached);
        // N (calls F2, F3, R1), pairs with J: a joiner that this producer misses sees what it published.
        L::Signal::notify_all(&self.channel.layer, attached.map(|entry| &entry.data));
    }

    /// # Errors
    /// [`SendError::TooLong`].
    #[inline(always)]
    fn payload_len(&self, len: usize) -> Result<PayloadLen, SendError> {
        PayloadLen::new(len, self.channel.geometry.slot_size).ok_or_else(|| self.too_long(len))
    }

    fn too_long(&self, len: usize) -> SendError {
        SendError::TooLong { len, slot_size: self.channel.geometry.slot_size }
    }
}

impl<L: Layer, S: Storage<L>> Drop for Producer<L, S> {
    /// Gives the number back. The entry stays ACTIVE unless the producer has finished: it looks dead.
    fn drop(&mut self) {
        self.release();
        // K7: the number is free. Everything this producer did happens before the next claim, K1.
        self.channel.layer.release(self.participant().number);
        self.channel.layer.note(Event::ProducerLeft { producer: self.number(), finished: self.finished });
    }
}
