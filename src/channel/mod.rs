//! The typed API: channels by name, on whichever layer they were created with.

mod builder;
mod consumer;
mod error;
mod producer;

pub use builder::{Builder, Channel};
pub use consumer::{Consumer, Message, Messages};
pub use error::{AttachError, CreateError, RecvValueError};
pub use producer::{Loan, Producer};

use crate::layer::Deadline;
use crate::layers::RealLayer;
use crate::protocol;
use crate::segment::{Handle, Segment};
use std::time::Duration;

/// The protocol's channel on a handle of its own, opened for one participant.
fn protocol_channel<L: RealLayer>(handle: &Handle, layer: L) -> protocol::Channel<L, Segment<L>> {
    let checked = handle.checked();
    // SAFETY: the handle's header was checked: it is ready, and its layout is that of its geometry
    // for the layer it names, which the caller matched.
    let segment = unsafe { Segment::new(handle.mapping().clone(), checked.layout, checked.geometry) };
    protocol::Channel::new(layer, segment, checked.geometry)
}

/// The moment `timeout` from now.
fn after<L: RealLayer>(layer: &L, timeout: Duration) -> Deadline {
    layer.now().checked_add(timeout).map_or(Deadline::Never, Deadline::At)
}

/// How long a call waits.
#[derive(Clone, Copy, Debug)]
enum Patience {
    Endless,
    None,
    For(Duration),
}

impl Patience {
    fn deadline<L: RealLayer>(self, layer: &L) -> Deadline {
        match self {
            Self::Endless => Deadline::Never,
            Self::None => Deadline::Now,
            Self::For(timeout) => after(layer, timeout),
        }
    }
}

/// The same expression on whichever layer the value is for.
macro_rules! on_layer {
    ($enum:ident, $value:expr, $inner:ident => $result:expr) => {
        match $value {
            $enum::Futex($inner) => $result,
            $enum::RawSync($inner) => $result,
        }
    };
}
use on_layer;
