//! How participants find each other: either side may start first.

use super::{AttachError, Channel, Consumer, Producer, WaitForError};
use crate::layer::LivenessUnknown;
use crate::layers::{monotonic, pause};
use crate::protocol::{Geometry, JoinError};
use crate::segment::{Name, OpenError};
use core::ops::Range;
use std::time::Duration;
use thiserror::Error;

/// Pause after the first poll. Each later pause is twice as long, up to [`LAST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(1);
/// Longest pause between two polls for a channel. A poll without a channel costs some 80 µs of processor time, most of
/// it for the sleep.
const LAST_PAUSE: Duration = Duration::from_millis(25);

/// Why a channel could not be joined when a wait for it gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unjoinable {
    /// There is no channel of this name.
    #[error("there is none")]
    NotFound,
    /// No living process uses the channel.
    #[error("the one there is is abandoned: no living process uses it")]
    Abandoned,
    /// The channel has ended, and some process still uses it: its consumers may still read it to END.
    #[error("the one there is has ended, and is still in use")]
    Ended,
    /// Every producer died without finishing, and some process still uses the channel. Only consumers wait for another
    /// producer. A producer joins such a channel.
    #[error("every producer of the one there is died without finishing")]
    ProducersLost,
    /// All places are in use.
    #[error("all {capacity} {role} places of the one there is are in use")]
    Full {
        /// "consumer" or "producer".
        role: &'static str,
        /// How many places the channel has.
        capacity: u32,
    },
}

/// Meeting.
impl Channel {
    /// Whether the channel has ended, or every attached producer died without finishing. The consumers may still read
    /// what was published. A channel that has ended stays so. In the second case another producer may attach, and the
    /// channel goes on.
    ///
    /// # Errors
    /// As [`producers_lost`](Channel::producers_lost).
    ///
    /// ```
    #[doc = super::attached!("is-over")]
    /// assert!(!channel.is_over()?);
    /// producer.finish()?;
    /// assert!(channel.is_over()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_over(&self) -> Result<bool, LivenessUnknown> {
        Ok(self.published().ended() || self.producers_lost()?)
    }
}

/// Meeting.
impl Consumer {
    /// Waits until there is a channel of this name that is not over, and attaches. A channel is over when it has
    /// [ended](Channel::is_over), or when every producer died without finishing. A consumer that joined then would
    /// only be told so.
    ///
    /// The wait goes on while there is no channel, while the channel is over, abandoned, or without a free place. Any
    /// other error ends it. The call polls, at first every millisecond, and every 25 ms in the end. With a `timeout` of
    /// zero it polls once. A poll of a channel that is over attaches to it for some 100 µs. If the channel's last user
    /// leaves in this moment, a creator finds the name in use until the poll is done.
    ///
    /// The consumer receives what is published after it has attached, as with [`attach`](Consumer::attach). A channel
    /// that must not start without it is created with [`Builder::consumers`](crate::Builder::consumers).
    ///
    /// # Errors
    /// [`WaitForError::TimedOut`] says why the channel could not be joined at last; [`WaitForError::Attach`].
    ///
    /// ```
    /// # use ackcast::{Channel, Consumer, Producer, Unjoinable, WaitForError};
    /// # use std::time::Duration;
    /// # let name = format!("example-consumer-wait-for-{}", std::process::id());
    /// let error = Consumer::wait_for(&name, Duration::from_millis(5)).unwrap_err();
    /// assert!(matches!(error, WaitForError::TimedOut { last: Unjoinable::NotFound, .. }));
    ///
    /// let reader = std::thread::spawn({
    ///     let name = name.clone();
    ///     move || Consumer::wait_for(&name, Duration::from_secs(10)).unwrap().recv()
    /// });
    /// let _channel = Channel::create(&name).build()?;
    /// Producer::attach(&name)?.send(b"Hello")?; // waits for the consumer
    /// assert_eq!(reader.join().unwrap()?, b"Hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_for(name: &str, timeout: Duration) -> Result<Self, WaitForError> {
        wait_for(name, timeout, Self::unjoinable, Self::attach)
    }

    /// Why a consumer does not join this channel.
    pub(super) fn unjoinable(channel: &Channel) -> Result<Option<Unjoinable>, LivenessUnknown> {
        if channel.published().ended() {
            return Ok(Some(Unjoinable::Ended));
        }
        if channel.producers_lost()? {
            return Ok(Some(Unjoinable::ProducersLost));
        }
        let capacity = channel.geometry().consumers;
        Ok(is_full(channel, 0..capacity)?.then_some(Unjoinable::Full { role: "consumer", capacity }))
    }
}

