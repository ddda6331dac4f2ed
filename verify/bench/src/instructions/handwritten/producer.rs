//! The sender's side.

use super::super::side::{FutexProducer, SIZE};
use super::{Control, Entry, FLAG, Map, VARIABLE_LENGTH, after, copy, is_inherited, wake};
use crate::message::fill;
use ackcast::layer::Layer;
use ackcast::layers::Fences;
use ackcast::protocol::Header;
use ackcast::protocol::{BlockedOn, Corruption, MAX_PUBLISH_BATCH, Published};
use ackcast::signal::EMPTY;
use ackcast::{BatchError, SendError};
use std::num::NonZeroU64;
use std::ptr;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicU32, AtomicU64, compiler_fence, fence};

/// Prefetch distance: how far ahead of the message cache lines are requested, in bytes.
const AHEAD: usize = 1024;
/// The bit of the lock's word that obliges its owner to wake a waiter.
const CONTENDED: u32 = 1 << 8;

/// The handwritten counterpart of [`ackcast::protocol::Producer`].
pub struct Producer<'m> {
    /// The participant whose number this producer uses.
    registration: FutexProducer,
    lock: &'m AtomicU32,
    published: &'m AtomicU64,
    consumers: &'m [Entry],
    headers: *mut Header,
    payloads: *mut u8,
    stride: usize,
    slots: NonZeroU64,
    slot_size: u32,
    start_with: u32,
    symmetric: bool,
    /// There is a single place for a producer: the lock is retained between calls.
    keeps: bool,
    /// The lock's word while this producer owns the lock.
    mine: u32,
    /// Messages below this number have a free slot.
    writable_until: u64,
    /// The value of `published`, while this producer owns the lock.
    word: u64,
    /// The slot of the next message, while this producer owns the lock.
    slot: usize,
    lock_retained: bool,
    finished: bool,
}

impl<'m> Producer<'m> {
    /// Takes the place of `registration`, which sends nothing itself.
    pub fn new(map: &'m Map, registration: FutexProducer) -> Self {
        let Control { lock, published, .. } = map.control();
        let me = registration.participant();
        Self {
            registration,
            lock: &lock.0,
            published: &published.0,
            consumers: map.consumers(),
            headers: map.at(map.layout.headers),
            payloads: map.at(map.layout.slots),
            stride: map.layout.stride,
            slots: map.slots(),
            slot_size: map.geometry.slot_size,
            start_with: map.geometry.start_with,
            symmetric: map.fences == Fences::Symmetric,
            keeps: map.geometry.producers == 1,
            mine: ((me.number + 1) & 0xff) | (me.generation << 9),
            writable_until: 0,
            word: 0,
            slot: 0,
            lock_retained: false,
            finished: false,
        }
    }

    #[inline]
    pub fn send(&mut self, message: &[u8]) -> Result<(), SendError> {
        if message.len() > self.slot_size as usize {
            return Err(SendError::TooLong { len: message.len(), slot_size: self.slot_size });
        }
        if is_inherited(self.registration.channel()) {
            return Err(SendError::Inherited);
        }
        if !self.lock_retained {
            self.acquire()?;
        }
        let word = self.word;
        let (n, variable_length) = (word & Published::MAX, word & VARIABLE_LENGTH);
        if n >= self.writable_until {
            self.poll_acknowledgements(n)?;
        }
        let slot = self.slot;
        let payload = self.payloads.wrapping_add(slot * self.stride);
        ask_for(payload.wrapping_add(AHEAD));
        // SAFETY: inside the layout, the message fits, and every consumer is done with the slot.
        unsafe {
            copy(message.as_ptr(), payload, message.len());
            self.headers.add(slot).write(Header { len: message.len() as u32, kind: Header::DATA });
        }
        let variable_length = if message.len() < self.slot_size as usize { VARIABLE_LENGTH } else { variable_length };
        self.word = (n + 1) | variable_length;
        self.slot = after(slot, self.slots);
        self.published.store(self.word, Release);
        if self.symmetric {
            fence(SeqCst)
        } else {
            compiler_fence(SeqCst)
        }
        for entry in self.consumers {
            if entry.state.load(Relaxed) & 1 != 0 && entry.data.load(Relaxed) != EMPTY {
                wake(&entry.data);
            }
        }
        if !self.keeps {
            self.release();
        }
        Ok(())
    }

