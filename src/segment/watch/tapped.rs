//! What a tap finds, and why it cannot go on.

use crate::protocol::Corruption;
use crate::segment::OpenError;
use thiserror::Error;

#[cfg(doc)]
use super::Tap;

/// What [`Tap::poll`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tapped<'t> {
    /// The next message, whole.
    Message {
        /// The message's number in the one total order, from 0.
        sequence: u64,
        /// The message.
        bytes: &'t [u8],
    },
    /// These messages were overwritten before they could be read.
    Missed {
        /// How many.
        messages: u64,
    },
    /// The next message is not published yet.
    Empty,
    /// END: nothing follows.
    Ended,
}

/// Why a tap cannot go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TapError {
    /// The channel's memory holds a value that no participant writes.
    #[error("the segment is corrupt: {0}")]
    Corrupt(Corruption),
    /// The channel's file cannot be read any more: it was truncated, or the handle was opened by the process that forked
    /// this one.
    #[error(transparent)]
    Open(#[from] OpenError),
}
