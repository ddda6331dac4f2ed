//! A number that tells the layouts of two builds apart.

use super::Layout;
use crate::layer::Layer;
use crate::layers::Mark;
use crate::protocol::{ConsumerEntry, Control, Header as SlotHeader, ProducerEntry};
use crate::segment::{Header, TypeFacts};

/// The offset of each field of each struct in a segment, in the order in which its fields are named here.
#[derive(Clone, Copy, Debug)]
struct Offsets {
    header: [usize; 17],
    control: [usize; 6],
    consumer: [usize; 4],
    producer: [usize; 1],
    slot: [usize; 2],
}

impl Offsets {
    const fn of<L: Layer>() -> Self {
        Self {
            header: Header::OFFSETS,
            control: offsets!(Control<L> as Control { lock, published, space, finished, evicted, takeovers }),
            consumer: offsets!(ConsumerEntry<L> as ConsumerEntry { acked, data, state, generation }),
            producer: offsets!(ProducerEntry<L> as ProducerEntry { state }),
            slot: offsets!(SlotHeader as SlotHeader { len, kind }),
        }
    }

    /// The hash of these offsets, and of the sizes and alignments of everything in a segment.
    const fn hash<L: Layer>(&self) -> u64 {
        let Self { header, control, consumer, producer, slot } = self;
        let sizes = [
            size_of::<Header>(),
            align_of::<Header>(),
            size_of::<Mark>(),
            size_of::<TypeFacts>(),
            size_of::<Control<L>>(),
            align_of::<Control<L>>(),
            size_of::<ConsumerEntry<L>>(),
            align_of::<ConsumerEntry<L>>(),
            size_of::<ProducerEntry<L>>(),
            align_of::<ProducerEntry<L>>(),
            size_of::<L::Lock>(),
            align_of::<L::Lock>(),
            size_of::<L::Signal>(),
            align_of::<L::Signal>(),
            Layout::HEADER,
            Layout::ALIGN,
            Layout::PART,
            Layout::PAGE,
            u32::from_ne_bytes([1, 2, 3, 4]) as usize, // the byte order
        ];
        let lists: [&[usize]; 6] = [&sizes, header, control, consumer, producer, slot];
        let (mut hash, mut i) = (FNV_BASIS, 0);
        while i < lists.len() {
            hash = digest(hash, lists[i]);
            i += 1;
        }
        hash
    }
}

impl Layout {
    /// A number that differs if two builds disagree on where a field lies, but for a collision of 64 bits. It is a hash
    /// of the offset of each field, of all sizes and alignments, and of the byte order.
    ///
    /// What a field's value means, and what lies inside a lock, a signal, a mark or a type, is told by
    /// [`VERSION`](crate::segment::VERSION).
    pub const fn hash<L: Layer>() -> u64 {
        Offsets::of::<L>().hash::<L>()
    }
}

/// The start value of FNV-1a.
const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
/// The factor of FNV-1a.
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// Continues the hash with these numbers. FNV-1a, but each step takes a number in place of a byte.
const fn digest(mut hash: u64, numbers: &[usize]) -> u64 {
    let mut i = 0;
    while i < numbers.len() {
        hash = (hash ^ numbers[i] as u64).wrapping_mul(FNV_PRIME);
        i += 1;
    }
    hash
}

/// The offsets of all fields of a struct, in the order in which they are named. If a field is not named, the macro does
/// not compile.
macro_rules! offsets {
    ($type:ty as $struct:ident { $($field:ident),+ $(,)? }) => {{
        let _all_are_named = |it: &$type| {
            let $struct { $($field: _),+ } = it;
        };
        [$(core::mem::offset_of!($type, $field)),+]
    }};
}
pub(in crate::segment) use offsets;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{Futex, RawSync};

    #[test]
    fn backends_differ_in_their_hash() {
        assert_ne!(Layout::hash::<Futex>(), Layout::hash::<RawSync>());
    }

    /// What a build has in which two fields of a struct have changed places.
    fn swapped(list: fn(&mut Offsets) -> &mut [usize]) -> Vec<Offsets> {
        let mut ours = Offsets::of::<Futex>();
        let fields = list(&mut ours).len();
        let pairs = (0..fields).flat_map(|first| (first + 1..fields).map(move |second| (first, second)));
        let swap = |(first, second)| {
            let mut theirs = ours;
            list(&mut theirs).swap(first, second);
            theirs
        };
        pairs.map(swap).collect()
    }

    #[test]
    fn two_swapped_fields_change_the_hash() {
        let (ours, mut count) = (Layout::hash::<Futex>(), 0);
        let lists: [fn(&mut Offsets) -> &mut [usize]; 5] = [
            |offsets| &mut offsets.header,
            |offsets| &mut offsets.control,
            |offsets| &mut offsets.consumer,
            |offsets| &mut offsets.producer,
            |offsets| &mut offsets.slot,
        ];
        for theirs in lists.into_iter().flat_map(swapped) {
            assert_ne!(theirs.hash::<Futex>(), ours, "{theirs:?}");
            count += 1;
        }
        assert_eq!(count, 136 + 15 + 6 + 1, "pairs of fields in each list");
    }

    #[test]
    fn offsets_follow_the_fields_and_not_their_names() {
        #[repr(C)]
        struct Counters {
            evicted: u32,
            finished: u32,
        }
        assert_eq!(offsets!(Counters as Counters { finished, evicted }), [4, 0]);
    }
}
