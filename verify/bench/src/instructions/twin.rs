//! The twin: the protocol once more, by hand and for this one purpose. No layer, no storage, no types that
//! keep the order of the steps; one function for an operation, straight on the bytes of a segment.
//!
//! Each step is the protocol's: the same words, looked at in the same order with the same orderings. Only who
//! would have to wait gets an error instead, and joining is left to a real participant, whose place the twin has.

use super::side::{FutexConsumer, FutexProducer, SIZE};
use crate::message::{Check, fill};
use crate::participants::memory::Memory;
use ackcast::layer::{Header, Layer};
use ackcast::layers::{Fences, Futex};
use ackcast::protocol::{self, Corruption, Published, TOGETHER, Waiting};
use ackcast::segment::{Handle, Layout, Name};
use ackcast::signal::{AWAKE, PARKED, ROUSED};
use ackcast::{Interrupted, RecvError, SendError};
use anyhow::Result;
use std::mem::offset_of;
use std::num::NonZeroU64;
use std::ptr;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicU32, AtomicU64, compiler_fence, fence};

/// A word on lines of its own.
#[repr(C, align(128))]
struct Line<T>(T);

#[repr(C)]
struct Control {
    lock: Line<AtomicU32>,
    published: Line<AtomicU64>,
    space: Line<AtomicU32>,
}

#[repr(C)]
struct Entry {
    acked: Line<AtomicU64>,
    data: AtomicU32,
    state: AtomicU32,
}

const _: () = {
    type RealControl = protocol::Control<Futex>;
    type RealEntry = protocol::ConsumerEntry<Futex>;
    assert!(offset_of!(Control, published) == offset_of!(RealControl, published));
    assert!(offset_of!(Control, space) == offset_of!(RealControl, space));
    assert!(offset_of!(Entry, data) == offset_of!(RealEntry, data));
    assert!(offset_of!(Entry, state) == offset_of!(RealEntry, state));
    assert!(size_of::<Entry>() == size_of::<RealEntry>());
};

/// The top bit of `published`: END was published; of `acked`: the consumer has yet to decide where it starts.
const FLAG: u64 = 1 << 63;
/// The next bit of `published`: not all messages fill their slots.
const MIXED: u64 = 1 << 62;
/// How far ahead of the message lines are asked for, in bytes.
const AHEAD: usize = 1024;
/// The bit of the lock's word that obliges its owner to wake somebody.
const CONTENDED: u32 = 1 << 8;

/// The segment as the twin maps it.
pub struct Map {
    memory: Memory,
    layout: Layout,
    geometry: protocol::Geometry,
    fences: Fences,
}

impl Map {
    /// Maps the segment of this name once more.
    pub fn of(handle: &Handle) -> Result<Self> {
        let geometry = handle.geometry();
        let memory = Memory::open(&format!("/{}{}", Name::PREFIX, handle.name().as_str()))?;
        Ok(Self { memory, layout: Layout::new::<Futex>(&geometry)?, geometry, fences: handle.fences() })
    }

    fn at<T>(&self, offset: usize) -> *mut T {
        self.memory.start().wrapping_add(offset).cast()
    }

    fn control(&self) -> &Control {
        // SAFETY: the layout has a control block there, which starts with these words.
        unsafe { &*self.at(self.layout.control) }
    }

    fn consumers(&self) -> &[Entry] {
        let count = self.geometry.consumers as usize;
        // SAFETY: the layout has that many entries there.
        unsafe { std::slice::from_raw_parts(self.at(self.layout.consumers), count) }
    }

    fn slots(&self) -> NonZeroU64 {
        NonZeroU64::new(self.geometry.slots.into()).expect("a ring has slots")
    }
}

/// The twin of [`protocol::Producer`].
pub struct Producer<'m> {
    /// The number is its.
    seat: FutexProducer,
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
    /// There is one place for a producer: the lock is kept.
    alone: bool,
    /// The lock's word while it is ours.
    mine: u32,
    /// For messages below this number there is room.
    gate: u64,
    /// What `published` holds, while the lock is ours.
    word: u64,
    /// The slot of the next message, while the lock is ours.
    slot: usize,
    holds: bool,
    finished: bool,
}

impl<'m> Producer<'m> {
    /// In the place of `seat`, which sends nothing.
    pub fn new(map: &'m Map, seat: FutexProducer) -> Self {
        let Control { lock, published, .. } = map.control();
        let me = seat.participant();
        Self {
            seat,
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
            alone: map.geometry.producers == 1,
            mine: ((me.number + 1) & 0xff) | (me.generation << 9),
            gate: 0,
            word: 0,
            slot: 0,
            holds: false,
            finished: false,
        }
    }

