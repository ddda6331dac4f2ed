//! The ways in which a bridge fails.

use crate::in_machine::InFault;
use crate::out_machine::OutFault;
use ackcast::{
    AsyncSendError, AttachError, CreateError, DrainError, EventError, JoinError, NameError, OpenError, RecvError,
    WaitForError,
};
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Why a bridge has ended before END.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Failure {
    /// The state machine of `out` has found what must not be.
    #[error(transparent)]
    Out(#[from] OutFault),
    /// The state machine of `in` has found what must not be.
    #[error(transparent)]
    In(#[from] InFault),
    /// The source does not have the messages that follow those of the stream.
    #[error(
        "messages {next} to {} of channel {name:?} are lost: they are not in the stream, and the channel retains only \
         those from {oldest} on; create it with a larger retain, or give --late to begin with message {oldest}",
        .oldest.saturating_sub(1)
    )]
    Gap {
        /// The source channel.
        name: String,
        /// The first message that is lost.
        next: u64,
        /// The oldest message that the source retains.
        oldest: u64,
    },
    /// The stream's metadata, or the receiving channel, has another geometry or type.
    #[error("{what} has other settings than {than}: {}; {cure}", .differences.join("; "))]
    Differs {
        /// What differs.
        what: String,
        /// From what it differs.
        than: String,
        /// Each setting that differs, and how.
        differences: Vec<String>,
        /// What helps.
        cure: &'static str,
    },
    /// The stream is configured so that it could lose messages.
    #[error("stream {stream:?} could lose messages: {setting} is {found}, and must be {wanted}")]
    Unfit {
        /// The stream.
        stream: String,
        /// The setting.
        setting: &'static str,
        /// Its value.
        found: String,
        /// The value that it must have.
        wanted: &'static str,
    },
    /// The stream was not made by `ackcast-bridge out`.
    #[error("stream {stream:?} has no metadata of a channel; `ackcast-bridge out` creates a stream that has")]
    NoChannel {
        /// The stream.
        stream: String,
    },
    /// A message of the stream has no header of a bridge.
    #[error("message {sequence} of stream {stream:?} has no header of a bridge: another program has written it")]
    Foreign {
        /// The stream.
        stream: String,
        /// The message's sequence.
        sequence: u64,
    },
    /// The server's messages are smaller than the channel's slots.
    #[error("slots of {slot_size} bytes do not fit in the server's messages of {max} bytes; raise its max_payload")]
    TooLarge {
        /// The size of a slot.
        slot_size: u32,
        /// What a message can hold.
        max: usize,
    },
    /// The server refuses the connection.
    #[error("cannot connect to {url}: {error}")]
    Connect {
        /// The address.
        url: String,
        /// Why.
        #[source]
        error: async_nats::ConnectError,
    },
    /// The server refuses a request.
    #[error("the server refuses: {action}: {error}")]
    Refused {
        /// The request.
        action: &'static str,
        /// Why.
        error: String,
    },
    /// A file of the options cannot be used.
    #[error("cannot use {}: {error}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// Every reader has left the receiving channel. The stream keeps the rest.
    #[error("every reader has left channel {name:?}; the stream keeps what follows message {count} of the channel")]
    ReadersGone {
        /// The receiving channel.
        name: String,
        /// How many messages were published in it.
        count: u64,
    },
    /// A signal.
    #[error("stopped by signal {0}")]
    Stopped(i32),
    /// A wait has lasted longer than `--timeout`.
    #[error("gave up after {0:?}: {1}")]
    GaveUp(std::time::Duration, &'static str),
    /// The name of a channel.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A channel cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A channel cannot be created.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// A channel cannot be joined.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// A channel cannot be joined in time.
    #[error(transparent)]
    WaitFor(#[from] WaitForError),
    /// The source cannot be received from.
    #[error(transparent)]
    Recv(#[from] RecvError),
    /// The receiving channel cannot be sent to.
    #[error(transparent)]
    Send(#[from] AsyncSendError),
    /// The receiving channel cannot be sent to from the runtime.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The readers cannot be waited for.
    #[error(transparent)]
    Drain(#[from] DrainError),
    /// The system refuses a resource.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Failure {
    /// The exit status of the command, as of `ackcast send` and `ackcast recv`.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::In(InFault::Replaced { .. }) => 3,
            Self::Recv(RecvError::Corrupt(_)) => 4,
            Self::GaveUp(..) => 124,
            Self::ReadersGone { .. } => 141,
            Self::Stopped(signal) => 128 | *signal as u8, // below 128
            _ => 1,
        }
    }

    /// As [`AttachError`]; messages that are not retained are a [`Gap`](Failure::Gap).
    pub(crate) fn from_attach(error: AttachError) -> Self {
        match error {
            AttachError::Join { name, error: JoinError::NotRetained { asked, oldest, .. } } => {
                Self::Gap { name: name.as_str().to_owned(), next: asked, oldest }
            }
            error => Self::Attach(error),
        }
    }
}
