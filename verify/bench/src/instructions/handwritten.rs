//! The protocol once more, written by hand for this benchmark. It has no layer, no storage, and no types that keep the
//! order of the steps. Each operation is a single function on the bytes of a segment.
//!
//! Each step is the protocol's: the same words are accessed in the same order with the same orderings. There are two
//! differences. An operation that would have to wait fails instead. Joining is left to a real participant, whose place
//! the handwritten code uses.

mod consumer;
mod producer;

pub use consumer::Consumer;
pub use producer::Producer;

use crate::participants::memory::Memory;
use ackcast::layer::Layer;
use ackcast::layers::{Fences, Futex};
use ackcast::protocol;
use ackcast::protocol::Storage;
use ackcast::segment::{Handle, Layout, Name};
use ackcast::signal::{NOTIFIED, PARKED};
use anyhow::Result;
use std::mem::offset_of;
use std::num::NonZeroU64;
use std::ptr;
use std::sync::atomic::Ordering::Release;
use std::sync::atomic::{AtomicU32, AtomicU64};

/// A word on cache lines of its own.
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
    /// Used by joining, which the handwritten code does not do.
    _generation: AtomicU32,
}

const _: () = {
    type RealControl = protocol::Control<Futex>;
    type RealEntry = protocol::ConsumerEntry<Futex>;
    assert!(offset_of!(Control, published) == offset_of!(RealControl, published));
    assert!(offset_of!(Control, space) == offset_of!(RealControl, space));
    assert!(offset_of!(Entry, data) == offset_of!(RealEntry, data));
    assert!(offset_of!(Entry, state) == offset_of!(RealEntry, state));
    assert!(offset_of!(Entry, _generation) == offset_of!(RealEntry, generation));
    assert!(size_of::<Entry>() == size_of::<RealEntry>());
};

/// The top bit. In `published`: END was published. In `acked`: the consumer has yet to decide where it starts.
const FLAG: u64 = 1 << 63;
/// The next bit of `published`: some messages do not fill their slots.
const VARIABLE_LENGTH: u64 = 1 << 62;
/// The segment, mapped for the handwritten code.
pub struct Map {
    memory: Memory,
    layout: Layout,
    geometry: protocol::Geometry,
    fences: Fences,
}

impl Map {
    /// Maps the segment of this name a second time.
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

/// Whether the handle was inherited by a fork. Only the layer knows: an inlined load and a comparison.
#[inline(always)]
fn is_inherited<S: Storage<Futex>>(channel: &protocol::Channel<Futex, S>) -> bool {
    // SAFETY: the layer is asked, and claims and releases nothing.
    unsafe { channel.layer() }.is_inherited()
}

/// The slot that follows this slot.
#[inline(always)]
fn after(slot: usize, slots: NonZeroU64) -> usize {
    if slot as u64 + 1 == slots.get() { 0 } else { slot + 1 }
}

/// A word at any address.
#[derive(Clone, Copy)]
#[repr(C, packed)]
struct Word(u64);

/// Copies a message into its slot. A short one is loaded by words, as the protocol loads it.
///
/// # Safety
/// `len` bytes may be read at `from` and written at `to`, and the two do not overlap.
#[inline(always)]
pub unsafe fn copy(from: *const u8, to: *mut u8, len: usize) {
    if len > 256 {
        // SAFETY: as the caller says.
        return unsafe { ptr::copy_nonoverlapping(from, to, len) };
    }
    let mut at = 0;
    while at < len & !7 {
        // SAFETY: as the caller says. The load is volatile, because the compiler would load several words at once.
        unsafe { to.add(at).cast::<Word>().write(from.add(at).cast::<Word>().read_volatile()) };
        at += 8;
    }
    while at < len {
        // SAFETY: as the caller says.
        unsafe { to.add(at).write(from.add(at).read_volatile()) };
        at += 1;
    }
}

/// The waiter may sleep: wakes it, so that it polls again.
#[cold]
#[inline(never)]
fn wake(signal: &AtomicU32) {
    if signal.swap(NOTIFIED, Release) == PARKED {
        let _ = rustix::thread::futex::wake(signal, rustix::thread::futex::Flags::empty(), 1);
    }
}
