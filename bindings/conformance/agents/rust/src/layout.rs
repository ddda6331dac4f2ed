//! Where the words of a channel lie, for a runner that overwrites them.

use crate::failure::Failure;
use crate::wire::Line;
use ackcast::Geometry;
use ackcast::layer::Layer;
use ackcast::layers::{Futex, RawSync};
use ackcast::protocol::{ConsumerEntry, Control, ProducerEntry};
use ackcast::segment::Layout;
use std::mem::offset_of;

fn offsets<L: Layer>(geometry: &Geometry) -> Result<Line, Failure> {
    let layout = Layout::new::<L>(geometry).map_err(ackcast::CreateError::from)?;
    let line = Line::new("ok").with("size", layout.size);
    let line = line.with("lock", layout.control + offset_of!(Control<L>, lock));
    let line = line.with("published", layout.control + offset_of!(Control<L>, published));
    let line = line.with("finished", layout.control + offset_of!(Control<L>, finished));
    let line = line.with("acked", layout.consumers + offset_of!(ConsumerEntry<L>, acked));
    let line = line.with("consumer_state", layout.consumers + offset_of!(ConsumerEntry<L>, state));
    let line = line.with("producer_state", layout.producers + offset_of!(ProducerEntry<L>, state));
    Ok(line.with("slot_header", layout.header(0)).with("slot", layout.slots))
}

pub fn layout(request: &Line) -> Result<Line, Failure> {
    let (slots, slot_size) = (request.number("slots")?, request.number("slot_size")?);
    let (consumers, producers) = (request.number("consumers")?, request.number("producers")?);
    let geometry = Geometry { slots, slot_size, consumers, producers, start_with: 1, end_after: 1, retain: 0 };
    match request.text("backend")? {
        "raw_sync" => offsets::<RawSync>(&geometry),
        _ => offsets::<Futex>(&geometry),
    }
}