    #[inline]
    pub fn send(&mut self, message: &[u8]) -> Result<(), SendError> {
        if message.len() > self.slot_size as usize {
            return Err(SendError::TooLong { len: message.len(), slot_size: self.slot_size });
        }
        if !self.holds {
            self.acquire()?;
        }
        let word = self.word;
        let (n, mixed) = (word & Published::MAX, word & MIXED);
        if n >= self.gate {
            self.look_for_room(n)?;
        }
        let slot = self.slot;
        let payload = self.payloads.wrapping_add(slot * self.stride);
        ask_for(payload.wrapping_add(AHEAD));
        // SAFETY: inside the layout, the message fits, and every consumer is done with the slot.
        unsafe {
            ptr::copy_nonoverlapping(message.as_ptr(), payload, message.len());
            self.headers.add(slot).write(Header { len: message.len() as u32, kind: Header::DATA });
        }
        let mixed = if message.len() < self.slot_size as usize { MIXED } else { mixed };
        self.word = (n + 1) | mixed;
        self.slot = after(slot, self.slots);
        self.published.store(self.word, Release);
        if self.symmetric {
            fence(SeqCst)
        } else {
            compiler_fence(SeqCst)
        }
        for entry in self.consumers {
            if entry.state.load(Relaxed) & 1 != 0 && entry.data.load(Relaxed) != AWAKE {
                wake(&entry.data);
            }
        }
        if !self.alone {
            self.release();
        }
        Ok(())
    }

    /// Writes the message of this tag where it is to lie.
    #[inline]
    pub fn send_in_place(&mut self, tag: u64) -> Result<(), SendError> {
        if !self.holds {
            self.acquire()?;
        }
        let word = self.word;
        let (n, mixed) = (word & Published::MAX, word & MIXED);
        if n >= self.gate {
            self.look_for_room(n)?;
        }
        let slot = self.slot;
        let payload = self.payloads.wrapping_add(slot * self.stride);
        ask_for(payload.wrapping_add(AHEAD));
        if self.slot_size as usize != SIZE {
            return self.refuse(SendError::TooLong { len: SIZE, slot_size: self.slot_size });
        }
        // SAFETY: inside the layout, the message fits, and every consumer is done with the slot.
        unsafe {
            fill::<SIZE>(&mut *payload.cast(), tag);
            self.headers.add(slot).write(Header { len: SIZE as u32, kind: Header::DATA });
        }
        self.word = (n + 1) | mixed;
        self.slot = after(slot, self.slots);
        self.published.store(self.word, Release);
        if self.symmetric {
            fence(SeqCst)
        } else {
            compiler_fence(SeqCst)
        }
        for entry in self.consumers {
            if entry.state.load(Relaxed) & 1 != 0 && entry.data.load(Relaxed) != AWAKE {
                wake(&entry.data);
            }
        }
        if !self.alone {
            self.release();
        }
        Ok(())
    }

    #[inline]
    pub fn send_batch(&mut self, messages: &[[u8; SIZE]]) -> Result<(), Interrupted> {
        let mut sent = 0;
        if !self.holds {
            self.acquire().map_err(|error| Interrupted { sent, error })?;
        }
        let word = self.word;
        let (mut n, mut mixed, mut slot) = (word & Published::MAX, word & MIXED, self.slot);
        while sent < messages.len() {
            if n >= self.gate {
                self.look_for_room(n).map_err(|error| Interrupted { sent, error })?;
            }
            let group = &messages[sent..messages.len().min(sent + TOGETHER)];
            let start = n;
            for message in group {
                if n >= self.gate || message.len() > self.slot_size as usize {
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
                    mixed = MIXED;
                }
                slot = after(slot, self.slots);
                n += 1;
            }
            if n == start {
                let error = SendError::TooLong { len: group[0].len(), slot_size: self.slot_size };
                return self.refuse(error).map_err(|error| Interrupted { sent, error });
            }
            sent += (n - start) as usize;
            (self.word, self.slot) = (n | mixed, slot);
            self.published.store(self.word, Release);
            if self.symmetric {
                fence(SeqCst)
            } else {
                compiler_fence(SeqCst)
            }
            for entry in self.consumers {
                if entry.state.load(Relaxed) & 1 != 0 && entry.data.load(Relaxed) != AWAKE {
                    wake(&entry.data);
                }
            }
        }
        if !self.alone {
            self.release();
        }
        Ok(())
    }

    #[cold]
    fn acquire(&mut self) -> Result<(), SendError> {
        if self.finished {
            return Err(SendError::Ended);
        }
        match self.lock.compare_exchange(0, self.mine, Acquire, Relaxed) {
            Ok(_) => {
                (self.holds, self.word) = (self.alone, self.published.load(Relaxed));
                self.slot = ((self.word & Published::MAX) % self.slots) as usize;
            }
            Err(_) => return Err(SendError::TimedOut(Waiting::Lock { owner: None })),
        }
        if self.word & FLAG != 0 {
            self.holds = false;
            self.release();
            return Err(SendError::Ended);
        }
        Ok(())
    }

