//! Timeouts.

use crate::error::{Error, Failure};
use std::time::Duration;

/// Polls for as long as recent waits say that polling pays, then sleeps.
pub const ACKCAST_WAIT_ADAPTIVE: u32 = 0;
/// Spins for some milliseconds before it sleeps: for a thread that has a core of its own.
pub const ACKCAST_WAIT_SPIN: u32 = 1;
/// Sleeps at once.
pub const ACKCAST_WAIT_PARK: u32 = 2;

/// How a handle waits.
///
/// # Errors
/// [`Error::Invalid`].
pub fn strategy(wait: u32) -> Result<ackcast::Wait, Failure> {
    match wait {
        ACKCAST_WAIT_ADAPTIVE => Ok(ackcast::Wait::Adaptive),
        ACKCAST_WAIT_SPIN => Ok(ackcast::Wait::Spin),
        ACKCAST_WAIT_PARK => Ok(ackcast::Wait::Park),
        _ => Err(Error::Invalid { argument: "wait", fault: "there is no way of waiting of this number" }.into()),
    }
}

/// How long a call waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// For ever.
    Forever,
    /// Not at all.
    Never,
    /// At most so long.
    AtMost(Duration),
}

impl Wait {
    /// From nanoseconds: negative is for ever.
    #[inline]
    pub const fn new(timeout_ns: i64) -> Self {
        match timeout_ns {
            ..0 => Self::Forever,
            0 => Self::Never,
            _ => Self::AtMost(Duration::from_nanos(timeout_ns as u64)),
        }
    }

    /// For the calls that take only a duration: one that the clock cannot count is for ever.
    pub const fn duration(self) -> Duration {
        match self {
            Self::Forever => Duration::MAX,
            Self::Never => Duration::ZERO,
            Self::AtMost(timeout) => timeout,
        }
    }
}
