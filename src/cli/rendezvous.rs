//! How `send` and `recv` find each other, whichever comes first.
//!
//! As with a FIFO, a channel that is over is as good as none: it has ended, or its producers died,
//! and only its consumers still read what is left. Nobody joins it; we wait until it is gone.

use super::failure::Failure;
use super::stop::Stop;
use ackcast::protocol::JoinError;
use ackcast::segment::{Name, OpenError};
use ackcast::{AttachError, Builder, Channel, Consumer, CreateError, Producer};
use std::time::Duration;

/// How often to look for the other side. A look costs some 80 µs of processor time, most of it the sleep.
const POLL_INTERVAL: Duration = Duration::from_millis(25);

/// Attaches as a consumer; waits until there is a channel that is not over.
pub(crate) fn consumer(name: &Name, stop: &Stop) -> Result<Consumer, Failure> {
    loop {
        // While we hold the channel, its name cannot come to mean another.
        if let Some(_channel) = open(name)? {
            return Ok(Consumer::attach(name.as_str())?);
        }
        stop.sleep(POLL_INTERVAL)?;
    }
}

/// Attaches as a producer to the channel of this name, or to a new one. Returns the slots' size, too.
pub(crate) fn producer(name: &Name, new: &Builder, stop: &Stop) -> Result<(Producer, u32), Failure> {
    loop {
        let channel = match new.clone().build() {
            Err(CreateError::AlreadyExists { .. }) => open(name)?,
            created => Some(created?), // a dead one's leftover was replaced
        };
        if let Some(channel) = channel {
            match Producer::attach(name.as_str()) {
                Err(AttachError::Join { error: JoinError::Ended, .. }) => {} // just now
                attached => return Ok((attached?, channel.geometry().slot_size)),
            }
        }
        stop.sleep(POLL_INTERVAL)?;
    }
}

/// The channel of this name, if there is one that is not over.
fn open(name: &Name) -> Result<Option<Channel>, OpenError> {
    match Channel::open(name) {
        Ok(channel) => {
            let liveness = |error| OpenError::Liveness { name: name.clone(), error };
            let lost = channel.producers_lost().map_err(liveness)?;
            Ok((!channel.published().ended() && !lost).then_some(channel))
        }
        Err(OpenError::NotFound { .. } | OpenError::Abandoned { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
