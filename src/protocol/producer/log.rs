//! What a producer tells a log.

use super::Producer;
use crate::layer::Layer;
use crate::protocol::{Event, SendError, Storage};

impl<L: Layer, S: Storage<L>> Producer<L, S> {
    /// The producer's number, counted from 0.
    pub(super) fn number(&self) -> u32 {
        self.participant().number.saturating_sub(self.channel.geometry.consumers)
    }

    /// Tells the log of an error that has come over the channel. Costs nothing if there is no log.
    #[inline(always)]
    pub(super) fn logged<T>(&self, result: Result<T, SendError>) -> Result<T, SendError> {
        match result {
            Err(error) if L::HAS_LOG => Err(self.noted(error)),
            result => result,
        }
    }

    #[cold]
    fn noted(&self, error: SendError) -> SendError {
        if let SendError::Corrupt(corruption) = error {
            self.channel.layer.note(Event::Corrupt(corruption));
        }
        error
    }
}
