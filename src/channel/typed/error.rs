//! The errors of typed channels.

use crate::protocol::RecvError;
use crate::segment::{Name, ValueType};
use std::fmt;
use thiserror::Error;

/// The channel has messages of another type than the one asked for.
///
/// ```
/// # use ackcast::{AttachError, Channel, TypedProducer};
/// # let name = format!("example-type-error-{}", std::process::id());
/// let _channel = Channel::create(&name).of::<u64>().build()?;
/// let Err(AttachError::Type(error)) = TypedProducer::<i64>::attach(&name) else { panic!("it has another type") };
/// assert_eq!((error.found.unwrap().name, error.asked.name), ("u64".to_owned(), "i64".to_owned()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("channel {name:?} has messages of {}, not {asked}; ask for the type of the channel", Found(.found))]
#[non_exhaustive]
pub struct TypeError {
    /// The channel's name.
    pub name: Name,
    /// The type of the channel's values. `None`: its messages are any bytes.
    pub found: Option<ValueType>,
    /// The type that was asked for.
    pub asked: ValueType,
}

/// Prints the type of a channel.
struct Found<'a>(&'a Option<ValueType>);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(found) => write!(f, "type {found}"),
            None => f.write_str("no type (any bytes)"),
        }
    }
}

/// Why no value was received from a typed channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RecvTypedError {
    /// No message was received.
    #[error(transparent)]
    Recv(#[from] RecvError),
    /// The message has another length than a value: a producer of bytes has sent it. It is acknowledged, and the next
    /// call receives the message after it.
    #[error(
        "message {sequence} has {found} bytes, a value has {expected}; it was passed over, a producer of bytes sent it"
    )]
    NotAValue {
        /// The message's number, from 0.
        sequence: u64,
        /// The message's length in bytes.
        found: usize,
        /// The size of a value in bytes.
        expected: usize,
    },
    /// The message's length is no multiple of a value's: a producer of bytes has sent it. It is acknowledged, and the
    /// next call receives the message after it.
    #[error(
        "message {sequence} has {found} bytes, and values have {size} each; it was passed over, a producer of bytes sent it"
    )]
    NotASlice {
        /// The message's number, from 0.
        sequence: u64,
        /// The message's length in bytes.
        found: usize,
        /// The size of a value in bytes.
        size: usize,
    },
}
