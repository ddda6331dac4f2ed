//! The typed API: channels by name, on whichever layer they were created with.

mod builder;
mod consumer;
mod error;
mod producer;

pub use crate::segment::CreateError;
pub use builder::{Builder, Channel};
pub use consumer::{Batch, Consumer, Message, Messages};
pub use error::{AttachError, RecvValueError};
pub use producer::{Loan, Producer};

use crate::layer::Deadline;
use crate::layers::RealLayer;
use crate::protocol;
use crate::protocol::Storage;
use std::time::Duration;

/// The moment `timeout` from now.
fn after<L: RealLayer>(layer: &L, timeout: Duration) -> Deadline {
    layer.now().checked_add(timeout).map_or(Deadline::Never, Deadline::At)
}

/// A participant's layer, for its clock and its way of waiting.
#[inline(always)]
const fn layer<L: RealLayer, S: Storage<L>>(channel: &protocol::Channel<L, S>) -> &L {
    // SAFETY: this module claims and releases nothing.
    unsafe { channel.layer() }
}

/// How long a call waits.
#[derive(Clone, Copy, Debug)]
enum Patience {
    Endless,
    None,
    For(Duration),
}

impl Patience {
    #[inline(always)]
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
