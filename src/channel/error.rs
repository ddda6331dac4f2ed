//! What can go wrong with channels, beyond the protocol's own errors.

use crate::protocol::{JoinError, RecvError};
use crate::segment::{LayoutError, Name, NameError, OpenError};
use std::io;
use thiserror::Error;

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
    #[error("channel {name:?} exists and is in use by {}; choose another name, or wait for them to end", Living(.living))]
    AlreadyExists {
        /// The name.
        name: Name,
        /// The numbers of the participants that live; a handle that only watches has none.
        living: Vec<u32>,
    },
    /// Something of this name is there that may not be removed.
    #[error(transparent)]
    InTheWay(OpenError),
    /// Shared memory is full.
    #[error("no room in /dev/shm for the {bytes} bytes of channel {name:?}; use fewer or smaller slots, or make room")]
    NoSpace {
        /// The name.
        name: Name,
        /// The segment's size.
        bytes: usize,
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
