//! Nonsense: where it may be written.

use ackcast::layers::{Futex, RawSync, RealLayer};
use ackcast::protocol::Control;
use ackcast::segment::Layout;
use ackcast::{Channel, Sync};
use core::mem::offset_of;

/// The layout of a channel's segment.
pub fn layout(channel: &Channel) -> Layout {
    let geometry = channel.geometry();
    match channel.sync() {
        Sync::RawSync => Layout::new::<RawSync>(&geometry).unwrap(),
        _ => Layout::new::<Futex>(&geometry).unwrap(),
    }
}

/// Where the first words are.
pub struct Spots {
    pub lock: usize,
    pub published: usize,
}

impl Spots {
    pub fn of<L: RealLayer>(layout: &Layout) -> Self {
        Self {
            lock: layout.control + offset_of!(Control<L>, lock),
            published: layout.control + offset_of!(Control<L>, published),
        }
    }
}
