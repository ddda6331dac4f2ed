//! Receiving: wait for the count, read the slot, acknowledge.

use super::{Channel, Corruption, JoinError, Published, RecvError};
use crate::layer::{Deadline, Header, Layer, Look, Participant, Reading, Signal, Storage, Word};
use core::ops::Deref;
use core::sync::atomic::Ordering::{Acquire, Release};
use core::{fmt, slice};

/// A participant that receives every message from its join on.
#[derive(Debug)]
pub struct Consumer<L: Layer, S: Storage<L>> {
    channel: Channel<L, S>,
    me: Participant,
    /// The next message to receive. All below it are acknowledged, and none else.
    next: u64,
    /// END was received, or had been published when we came.
    ended: bool,
}

impl<L: Layer, S: Storage<L>> Consumer<L, S> {
    /// Joins at the present count: every message published from now on will be received.
    ///
    /// # Errors
    /// [`JoinError::Full`].
    pub fn join(channel: Channel<L, S>) -> Result<Self, JoinError> {
        let capacity = channel.geometry.consumers;
        let Some((me, start)) = channel.take_consumer_entry() else {
            return Err(JoinError::Full { role: "consumer", capacity });
        };
        Ok(Self { channel, me, next: start.count, ended: start.ended })
    }

    /// Who we are.
    pub const fn participant(&self) -> Participant {
        self.me
    }

    /// The channel.
    pub const fn channel(&self) -> &Channel<L, S> {
        &self.channel
    }

    /// The number of the next message.
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Waits for the next message and lends it; it is acknowledged when the loan ends.
    ///
    /// # Errors
    /// See [`RecvError`]. After an error, the same message is still the next one.
    pub fn receive(&mut self, deadline: Deadline) -> Result<Message<'_, L, S>, RecvError> {
        if self.ended {
            return Err(RecvError::Ended);
        }
        self.wait(deadline)?;
        let slot = self.channel.slot_of(self.next);
        // SAFETY: `next` is published (E2) and not acknowledged by us, who are ACTIVE: nobody
        // writes this slot before our acknowledgement (S3), which comes after `reading` is gone.
        let reading = unsafe { self.channel.storage.read(slot) };
        let Header { len, kind } = reading.header();
        let slot_size = self.channel.geometry.slot_size;
        if len > slot_size || !matches!(kind, Header::DATA | Header::END) {
            let (message, slot_size) = (self.next, slot_size);
            return Err(RecvError::Corrupt(Corruption::Slot { message, kind, len, slot_size }));
        }
        let message = Message { reading: Some(reading), len: len as usize, consumer: self };
        if kind == Header::END {
            message.consumer.ended = true;
            drop(message); // acknowledges: END's slot, like any other, is no longer needed
            return Err(RecvError::Ended);
        }
        Ok(message)
    }

    /// Waits until `next` is published.
    fn wait(&self, deadline: Deadline) -> Result<(), RecvError> {
        let Some(entry) = self.channel.storage.consumers().get(self.me.number as usize) else {
            return Err(RecvError::Ended); // not reached: `join` found the entry
        };
        // The producer of `next` (a) has not published it: we sleep, and it wakes us when it has;
        // (b) has published it; (c) died before it could: somebody else will publish `next`, or
        // nobody is left, which is what the thorough look is for.
        let found = entry.data.wait(&self.channel.layer, deadline, |look| match self.look() {
            // The dead publish nothing more, but one may have published after our look.
            Ok(false) if look == Look::Thorough && self.channel.producers_lost() => match self.look() {
                Ok(false) => Some(Err(RecvError::ProducersLost)),
                seen => Some(seen.map(drop)),
            },
            Ok(false) => None,
            seen => Some(seen.map(drop)),
        });
        found.unwrap_or(Err(RecvError::TimedOut { next: self.next }))
    }

    /// Whether `next` is published.
    fn look(&self) -> Result<bool, RecvError> {
        let published = self.channel.control().published.0.load(Acquire); // E2, from E1
        let published = Published::from_word(published).count;
        let slots = self.channel.geometry.slots;
        match published.checked_sub(self.next) {
            Some(ahead) if ahead <= u64::from(slots) => Ok(ahead > 0),
            _ => Err(RecvError::Corrupt(Corruption::Published { published, next: self.next, slots })),
        }
    }

    /// Acknowledges `next`; its slot is not being read any more.
    fn acknowledge(&mut self) {
        self.next = self.next.saturating_add(1);
        if let Some(entry) = self.channel.storage.consumers().get(self.me.number as usize) {
            entry.acked.0.store(self.next, Release); // E3, to E4: we are done with the slot's bytes
            let space = &self.channel.control().space.0;
            L::Signal::notify_all(&self.channel.layer, core::iter::once(space));
        }
    }
}

impl<L: Layer, S: Storage<L>> Drop for Consumer<L, S> {
    /// Leaves: from now on nobody waits for our acknowledgement.
    fn drop(&mut self) {
        self.channel.leave_consumer_entry(self.me);
    }
}

/// A message, still in its slot. Dropping it acknowledges it, and only then can its slot be
/// overwritten. [`keep`](Message::keep) leaves it unacknowledged.
pub struct Message<'c, L: Layer, S: Storage<L>> {
    /// `None` once the reading is over.
    reading: Option<S::Reading>,
    len: usize,
    consumer: &'c mut Consumer<L, S>,
}

impl<L: Layer, S: Storage<L>> Message<'_, L, S> {
    /// The message's number in the one total order, from 0.
    pub const fn sequence(&self) -> u64 {
        self.consumer.next
    }

    /// Ends the loan without acknowledging: the message is received again.
    pub fn keep(self) {
        core::mem::ManuallyDrop::new(self).reading = None;
    }
}

impl<L: Layer, S: Storage<L>> Deref for Message<'_, L, S> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let Some(reading) = &self.reading else { return &[] };
        // SAFETY: `len` is at most `slot_size`, and nobody writes the slot while `reading` lives.
        unsafe { slice::from_raw_parts(reading.bytes(), self.len) }
    }
}

impl<L: Layer, S: Storage<L>> Drop for Message<'_, L, S> {
    fn drop(&mut self) {
        self.reading = None; // the reading ends before the acknowledgement says so
        self.consumer.acknowledge();
    }
}

impl<L: Layer, S: Storage<L>> fmt::Debug for Message<'_, L, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("sequence", &self.sequence()).field("len", &self.len).finish()
    }
}
