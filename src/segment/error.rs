//! The errors of creating and opening a segment.

use super::{HeaderFault, LayoutError, Limit, Name, NameError, ValueTypeError};
use crate::layer::LivenessUnknown;
use crate::layers::MarkFault;
use std::io;
use thiserror::Error;

/// Why a segment could not be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no channel of this name.
    #[error("there is no channel {name:?}; create it first")]
    NotFound {
        /// The name.
        name: Name,
    },
    /// No living process uses the channel.
    #[error(
        "channel {name:?} is abandoned: no living process uses it; create it anew, or remove it with `ackcast clean`"
    )]
    Abandoned {
        /// The name.
        name: Name,
    },
    /// The channel's file is no segment that this process can use.
    #[error("channel {name:?} cannot be used: {fault}")]
    Unusable {
        /// The name.
        name: Name,
        /// What is wrong with the file.
        fault: HeaderFault,
    },
    /// The system does not say whether any process uses the channel.
    #[error("channel {name:?}: {error}")]
    Liveness {
        /// The name.
        name: Name,
        /// Why.
        error: LivenessUnknown,
    },
    /// The handle was opened by the process that forked this one.
    #[error(
        "channel {name:?}: this handle was opened before a fork, by the parent process; open a new one in this process"
    )]
    Inherited {
        /// The name.
        name: Name,
    },
    /// The channel's file belongs to another user, or other users may open it.
    #[error(
        "channel {name:?} belongs to user {owner} with mode {mode:03o}; it must belong to user {user} with mode 600"
    )]
    NotOurs {
        /// The name.
        name: Name,
        /// The file's owner.
        owner: u32,
        /// The file's mode.
        mode: u32,
        /// The user of this process.
        user: u32,
    },
    /// A limit of the process or of the system was reached.
    #[error("channel {name:?}: {limit}")]
    Limit {
        /// The name.
        name: Name,
        /// Which limit.
        limit: Limit,
    },
    /// The operating system refused a call.
    #[error("channel {name:?}: {action} failed: {error}")]
    System {
        /// The name.
        name: Name,
        /// The call that failed.
        action: &'static str,
        /// The operating system's error.
        error: io::Error,
    },
}

/// Why a channel could not be created.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The name is no channel's.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A setting is out of its range.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// No slot holds a value of the type.
    #[error(transparent)]
    ValueType(#[from] ValueTypeError),
    /// The channel exists, and a living process uses it.
    #[error(
        "channel {name:?} exists and is in use by {}; choose another name, or wait until its users have ended",
        Users(.participants)
    )]
    AlreadyExists {
        /// The name.
        name: Name,
        /// The numbers of the living participants. A [`Channel`](crate::Channel) uses the channel and has no number.
        participants: Vec<u32>,
    },
    /// A file has the channel's name, and may not be removed.
    #[error(transparent)]
    InTheWay(OpenError),
    /// The channel cannot be built on pthread's locks in this process.
    #[error("channel {name:?} cannot be created: {fault}")]
    Mark {
        /// The name.
        name: Name,
        /// Why.
        fault: MarkFault,
    },
    /// /dev/shm is full.
    #[error(
        "/dev/shm has no room for the {bytes} bytes of channel {name:?}; use fewer or smaller slots, or remove files there"
    )]
    NoSpace {
        /// The name.
        name: Name,
        /// The segment's size in bytes.
        bytes: usize,
    },
    /// A limit of the process or of the system was reached.
    #[error("channel {name:?}: {limit}")]
    Limit {
        /// The name.
        name: Name,
        /// Which limit.
        limit: Limit,
    },
    /// The operating system refused a call.
    #[error("channel {name:?}: {action} failed: {error}")]
    System {
        /// The name.
        name: Name,
        /// The call that failed.
        action: &'static str,
        /// The operating system's error.
        error: io::Error,
    },
}

impl From<OpenError> for CreateError {
    /// A file that cannot be opened is in the creator's way. A limit and a refused call keep their variants.
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Limit { name, limit } => Self::Limit { name, limit },
            OpenError::System { name, action, error } => Self::System { name, action, error },
            other => Self::InTheWay(other),
        }
    }
}

/// Prints the participants of a channel that is in use.
struct Users<'a>(&'a [u32]);

impl std::fmt::Display for Users<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return f.write_str("its creator or another observer");
        }
        let names: Vec<String> = self.0.iter().map(|number| format!("participant {number}")).collect();
        f.write_str(&names.join(", "))
    }
}
