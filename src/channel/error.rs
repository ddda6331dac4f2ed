//! The errors of the typed API beyond those of the protocol and the segment.

use crate::protocol::{JoinError, RecvError};
use crate::segment::{Name, NameError, OpenError};
use thiserror::Error;

/// Why a producer or a consumer could not attach.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AttachError {
    /// The name is no channel's.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The channel could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The channel was opened, and the participant could not join it.
    #[error("cannot join channel {name:?}: {error}")]
    Join {
        /// The channel's name.
        name: Name,
        /// Why.
        error: JoinError,
    },
}

/// Why a handle cannot be one for an event loop.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EventError {
    /// The channel could not be opened once more, for the thread that sleeps in the handle's place. Or the system
    /// refused the thread, or its descriptor.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A producer's lock on this backend belongs to a thread, so no other thread can wait for it.
    #[error(
        "channel {name:?} is built on RawSync, whose lock belongs to a thread; \
         to send from an event loop, create the channel on the futex backend"
    )]
    LockOfThread {
        /// The channel's name.
        name: Name,
    },
}

impl EventError {
    /// The system refused the eventfd or its thread.
    pub(super) fn refused(name: &Name, error: std::io::Error) -> Self {
        let action = "starting a thread with an eventfd(2), which an event loop needs,";
        Self::Open(OpenError::System { name: name.clone(), action, error })
    }
}

/// Why no value was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RecvValueError {
    /// No message was received.
    #[error(transparent)]
    Recv(#[from] RecvError),
    /// The message has another length than the type asked for. The message is not acknowledged.
    #[error(
        "message {sequence} has {found} bytes, a value of the type asked for has {expected}; \
         ask for the type that was sent"
    )]
    NotAValue {
        /// The message's number, from 0.
        sequence: u64,
        /// The message's length in bytes.
        found: usize,
        /// The type's size in bytes.
        expected: usize,
    },
}
