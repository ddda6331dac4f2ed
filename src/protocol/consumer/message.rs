//! Messages on loan from their slots.

use super::Consumer;
use crate::layer::Layer;
use crate::protocol::{Reading, RecvError, Storage};
use core::ops::Deref;
use core::{fmt, slice};

/// Messages that were taken and not acknowledged yet. Dropping it acknowledges them.
pub(super) struct Taken<'c, L: Layer, S: Storage<L>> {
    pub(super) count: u64,
    pub(super) consumer: &'c mut Consumer<L, S>,
}

impl<L: Layer, S: Storage<L>> Drop for Taken<'_, L, S> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.count > 0 {
            self.consumer.acknowledge(self.count);
        }
    }
}

/// A message, still in its slot. Dropping it acknowledges it, and only then can its slot be overwritten.
/// [`keep`](Message::keep) leaves it unacknowledged.
pub struct Message<'c, L: Layer, S: Storage<L>> {
    /// Declared before `taken`, so that reading ends before the acknowledgement.
    reading: S::Reading,
    len: usize,
    taken: Taken<'c, L, S>,
}

impl<'c, L: Layer, S: Storage<L>> Message<'c, L, S> {
    #[inline(always)]
    pub(super) const fn new(reading: S::Reading, len: usize, taken: Taken<'c, L, S>) -> Self {
        Self { reading, len, taken }
    }

    /// The message's number in the one total order, from 0.
    pub const fn sequence(&self) -> u64 {
        self.taken.consumer.next
    }

    /// Ends the loan without an acknowledgement: the message is received again.
    pub fn keep(mut self) {
        self.taken.count = 0;
    }
}

impl<L: Layer, S: Storage<L>> Deref for Message<'_, L, S> {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        // SAFETY: `len` is at most `slot_size`, and no producer writes the slot while `reading` lives.
        unsafe { slice::from_raw_parts(self.reading.bytes(), self.len) }
    }
}

impl<L: Layer, S: Storage<L>> fmt::Debug for Message<'_, L, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("sequence", &self.sequence()).field("len", &self.len).finish()
    }
}

/// The messages that one poll found, still in their slots. Dropping the batch acknowledges those that were taken from
/// it, all at once. The others are received later.
pub struct Batch<'c, L: Layer, S: Storage<L>> {
    /// Of the message taken last. Declared before `taken`, so that reading ends before the acknowledgement.
    reading: Option<S::Reading>,
    /// The slot of the next message.
    slot: usize,
    /// How many messages the poll found.
    found: u64,
    taken: Taken<'c, L, S>,
}

impl<'c, L: Layer, S: Storage<L>> Batch<'c, L, S> {
    #[inline(always)]
    pub(super) const fn new(slot: usize, found: u64, taken: Taken<'c, L, S>) -> Self {
        Self { reading: None, slot, found, taken }
    }

    /// The number that the next message taken has in the one total order, from 0.
    pub const fn sequence(&self) -> u64 {
        self.taken.consumer.next.wrapping_add(self.taken.count)
    }

    /// Takes the next message; `None` if there is no other, or END is next. Never waits.
    ///
    /// # Errors
    /// [`RecvError::Corrupt`]. The message is not taken then.
    #[inline(always)]
    pub fn take(&mut self) -> Result<Option<&[u8]>, RecvError> {
        self.reading = None; // of the message before
        if self.taken.count == self.found {
            return Ok(None);
        }
        let (message, consumer) = (self.sequence(), &*self.taken.consumer);
        let reading = consumer.open(self.slot);
        let slot_size = consumer.channel.geometry.slot_size;
        let len = consumer.lengths.of(message, slot_size, &reading);
        let Some(len) = consumer.logged(len)? else { return Ok(None) };
        self.slot = consumer.channel.ring.next(self.slot);
        self.taken.count = self.taken.count.wrapping_add(1); // at most `found`
        let reading = self.reading.insert(reading);
        // SAFETY: as in `Message`: `len` is at most `slot_size`, and no producer writes the slot meanwhile.
        Ok(Some(unsafe { slice::from_raw_parts(reading.bytes(), len) }))
    }

    /// Puts the message taken last back: it is not acknowledged, and is taken again. Only one message can be put back
    /// after each [`take`](Batch::take); otherwise nothing happens.
    pub fn put_back(&mut self) {
        if self.reading.take().is_some() {
            self.taken.count = self.taken.count.wrapping_sub(1); // at least 1: a message was taken
            self.slot = self.taken.consumer.channel.ring.slot_of(self.sequence());
        }
    }
}

impl<L: Layer, S: Storage<L>> fmt::Debug for Batch<'_, L, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("sequence", &self.sequence()).field("taken", &self.taken.count).finish()
    }
}
