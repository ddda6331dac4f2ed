//! A free slot, and what was written into it.

use super::{Producer, WriteGuard};
use crate::layer::{Header, Layer, Reading, Storage, Word, Writing};
use crate::protocol::{Geometry, Published, SendError};
use core::sync::atomic::Ordering::Release;
use core::{fmt, ptr, slice};

/// The write lock is ours and the next slot is free. Dropping it publishes nothing, not even what
/// was prepared before.
pub struct FreeSlot<'p, L: Layer, S: Storage<L>> {
    /// Before `held`, so that writing ends before the lock is given back.
    writing: S::Writing,
    // A copy of what a message needs, so that it stays in registers while the caller writes the slot.
    position: Position,
    slot_size: u32,
    held: WriteGuard<'p, L, S>,
}

/// Where the next message goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    /// What is published before it.
    pub(super) published: Published,
    /// Its slot.
    pub(super) slot: usize,
}

impl<'p, L: Layer, S: Storage<L>> FreeSlot<'p, L, S> {
    /// The caller knows that the message after those that are published may be written.
    #[inline(always)]
    pub(super) fn new(held: WriteGuard<'p, L, S>) -> Self {
        let (position, slot_size) = (held.producer.position, held.producer.channel.geometry.slot_size);
        // SAFETY: we hold the lock, so nobody else writes; and every active consumer has acknowledged
        // message `count - slots`, the last one in this slot, so nobody reads it (S3).
        let writing = unsafe { held.producer.channel.storage.write(position.slot) };
        Self { writing, position, slot_size, held }
    }

    /// The number that the message will have in the one total order, from 0.
    pub const fn sequence(&self) -> u64 {
        self.position.published.count()
    }

    /// The slot's bytes, all `slot_size` of them. They hold whatever an earlier lap left there:
    /// with one slot, the previous message.
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

    /// Fills the slot with the previous message's bytes and returns their number, so that it can
    /// be changed in place. `None` if there is none, or it has not a message's form.
    pub fn copy_previous(&mut self) -> Option<usize> {
        let before = self.sequence().checked_sub(1)?;
        let channel = &self.held.producer.channel;
        let (from, slot_size) = (channel.ring.slot_of(before), self.slot_size);
        if from == self.position.slot {
            return Some(slot_size as usize); // one slot: the bytes are there already
        }
        // SAFETY: we hold the lock, so nobody writes any slot but the one in `writing`, another.
        let reading = unsafe { channel.storage.read(from) };
        let len = reading.header().len.min(slot_size) as usize;
        // SAFETY: both have `slot_size` bytes, `len` is no more, and they are different slots.
        unsafe { ptr::copy_nonoverlapping(reading.bytes(), self.writing.bytes(), len) };
        Some(len)
    }

    /// The first `len` bytes of the slot are a message, to be published with those before it.
    ///
    /// # Errors
    /// [`SendError::TooLong`].
    #[inline(always)]
    pub fn prepare(self, len: usize) -> Result<Prepared<'p, L, S>, SendError> {
        let fitting = self.fits(len)?;
        Ok(self.write(fitting))
    }

    /// Copies `message` into the slot, to be published with those before it.
    ///
    /// # Errors
    /// [`SendError::TooLong`].
    #[inline(always)]
    pub fn copy(self, message: &[u8]) -> Result<Prepared<'p, L, S>, SendError> {
        let fitting = self.fits(message.len())?;
        Ok(self.copy_fitting(message, fitting))
    }

    /// As [`copy`](FreeSlot::copy), of a message that is known to fit.
    #[inline(always)]
    pub(super) fn copy_fitting(self, message: &[u8], fitting: PayloadLen) -> Prepared<'p, L, S> {
        // SAFETY: a slot has `slot_size` bytes, which `message` fits into; nobody else has access (see
        // `FreeSlot::new`), so it is not from there.
        unsafe { ptr::copy_nonoverlapping(message.as_ptr(), self.writing.bytes(), message.len()) };
        self.write(fitting)
    }

    /// Publishes the first `len` bytes of the slot as a message. The lock stays ours.
    ///
    /// # Errors
    /// [`SendError::TooLong`], [`SendError::Inherited`].
    #[inline(always)]
    pub fn publish(self, len: usize) -> Result<WriteGuard<'p, L, S>, SendError> {
        let held = self.prepare(len)?.publish();
        // Asked last, because a check between the payload's stores and this one delays the message. An inherited slot and
        // count are private copies: no other process has seen them change.
        if held.producer.channel.layer.is_inherited() { Err(SendError::Inherited) } else { Ok(held) }
    }

    /// Publishes END.
    pub(super) fn end(mut self) -> WriteGuard<'p, L, S> {
        self.writing.set_header(Header { len: 0, kind: Header::END });
        self.written(Published::with_end).publish()
    }

    /// # Errors
    /// [`SendError::TooLong`].
    #[inline(always)]
    fn fits(&self, len: usize) -> Result<PayloadLen, SendError> {
        PayloadLen::new(len, self.slot_size).ok_or_else(|| self.held.producer.too_long(len))
    }

    #[inline(always)]
    fn write(mut self, PayloadLen { len, fills }: PayloadLen) -> Prepared<'p, L, S> {
        self.writing.set_header(Header { len, kind: Header::DATA });
        self.written(|published| published.advanced_by(1, fills))
    }

    #[inline(always)]
    fn written(self, count: impl FnOnce(Published) -> Published) -> Prepared<'p, L, S> {
        let Self { writing, position, held, .. } = self;
        drop(writing); // we write no more: once it is counted, the slot is the consumers'
        let slot = held.producer.channel.ring.next(position.slot);
        Prepared { position: Position { published: count(position.published), slot }, held }
    }
}

