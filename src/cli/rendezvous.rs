//! How `send` and `recv` find each other. Either may start first.
//!
//! A channel is over when it has ended, or when every producer has died. Its consumers may still read the rest.
//! `send` and `recv` do not join a channel that is over. They wait until it is gone, as with a FIFO.

use super::failure::Failure;
use super::stdout::Stdout;
use super::stop::Stop;
use ackcast::protocol::JoinError;
use ackcast::segment::{Name, OpenError};
use ackcast::{AttachError, Builder, Channel, Consumer, CreateError, Producer};
use std::time::Duration;

/// The interval between polls for the channel. A poll costs some 80 µs of processor time, most of it for the sleep.
const POLL_INTERVAL: Duration = Duration::from_millis(25);

/// Waits for a channel of this name that is not over, and attaches as a consumer. The wait ends when `stdout` has lost
/// its reader.
pub(crate) fn consumer(name: &Name, stop: &Stop, stdout: &Stdout<'_>) -> Result<Consumer, Failure> {
    loop {
        // `_channel` keeps the segment's name, so `attach` opens the same segment.
        if let Some(_channel) = open(name)? {
            return Ok(Consumer::attach(name.as_str())?);
        }
        stdout.check_reader()?;
        stop.sleep(POLL_INTERVAL)?;
    }
}

/// Attaches as a producer to the channel of this name, or creates the channel. Returns the slot size, too.
pub(crate) fn producer(name: &Name, new: &Builder, stop: &Stop) -> Result<(Producer, u32), Failure> {
    loop {
        let channel = match new.clone().build() {
            Err(CreateError::AlreadyExists { .. }) => open(name)?,
            created => Some(created?), // `build` replaces a segment whose users are all dead
        };
        if let Some(channel) = channel {
            match Producer::attach(name.as_str()) {
                Err(AttachError::Join { error: JoinError::Ended, .. }) => {} // ended since `open`
                attached => return Ok((attached?, channel.geometry().slot_size)),
            }
        }
        stop.sleep(POLL_INTERVAL)?;
    }
}

/// Opens the channel of this name. `None` if there is no channel, or if it is over.
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
