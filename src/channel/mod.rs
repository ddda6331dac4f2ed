//! The typed API: channels by name, on the backend that they were created with.

#[cfg(feature = "tokio")]
mod async_consumer;
#[cfg(feature = "tokio")]
mod async_producer;
mod batch;
mod builder;
mod consumer;
mod drain;
mod error;
mod event_consumer;
mod event_producer;
mod loan;
mod meeting;
mod message;
mod observer;
mod open_or_create;
mod producer;
mod typed;

pub use crate::segment::CreateError;
#[cfg(feature = "tokio")]
pub use async_consumer::{AsyncConsumer, AsyncRecvError};
#[cfg(feature = "tokio")]
pub use async_producer::{AsyncProducer, AsyncSendError};
pub use batch::Batch;
pub use builder::Builder;
pub use consumer::Consumer;
pub use drain::{DrainError, Drained};
pub use error::{AttachError, Difference, EventError, OpenOrCreateError, RecvValueError, WaitForError};
pub use event_consumer::EventConsumer;
pub use event_producer::EventProducer;
pub use loan::Loan;
pub use meeting::Unjoinable;
pub use message::{Message, Messages};
pub use observer::Channel;
pub use producer::Producer;
pub use typed::{
    Payload, RecvTypedError, TypeError, Typed, TypedBatch, TypedConsumer, TypedLoan, TypedMessage, TypedMessages,
    TypedProducer,
};

use crate::layer::Deadline;
use crate::layers::RealLayer;
use crate::protocol;
use crate::protocol::Storage;
use std::time::Duration;

/// A participant's layer, for its clock and its way of waiting.
#[inline(always)]
const fn layer<L: RealLayer, S: Storage<L>>(channel: &protocol::Channel<L, S>) -> &L {
    // SAFETY: this module claims and releases nothing.
    unsafe { channel.layer() }
}

/// How long a call waits.
#[derive(Clone, Copy, Debug)]
enum Timeout {
    Never,
    Now,
    After(Duration),
}

impl Timeout {
    /// The deadline of a call that begins now. A time that the clock cannot count is [`Deadline::Never`].
    #[inline(always)]
    fn deadline<L: RealLayer>(self, layer: &L) -> Deadline {
        match self {
            Self::Never => Deadline::Never,
            Self::Now => Deadline::Now,
            Self::After(timeout) => layer.now().checked_add(timeout).map_or(Deadline::Never, Deadline::At),
        }
    }
}

/// The same expression for the value of either backend.
macro_rules! on_backend {
    ($enum:ident, $value:expr, $inner:ident => $result:expr) => {
        match $value {
            $enum::Futex($inner) => $result,
            $enum::RawSync($inner) => $result,
        }
    };
}
use on_backend;

/// The hidden lines at the start of an example: a `channel` of four slots, a `producer` and a `consumer`. The channel
/// is named after the example, so that examples can run at the same time.
macro_rules! attached {
    ($example:literal) => {
        concat!(
            "# use ackcast::*;\n",
            "# use std::time::Duration;\n",
            "# let name = format!(\"example-",
            $example,
            "-{}\", std::process::id());\n",
            "# let channel = Channel::create(&name).slots(4).build()?;\n",
            "# let (mut producer, mut consumer) = (Producer::attach(&name)?, Consumer::attach(&name)?);",
        )
    };
}
pub(crate) use attached;