/// The length of a message that fits into a slot.
#[derive(Clone, Copy)]
pub(super) struct PayloadLen {
    len: u32,
    fills: bool,
}

impl PayloadLen {
    /// `None`: it is too long.
    #[inline(always)]
    pub(super) fn new(len: usize, slot_size: u32) -> Option<Self> {
        let fills = len == slot_size as usize;
        (fills || len < slot_size as usize).then_some(Self { len: len as u32, fills })
    }
}

impl<L: Layer, S: Storage<L>> fmt::Debug for FreeSlot<'_, L, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FreeSlot").field("sequence", &self.sequence()).finish()
    }
}

/// Messages that are written and not counted: nobody sees anything of them. Dropping it publishes
/// nothing.
#[must_use = "nothing is sent before `publish`"]
pub struct Prepared<'p, L: Layer, S: Storage<L>> {
    /// Where the one after them goes.
    position: Position,
    held: WriteGuard<'p, L, S>,
}

impl<'p, L: Layer, S: Storage<L>> Prepared<'p, L, S> {
    /// Has the next messages written into the slots that follow, as far as we know without looking that these
    /// are free; returns how many. `write` gets the slot's bytes (see [`FreeSlot::bytes_mut`]) and returns the
    /// message's length; `None`, or more than there are bytes, and it is not asked again.
    ///
    /// The loop is one that keeps to its registers. A slot's line takes as long to arrive as a processor
    /// takes for a hundred instructions, so how many of them can be on their way at a time is what counts;
    /// and since stores arrive in order, every word put on the stack meanwhile is in their way.
    #[inline(always)]
    pub fn extend(&mut self, mut write: impl FnMut(&mut [u8]) -> Option<usize>) -> usize {
        // What is prepared is not overwritten by what is prepared, even where nobody is there to wait for:
        // the lowest acknowledgement that we know is not above the count of the time of our look.
        let Producer { ref channel, writable_until, .. } = *self.held.producer;
        let Geometry { slot_size, .. } = channel.geometry;
        let Position { published, slot } = self.position;
        let (mut next, mut slot, mut all_fill) = (published.count(), slot, true);
        while next < writable_until {
            // SAFETY: as in `FreeSlot::new`: we hold the lock, and message `next` may be written.
            let mut writing = unsafe { channel.storage.write(slot) };
            // SAFETY: as in `FreeSlot::bytes_mut`.
            let bytes = unsafe { slice::from_raw_parts_mut(writing.bytes(), slot_size as usize) };
            let Some(len) = write(bytes).filter(|&len| len <= slot_size as usize) else { break };
            writing.set_header(Header { len: len as u32, kind: Header::DATA });
            all_fill &= len == slot_size as usize;
            next = next.wrapping_add(1); // at most `writable_until`
            slot = channel.ring.next(slot);
        }
        let more = next.saturating_sub(published.count());
        self.position = Position { published: published.advanced_by(more, all_fill), slot };
        more as usize
    }

    /// Publishes what is prepared. The lock stays ours.
    ///
    /// The linearization point: before the store nobody sees anything of the messages, after it
    /// everybody sees all of them.
    #[inline(always)]
    pub fn publish(self) -> WriteGuard<'p, L, S> {
        let Self { position, held } = self;
        held.producer.position = position;
        let word = &held.producer.channel.control().published.0;
        word.store(position.published.word(), Release); // E1, to E2: the slots' bytes
        held.producer.notify();
        held
    }
}

impl<L: Layer, S: Storage<L>> fmt::Debug for Prepared<'_, L, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").field("published", &self.position.published).finish()
    }
}
