//! The errors of the typed API beyond those of the protocol and the segment.

use super::{TypeError, Unjoinable};
use crate::protocol::{JoinError, RecvError};
use crate::segment::{CreateError, Name, NameError, OpenError};
use std::fmt;
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
    /// The channel was opened, and has messages of another type than the one asked for.
    #[error(transparent)]
    Type(Box<TypeError>),
    /// The channel was opened, and the participant could not join it.
    #[error("cannot join channel {name:?}: {error}")]
    Join {
        /// The channel's name.
        name: Name,
        /// Why.
        error: JoinError,
    },
}

/// Why no channel was joined by a call that waits for one.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WaitForError {
    /// The time is up.
    #[error("gave up waiting for a channel {name:?} to join: {last}")]
    TimedOut {
        /// The channel's name.
        name: Name,
        /// Why the channel could not be joined at last.
        last: Unjoinable,
    },
    /// The participant could not attach, for a reason that does not pass.
    #[error(transparent)]
    Attach(#[from] AttachError),
}

/// Why a channel was neither created nor opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenOrCreateError {
    /// The channel could not be created.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// The channel exists, and could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The channel exists, and has other settings than those asked for.
    #[error(
        "channel {name:?} exists with other settings: {}; ask for the same, or choose another name", List(.differences)
    )]
    Differs {
        /// The channel's name.
        name: Name,
        /// Each setting that differs.
        differences: Vec<Difference>,
    },
    /// The channel has ended, and some process still uses it.
    #[error("channel {name:?} has ended, and is still in use; call again when its consumers have left")]
    Ended {
        /// The channel's name.
        name: Name,
    },
    /// For 5 seconds, each channel of this name was being removed when it was to be opened.
    #[error(
        "channel {name:?} is being removed by another process for more than 5 s; let that process go on, or end it"
    )]
    Races {
        /// The channel's name.
        name: Name,
    },
}

/// A setting of a channel that is not the one asked for.
///
/// ```
/// # use ackcast::{Channel, OpenOrCreateError};
/// # let name = format!("example-difference-{}", std::process::id());
/// let _channel = Channel::create(&name).of::<u64>().build()?;
/// let Err(OpenOrCreateError::Differs { differences, .. }) = Channel::create(&name).of::<i64>().open_or_create() else {
///     panic!("the channel has another type");
/// };
/// assert_eq!(differences[0].setting, "value_type");
/// assert_eq!(differences[0].found, "\"u64\" (8 bytes, alignment 8)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The setting, by the method of [`Builder`](crate::Builder) that sets it, or `fences`, or `value_type`.
    pub setting: &'static str,
    /// The channel's.
    pub found: String,
    /// The one asked for.
    pub asked: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setting, found, asked } = self;
        write!(f, "{setting} is {found}, not {asked}")
    }
}

/// Prints differences.
struct List<'a>(&'a [Difference]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(at, difference)| {
            let separator = if at == 0 { "" } else { "; " };
            write!(f, "{separator}{difference}")
        })
    }
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