/// Whether living participants have all these numbers. So a poll of a full channel does not attach as a participant
/// does, which enters all pages.
fn is_full(channel: &Channel, numbers: Range<u32>) -> Result<bool, LivenessUnknown> {
    for number in numbers {
        if !channel.is_alive(number)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Meeting.
impl Producer {
    /// Waits until there is a channel of this name that has not ended, and attaches.
    ///
    /// A channel whose producers all died is joined: this producer goes on in their place, and the consumers that wait
    /// for a successor receive from it. ([`Consumer::wait_for`] does not join such a channel.) The wait goes on while
    /// there is no channel, while the channel has ended, is abandoned, or has no free place. So a restarted producer
    /// waits until the kernel has released the place of its predecessor. Any other error ends the wait. The call polls,
    /// at first every millisecond, and every 25 ms in the end. With a `timeout` of zero it polls once.
    ///
    /// # Errors
    /// [`WaitForError::TimedOut`] says why the channel could not be joined at last; [`WaitForError::Attach`].
    ///
    /// ```
    /// # use ackcast::{Channel, Consumer, Producer, Unjoinable, WaitForError};
    /// # use std::time::Duration;
    /// # let name = format!("example-producer-wait-for-{}", std::process::id());
    /// let _channel = Channel::create(&name).slots(4).build()?;
    /// let (first, mut consumer) = (Producer::attach(&name)?, Consumer::attach(&name)?);
    /// let error = Producer::wait_for(&name, Duration::ZERO).unwrap_err();
    /// assert!(matches!(error, WaitForError::TimedOut { last: Unjoinable::Full { capacity: 1, .. }, .. }));
    /// drop(first); // for the others, it dies
    /// Producer::wait_for(&name, Duration::from_secs(10))?.send(b"Hello")?;
    /// assert_eq!(consumer.recv()?, b"Hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_for(name: &str, timeout: Duration) -> Result<Self, WaitForError> {
        wait_for(name, timeout, Self::unjoinable, Self::attach)
    }

    /// Why a producer does not join this channel.
    pub(super) fn unjoinable(channel: &Channel) -> Result<Option<Unjoinable>, LivenessUnknown> {
        if channel.published().ended() {
            return Ok(Some(Unjoinable::Ended));
        }
        let Geometry { consumers, producers: capacity, .. } = channel.geometry();
        let numbers = consumers..consumers.saturating_add(capacity);
        Ok(is_full(channel, numbers)?.then_some(Unjoinable::Full { role: "producer", capacity }))
    }
}

/// Attaches to the channel of this name, as soon as it can be joined.
pub(super) fn wait_for<P>(
    name: &str,
    timeout: Duration,
    unjoinable: impl Fn(&Channel) -> Result<Option<Unjoinable>, LivenessUnknown>,
    attach: impl Fn(&str) -> Result<P, AttachError>,
) -> Result<P, WaitForError> {
    let name = Name::new(name).map_err(AttachError::from)?;
    let end = monotonic().checked_add(timeout);
    let mut pause_time = FIRST_PAUSE;
    loop {
        let last = match try_attach(&name, &unjoinable, &attach)? {
            Ok(participant) => return Ok(participant),
            Err(last) => last,
        };
        let left = end.map_or(pause_time, |end| end.saturating_sub(monotonic()));
        if left.is_zero() {
            return Err(WaitForError::TimedOut { name, last });
        }
        pause(pause_time.min(left));
        pause_time = (pause_time * 2).min(LAST_PAUSE);
    }
}

/// Attaches, or says why the channel cannot be joined now.
fn try_attach<P>(
    name: &Name,
    unjoinable: impl Fn(&Channel) -> Result<Option<Unjoinable>, LivenessUnknown>,
    attach: impl Fn(&str) -> Result<P, AttachError>,
) -> Result<Result<P, Unjoinable>, AttachError> {
    // The observer keeps the segment's name. So `attach` opens the same segment.
    let channel = match Channel::open(name) {
        Ok(channel) => channel,
        Err(OpenError::NotFound { .. }) => return Ok(Err(Unjoinable::NotFound)),
        Err(OpenError::Abandoned { .. }) => return Ok(Err(Unjoinable::Abandoned)),
        Err(error) => return Err(error.into()),
    };
    let liveness = |error| OpenError::Liveness { name: name.clone(), error };
    if let Some(reason) = unjoinable(&channel).map_err(liveness)? {
        return Ok(Err(reason));
    }
    // The channel may end between the check and `attach`. A consumer receives END then, as if it had come before it.
    match attach(name.as_str()) {
        Err(AttachError::Join { error: JoinError::Full { role, capacity }, .. }) => {
            Ok(Err(Unjoinable::Full { role, capacity }))
        }
        Err(AttachError::Join { error: JoinError::Ended, .. }) => Ok(Err(Unjoinable::Ended)),
        attached => attached.map(Ok),
    }
}
