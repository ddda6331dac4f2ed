//! Arbitrary values, and the places in a segment that take them.

use crate::stage::Scratch;
use ackcast::layers::{Futex, RawSync, RealLayer};
use ackcast::protocol::{ConsumerEntry, Control, ProducerEntry};
use ackcast::segment::Layout;
use ackcast::{Backend, Channel};
use core::mem::offset_of;
use proptest::prelude::*;

/// The layout of a channel's segment.
pub fn layout(channel: &Channel) -> Layout {
    let geometry = channel.geometry();
    match channel.backend() {
        Backend::RawSync => Layout::new::<RawSync>(&geometry).unwrap(),
        _ => Layout::new::<Futex>(&geometry).unwrap(),
    }
}

/// The offsets of the first words.
pub struct Spots {
    pub lock: usize,
    pub published: usize,
    pub space: usize,
    pub finished: usize,
}

impl Spots {
    pub fn of<L: RealLayer>(layout: &Layout) -> Self {
        Self {
            lock: layout.control + offset_of!(Control<L>, lock),
            published: layout.control + offset_of!(Control<L>, published),
            space: layout.control + offset_of!(Control<L>, space),
            finished: layout.control + offset_of!(Control<L>, finished),
        }
    }
}

/// Every place that takes arbitrary values: its offset and width.
pub fn targets(channel: &Channel) -> Vec<(usize, usize)> {
    match channel.backend() {
        Backend::RawSync => targets_of::<RawSync>(channel),
        _ => targets_of::<Futex>(channel),
    }
}

fn targets_of<L: RealLayer>(channel: &Channel) -> Vec<(usize, usize)> {
    let (layout, geometry, spots) = (layout(channel), channel.geometry(), Spots::of::<L>(&layout(channel)));
    let words = L::KIND == Backend::Futex; // in raw_sync the lock and the signals are pthread's
    let mut targets = vec![(spots.published, 8), (spots.finished, 4), (spots.finished + 4, 8)];
    if words {
        targets.extend([(spots.lock, 4), (spots.space, 4)]);
    }
    for number in 0..geometry.consumers as usize {
        let entry = layout.consumers + number * size_of::<ConsumerEntry<L>>();
        targets.push((entry + offset_of!(ConsumerEntry<L>, acked), 8));
        targets.push((entry + offset_of!(ConsumerEntry<L>, state), 4));
        if words {
            targets.push((entry + offset_of!(ConsumerEntry<L>, data), 4));
        }
    }
    for number in 0..geometry.producers as usize {
        let entry = layout.producers + number * size_of::<ProducerEntry<L>>();
        targets.push((entry + offset_of!(ProducerEntry<L>, state), 4));
    }
    for slot in 0..geometry.slots as usize {
        let header = layout.header(slot);
        targets.extend([(header, 4), (header + 4, 4), (header, 8), (layout.slots + slot * layout.stride, 1)]);
    }
    targets
}

/// A value for one of the targets. The target is chosen once their number is known.
#[derive(Clone, Debug)]
pub struct Scribble {
    target: prop::sample::Index,
    value: u64,
}

impl Scribble {
    pub fn write(&self, scratch: &Scratch, targets: &[(usize, usize)]) {
        let (offset, width) = targets[self.target.index(targets.len())];
        scratch.write(offset, &self.value.to_ne_bytes()[..width]);
    }
}

pub fn scribble() -> impl Strategy<Value = Scribble> {
    let value = prop_oneof![
        3 => any::<u64>(),
        4 => 0..10_u64,
        1 => (0..10_u64, 62..64).prop_map(|(below, bit)| (1_u64 << bit) - below),
        1 => (0..10_u64, 62..64).prop_map(|(above, bit)| (1_u64 << bit) + above),
        // A lock word: the owner's number plus one, the waiter bit, the generation.
        2 => (prop_oneof![0..7_u8, any::<u8>()], any::<bool>(), 0..4_u64).prop_map(|(o, c, g)| u64::from(o) | u64::from(c) << 8 | g << 9),
        // A slot's header: length, kind.
        1 => (0..200_u64, 0..4_u64).prop_map(|(len, kind)| len | kind << 32),
    ];
    (any::<prop::sample::Index>(), value).prop_map(|(target, value)| Scribble { target, value })
}
