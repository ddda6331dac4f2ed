//! Where the parts lie, and which geometries are refused.

use super::*;
use crate::layers::{Futex, RawSync};
use core::mem::offset_of;

const SMALL: Geometry =
    Geometry { slots: 2, slot_size: 100, consumers: 3, producers: 2, start_with: 3, end_after: 1, retain: 1 };

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

/// The participant that writes a word for each message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    Producer,
    Consumer(usize),
    /// No participant: the participants that read the word for each message keep its line.
    Seldom,
}

/// The offset and the writer of each word of a segment.
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

/// Two words of different writers in a pair of cache lines, which some processors fetch together.
fn falsely_shared(words: &[(usize, Writer)]) -> Option<[(usize, Writer); 2]> {
    let pairs = words.iter().flat_map(|&word| words.iter().map(move |&other| [word, other]));
    pairs.into_iter().find(|[word, other]| word.0 / 128 == other.0 / 128 && word.1 != other.1)
}

#[test]
fn writers_share_no_cache_line() {
    assert_eq!(falsely_shared(&words::<Futex>(&SMALL)), None);
    assert_eq!(falsely_shared(&words::<RawSync>(&SMALL)), None);
    // The check can fail: a consumer's word right after `published`.
    let mut words = words::<Futex>(&SMALL);
    words.push((words[1].0 + 8, Writer::Consumer(0)));
    assert!(falsely_shared(&words).is_some());
}

#[test]
fn small_payload_crosses_no_line_end() {
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
fn geometry_out_of_range_is_refused_with_the_range() {
    let bad = [
        Geometry { slots: 0, ..SMALL },
        Geometry { slots: u32::MAX, ..SMALL },
        Geometry { slot_size: 0, ..SMALL },
        Geometry { consumers: 65, start_with: 0, ..SMALL },
        Geometry { producers: 0, ..SMALL },
        Geometry { start_with: 4, ..SMALL },
        Geometry { end_after: 0, ..SMALL },
        Geometry { retain: 2, ..SMALL },
        Geometry { slots: 1, ..SMALL },
        Geometry { retain: u32::MAX, ..SMALL },
    ];
    for geometry in bad {
        assert!(matches!(Layout::new::<Futex>(&geometry), Err(LayoutError::OutOfRange { .. })), "{geometry:?}");
    }
    let large = Geometry { slots: Layout::MAX_SLOTS, slot_size: Layout::MAX_SLOT_SIZE, ..SMALL };
    assert!(matches!(Layout::new::<Futex>(&large), Err(LayoutError::TooLarge { .. })));
}

/// The numbers in the drawing of `segment/mod.rs`, line by line: offset, and count times size.
fn drawn() -> Vec<(usize, usize)> {
    let page = include_str!("../mod.rs");
    let drawing = page.split("```").nth(1).unwrap();
    let part = |line: &str| {
        let mut words = line.strip_prefix("//! ")?.split_whitespace();
        let offset = words.next()?.parse().ok()?;
        let size = words.take_while(|word| *word == "×" || word.parse::<usize>().is_ok());
        Some((offset, size.filter_map(|word| word.parse::<usize>().ok()).product()))
    };
    drawing.lines().filter_map(part).collect()
}

#[test]
fn drawing_agrees_with_the_layout() {
    let geometry =
        Geometry { slots: 4, slot_size: 1024, consumers: 8, producers: 1, start_with: 1, end_after: 1, retain: 0 };
    let Layout { control, consumers, producers, headers, slots, stride, size } =
        Layout::new::<Futex>(&geometry).unwrap();
    let parts = [
        (0, size_of::<Header>()),
        (control, size_of::<Control<Futex>>()),
        (consumers, 8 * size_of::<ConsumerEntry<Futex>>()),
        (producers, size_of::<ProducerEntry<Futex>>()),
        (headers, 4 * Layout::HEADER),
        (slots, 4 * stride),
        (size, 1), // no size is drawn
    ];
    assert_eq!(drawn(), parts);
}
