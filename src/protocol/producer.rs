//! Publishing: take the lock, wait for room, write the slot, count it.
//!
//! The order of the steps is in the types: only a [`Producer`] can become [`WriteGuard`] (it has the
//! write lock), only that can become [`FreeSlot`] (the next slot is free), only that can become
//! [`Prepared`] (it is written), and only that publishes, or goes on to the next [`FreeSlot`].

mod await_room;
mod free_slot;

pub use free_slot::{FreeSlot, Prepared};

use self::free_slot::{PayloadLen, Position};
use super::{
    BatchError, BlockedOn, Channel, ConsumerEntry, Control, Corruption, EntryState, JoinError, Published, SendError,
};
use crate::layer::{Acquired, Deadline, Layer, Lock, LockError, Participant, Signal, Storage, Word};
use core::sync::atomic::Ordering::Relaxed;
use core::{fmt, marker::PhantomData};

/// A participant that publishes.
///
/// Dropping it without [`finish`](Producer::finish) is the same as dying, to the others: END does
/// not come on its account.
#[derive(Debug)]
pub struct Producer<L: Layer, S: Storage<L>> {
    channel: Channel<L, S>,
    me: Participant,
    /// For messages below this number there is room, as we know without looking: it follows from the lowest
    /// acknowledgement seen. Acknowledgements never go back, and who joins later starts at the count of
    /// that time, which is no lower. At most [`Published::MAX`].
    writable_until: u64,
    /// For how many messages the last wait found room at its first look.
    found: u64,
    /// We hold the lock: while a guard lives, after a guard was forgotten, and between calls if `keeps`.
    lock_retained: bool,
    /// The lock stays ours between calls: where there is one place for a producer, no other can want it. A successor
    /// finds it free, or inherits it.
    keeps: bool,
    /// How far the channel is, while we hold the lock: nobody else writes it then.
    position: Position,
    finished: bool,
}

/// The most messages of a batch that are counted with one step: enough that the step's cost does not
/// show, and few enough that consumers get to work.
pub const MAX_PUBLISH_BATCH: usize = 64;

/// What [`Producer::finish`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// We were the last: END is published.
    Ended,
    /// Others have yet to finish.
    OthersRemain,
}

impl<L: Layer, S: Storage<L>> Producer<L, S> {
    /// Joins. If a dead predecessor under our number held the write lock, it is freed.
    ///
    /// # Errors
    /// [`JoinError::Full`], [`JoinError::Ended`], [`JoinError::Liveness`].
    pub fn join(channel: Channel<L, S>) -> Result<Self, JoinError> {
        let capacity = channel.geometry.producers;
        let Some(me) = channel.take_producer_entry()? else {
            let full = JoinError::Full { role: "producer", capacity };
            return Err(if channel.published().ended() { JoinError::Ended } else { full });
        };
        let position = Position { published: Published::from_word(0), slot: 0 }; // it is read when the lock is ours
        let keeps = L::Lock::IS_THREAD_INDEPENDENT && capacity == 1;
        let mut producer =
            Self { channel, me, writable_until: 0, found: 0, lock_retained: false, keeps, position, finished: false };
        if producer.channel.control().lock.0.inherit(&producer.channel.layer, me) {
            producer.recover();
            drop(WriteGuard { producer: &mut producer, not_send: PhantomData });
        }
        if producer.channel.published().ended() {
            producer.channel.vacate_producer_entry(me);
            return Err(JoinError::Ended);
        }
        Ok(producer)
    }

    /// Who we are.
    pub const fn participant(&self) -> Participant {
        self.me
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
        // A lock that belongs to a thread is taken anew, though a guard of it was forgotten: by which thread is not known.
        if !(L::Lock::IS_THREAD_INDEPENDENT && self.lock_retained) {
            self.acquire(deadline)?;
        }
        Ok(WriteGuard { producer: self, not_send: PhantomData })
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
        let fitting = self.fits(message.len())?;
        self.reserve(deadline)?.copy_fitting(message, fitting).publish();
        Ok(())
    }

