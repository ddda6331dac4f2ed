//! Receiving: wait for the count, read the slot, acknowledge.

use super::{Channel, Corruption, Geometry, JoinError, Published, RecvError};
use crate::layer::{Deadline, Header, Layer, Participant, Poll, Reading, Signal, Storage, Word};
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
    /// The slot that it comes in.
    slot: usize,
    /// Messages before this one were published when we looked last: there is no need to look again.
    seen: u64,
    lengths: Lengths,
    /// How many messages the last wait found at its first look.
    found: u64,
    /// END was received, or had been published when we came.
    ended: bool,
}

impl<L: Layer, S: Storage<L>> Consumer<L, S> {
    /// Joins at the present count: every message published from now on will be received.
    ///
    /// # Errors
    /// [`JoinError::Full`], [`JoinError::Liveness`].
    pub fn join(channel: Channel<L, S>) -> Result<Self, JoinError> {
        let capacity = channel.geometry.consumers;
        let Some((me, start)) = channel.take_consumer_entry()? else {
            return Err(JoinError::Full { role: "consumer", capacity });
        };
        let (next, ended) = (start.count(), start.ended());
        let (slot, lengths) = (channel.ring.slot_of(next), Lengths::of(start, channel.geometry));
        Ok(Self { channel, me, next, slot, seen: next, lengths, found: 0, ended })
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
    #[inline(always)]
    pub fn receive(&mut self, deadline: Deadline) -> Result<Message<'_, L, S>, RecvError> {
        self.wait(deadline)?;
        let reading = self.open(self.slot);
        match self.lengths.of_message(self.next, &reading)? {
            Some(len) => Ok(Message { reading, len, taken: Taken { count: 1, consumer: self } }),
            None => Err(self.end()),
        }
    }

    /// Waits for the next message and lends what is there, one after the other: all that was
    /// published when it looked. They are acknowledged together, when the batch ends.
    ///
    /// # Errors
    /// See [`RecvError`].
    #[inline(always)]
    pub fn receive_batch(&mut self, deadline: Deadline) -> Result<Batch<'_, L, S>, RecvError> {
        self.wait(deadline)?;
        let Self { next, slot, seen, .. } = *self;
        match self.lengths.of_message(next, &self.open(slot))? {
            Some(_) => {
                let (there, taken) = (seen.wrapping_sub(next), Taken { count: 0, consumer: self });
                Ok(Batch { reading: None, slot, there, taken })
            }
            None => Err(self.end()),
        }
    }

    /// The message in this slot, which is published and not acknowledged.
    #[inline(always)]
    fn open(&self, slot: usize) -> S::Reading {
        // SAFETY: the message is published (E2) and not acknowledged by us, who are ACTIVE: nobody
        // writes this slot before our acknowledgement (S3), which comes after the reading is gone.
        unsafe { self.channel.storage.read(slot) }
    }

    /// END is the next message: its slot, like any other, is no longer needed.
    #[cold]
    fn end(&mut self) -> RecvError {
        self.acknowledge(1);
        (self.ended, self.seen) = (true, self.next); // whatever a corrupt count says
        RecvError::Ended
    }

    /// Waits until `next` is published.
    #[inline(always)]
    fn wait(&mut self, deadline: Deadline) -> Result<(), RecvError> {
        if self.channel.layer.is_inherited() {
            return Err(RecvError::Inherited);
        }
        if self.next < self.seen { Ok(()) } else { self.await_next(deadline) }
    }

    #[inline(never)]
    fn await_next(&mut self, deadline: Deadline) -> Result<(), RecvError> {
        if self.ended {
            return Err(RecvError::Ended);
        }
        let Some(entry) = self.channel.storage.consumers().get(self.me.number as usize) else {
            return Err(RecvError::Corrupt(Corruption::Internal { what: "the consumer's entry is not there" }));
        };
        if deadline != Deadline::Now {
            self.channel.layer.pace(self.found, self.channel.geometry.slots);
        }
        // The producer of `next` (a) has not published it: we sleep, and it wakes us when it has;
        // (b) has published it; (c) died before it could: somebody else will publish `next`, or
        // nobody is left, which is what the thorough look is for.
        let mut looks = 0_u32;
        let found = entry.data.wait(&self.channel.layer, deadline, |look| {
            looks = looks.saturating_add(1);
            match self.look().transpose() {
                None if look == Poll::WordsAndLiveness => self.look_for_producers().transpose(),
                seen => seen,
            }
        });
        let published = found.unwrap_or(Err(RecvError::TimedOut { next: self.next }))?;
        (self.seen, self.lengths) = (published.count(), Lengths::of(published, self.channel.geometry));
        self.found = if looks == 1 { self.seen.wrapping_sub(self.next) } else { 0 };
        Ok(())
    }

    /// Whether a producer lives that could publish `next`. `None`: one does, or none was ever there.
    fn look_for_producers(&self) -> Result<Option<Published>, RecvError> {
        let Some(lost) = self.channel.lost_producers()? else { return Ok(None) };
        // The dead publish nothing more, but one may have published after our look.
        self.look()?.map_or(Err(RecvError::ProducersLost(lost)), |published| Ok(Some(published)))
    }

    /// What is published, if it counts `next`.
    fn look(&self) -> Result<Option<Published>, RecvError> {
        let published = self.channel.control().published.0.load(Acquire); // E2, from E1
        let published = Published::from_word(published);
        let slots = self.channel.geometry.slots;
        let (count, next) = (published.count(), self.next);
        match count.checked_sub(next) {
            Some(ahead) if ahead <= u64::from(slots) => Ok((ahead > 0).then_some(published)),
            _ => Err(RecvError::Corrupt(Corruption::Published { published: count, next, slots })),
        }
    }

    /// Acknowledges the next `count` messages; their slots are not being read any more.
    #[inline(always)]
    fn acknowledge(&mut self, count: u64) {
        self.next = self.next.wrapping_add(count); // at most the count seen, so it does not wrap
        self.slot = self.channel.ring.after(self.slot, count);
        if let Some(entry) = self.channel.storage.consumers().get(self.me.number as usize) {
            entry.acked.0.store(self.next, Release); // E3, to E4: we are done with the slots' bytes
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

/// How long messages are: as their headers say, if not all of them fill their slots.
#[derive(Clone, Copy, Debug)]
struct Lengths {
    slot_size: u32,
    /// See [`Published::variable_length`].
    variable_length: bool,
}

impl Lengths {
    /// Those of the messages published so far.
    const fn of(published: Published, geometry: Geometry) -> Self {
        Self { slot_size: geometry.slot_size, variable_length: published.variable_length() }
    }

    /// The length of this message; `None`: END. (On its own, and not in one value with the reading, so that
    /// the compiler keeps both in registers.)
    #[inline(always)]
    fn of_message(self, message: u64, reading: &impl Reading) -> Result<Option<usize>, RecvError> {
        let Self { slot_size, variable_length } = self;
        if !variable_length {
            return Ok(Some(slot_size as usize)); // it fills its slot, as all before it
        }
        let Header { len, kind } = reading.header();
        match kind {
            Header::DATA if len <= slot_size => Ok(Some(len as usize)),
            Header::END if len <= slot_size => Ok(None),
            _ => Err(RecvError::Corrupt(Corruption::Slot { message, kind, len, slot_size })),
        }
    }
}

/// Messages that were taken and not acknowledged yet. Dropping it acknowledges them.
struct Taken<'c, L: Layer, S: Storage<L>> {
    count: u64,
    consumer: &'c mut Consumer<L, S>,
}

impl<L: Layer, S: Storage<L>> Drop for Taken<'_, L, S> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.count > 0 {
            self.consumer.acknowledge(self.count);
        }
    }
}

