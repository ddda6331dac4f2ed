//! Where everything lies in a segment, computed from its geometry with checked arithmetic.

use super::Header;
use crate::layer::Layer;
use crate::layers::MAX_PARTICIPANTS;
use crate::protocol::{ConsumerEntry, Control, Geometry, ProducerEntry};
use thiserror::Error;

/// The most bytes a segment can have where addresses are wide enough: 1 TiB.
const MOST: u64 = 1 << 40;

/// Byte offsets into a segment, and its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Of the control block.
    pub control: usize,
    /// Of the first consumer's entry.
    pub consumers: usize,
    /// Of the first producer's entry.
    pub producers: usize,
    /// Of the first slot's header; the others' follow without gaps.
    pub headers: usize,
    /// Of the first slot's payload.
    pub slots: usize,
    /// From one slot's payload to the next one's.
    pub stride: usize,
    /// Size of the whole.
    pub size: usize,
}

/// A geometry that no segment can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// A number is out of its range.
    #[error("{what} is {value}; it must be {min} to {max}")]
    OutOfRange {
        /// Which.
        what: &'static str,
        /// What it is.
        value: u64,
        /// The least it can be.
        min: u64,
        /// The most it can be.
        max: u64,
    },
    /// The slots together are too large.
    #[error("{slots} slots of {slot_size} bytes do not fit a segment, which has at most {} bytes", Layout::MAX_SIZE)]
    TooLarge {
        /// How many slots.
        slots: u32,
        /// How large each.
        slot_size: u32,
    },
}

impl Layout {
    /// The most slots a channel can have.
    pub const MAX_SLOTS: u32 = 1 << 20;
    /// The most bytes a slot can hold.
    pub const MAX_SLOT_SIZE: u32 = 1 << 30;
    /// The most bytes a segment can have: 1 TiB, or what a mapping of this machine can have.
    pub const MAX_SIZE: usize = if MOST < isize::MAX as u64 { MOST as usize } else { isize::MAX as usize };
    /// The most consumers, and the most producers, a channel can have.
    pub const MAX_ROLE: u32 = MAX_PARTICIPANTS / 2;
    /// Payloads of this size and more start on cache lines; smaller ones share one without crossing it.
    const ALIGN: usize = 64;
    /// Headers are apart from payloads, eight to a line: a stream of 64-byte messages moves 1⅛ lines each from
    /// core to core, and not two; and one alone, as long as nobody has to read lengths.
    const HEADER: usize = size_of::<crate::protocol::Header>();

    /// The layout for a layer's words.
    ///
    /// # Errors
    /// [`LayoutError`] says which number is wrong, and its range.
    pub fn new<L: Layer>(geometry: &Geometry) -> Result<Self, LayoutError> {
        let Geometry { slots, slot_size, consumers, producers, start_with, end_after } = *geometry;
        in_range("slots", slots, 1, Self::MAX_SLOTS)?;
        in_range("the slot size", slot_size, 1, Self::MAX_SLOT_SIZE)?;
        in_range("the number of places for consumers", consumers, 1, Self::MAX_ROLE)?;
        in_range("the number of places for producers", producers, 1, Self::MAX_ROLE)?;
        in_range("the number of consumers to wait for", start_with, 0, consumers)?;
        in_range("the number of producers to end after", end_after, 1, u32::MAX)?;

        let (consumers, producers, slots_) = (consumers as usize, producers as usize, slots as usize);
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
        let headers = place(Self::HEADER, 128, slots_)?;
        let slot_size = slot_size as usize;
        let stride = if slot_size < Self::ALIGN { slot_size.next_power_of_two() } else { slot_size };
        let stride = stride.next_multiple_of(stride.min(Self::ALIGN));
        let slots = place(stride, Self::ALIGN, slots_)?;
        let size = place(0, 4096, 0)?;
        Ok(Self { control, consumers, producers, headers, slots, stride, size })
    }

    /// Of this slot's header.
    pub const fn header(&self, slot: usize) -> usize {
        self.headers + slot * Self::HEADER
    }

