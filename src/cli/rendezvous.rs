//! How `send` and `recv` find each other. Either may start first.
//!
//! A channel is over when it has ended, or when every producer has died. Its consumers may still read the rest.
//! `send` and `recv` do not join a channel that is over. They wait until it is gone, as with a FIFO.

use super::failure::Failure;
use super::stdout::Stdout;
use super::waiting::{WaitFor, Waiting};
use ackcast::protocol::JoinError;
use ackcast::segment::{Name, OpenError, participants, remove_if_dead};
use ackcast::{AttachError, Builder, Channel, Consumer, CreateError, Producer, Start};
use std::time::{Duration, Instant};

/// The shortest interval between polls for the channel.
const FIRST_INTERVAL: Duration = Duration::from_millis(1);
/// The longest interval between polls. A poll costs some 80 µs of processor time, most of it for the sleep.
const POLL_INTERVAL: Duration = Duration::from_millis(25);
/// A killed process closes its descriptors within this time.
const LONGEST_DEATH: Duration = Duration::from_secs(1);
/// The interval grows with the wait: it is this part of it. So a wait is hardly longer than it must be.
const PART: u32 = 16;

/// Waits for a channel of this name that is not over, and attaches as a consumer. The wait ends when `stdout` has lost
/// its reader.
pub(crate) fn consumer(
    name: &Name,
    from: Start,
    waiting: &mut Waiting<'_>,
    stdout: &Stdout<'_>,
) -> Result<Consumer, Failure> {
    let start = Instant::now();
    loop {
        // `_channel` keeps the segment's name, so `attach` opens the same segment.
        if let Some(_channel) = open(name)? {
            waiting.over();
            return Ok(Consumer::attach_at(name.as_str(), from)?);
        }
        stdout.check_reader()?;
        pause(start, waiting, WaitFor::Channel(name))?;
    }
}

/// Attaches as a producer to the channel of this name, or creates the channel. Returns the channel, too, and whether
/// this call has created it.
pub(crate) fn producer(
    name: &Name,
    new: &Builder,
    waiting: &mut Waiting<'_>,
) -> Result<(Producer, Channel, bool), Failure> {
    let start = Instant::now();
    loop {
        let (channel, created) = match new.clone().build() {
            Err(CreateError::AlreadyExists { .. }) => (open(name)?, false),
            created => (Some(created?), true), // `build` replaces a segment whose users are all dead
        };
        if let Some(channel) = channel {
            match Producer::attach(name.as_str()) {
                Err(AttachError::Join { error: JoinError::Ended, .. }) => {} // ended since `open`
                attached => {
                    waiting.over();
                    return Ok((attached?, channel, created));
                }
            }
        }
        pause(start, waiting, WaitFor::Leaving(name))?;
    }
}

fn pause(start: Instant, waiting: &mut Waiting<'_>, on: WaitFor<'_>) -> Result<(), Failure> {
    let interval = (start.elapsed() / PART).clamp(FIRST_INTERVAL, POLL_INTERVAL);
    waiting.stop().sleep(waiting.step().min(interval))?;
    waiting.blocked(on)
}

/// Removes the channel's name if no process uses it. A command calls it last, when its own handles are dropped.
///
/// The last handle that is dropped removes the name. But a killed process detaches some of its handles only after the
/// others know of its death, because the kernel closes its descriptors one after another. They may all have left by
/// then. So this waits until the dead process has detached: as long as a handle is attached, but no participant lives.
pub(crate) fn leave(name: &Name) {
    let start = Instant::now();
    // An error leaves the name for `ackcast clean`. The name may be gone, or may be another user's by now.
    while let Ok(false) = remove_if_dead(name) {
        let lives = participants(name).map(|living| living.is_some_and(|living| !living.is_empty()));
        if lives.unwrap_or(true) || start.elapsed() > LONGEST_DEATH {
            return;
        }
        std::thread::sleep(FIRST_INTERVAL);
    }
}

/// Opens the channel of this name. `None` if there is no channel, or if it is over.
fn open(name: &Name) -> Result<Option<Channel>, OpenError> {
    match Channel::open(name) {
        Ok(channel) => {
            let liveness = |error| OpenError::Liveness { name: name.clone(), error };
            Ok((!channel.is_over().map_err(liveness)?).then_some(channel))
        }
        Err(OpenError::NotFound { .. } | OpenError::Abandoned { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