    /// Sends messages one after the other, with no other producer's in between, and counts up to
    /// [`MAX_PUBLISH_BATCH`] of them with one step where there is room. Returns when all are sent.
    ///
    /// # Errors
    /// [`BatchError`]: how many were sent, and why the one after them was not.
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

    /// As [`send_batch`](Producer::send_batch), of messages that are written in place: `write` is asked for
    /// `count` of them. It gets the slot's bytes (see [`FreeSlot::bytes_mut`]) and returns the message's length;
    /// `None`, and there are no more.
    ///
    /// # Errors
    /// [`BatchError`]: how many were sent, and why the one after them was not.
    #[inline(always)]
    pub fn send_written(
        &mut self,
        count: usize,
        deadline: Deadline,
        mut write: impl FnMut(&mut [u8]) -> Option<usize>,
    ) -> Result<(), BatchError> {
        let mut sent = 0_usize;
        let at = |sent| move |error| BatchError { sent, error };
        let mut held = self.lock(deadline).map_err(at(sent))?;
        while sent < count {
            let mut room = held.free_slot(deadline).map_err(at(sent))?;
            let Some(len) = write(room.bytes_mut()) else { break };
            let mut prepared = room.prepare(len).map_err(at(sent))?;
            let (mut left, mut over) = (count.saturating_sub(sent).min(MAX_PUBLISH_BATCH).saturating_sub(1), None);
            let more = prepared.extend(|bytes| {
                left = left.checked_sub(1)?;
                let len = write(bytes)?;
                over = (len > bytes.len()).then_some(len);
                Some(len)
            });
            sent = sent.saturating_add(1).saturating_add(more);
            held = prepared.publish();
            // All before it are sent.
            if let Some(len) = over {
                return Err(at(sent)(held.producer.too_long(len)));
            }
        }
        Ok(())
    }

    fn too_long(&self, len: usize) -> SendError {
        SendError::TooLong { len, slot_size: self.channel.geometry.slot_size }
    }

    /// Finishes: the last producer to do so publishes END, when there is room for it.
    ///
    /// # Errors
    /// See [`SendError`]; we have not finished then, and may try again. After END by others:
    /// [`SendError::Ended`].
    pub fn finish(&mut self, deadline: Deadline) -> Result<Finished, SendError> {
        let end_after = self.channel.geometry.end_after;
        let me = self.me;
        let held = self.lock(deadline)?;
        let channel = &held.producer.channel;
        let finished = channel.control().finished.load_owned().saturating_add(1); // E7: under the lock
        let last = finished >= end_after && !channel.another_producer_lives(me)?;
        let held = if last { held.free_slot(deadline)?.end() } else { held };
        held.producer.channel.control().finished.store(finished, Relaxed); // under the lock
        // Under the lock, too: of two that finish, the second must see that the first is gone.
        held.producer.finished = true;
        held.producer.keeps = false;
        held.producer.channel.vacate_producer_entry(me);
        Ok(if last { Finished::Ended } else { Finished::OthersRemain })
    }

    /// Takes the lock, unless END is published. (Who keeps it is the only one who could publish that.)
    #[inline(never)]
    fn acquire(&mut self, deadline: Deadline) -> Result<(), SendError> {
        if self.finished {
            return Err(SendError::Ended);
        }
        if self.lock_retained {
            self.release(); // its guard was forgotten
        }
        match self.channel.control().lock.0.acquire(&self.channel.layer, self.me, deadline) {
            Ok(Acquired::Clean) => self.begin(),
            Ok(Acquired::OwnerDied) => self.recover(),
            Err(LockError::Busy { owner }) => {
                let first = self.channel.geometry.consumers;
                let owner = owner.map(|number| number.saturating_sub(first));
                return Err(SendError::TimedOut(BlockedOn::Lock { owner }));
            }
            Err(LockError::Liveness(unknown)) => return Err(SendError::Liveness(unknown)),
            Err(LockError::Broken) => return Err(SendError::Corrupt(Corruption::Lock)),
        }
        if self.position.published.ended() {
            self.release();
            return Err(SendError::Ended);
        }
        Ok(())
    }