    /// Writes the message of this tag in its slot.
    #[inline]
    pub fn send_in_place(&mut self, tag: u64) -> Result<(), SendError> {
        if is_inherited(self.registration.channel()) {
            return Err(SendError::Inherited);
        }
        if !self.lock_retained {
            self.acquire()?;
        }
        let word = self.word;
        let (n, variable_length) = (word & Published::MAX, word & VARIABLE_LENGTH);
        if n >= self.writable_until {
            self.poll_acknowledgements(n)?;
        }
        let slot = self.slot;
        let payload = self.payloads.wrapping_add(slot * self.stride);
        ask_for(payload.wrapping_add(AHEAD));
        if self.slot_size as usize != SIZE {
            return self.refuse(SendError::TooLong { len: SIZE, slot_size: self.slot_size });
        }
        // SAFETY: inside the layout, the message fits, and every consumer is done with the slot.
        unsafe { fill::<SIZE>(&mut *payload.cast(), tag) };
        // Checked again: the process may have forked since the loan began.
        if is_inherited(self.registration.channel()) {
            return self.refuse(SendError::Inherited);
        }
        // SAFETY: inside the layout, and no other participant accesses the slot.
        unsafe {
            self.headers.add(slot).write(Header { len: SIZE as u32, kind: Header::DATA });
        }
        self.word = (n + 1) | variable_length;
        self.slot = after(slot, self.slots);
        self.published.store(self.word, Release);
        if self.symmetric {
            fence(SeqCst)
        } else {
            compiler_fence(SeqCst)
        }
        for entry in self.consumers {
            if entry.state.load(Relaxed) & 1 != 0 && entry.data.load(Relaxed) != EMPTY {
                wake(&entry.data);
            }
        }
        if !self.keeps {
            self.release();
        }
        Ok(())
    }

    #[inline]
    pub fn send_batch(&mut self, messages: &[[u8; SIZE]]) -> Result<(), BatchError> {
        let mut sent = 0;
        if is_inherited(self.registration.channel()) {
            return Err(BatchError { sent, error: SendError::Inherited });
        }
        if !self.lock_retained {
            self.acquire().map_err(|error| BatchError { sent, error })?;
        }
        let word = self.word;
        let (mut n, mut variable_length, mut slot) = (word & Published::MAX, word & VARIABLE_LENGTH, self.slot);
        while sent < messages.len() {
            if n >= self.writable_until {
                self.poll_acknowledgements(n).map_err(|error| BatchError { sent, error })?;
            }
            // Checked again, as the protocol does before it publishes a slot.
            if is_inherited(self.registration.channel()) {
                return self.refuse(SendError::Inherited).map_err(|error| BatchError { sent, error });
            }
            let group = &messages[sent..messages.len().min(sent + MAX_PUBLISH_BATCH)];
            let start = n;
            for message in group {
                if n >= self.writable_until || message.len() > self.slot_size as usize {
                    break;
                }
                let payload = self.payloads.wrapping_add(slot * self.stride);
                ask_for(payload.wrapping_add(AHEAD));
                // SAFETY: inside the layout, the message fits, and every consumer is done with the slot.
                unsafe {
                    ptr::copy_nonoverlapping(message.as_ptr(), payload, message.len());
                    self.headers.add(slot).write(Header { len: message.len() as u32, kind: Header::DATA });
                }
                if message.len() < self.slot_size as usize {
                    variable_length = VARIABLE_LENGTH;
                }
                slot = after(slot, self.slots);
                n += 1;
            }
            if n == start {
                let error = SendError::TooLong { len: group[0].len(), slot_size: self.slot_size };
                return self.refuse(error).map_err(|error| BatchError { sent, error });
            }
            sent += (n - start) as usize;
            (self.word, self.slot) = (n | variable_length, slot);
            self.published.store(self.word, Release);
            if self.symmetric {
                fence(SeqCst)
            } else {
                compiler_fence(SeqCst)
            }
            for entry in self.consumers {
                if entry.state.load(Relaxed) & 1 != 0 && entry.data.load(Relaxed) != EMPTY {
                    wake(&entry.data);
                }
            }
        }
        if !self.keeps {
            self.release();
        }
        Ok(())
    }

