//! A mapped segment as the protocol's storage.

use super::{Layout, copy::copy, mapping::Mapping};
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
    // Pointers into the mapping. Cached, so that no access computes them from the layout.
    control: *const Control<L>,
    consumers: *const ConsumerEntry<L>,
    producers: *const ProducerEntry<L>,
    headers: *mut protocol::Header,
    slots: *mut u8,
    stride: usize,
    geometry: Geometry,
}

// SAFETY: the pointers are into the mapping, which is `Send`. Words may be shared, and guards say when a slot may be
// accessed.
unsafe impl<L: Layer> Send for Segment<L> {}
// SAFETY: as above, and no method changes a shared `Segment`.
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

// SAFETY: the pointers are to a slot in the mapping, which any thread may read while no producer writes the slot
// (`Storage::read`).
unsafe impl Send for SlotReading {}

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
    /// The mapping is of a whole segment, and has this layout, which is the geometry's for `L`.
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

    // The callers of `read` and `write` promise an index below `slots`, so both pointers stay inside the layout.

    fn header(&self, index: usize) -> *mut protocol::Header {
        self.headers.wrapping_add(index)
    }

    fn bytes(&self, index: usize) -> *mut u8 {
        self.slots.wrapping_add(index * self.stride)
    }
}

// SAFETY: the words and slots lie in a single mapping, at the offsets of a checked layout.
unsafe impl<L: Layer> Storage<L> for Segment<L> {
    type Reading = SlotReading;
    type Writing = SlotWriting;

    fn control(&self) -> &Control<L> {
        // SAFETY: the layout has an initialised control block there, and its words may be shared.
        unsafe { &*self.control }
    }

    fn consumers(&self) -> &[ConsumerEntry<L>] {
        // SAFETY: the layout has that many entries there, and their words may be shared.
        unsafe { slice::from_raw_parts(self.consumers, self.geometry.consumers as usize) }
    }

    fn producers(&self) -> &[ProducerEntry<L>] {
        // SAFETY: the layout has that many entries there, and their words may be shared.
        unsafe { slice::from_raw_parts(self.producers, self.geometry.producers as usize) }
    }

    unsafe fn read(&self, index: usize) -> SlotReading {
        debug_assert!(index < self.geometry.slots as usize);
        SlotReading { header: self.header(index), bytes: self.bytes(index) }
    }

    unsafe fn write(&self, index: usize) -> SlotWriting {
        debug_assert!(index < self.geometry.slots as usize);
        let bytes = self.bytes(index);
        prefetch(bytes.wrapping_add(PREFETCH_DISTANCE));
        SlotWriting { header: self.header(index), bytes }
    }
}

/// How many bytes ahead of the written slot cache lines are prefetched: about as many as arrive while a store waits for
/// a line, and few compared with a ring.
const PREFETCH_DISTANCE: usize = 1024;

/// Prefetches the cache line at this address, to be written soon. Only a hint, so that any address is allowed.
///
/// Consumers have read the slots' lines. A store to such a line waits until their cores have given it up. Stores become
/// visible in order, so the store to `published` waits behind it.
#[inline(always)]
fn prefetch(line: *mut u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the instruction reads and writes nothing. At an address without memory, or on a processor that does not
    // know it, it does nothing.
    unsafe {
        core::arch::asm!("prefetchw [{}]", in(reg) line, options(nostack, preserves_flags, readonly));
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = line;
}

// SAFETY: the pointers are to a slot in the mapping, which the caller of `Storage::read` keeps alive.
unsafe impl protocol::Reading for SlotReading {
    fn header(&self) -> protocol::Header {
        // SAFETY: the header is in the mapping, and no participant writes it while `self` lives (`Storage::read`). The
        // read is volatile, so that a process that breaks this rule cannot change a length after its check.
        unsafe { self.header.read_volatile() }
    }

    fn bytes(&self) -> *const u8 {
        self.bytes
    }
}

// SAFETY: the pointers are to a slot in the mapping, which the caller of `Storage::write` keeps alive.
unsafe impl protocol::Writing for SlotWriting {
    fn set_header(&mut self, header: protocol::Header) {
        // SAFETY: the header is in the mapping, and no other participant accesses it while `self` lives
        // (`Storage::write`).
        unsafe { self.header.write(header) }
    }

    fn bytes(&self) -> *mut u8 {
        self.bytes
    }

    #[inline(always)]
    unsafe fn copy(&mut self, message: &[u8]) {
        // SAFETY: the message fits into the slot. It lies elsewhere, because no other reference to the slot exists.
        unsafe { copy(message.as_ptr(), self.bytes, message.len()) };
    }
}