    /// Every so many messages: where the slowest consumer is.
    #[inline(never)]
    fn look_for_room(&mut self, n: u64) -> Result<(), SendError> {
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
            if n == 0 && self.start_with > 0 && !self.seat.channel().layer().is_alive(consumer) {
                continue;
            }
            if n - acked >= self.slots.get() {
                let waiting = Waiting::Acknowledgement { consumer, message: acked };
                return self.refuse(SendError::TimedOut(waiting));
            }
            joined += u32::from(word & FLAG == 0);
            lowest = lowest.min(acked);
        }
        if n == 0 && joined < self.start_with {
            return self.refuse(SendError::TimedOut(Waiting::Start { joined, wanted: self.start_with }));
        }
        self.gate = (lowest + self.slots.get()).min(Published::MAX);
        Ok(())
    }

    /// The error, after giving back what is not kept.
    #[cold]
    fn refuse<T>(&self, error: SendError) -> Result<T, SendError> {
        if !self.alone {
            self.release();
        }
        Err(error)
    }

    #[cold]
    fn release(&self) {
        if self.lock.swap(0, Release) & CONTENDED != 0 {
            let _ = rustix::thread::futex::wake(self.lock, rustix::thread::futex::Flags::empty(), 1);
        }
    }
}

impl Drop for Producer<'_> {
    fn drop(&mut self) {
        if self.holds {
            self.release();
        }
    }
}

/// The twin of [`protocol::Consumer`].
pub struct Consumer<'m> {
    /// The entry is its.
    _seat: FutexConsumer,
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
    /// Its slot.
    slot: usize,
    seen: u64,
    mixed: bool,
    ended: bool,
}

impl<'m> Consumer<'m> {
    /// In the place of `seat`, which receives nothing.
    pub fn new(map: &'m Map, seat: FutexConsumer) -> Self {
        let Control { published, space, .. } = map.control();
        Self {
            published: &published.0,
            space: &space.0,
            acked: &map.consumers()[seat.participant().number as usize].acked.0,
            headers: map.at(map.layout.headers),
            payloads: map.at(map.layout.slots),
            stride: map.layout.stride,
            slots: map.slots(),
            slot_size: map.geometry.slot_size,
            symmetric: map.fences == Fences::Symmetric,
            next: seat.next(),
            slot: (seat.next() % map.slots()) as usize,
            seen: seat.next(),
            mixed: false,
            ended: false,
            _seat: seat,
        }
    }

    /// Copies the next message out.
    #[inline]
    pub fn receive_into(&mut self, buffer: &mut Vec<u8>) -> Result<(), RecvError> {
        if self.next >= self.seen {
            self.look()?;
        }
        let slot = self.slot;
        // Inside the layout, and nobody writes the slot before our acknowledgement.
        let mut len = self.slot_size;
        if self.mixed {
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
        if self.space.load(Relaxed) != AWAKE {
            wake(self.space);
        }
        Ok(())
    }

    /// Checks the next message where it lies.
    #[inline]
    pub fn receive(&mut self, check: &mut Check<SIZE>) -> Result<(), RecvError> {
        if self.next >= self.seen {
            self.look()?;
        }
        let slot = self.slot;
        // Inside the layout, and nobody writes the slot before our acknowledgement.
        let mut len = self.slot_size;
        if self.mixed {
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
        if self.space.load(Relaxed) != AWAKE {
            wake(self.space);
        }
        Ok(())
    }

    /// Checks all that are there, and acknowledges them together.
    #[inline]
    pub fn receive_batch(&mut self, check: &mut Check<SIZE>) -> Result<(), RecvError> {
        if self.next >= self.seen {
            self.look()?;
        }
        let (mut next, mut slot, mut wrong) = (self.next, self.slot, None);
        while next < self.seen {
            // Inside the layout, and nobody writes the slot before our acknowledgement.
            let mut len = self.slot_size;
            if self.mixed {
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
            if self.space.load(Relaxed) != AWAKE {
                wake(self.space);
            }
        } else if let Some(header) = wrong {
            return Err(self.no_message(next, header)); // what follows messages is found next time
        }
        Ok(())
    }

    /// Now and then: how many are there.
    #[inline(never)]
    fn look(&mut self) -> Result<(), RecvError> {
        if self.ended {
            return Err(RecvError::Ended);
        }
        let word = self.published.load(Acquire);
        let published = word & Published::MAX;
        match published.checked_sub(self.next) {
            Some(0) => Err(RecvError::TimedOut { next: self.next }),
            Some(ahead) if ahead <= self.slots.get() => {
                self.seen = published;
                self.mixed = word & MIXED != 0;
                Ok(())
            }
            _ => {
                let (next, slots) = (self.next, self.slots.get() as u32);
                Err(RecvError::Corrupt(Corruption::Published { published, next, slots }))
            }
        }
    }

    /// The slot holds END, or nonsense.
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
        if self.space.load(Relaxed) != AWAKE {
            wake(self.space);
        }
        RecvError::Ended
    }
}

/// The slot after this one.
#[inline(always)]
fn after(slot: usize, slots: NonZeroU64) -> usize {
    if slot as u64 + 1 == slots.get() { 0 } else { slot + 1 }
}

/// The waiter may sleep: it shall look again.
#[cold]
#[inline(never)]
fn wake(signal: &AtomicU32) {
    if signal.swap(ROUSED, Release) == PARKED {
        let _ = rustix::thread::futex::wake(signal, rustix::thread::futex::Flags::empty(), 1);
    }
}

/// Asks for the line at this address, to be written soon.
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