/// A message, still in its slot. Dropping it acknowledges it, and only then can its slot be
/// overwritten. [`keep`](Message::keep) leaves it unacknowledged.
pub struct Message<'c, L: Layer, S: Storage<L>> {
    /// Before `taken`, so that the reading ends before the acknowledgement says so.
    reading: S::Reading,
    len: usize,
    taken: Taken<'c, L, S>,
}

impl<L: Layer, S: Storage<L>> Message<'_, L, S> {
    /// The message's number in the one total order, from 0.
    pub const fn sequence(&self) -> u64 {
        self.taken.consumer.next
    }

    /// Ends the loan without acknowledging: the message is received again.
    pub fn keep(mut self) {
        self.taken.count = 0;
    }
}

impl<L: Layer, S: Storage<L>> Deref for Message<'_, L, S> {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        // SAFETY: `len` is at most `slot_size`, and nobody writes the slot while `reading` lives.
        unsafe { slice::from_raw_parts(self.reading.bytes(), self.len) }
    }
}

impl<L: Layer, S: Storage<L>> fmt::Debug for Message<'_, L, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("sequence", &self.sequence()).field("len", &self.len).finish()
    }
}

/// The messages that were published when somebody looked, still in their slots. Dropping the batch
/// acknowledges those that were taken from it, all at once; the others are still to be received.
pub struct Batch<'c, L: Layer, S: Storage<L>> {
    /// Of the message taken last. Before `taken`, so that it ends before the acknowledgement says so.
    reading: Option<S::Reading>,
    /// The slot of the next message.
    slot: usize,
    /// How many there were.
    there: u64,
    taken: Taken<'c, L, S>,
}

impl<L: Layer, S: Storage<L>> Batch<'_, L, S> {
    /// The number that the next message taken has in the one total order, from 0.
    pub const fn sequence(&self) -> u64 {
        self.taken.consumer.next.wrapping_add(self.taken.count)
    }

    /// Takes the next message; `None` when there is no other, or END is next. Never waits.
    ///
    /// # Errors
    /// [`RecvError::Corrupt`]. The message is not taken then.
    #[inline(always)]
    pub fn take(&mut self) -> Result<Option<&[u8]>, RecvError> {
        self.reading = None; // of the one before
        if self.taken.count == self.there {
            return Ok(None);
        }
        let (message, consumer) = (self.sequence(), &*self.taken.consumer);
        let reading = consumer.open(self.slot);
        let Some(len) = consumer.lengths.of_message(message, &reading)? else { return Ok(None) };
        self.slot = consumer.channel.ring.next(self.slot);
        self.taken.count = self.taken.count.wrapping_add(1); // at most `slots`
        let reading = self.reading.insert(reading);
        // SAFETY: as in `Message`: `len` is at most `slot_size`, and nobody writes the slot meanwhile.
        Ok(Some(unsafe { slice::from_raw_parts(reading.bytes(), len) }))
    }
}

impl<L: Layer, S: Storage<L>> fmt::Debug for Batch<'_, L, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("sequence", &self.sequence()).field("taken", &self.taken.count).finish()
    }
}
