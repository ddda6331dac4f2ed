//! A mapped segment as the protocol's storage.

use super::{Layout, mapping::Mapping};
use crate::layer::{self, Layer, Storage};
use crate::protocol::{ConsumerEntry, Control, Geometry, ProducerEntry};
use core::marker::PhantomData;
use core::slice;
use std::sync::Arc;

/// A segment whose words are of layer `L`. Clones share the mapping.
#[derive(Debug)]
pub struct Segment<L: Layer> {
    mapping: Arc<Mapping>,
    layout: Layout,
    geometry: Geometry,
    layer: PhantomData<fn() -> L>,
}

impl<L: Layer> Clone for Segment<L> {
    fn clone(&self) -> Self {
        Self { mapping: Arc::clone(&self.mapping), ..*self }
    }
}

/// Read access to a slot of a segment.
#[derive(Debug)]
pub struct SlotReading {
    header: *const layer::Header,
    bytes: *const u8,
}

/// Write access to a slot of a segment.
#[derive(Debug)]
pub struct SlotWriting {
    header: *mut layer::Header,
    bytes: *mut u8,
}

impl<L: Layer> Segment<L> {
    /// The segment in `mapping`.
    ///
    /// # Safety
    /// The mapping is ready, and has the layout, which is that of the geometry for `L`.
    pub(crate) const unsafe fn new(mapping: Arc<Mapping>, layout: Layout, geometry: Geometry) -> Self {
        Self { mapping, layout, geometry, layer: PhantomData }
    }

    /// The segment's size in bytes.
    pub fn size(&self) -> usize {
        self.mapping.len()
    }

    fn header(&self, index: u32) -> *mut layer::Header {
        // The callers promise an index below `slots`, so this stays inside the layout.
        self.mapping.at(self.layout.header(index as usize))
    }

    fn bytes(&self, index: u32) -> *mut u8 {
        self.mapping.at::<u8>(self.layout.slots).wrapping_add(index as usize * self.layout.stride)
    }
}

impl<L: Layer> Storage<L> for Segment<L> {
    type Reading = SlotReading;
    type Writing = SlotWriting;

    fn control(&self) -> &Control<L> {
        // SAFETY: the layout puts an initialised control block there, of words that may be shared.
        unsafe { &*self.mapping.at(self.layout.control) }
    }

    fn consumers(&self) -> &[ConsumerEntry<L>] {
        let (first, count) = (self.mapping.at(self.layout.consumers), self.geometry.consumers);
        // SAFETY: the layout puts that many entries there.
        unsafe { slice::from_raw_parts(first, count as usize) }
    }

    fn producers(&self) -> &[ProducerEntry<L>] {
        let (first, count) = (self.mapping.at(self.layout.producers), self.geometry.producers);
        // SAFETY: the layout puts that many entries there.
        unsafe { slice::from_raw_parts(first, count as usize) }
    }

    unsafe fn read(&self, index: u32) -> SlotReading {
        debug_assert!(index < self.geometry.slots);
        SlotReading { header: self.header(index), bytes: self.bytes(index) }
    }

    unsafe fn write(&self, index: u32) -> SlotWriting {
        debug_assert!(index < self.geometry.slots);
        SlotWriting { header: self.header(index), bytes: self.bytes(index) }
    }
}

impl layer::Reading for SlotReading {
    fn header(&self) -> layer::Header {
        // SAFETY: inside the mapping, and nobody writes it while `self` lives (`Storage::read`); volatile,
        // since a process that breaks this rule shall not change a length after it was checked.
        unsafe { self.header.read_volatile() }
    }

    fn bytes(&self) -> *const u8 {
        self.bytes
    }
}

impl layer::Writing for SlotWriting {
    fn set_header(&mut self, header: layer::Header) {
        // SAFETY: inside the mapping, and nobody else touches it while `self` lives (`Storage::write`).
        unsafe { self.header.write(header) }
    }

    fn bytes(&self) -> *mut u8 {
        self.bytes
    }
}
