//! Why a segment could not be created or opened.

use super::{HeaderFault, LayoutError, Limit, Name, NameError};
use crate::layer::LivenessUnknown;
use crate::layers::MarkFault;
use std::io;
use thiserror::Error;

/// Why a segment could not be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is none of this name.
    #[error("there is no channel {name:?}; create it first")]
    NotFound {
        /// The name.
        name: Name,
    },
    /// It is there, but everybody who used it is dead.
    #[error("everybody who used channel {name:?} is dead; create it anew, or remove it with `ackcast clean`")]
    Abandoned {
        /// The name.
        name: Name,
    },
    /// It is there, but not usable.
    #[error("channel {name:?} cannot be used: {fault}")]
    Unusable {
        /// The name.
        name: Name,
        /// What is wrong with it.
        fault: HeaderFault,
    },
    /// Whether any process uses it cannot be told.
    #[error("channel {name:?}: {error}")]
    Liveness {
        /// The name.
        name: Name,
        /// Why.
        error: LivenessUnknown,
    },
    /// The handle was opened by the process that forked this one.
    #[error(
        "channel {name:?}: this handle was opened before a fork, by the parent process; open another one in this process"
    )]
    Inherited {
        /// The name.
        name: Name,
    },
    /// It belongs to somebody else, or others may open it.
    #[error(
        "channel {name:?} belongs to user {owner} with mode {mode:03o}; it must be ours (user {user}) with mode 600"
    )]
    NotOurs {
        /// The name.
        name: Name,
        /// The file's owner.
        owner: u32,
        /// The file's mode.
        mode: u32,
        /// Who we are.
        user: u32,
    },
    /// A limit of the process or of the system was met.
    #[error("channel {name:?}: {limit}")]
    Limit {
        /// The name.
        name: Name,
        /// Which limit.
        limit: Limit,
    },
    /// The operating system says no.
    #[error("channel {name:?}: {action} failed: {error}")]
    System {
        /// The name.
        name: Name,
        /// What failed.
        action: &'static str,
        /// What the operating system says.
        error: io::Error,
    },
}

/// Why a channel could not be created.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The name breaks the rule.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The geometry breaks a limit.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// It exists, and somebody who lives uses it.
    #[error("channel {name:?} exists and is in use by {}; choose another name, or wait for them to end", Living(.participants))]
    AlreadyExists {
        /// The name.
        name: Name,
        /// The numbers of the participants that live; a handle that only watches has none.
        participants: Vec<u32>,
    },
    /// Something of this name is there that may not be removed.
    #[error(transparent)]
    InTheWay(OpenError),
    /// It cannot be built on pthread's locks here.
    #[error("channel {name:?} cannot be created: {fault}")]
    Mark {
        /// The name.
        name: Name,
        /// Why.
        fault: MarkFault,
    },
    /// Shared memory is full.
    #[error("no room in /dev/shm for the {bytes} bytes of channel {name:?}; use fewer or smaller slots, or make room")]
    NoSpace {
        /// The name.
        name: Name,
        /// The segment's size.
        bytes: usize,
    },
    /// A limit of the process or of the system was met.
    #[error("channel {name:?}: {limit}")]
    Limit {
        /// The name.
        name: Name,
        /// Which limit.
        limit: Limit,
    },
    /// The operating system says no.
    #[error("channel {name:?}: {action} failed: {error}")]
    System {
        /// The name.
        name: Name,
        /// What failed.
        action: &'static str,
        /// What the operating system says.
        error: io::Error,
    },
}

impl From<OpenError> for CreateError {
    /// What kept a channel from being opened is in the creator's way, unless it is a limit.
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Limit { name, limit } => Self::Limit { name, limit },
            OpenError::System { name, action, error } => Self::System { name, action, error },
            other => Self::InTheWay(other),
        }
    }
}

struct Living<'a>(&'a [u32]);

impl std::fmt::Display for Living<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return f.write_str("its creator");
        }
        let names: Vec<String> = self.0.iter().map(|number| format!("participant {number}")).collect();
        f.write_str(&names.join(", "))
    }
}
