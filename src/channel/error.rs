//! What can go wrong with channels, beyond the protocol's own errors.

use crate::protocol::{JoinError, RecvError};
use crate::segment::{Name, NameError, OpenError};
use thiserror::Error;

/// Why a producer or consumer could not attach.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AttachError {
    /// The name breaks the rule.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The channel could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The channel is there, but has no place for us.
    #[error("cannot join channel {name:?}: {error}")]
    Join {
        /// The name.
        name: Name,
        /// Why.
        error: JoinError,
    },
}

/// Why no value was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RecvValueError {
    /// No message was received at all.
    #[error(transparent)]
    Recv(#[from] RecvError),
    /// The message is not a value of the type asked for. It is still the next one.
    #[error(
        "message {sequence} is no value of the type asked for, which has {expected} bytes: it has {found}, or an invalid bit pattern"
    )]
    NotAValue {
        /// The message's number.
        sequence: u64,
        /// Its length.
        found: usize,
        /// The type's size.
        expected: usize,
    },
}
