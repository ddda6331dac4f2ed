//! The receiver's side.

use super::super::side::{FutexConsumer, SIZE};
use super::{Control, Map, VARIABLE_LENGTH, after, is_inherited, wake};
use crate::message::Check;
use ackcast::RecvError;
use ackcast::layers::Fences;
use ackcast::protocol::Header;
use ackcast::protocol::{Corruption, Published};
use ackcast::signal::EMPTY;
use std::num::NonZeroU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicU32, AtomicU64, compiler_fence, fence};

/// The handwritten counterpart of [`ackcast::protocol::Consumer`].
pub struct Consumer<'m> {
    /// The participant whose entry this consumer uses.
    registration: FutexConsumer,
    published: &'m AtomicU64,
    space: &'m AtomicU32,
    acked: &'m AtomicU64,
    headers: *const Header,
    payloads: *const u8,
    stride: usize,
    slots: NonZeroU64,
    slot_size: u32,
    symmetric: bool,
    next: u64,
    /// The slot of `next`.
    slot: usize,
    seen: u64,
    variable_length: bool,
    ended: bool,
}

impl<'m> Consumer<'m> {
    /// Takes the place of `registration`, which receives nothing itself.
    pub fn new(map: &'m Map, registration: FutexConsumer) -> Self {
        let Control { published, space, .. } = map.control();
        Self {
            published: &published.0,
            space: &space.0,
            acked: &map.consumers()[registration.participant().number as usize].acked.0,
            headers: map.at(map.layout.headers),
            payloads: map.at(map.layout.slots),
            stride: map.layout.stride,
            slots: map.slots(),
            slot_size: map.geometry.slot_size,
            symmetric: map.fences == Fences::Symmetric,
            next: registration.next(),
            slot: (registration.next() % map.slots()) as usize,
            seen: registration.next(),
            variable_length: false,
            ended: false,
            registration,
        }
    }

    /// Copies the next message out.
    #[inline]
    pub fn receive_into(&mut self, buffer: &mut Vec<u8>) -> Result<(), RecvError> {
        if is_inherited(self.registration.channel()) {
            return Err(RecvError::Inherited);
        }
        if self.next >= self.seen {
            self.poll()?;
        }
        let slot = self.slot;
        // Inside the layout, and no producer writes the slot before this consumer's acknowledgement.
        let mut len = self.slot_size;
        if self.variable_length {
            // SAFETY: as above.
            let header = unsafe { self.headers.add(slot).read_volatile() };
            if header.kind != Header::DATA || header.len > len {
                return Err(self.no_message(self.next, header));
            }
            len = header.len;
        }
        // SAFETY: as above, and the slot has no fewer bytes.
        let message = unsafe { std::slice::from_raw_parts(self.payloads.add(slot * self.stride), len as usize) };
        buffer.clear();
        buffer.extend_from_slice(message);
        self.next += 1;
        self.slot = after(slot, self.slots);
        self.acked.store(self.next, Release);
        if self.symmetric {
            fence(SeqCst)
        } else {
            compiler_fence(SeqCst)
        }
        if self.space.load(Relaxed) != EMPTY {
            wake(self.space);
        }
        Ok(())
    }

    /// Checks the next message in its slot.
    #[inline]
    pub fn receive(&mut self, check: &mut Check<SIZE>) -> Result<(), RecvError> {
        if is_inherited(self.registration.channel()) {
            return Err(RecvError::Inherited);
        }
        if self.next >= self.seen {
            self.poll()?;
        }
        let slot = self.slot;
        // Inside the layout, and no producer writes the slot before this consumer's acknowledgement.
        let mut len = self.slot_size;
        if self.variable_length {
            // SAFETY: as above.
            let header = unsafe { self.headers.add(slot).read_volatile() };
            if header.kind != Header::DATA || header.len > len {
                return Err(self.no_message(self.next, header));
            }
            len = header.len;
        }
        // SAFETY: as above, and the slot has no fewer bytes.
        check.see_bytes(unsafe { std::slice::from_raw_parts(self.payloads.add(slot * self.stride), len as usize) });
        self.next += 1;
        self.slot = after(slot, self.slots);
        self.acked.store(self.next, Release);
        if self.symmetric {
            fence(SeqCst)
        } else {
            compiler_fence(SeqCst)
        }
        if self.space.load(Relaxed) != EMPTY {
            wake(self.space);
        }
        Ok(())
    }

    /// Checks all available messages, and acknowledges them together.
    #[inline]
    pub fn receive_batch(&mut self, check: &mut Check<SIZE>) -> Result<(), RecvError> {
        if is_inherited(self.registration.channel()) {
            return Err(RecvError::Inherited);
        }
        if self.next >= self.seen {
            self.poll()?;
        }
        let (mut next, mut slot, mut wrong) = (self.next, self.slot, None);
        while next < self.seen {
            // Inside the layout, and no producer writes the slot before this consumer's acknowledgement.
            let mut len = self.slot_size;
            if self.variable_length {
                // SAFETY: as above.
                let header = unsafe { self.headers.add(slot).read_volatile() };
                if header.kind != Header::DATA || header.len > len {
                    wrong = Some(header);
                    break;
                }
                len = header.len;
            }
            // SAFETY: as above, and the slot has no fewer bytes.
            check.see_bytes(unsafe { std::slice::from_raw_parts(self.payloads.add(slot * self.stride), len as usize) });
            next += 1;
            slot = after(slot, self.slots);
        }
        if next > self.next {
            (self.next, self.slot) = (next, slot);
            self.acked.store(next, Release);
            if self.symmetric {
                fence(SeqCst)
            } else {
                compiler_fence(SeqCst)
            }
            if self.space.load(Relaxed) != EMPTY {
                wake(self.space);
            }
        } else if let Some(header) = wrong {
            return Err(self.no_message(next, header)); // the next call finds what follows the messages
        }
        Ok(())
    }

    /// Updates the number of published messages. Called when all known messages are received.
    #[inline(never)]
    fn poll(&mut self) -> Result<(), RecvError> {
        if self.ended {
            return Err(RecvError::Ended);
        }
        let word = self.published.load(Acquire);
        let published = word & Published::MAX;
        match published.checked_sub(self.next) {
            Some(0) => Err(RecvError::TimedOut { next: self.next }),
            Some(ahead) if ahead <= self.slots.get() => {
                self.seen = published;
                self.variable_length = word & VARIABLE_LENGTH != 0;
                Ok(())
            }
            _ => {
                let (next, slots) = (self.next, self.slots.get() as u32);
                Err(RecvError::Corrupt(Corruption::Published { published, next, slots }))
            }
        }
    }

    /// The slot holds END, or an invalid header.
    #[cold]
    fn no_message(&mut self, message: u64, Header { len, kind }: Header) -> RecvError {
        if kind != Header::END || len > self.slot_size {
            return RecvError::Corrupt(Corruption::Slot { message, kind, len, slot_size: self.slot_size });
        }
        (self.ended, self.next, self.seen) = (true, self.next + 1, self.next + 1);
        self.acked.store(self.next, Release);
        if self.symmetric {
            fence(SeqCst)
        } else {
            compiler_fence(SeqCst)
        }
        if self.space.load(Relaxed) != EMPTY {
            wake(self.space);
        }
        RecvError::Ended
    }
}
