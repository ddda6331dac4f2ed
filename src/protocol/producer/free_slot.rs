//! A free slot, to be written.

use super::{Position, Prepared, Producer, WriteGuard};
use crate::layer::Layer;
use crate::protocol::payload::PayloadLen;
use crate::protocol::{Header, Published, Reading, SendError, Storage, Writing};
use core::{fmt, ptr, slice};

/// The write lock is ours and the next slot is free. A dropped `FreeSlot` publishes nothing, not even what was
/// prepared before.
pub struct FreeSlot<'p, L: Layer, S: Storage<L>> {
    /// Declared before `guard`, so that writing ends before the lock is given back.
    writing: S::Writing,
    /// A copy of the producer's, so that it stays in registers while the caller writes the slot.
    position: Position,
    slot_size: u32,
    guard: WriteGuard<'p, L, S>,
}

impl<'p, L: Layer, S: Storage<L>> FreeSlot<'p, L, S> {
    /// The caller knows that the next message may be written.
    #[inline(always)]
    pub(super) fn new(guard: WriteGuard<'p, L, S>) -> Self {
        let Producer { position, ref channel, .. } = *guard.producer;
        let slot_size = channel.geometry.slot_size;
        // D1: the bytes of the next message, ordered before E1, and after E7 and each consumer's E4, E6 or K3.
        // SAFETY: the lock is ours, so no other producer writes; and every consumer is done with the slot
        // (`await_room`), so none reads it.
        let writing = unsafe { channel.storage.write(position.slot) };
        Self { writing, position, slot_size, guard }
    }

    /// The number that the message will have in the one total order, from 0.
    pub const fn sequence(&self) -> u64 {
        self.position.published.count()
    }

    /// The slot's bytes, `slot_size` of them. They hold what an earlier lap left there: with one slot, the previous
    /// message.
    #[inline(always)]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: a slot has `slot_size` bytes, all initialised (the segment starts zeroed), and
        // `writing` is exclusive; the borrow of `self` keeps it so.
        unsafe { slice::from_raw_parts_mut(self.writing.bytes(), self.slot_size as usize) }
    }

    /// The slot's bytes, as [`bytes_mut`](FreeSlot::bytes_mut).
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: as in `bytes_mut`, shared for as long as `self` is.
        unsafe { slice::from_raw_parts(self.writing.bytes(), self.slot_size as usize) }
    }

    /// Copies the previous message into the slot, so that it can be changed in place, and returns its length in bytes.
    /// `None` if there is no previous message.
    pub fn copy_previous(&mut self) -> Option<usize> {
        let before = self.sequence().checked_sub(1)?;
        let channel = &self.guard.producer.channel;
        let (from, slot_size) = (channel.ring.slot_of(before), self.slot_size);
        if from == self.position.slot {
            return Some(slot_size as usize); // one slot: the bytes are there already
        }
        // D2: the bytes of the previous message, ordered by E7.
        // SAFETY: the lock is ours, so only the slot in `writing` is written, and that is another one.
        let reading = unsafe { channel.storage.read(from) };
        let len = reading.header().len.min(slot_size) as usize;
        // SAFETY: both slots have `slot_size` bytes, `len` is no more, and they are different slots.
        unsafe { ptr::copy_nonoverlapping(reading.bytes(), self.writing.bytes(), len) };
        Some(len)
    }

    /// Prepares the first `len` bytes of the slot as a message.
    ///
    /// # Errors
    /// [`SendError::TooLong`].
    #[inline(always)]
    pub fn prepare(self, len: usize) -> Result<Prepared<'p, L, S>, SendError> {
        let len = self.payload_len(len)?;
        Ok(self.write_header(len))
    }

    /// Copies `message` into the slot and prepares it.
    ///
    /// # Errors
    /// [`SendError::TooLong`].
    #[inline(always)]
    pub fn copy(self, message: &[u8]) -> Result<Prepared<'p, L, S>, SendError> {
        let len = self.payload_len(message.len())?;
        Ok(self.copy_fitting(message, len))
    }

    /// As [`copy`](FreeSlot::copy), of a message whose length is known to fit.
    #[inline(always)]
    pub(super) fn copy_fitting(mut self, message: &[u8], len: PayloadLen) -> Prepared<'p, L, S> {
        // SAFETY: `len` says that the message fits into the slot.
        unsafe { self.writing.copy(message) };
        self.write_header(len)
    }

    /// Publishes the first `len` bytes of the slot as a message. The lock stays ours.
    ///
    /// # Errors
    /// [`SendError::TooLong`], [`SendError::Inherited`].
    #[inline(always)]
    pub fn publish(self, len: usize) -> Result<WriteGuard<'p, L, S>, SendError> {
        let guard = self.prepare(len)?.publish();
        // The check comes last, because a check between the payload's stores and the publishing store delays the
        // message. An inherited slot and `published` are private copies: no other process has seen them change.
        if guard.producer.channel.layer.is_inherited() { Err(SendError::Inherited) } else { Ok(guard) }
    }

    /// Publishes END.
    pub(super) fn end(mut self) -> WriteGuard<'p, L, S> {
        self.writing.set_header(Header { len: 0, kind: Header::END });
        self.written(Published::with_end).publish()
    }

    /// # Errors
    /// [`SendError::TooLong`].
    #[inline(always)]
    fn payload_len(&self, len: usize) -> Result<PayloadLen, SendError> {
        PayloadLen::new(len, self.slot_size).ok_or_else(|| self.guard.producer.too_long(len))
    }

    #[inline(always)]
    fn write_header(mut self, len: PayloadLen) -> Prepared<'p, L, S> {
        self.writing.set_header(len.header());
        self.written(|published| published.advanced_by(1, len.lengths()))
    }

    /// Ends the write access. `advance` counts the message.
    #[inline(always)]
    fn written(self, advance: impl FnOnce(Published) -> Published) -> Prepared<'p, L, S> {
        let Self { writing, position, guard, .. } = self;
        drop(writing); // once the message is published, the slot is the consumers'
        let slot = guard.producer.channel.ring.next(position.slot);
        Prepared::new(Position { published: advance(position.published), slot }, guard)
    }
}

impl<L: Layer, S: Storage<L>> fmt::Debug for FreeSlot<'_, L, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FreeSlot").field("sequence", &self.sequence()).finish()
    }
}
