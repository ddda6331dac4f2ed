//! Where each part of a segment lies, computed from the geometry with checked arithmetic.

mod hash;
#[cfg(test)]
mod tests;

pub(super) use hash::offsets;

use super::Header;
use crate::layer::Layer;
use crate::layers::MAX_PARTICIPANTS;
use crate::protocol::{self, ConsumerEntry, Control, Geometry, ProducerEntry};
use thiserror::Error;

/// Upper bound on the size of a segment in bytes, where addresses are wide enough: 1 TiB.
const MAX_BYTES: u64 = 1 << 40;

/// Offsets into a segment, and sizes, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Offset of the control block.
    pub control: usize,
    /// Offset of the first consumer's entry. The other consumers' entries follow without gaps.
    pub consumers: usize,
    /// Offset of the first producer's entry. The other producers' entries follow without gaps.
    pub producers: usize,
    /// Offset of the first slot's header. The other slots' headers follow without gaps.
    pub headers: usize,
    /// Offset of the first slot's payload.
    pub slots: usize,
    /// Distance from a slot's payload to the next slot's.
    pub stride: usize,
    /// Size of the segment.
    pub size: usize,
}

/// Why no segment can have a geometry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// A number is out of its range.
    #[error("{what} is {value}; it must be {min} to {max}")]
    OutOfRange {
        /// What the number is of.
        what: &'static str,
        /// The number.
        value: u64,
        /// The least number allowed.
        min: u64,
        /// The greatest number allowed.
        max: u64,
    },
    /// The slots have another size than the channel's values.
    #[error(
        "the slot size is {slot_size}, and a value has {size} bytes; leave out `slot_size`, because the type sets it"
    )]
    OtherSlotSize {
        /// The size of a slot in bytes.
        slot_size: u32,
        /// The size of a value in bytes.
        size: u32,
    },
    /// The slots together are too large.
    #[error("{slots} slots of {slot_size} bytes do not fit a segment, which has at most {} bytes", Layout::MAX_SIZE)]
    TooLarge {
        /// How many slots.
        slots: u32,
        /// How many bytes a slot has.
        slot_size: u32,
    },
}

impl Layout {
    /// Upper bound on the number of slots.
    pub const MAX_SLOTS: u32 = 1 << 20;
    /// Upper bound on the size of a slot in bytes.
    pub const MAX_SLOT_SIZE: u32 = 1 << 30;
    /// Upper bound on the size of a segment in bytes: 1 TiB, or less where addresses are narrower.
    pub const MAX_SIZE: usize = if MAX_BYTES < isize::MAX as u64 { MAX_BYTES as usize } else { isize::MAX as usize };
    /// Upper bound on the places for consumers, and on the places for producers.
    pub const MAX_ROLE: u32 = MAX_PARTICIPANTS / 2;
    /// Alignment of payloads in bytes: a cache line. Smaller payloads share a line, and none crosses a line's end.
    const ALIGN: usize = 64;
    /// Size of a slot's header in bytes. Eight headers share a cache line, apart from the payloads. So a message of 64
    /// bytes moves 1⅛ lines from core to core, in place of two. While no consumer reads headers, it moves 1 line.
    const HEADER: usize = size_of::<protocol::Header>();
    /// Alignment of the parts before the payloads in bytes: two cache lines, because processors fetch them in pairs.
    const PART: usize = 128;
    /// Alignment of a segment's end in bytes: a page, on most machines.
    const PAGE: usize = 4096;

    /// The layout of this geometry for the words of layer `L`.
    ///
    /// # Errors
    /// [`LayoutError`] says which number is wrong, and its range.
    pub fn new<L: Layer>(geometry: &Geometry) -> Result<Self, LayoutError> {
        let Geometry { slots, slot_size, consumers, producers, start_with, end_after, retain } = *geometry;
        in_range("slots", slots, 1, Self::MAX_SLOTS)?;
        in_range("the slot size", slot_size, 1, Self::MAX_SLOT_SIZE)?;
        in_range("the number of places for consumers", consumers, 1, Self::MAX_ROLE)?;
        in_range("the number of places for producers", producers, 1, Self::MAX_ROLE)?;
        in_range("the number of consumers to wait for", start_with, 0, consumers)?;
        in_range("the number of producers to end after", end_after, 1, u32::MAX)?;
        in_range("the number of messages to retain", retain, 0, slots.saturating_sub(1))?;

        let [consumers, producers, count] = [consumers, producers, slots].map(|number| number as usize);
        let too_large = LayoutError::TooLarge { slots, slot_size };
        let mut end = 0_usize;
        let mut place = |size: usize, align: usize, count: usize| {
            let start = end.checked_next_multiple_of(align)?;
            end = start.checked_add(size.checked_mul(count)?)?;
            (end <= Self::MAX_SIZE).then_some(start)
        };
        let mut place = |size, align, count| place(size, align, count).ok_or(too_large);
        place(size_of::<Header>(), align_of::<Header>(), 1)?;
        let control = place(size_of::<Control<L>>(), align_of::<Control<L>>(), 1)?;
        let consumers = place(size_of::<ConsumerEntry<L>>(), align_of::<ConsumerEntry<L>>(), consumers)?;
        let producers = place(size_of::<ProducerEntry<L>>(), align_of::<ProducerEntry<L>>(), producers)?;
        let headers = place(Self::HEADER, Self::PART, count)?;
        let slot_size = slot_size as usize;
        let stride = if slot_size < Self::ALIGN { slot_size.next_power_of_two() } else { slot_size };
        let stride = stride.next_multiple_of(stride.min(Self::ALIGN));
        let slots = place(stride, Self::ALIGN, count)?;
        let size = place(0, Self::PAGE, 0)?;
        Ok(Self { control, consumers, producers, headers, slots, stride, size })
    }

    /// Offset of this slot's header.
    pub const fn header(&self, slot: usize) -> usize {
        self.headers + slot * Self::HEADER
    }
}

fn in_range(what: &'static str, value: u32, min: u32, max: u32) -> Result<(), LayoutError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(LayoutError::OutOfRange { what, value: value.into(), min: min.into(), max: max.into() })
}
