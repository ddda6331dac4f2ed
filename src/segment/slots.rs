//! A mapped segment as the protocol's storage.

use super::{Layout, mapping::Mapping};
use crate::layer::Layer;
use crate::protocol;
use crate::protocol::Storage;
use crate::protocol::{ConsumerEntry, Control, Geometry, ProducerEntry};
use core::slice;
use std::sync::Arc;

/// A segment whose words are of layer `L`. Clones share the mapping.
#[derive(Debug)]
pub struct Segment<L: Layer> {
    mapping: Arc<Mapping>,
    // Where in the mapping everything lies, so that a step need not compute it.
    control: *const Control<L>,
    consumers: *const ConsumerEntry<L>,
    producers: *const ProducerEntry<L>,
    headers: *mut protocol::Header,
    slots: *mut u8,
    stride: usize,
    geometry: Geometry,
}

// SAFETY: the pointers are into the mapping, which is `Send`, and to words that may be shared; slots are
// reached through guards alone.
unsafe impl<L: Layer> Send for Segment<L> {}
// SAFETY: as above, and no method changes it.
unsafe impl<L: Layer> Sync for Segment<L> {}

impl<L: Layer> Clone for Segment<L> {
    fn clone(&self) -> Self {
        Self { mapping: Arc::clone(&self.mapping), ..*self }
    }
}

/// Read access to a slot of a segment.
#[derive(Debug)]
pub struct SlotReading {
    header: *const protocol::Header,
    bytes: *const u8,
}

/// Write access to a slot of a segment.
#[derive(Debug)]
pub struct SlotWriting {
    header: *mut protocol::Header,
    bytes: *mut u8,
}

impl<L: Layer> Segment<L> {
    /// The segment in `mapping`.
    ///
    /// # Safety
    /// The mapping is ready, and has the layout, which is that of the geometry for `L`.
    pub(crate) unsafe fn new(mapping: Arc<Mapping>, layout: Layout, geometry: Geometry) -> Self {
        Self {
            control: mapping.at(layout.control),
            consumers: mapping.at(layout.consumers),
            producers: mapping.at(layout.producers),
            headers: mapping.at(layout.headers),
            slots: mapping.at(layout.slots),
            stride: layout.stride,
            geometry,
            mapping,
        }
    }

    // The callers promise an index below `slots`, so these stay inside the layout.

    fn header(&self, index: usize) -> *mut protocol::Header {
        self.headers.wrapping_add(index)
    }

    fn bytes(&self, index: usize) -> *mut u8 {
        self.slots.wrapping_add(index * self.stride)
    }
}

// SAFETY: all of it lies in one mapping, where the checked layout says.
unsafe impl<L: Layer> Storage<L> for Segment<L> {
    type Reading = SlotReading;
    type Writing = SlotWriting;

    fn control(&self) -> &Control<L> {
        // SAFETY: the layout puts an initialised control block there, of words that may be shared.
        unsafe { &*self.control }
    }

    fn consumers(&self) -> &[ConsumerEntry<L>] {
        // SAFETY: the layout puts that many entries there.
        unsafe { slice::from_raw_parts(self.consumers, self.geometry.consumers as usize) }
    }

    fn producers(&self) -> &[ProducerEntry<L>] {
        // SAFETY: the layout puts that many entries there.
        unsafe { slice::from_raw_parts(self.producers, self.geometry.producers as usize) }
    }

    unsafe fn read(&self, index: usize) -> SlotReading {
        debug_assert!(index < self.geometry.slots as usize);
        SlotReading { header: self.header(index), bytes: self.bytes(index) }
    }

    unsafe fn write(&self, index: usize) -> SlotWriting {
        debug_assert!(index < self.geometry.slots as usize);
        let bytes = self.bytes(index);
        ask_for(bytes.wrapping_add(AHEAD));
        SlotWriting { header: self.header(index), bytes }
    }
}

/// How many bytes ahead of the slot that is written the lines are asked for: as many as arrive while
/// one waits for a line, and few beside a ring's.
const AHEAD: usize = 1024;

/// Asks for the line at this address, to be written soon. Only a hint, at any address.
///
/// Consumers have read the slots' lines, so a store to one waits until they have given it up, and stores
/// arrive in order: `published` waits behind it.
#[inline(always)]
fn ask_for(line: *mut u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: it reads and writes nothing, and does nothing where there is no memory, or no such instruction.
    unsafe {
        core::arch::asm!("prefetchw [{}]", in(reg) line, options(nostack, preserves_flags, readonly));
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = line;
}

// SAFETY: the slot's place in the mapping, which `Storage::read`'s caller keeps alive.
unsafe impl protocol::Reading for SlotReading {
    fn header(&self) -> protocol::Header {
        // SAFETY: inside the mapping, and nobody writes it while `self` lives (`Storage::read`); volatile,
        // since a process that breaks this rule shall not change a length after it was checked.
        unsafe { self.header.read_volatile() }
    }

    fn bytes(&self) -> *const u8 {
        self.bytes
    }
}

// SAFETY: the slot's place in the mapping, which `Storage::write`'s caller keeps alive.
unsafe impl protocol::Writing for SlotWriting {
    fn set_header(&mut self, header: protocol::Header) {
        // SAFETY: inside the mapping, and nobody else touches it while `self` lives (`Storage::write`).
        unsafe { self.header.write(header) }
    }

    fn bytes(&self) -> *mut u8 {
        self.bytes
    }
}