    #[cold]
    fn acquire(&mut self) -> Result<(), SendError> {
        if self.finished {
            return Err(SendError::Ended);
        }
        match self.lock.compare_exchange(0, self.mine, AcqRel, Relaxed) {
            Ok(_) => {
                (self.lock_retained, self.word) = (true, self.published.load(Relaxed));
                self.slot = ((self.word & Published::MAX) % self.slots) as usize;
            }
            Err(_) => return Err(SendError::TimedOut(BlockedOn::Lock { owner: None })),
        }
        if self.word & FLAG != 0 {
            self.release();
            return Err(SendError::Ended);
        }
        Ok(())
    }

    /// Finds the slowest acknowledgement. Called when no further slot is known to be free.
    #[inline(never)]
    fn poll_acknowledgements(&mut self, n: u64) -> Result<(), SendError> {
        if n == Published::MAX {
            return self.refuse(SendError::Corrupt(Corruption::Count { published: n }));
        }
        let (mut lowest, mut joined) = (n, 0);
        for (consumer, entry) in (0..).zip(self.consumers) {
            if entry.state.load(Acquire) & 1 == 0 {
                continue;
            }
            let word = entry.acked.0.load(Acquire);
            let acked = word & !FLAG;
            if acked > n {
                let corrupt = Corruption::Acknowledgement { consumer, acked, published: n };
                return self.refuse(SendError::Corrupt(corrupt));
            }
            if n == 0 && self.start_with > 0 {
                // SAFETY: the layer is asked, and claims and releases nothing.
                match unsafe { self.registration.channel().layer() }.is_alive(consumer) {
                    Ok(true) => {}
                    Ok(false) => continue,
                    Err(unknown) => return self.refuse(SendError::Liveness(unknown)),
                }
            }
            if n - acked >= self.slots.get() {
                let waiting = BlockedOn::Acknowledgement { consumer, message: acked };
                return self.refuse(SendError::TimedOut(waiting));
            }
            joined += u32::from(word & FLAG == 0);
            lowest = lowest.min(acked);
        }
        if n == 0 && joined < self.start_with {
            return self.refuse(SendError::TimedOut(BlockedOn::Start { joined, wanted: self.start_with }));
        }
        self.writable_until = (lowest + self.slots.get()).min(Published::MAX);
        Ok(())
    }

    /// Returns the error, after releasing a lock that is not retained.
    #[cold]
    fn refuse<T>(&mut self, error: SendError) -> Result<T, SendError> {
        if !self.keeps {
            self.release();
        }
        Err(error)
    }

    #[cold]
    fn release(&mut self) {
        self.lock_retained = false;
        if self.lock.swap(0, Release) & CONTENDED != 0 {
            let _ = rustix::thread::futex::wake(self.lock, rustix::thread::futex::Flags::empty(), 1);
        }
    }
}

impl Drop for Producer<'_> {
    fn drop(&mut self) {
        if self.lock_retained {
            self.release();
        }
    }
}

/// Prefetches the cache line at this address, to be written soon.
#[inline(always)]
fn ask_for(line: *mut u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: it reads and writes nothing, and does nothing where there is no memory.
    unsafe {
        core::arch::asm!("prefetchw [{}]", in(reg) line, options(nostack, preserves_flags, readonly));
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = line;
}