    /// A number that differs whenever two builds would disagree on where something lies: 64-bit FNV-1a over the sizes,
    /// alignments and offsets of everything in a segment, and the byte order.
    pub const fn hash<L: Layer>() -> u64 {
        let hash = digest(
            FNV_BASIS,
            &[
                size_of::<Header>(),
                align_of::<Header>(),
                size_of::<Control<L>>(),
                align_of::<Control<L>>(),
                size_of::<ConsumerEntry<L>>(),
                align_of::<ConsumerEntry<L>>(),
                size_of::<ProducerEntry<L>>(),
                align_of::<ProducerEntry<L>>(),
                size_of::<L::Lock>(),
                size_of::<L::Signal>(),
                Self::HEADER,
                Self::ALIGN,
                u32::from_ne_bytes([1, 2, 3, 4]) as usize,
            ],
        );
        let hash = digest(hash, &Header::OFFSETS);
        let hash =
            digest(hash, &offsets!(Control<L> as Control { lock, published, space, finished, evicted, takeovers }));
        let hash = digest(hash, &offsets!(ConsumerEntry<L> as ConsumerEntry { acked, data, state, generation }));
        digest(hash, &offsets!(ProducerEntry<L> as ProducerEntry { state }))
    }
}

/// Where FNV-1a starts.
const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// 64-bit FNV-1a over these numbers, continued.
const fn digest(mut hash: u64, numbers: &[usize]) -> u64 {
    let mut i = 0;
    while i < numbers.len() {
        hash = (hash ^ numbers[i] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        i += 1;
    }
    hash
}

/// The offsets of all fields of a struct, in the order in which they are named. A field that is not named does not
/// compile.
macro_rules! offsets {
    ($type:ty as $struct:ident { $($field:ident),+ $(,)? }) => {{
        let _all_are_named = |it: &$type| {
            let $struct { $($field: _),+ } = it;
        };
        [$(core::mem::offset_of!($type, $field)),+]
    }};
}
pub(super) use offsets;

fn in_range(what: &'static str, value: u32, min: u32, max: u32) -> Result<(), LayoutError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(LayoutError::OutOfRange { what, value: value.into(), min: min.into(), max: max.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{Futex, RawSync};
    use core::mem::offset_of;

    const SMALL: Geometry =
        Geometry { slots: 2, slot_size: 100, consumers: 3, producers: 2, start_with: 3, end_after: 1 };

    #[test]
    fn parts_follow_each_other_without_overlap() {
        let layout = Layout::new::<Futex>(&SMALL).unwrap();
        assert!(layout.control >= size_of::<Header>());
        assert!(layout.consumers >= layout.control + size_of::<Control<Futex>>());
        assert!(layout.producers >= layout.consumers + 3 * size_of::<ConsumerEntry<Futex>>());
        assert!(layout.headers >= layout.producers + 2 * size_of::<ProducerEntry<Futex>>());
        assert_eq!((layout.header(0), layout.header(1)), (layout.headers, layout.headers + 8));
        assert!(layout.slots >= layout.header(2) && layout.slots % 64 == 0);
        assert_eq!(layout.stride, 128);
        assert!(layout.size >= layout.slots + 2 * 128);
    }

    /// Who writes a word for each message.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Writer {
        Producer,
        Consumer(usize),
        /// Nobody: those who read it for each message keep its line.
        Seldom,
    }

    /// The words of a segment, where they are, and who writes them.
    fn words<L: Layer>(geometry: &Geometry) -> Vec<(usize, Writer)> {
        let layout = Layout::new::<L>(geometry).unwrap();
        let mut words = vec![
            (layout.control + offset_of!(Control<L>, lock), Writer::Producer),
            (layout.control + offset_of!(Control<L>, published), Writer::Producer),
            (layout.control + offset_of!(Control<L>, space), Writer::Seldom),
            (layout.control + offset_of!(Control<L>, finished), Writer::Seldom),
            (layout.headers, Writer::Producer),
            (layout.slots, Writer::Producer),
        ];
        for consumer in 0..geometry.consumers as usize {
            let entry = layout.consumers + consumer * size_of::<ConsumerEntry<L>>();
            words.push((entry + offset_of!(ConsumerEntry<L>, acked), Writer::Consumer(consumer)));
            words.push((entry + offset_of!(ConsumerEntry<L>, data), Writer::Seldom));
            words.push((entry + offset_of!(ConsumerEntry<L>, state), Writer::Seldom));
        }
        let producers = layout.producers..layout.headers;
        words.extend(producers.step_by(size_of::<ProducerEntry<L>>()).map(|entry| (entry, Writer::Seldom)));
        words
    }

    /// Two that share a line (or a pair, which some processors fetch together) and have different writers.
    fn falsely_shared(words: &[(usize, Writer)]) -> Option<[(usize, Writer); 2]> {
        let pairs = words.iter().flat_map(|&one| words.iter().map(move |&other| [one, other]));
        pairs.into_iter().find(|[one, other]| one.0 / 128 == other.0 / 128 && one.1 != other.1)
    }

    #[test]
    fn no_two_writers_share_a_line() {
        assert_eq!(falsely_shared(&words::<Futex>(&SMALL)), None);
        assert_eq!(falsely_shared(&words::<RawSync>(&SMALL)), None);
        // The check can fail: a word of somebody else's right after the count.
        let mut words = words::<Futex>(&SMALL);
        words.push((words[1].0 + 8, Writer::Consumer(0)));
        assert!(falsely_shared(&words).is_some());
    }

    #[test]
    fn small_payloads_share_a_line_and_do_not_cross_it() {
        for slot_size in 1..200_usize {
            let Layout { slots, stride, .. } =
                Layout::new::<Futex>(&Geometry { slot_size: slot_size as u32, ..SMALL }).unwrap();
            let lines = (0..100).map(|n| {
                let first = slots + n * stride;
                (first + slot_size - 1) / 64 - first / 64 + 1
            });
            assert_eq!(lines.max(), Some(slot_size.div_ceil(64)), "{slot_size} bytes, stride {stride}");
        }
    }

    #[test]
    fn absurd_geometries_are_refused_with_the_range() {
        let bad = [
            Geometry { slots: 0, ..SMALL },
            Geometry { slots: u32::MAX, ..SMALL },
            Geometry { slot_size: 0, ..SMALL },
            Geometry { consumers: 65, start_with: 0, ..SMALL },
            Geometry { producers: 0, ..SMALL },
            Geometry { start_with: 4, ..SMALL },
            Geometry { end_after: 0, ..SMALL },
        ];
        for geometry in bad {
            assert!(matches!(Layout::new::<Futex>(&geometry), Err(LayoutError::OutOfRange { .. })), "{geometry:?}");
        }
        let large = Geometry { slots: Layout::MAX_SLOTS, slot_size: Layout::MAX_SLOT_SIZE, ..SMALL };
        assert!(matches!(Layout::new::<Futex>(&large), Err(LayoutError::TooLarge { .. })));
    }

    #[test]
    fn layers_differ_in_their_hash() {
        assert_ne!(Layout::hash::<Futex>(), Layout::hash::<RawSync>());
    }
    #[test]
    fn swapped_words_of_one_size_change_the_hash() {
        #[repr(C)]
        struct Counters {
            finished: u32,
            evicted: u32,
        }
        #[repr(C)]
        struct Swapped {
            evicted: u32,
            finished: u32,
        }
        let [these, swapped] =
            [offsets!(Counters as Counters { finished, evicted }), offsets!(Swapped as Swapped { finished, evicted })];
        assert_eq!(size_of::<Counters>(), size_of::<Swapped>());
        assert_ne!(digest(FNV_BASIS, &these), digest(FNV_BASIS, &swapped));
        assert_eq!(digest(FNV_BASIS, &these), digest(FNV_BASIS, &[0, 4]));
    }
}
