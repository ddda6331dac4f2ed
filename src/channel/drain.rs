//! Waiting until everything that is published was acknowledged.

#[cfg(test)]
mod tests;

use super::{Channel, Producer, Timeout, layer, observer, on_backend, producer::Inner};
use crate::layer::{Deadline, LivenessUnknown};
use crate::layers::{RealLayer, pause};
use crate::protocol::{self, Attached, Corruption, Event, Progress, Storage};
use std::time::Duration;
use thiserror::Error;

/// Pause after the first poll. Each later pause is twice as long, up to [`LAST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_micros(50);
/// Longest pause between two polls. The result is at most this late.
const LAST_PAUSE: Duration = Duration::from_millis(5);

/// Which consumers had acknowledged everything when [`Producer::wait_until_drained`] returned.
///
/// ```
#[doc = super::attached!("drained")]
/// producer.send(b"Hello")?;
/// consumer.recv()?;
/// let drained = producer.wait_until_drained(Duration::from_secs(1))?;
/// assert_eq!((drained.received, drained.gone), (1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drained {
    /// How many consumers have acknowledged everything.
    pub received: u32,
    /// How many consumers have left or died, and are not known to have acknowledged everything.
    pub gone: u32,
}

/// Why [`Producer::wait_until_drained`] gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DrainError {
    /// The time is up, and a living consumer has not acknowledged everything.
    #[error(
        "gave up waiting for consumer {consumer}, which has acknowledged {acknowledged} of {published} messages{}",
        Others(*.behind)
    )]
    TimedOut {
        /// The consumer that is furthest behind, counted from 0.
        consumer: u32,
        /// How many messages this consumer has acknowledged.
        acknowledged: u64,
        /// How many messages were published when the call began, END included.
        published: u64,
        /// How many consumers are behind, this one included.
        behind: u32,
    },
    /// The producer was attached by the process that forked this one.
    #[error("this producer was attached before a fork, by the parent process; attach another one in this process")]
    Inherited,
    /// The system does not say whether the consumers live.
    #[error(transparent)]
    Liveness(#[from] LivenessUnknown),
    /// The segment holds a value that no participant can have written.
    #[error("the segment is corrupt: {0}")]
    Corrupt(Corruption),
}

/// Prints how many consumers are behind beside the one that is named.
struct Others(u32);

impl core::fmt::Display for Others {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {
            0 | 1 => Ok(()),
            behind => write!(f, " ({behind} consumers are behind)"),
        }
    }
}

/// What the consumers have received.
impl Producer {
    /// The number that the next message will have in the one total order, from 0. Exact where no other producer can
    /// publish. Otherwise it is stale when it returns, and never too high.
    ///
    /// END counts: after END the number is that of a message that cannot come.
    ///
    /// ```
    #[doc = super::attached!("next-sequence")]
    /// assert_eq!(producer.next_sequence(), 0);
    /// producer.send(b"Hello")?;
    /// assert_eq!(producer.next_sequence(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn next_sequence(&self) -> u64 {
        on_backend!(Inner, &self.inner, producer => producer.channel().published().count())
    }

    /// Waits until each consumer that is attached now has acknowledged all messages that are published now, by
    /// whichever producer. After [`finish`](Producer::finish), END is one of them. Everything that a consumer did
    /// before it acknowledged happens before the return.
    ///
    /// A consumer that leaves or dies meanwhile is not waited for. The result counts it in [`gone`](Drained::gone),
    /// unless it acknowledged everything first. A consumer that acknowledged everything, left, and whose place another
    /// consumer took, all between two polls, counts in `gone`, too. A consumer that left before the call is not
    /// counted. One that died before it is counted, unless a producer has evicted it.
    ///
    /// The call polls, at first every 50 µs, and every 5 ms in the end. So it returns up to 5 ms late. A death is
    /// noticed at the first poll after the kernel has released the dead process's locks.
    ///
    /// # Errors
    /// [`DrainError::TimedOut`] names the consumer that is furthest behind; otherwise see [`DrainError`].
    ///
    /// ```
    #[doc = super::attached!("wait-until-drained")]
    /// producer.send(b"Hello")?;
    /// let error = producer.wait_until_drained(Duration::ZERO).unwrap_err();
    /// assert_eq!(error.to_string(), "gave up waiting for consumer 0, which has acknowledged 0 of 1 messages");
    /// consumer.recv()?;
    /// let drained = producer.wait_until_drained(Duration::from_secs(1))?;
    /// assert_eq!((drained.received, drained.gone), (1, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_until_drained(&self, timeout: Duration) -> Result<Drained, DrainError> {
        let timeout = Timeout::After(timeout);
        on_backend!(Inner, &self.inner, producer => wait_until_drained(producer.channel(), timeout))
    }
}

