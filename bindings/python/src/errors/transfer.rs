//! The errors of sending, receiving and draining.

use super::{Raise, liveness, with_corruption};
use crate::wait::Failure;
use ackcast::{BatchError, BlockedOn, DrainError, RecvError, SendError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

impl Failure for SendError {
    fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut(_))
    }

    #[cold]
    fn raise(self, py: Python<'_>) -> PyErr {
        let class = |class| Raise::new(py, class, &self);
        let raise = match self {
            Self::TooLong { len, slot_size } => class("TooLong").with("len", len).with("slot_size", slot_size),
            Self::TimedOut(blocked_on) => with_blocked_on(class("SendTimedOut"), Some(blocked_on)),
            Self::Ended => class("SendEnded"),
            Self::Inherited => class("SendInherited"),
            Self::Liveness(error) => liveness(py, "SendLivenessUnknown", &error),
            Self::Corrupt(corruption) => with_corruption(class("SendCorrupt"), corruption),
            _ => class("SendError"),
        };
        raise.done()
    }
}

/// Adds what a sender waited for: `None` stands for another thread that uses the handle.
pub fn with_blocked_on(raise: Raise<'_>, blocked_on: Option<BlockedOn>) -> Raise<'_> {
    let (mut owner, mut consumer, mut message, mut joined, mut wanted) = (None, None, None, None, None);
    let kind = match blocked_on {
        None => "thread",
        Some(BlockedOn::Lock { owner: found }) => {
            owner = found;
            "lock"
        }
        Some(BlockedOn::Acknowledgement { consumer: slow, message: needed }) => {
            (consumer, message) = (Some(slow), Some(needed));
            "acknowledgement"
        }
        Some(BlockedOn::Start { joined: found, wanted: needed }) => {
            (joined, wanted) = (Some(found), Some(needed));
            "start"
        }
        Some(_) => "unknown",
    };
    raise
        .with("blocked_on", kind)
        .with("owner", owner)
        .with("consumer", consumer)
        .with("message", message)
        .with("joined", joined)
        .with("wanted", wanted)
}

impl Failure for BatchError {
    fn is_timeout(&self) -> bool {
        self.error.is_timeout()
    }

    #[cold]
    fn raise(self, py: Python<'_>) -> PyErr {
        let cause = self.error.raise(py);
        Raise::new(py, "BatchError", &self).with("sent", self.sent).caused_by(cause).done()
    }
}

impl Failure for RecvError {
    fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut { .. })
    }

    #[cold]
    fn raise(self, py: Python<'_>) -> PyErr {
        let class = |class| Raise::new(py, class, &self);
        let raise = match self {
            Self::Ended => class("RecvEnded"),
            Self::ProducersLost(dead) => match PyTuple::new(py, dead.producers().collect::<Vec<_>>()) {
                Ok(dead) => class("ProducersLost").with("producers", dead),
                Err(error) => return error,
            },
            Self::TimedOut { next } => class("RecvTimedOut").with("next", next),
            Self::Inherited => class("RecvInherited"),
            Self::Liveness(error) => liveness(py, "RecvLivenessUnknown", &error),
            Self::Corrupt(corruption) => with_corruption(class("RecvCorrupt"), corruption),
            _ => class("RecvError"),
        };
        raise.done()
    }
}

impl Failure for DrainError {
    fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut { .. })
    }

    #[cold]
    fn raise(self, py: Python<'_>) -> PyErr {
        let class = |class| Raise::new(py, class, &self);
        let raise = match self {
            Self::TimedOut { consumer, acknowledged, published, behind } => class("DrainTimedOut")
                .with("consumer", consumer)
                .with("acknowledged", acknowledged)
                .with("published", published)
                .with("behind", behind),
            Self::Inherited => class("DrainInherited"),
            Self::Liveness(error) => liveness(py, "DrainLivenessUnknown", &error),
            Self::Corrupt(corruption) => with_corruption(class("DrainCorrupt"), corruption),
            _ => class("DrainError"),
        };
        raise.done()
    }
}