    /// The lock is ours.
    fn begin(&mut self) {
        self.lock_retained = true;
        // E7: whoever wrote it last held the lock before us.
        let published = Published::from_word(self.channel.control().published.0.load_owned());
        self.position = Position { published, slot: self.channel.ring.slot_of(published.count()) };
    }

    #[inline(never)]
    fn release(&mut self) {
        self.lock_retained = false;
        self.channel.control().lock.0.release(&self.channel.layer, self.me);
    }

    /// The previous owner of the lock, which is ours now, died. What it did not publish was never
    /// there, so nothing is rolled back; but it may have published and not notified.
    fn recover(&mut self) {
        self.begin();
        let Control { space, takeovers, .. } = self.channel.control();
        space.0.reset(&self.channel.layer); // it may have died waiting there
        takeovers.store(takeovers.load_owned().wrapping_add(1), Relaxed); // a statistic, under the lock
        self.notify();
    }

    /// Makes every consumer look at the count again.
    #[inline(always)]
    fn notify(&self) {
        // A consumer that joins is missed only if its fence J comes after the one in `notify_all`,
        // which comes before these looks: it then starts at a count that it need not be told of.
        let here = |entry: &&ConsumerEntry<L>| EntryState::from_word(entry.state.load(Relaxed)).active;
        let here = self.channel.storage.consumers().iter().filter(here);
        L::Signal::notify_all(&self.channel.layer, here.map(|entry| &entry.data));
    }

    /// # Errors
    /// [`SendError::TooLong`].
    #[inline(always)]
    fn fits(&self, len: usize) -> Result<PayloadLen, SendError> {
        PayloadLen::new(len, self.channel.geometry.slot_size).ok_or_else(|| self.too_long(len))
    }
}

impl<L: Layer, S: Storage<L>> Drop for Producer<L, S> {
    /// Gives the number back. Unless we have finished, our entry stays ACTIVE: we look dead.
    fn drop(&mut self) {
        if self.lock_retained {
            self.release();
        }
        self.channel.layer.release(self.me.number);
    }
}

/// The write lock is ours: nobody else writes slots or `published`. Dropping it gives it back, or
/// leaves it to its producer, if nobody else can want it.
///
/// Not `Send`: some locks belong to the thread that took them.
pub struct WriteGuard<'p, L: Layer, S: Storage<L>> {
    producer: &'p mut Producer<L, S>,
    not_send: PhantomData<*mut ()>,
}

impl<'p, L: Layer, S: Storage<L>> WriteGuard<'p, L, S> {
    /// Waits until the next slot is free.
    ///
    /// # Errors
    /// [`SendError::TimedOut`] says whom it waited for; [`SendError::Corrupt`].
    #[inline(always)]
    pub fn free_slot(self, deadline: Deadline) -> Result<FreeSlot<'p, L, S>, SendError> {
        let n = self.published().count();
        if n >= self.producer.writable_until {
            self.producer.await_room(n, deadline)?;
        }
        Ok(FreeSlot::new(self))
    }

    /// How far the channel is; exact while the lock is ours.
    pub const fn published(&self) -> Published {
        self.producer.position.published
    }
}

impl<L: Layer, S: Storage<L>> Drop for WriteGuard<'_, L, S> {
    #[inline(always)]
    fn drop(&mut self) {
        if !self.producer.keeps {
            self.producer.release();
        }
    }
}

impl<L: Layer, S: Storage<L>> fmt::Debug for WriteGuard<'_, L, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteGuard").field("published", &self.published()).finish()
    }
}