/// What the consumers have received.
impl Channel {
    /// As [`Producer::wait_until_drained`].
    ///
    /// # Errors
    /// As [`Producer::wait_until_drained`].
    ///
    /// ```
    #[doc = super::attached!("channel-wait-until-drained")]
    /// producer.send(b"Hello")?;
    /// assert!(channel.wait_until_drained(Duration::ZERO).is_err());
    /// consumer.recv()?;
    /// assert_eq!(channel.wait_until_drained(Duration::from_secs(1))?.received, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_until_drained(&self, timeout: Duration) -> Result<Drained, DrainError> {
        use observer::Inner;
        let timeout = Timeout::After(timeout);
        on_backend!(Inner, self.inner(), channel => wait_until_drained(channel, timeout))
    }
}

/// The consumers that a call waits for.
#[derive(Debug)]
struct Drain {
    /// How many messages were published when the call began.
    published: u64,
    /// The consumers that were attached then, and are not known to have acknowledged everything.
    behind: Vec<Attached>,
    drained: Drained,
}

fn wait_until_drained<L: RealLayer, S: Storage<L>>(
    channel: &protocol::Channel<L, S>,
    timeout: Timeout,
) -> Result<Drained, DrainError> {
    let layer = layer(channel);
    if layer.is_inherited() {
        return Err(DrainError::Inherited);
    }
    let deadline = timeout.deadline(layer);
    let (mut drain, mut pause_time) = (Drain::begin(channel), FIRST_PAUSE);
    loop {
        drain.poll(channel)?;
        let Some(slowest) = drain.behind.iter().min_by_key(|behind| behind.acknowledged) else {
            return Ok(drain.drained);
        };
        let left = match deadline {
            Deadline::Never => pause_time,
            Deadline::Now => Duration::ZERO,
            Deadline::At(end) => end.saturating_sub(layer.now()),
        };
        if left.is_zero() {
            let Attached { consumer, acknowledged, .. } = *slowest;
            let (published, behind) = (drain.published, drain.behind.len() as u32);
            return Err(DrainError::TimedOut { consumer, acknowledged, published, behind });
        }
        pause(pause_time.min(left));
        pause_time = (pause_time * 2).min(LAST_PAUSE);
    }
}

impl Drain {
    /// What is published now, and which consumers are attached.
    fn begin<L: RealLayer, S: Storage<L>>(channel: &protocol::Channel<L, S>) -> Self {
        let (published, attached) = channel.attached();
        Self { published, behind: attached.collect(), drained: Drained::default() }
    }

    /// Moves the consumers that have acknowledged everything, or are gone, from `behind` to `drained`.
    fn poll<L: RealLayer, S: Storage<L>>(&mut self, channel: &protocol::Channel<L, S>) -> Result<(), DrainError> {
        for mut attached in core::mem::take(&mut self.behind) {
            match channel.progress_of(&mut attached, self.published)? {
                Progress::Received => self.drained.received += 1,
                Progress::Gone => self.drained.gone += 1,
                Progress::Behind => self.behind.push(attached),
            }
            let (consumer, acked) = (attached.consumer, attached.acknowledged);
            let published = channel.published().count();
            if acked > published {
                let fault = Corruption::Acknowledgement { consumer, acked, published };
                layer(channel).note(Event::Corrupt(fault));
                return Err(DrainError::Corrupt(fault));
            }
        }
        Ok(())
    }
}
