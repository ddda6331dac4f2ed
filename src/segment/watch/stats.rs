//! The state of a channel at a moment, as plain data.

use crate::layer::{Layer, LivenessUnknown};
use crate::layers::{Backend, Fences};
use crate::protocol::{BlockedOn, EntryState, Geometry, Observed, Published};
use std::time::SystemTime;

#[cfg(doc)]
use super::Watch;
#[cfg(doc)]
use crate::{Channel, Consumer};

/// The state of a channel and of its participants; see [`Channel::stats`] and [`Watch::stats`].
///
/// The channel goes on while it is looked at. So the parts are of moments that follow each other, and all of them are
/// stale when the call returns.
///
/// ```
/// # use ackcast::{BlockedOn, Channel, Consumer, Producer};
/// let name = format!("example-stats-{}", std::process::id());
/// let channel = Channel::create(&name).slots(4).build()?;
/// let (mut producer, mut consumer) = (Producer::attach(&name)?, Consumer::attach(&name)?);
/// producer.send_batch(&[b"message"; 4])?;
/// let stats = channel.stats()?;
/// assert_eq!((stats.consumers[0].number, stats.consumers[0].lag), (0, 4));
/// assert_eq!(stats.blocked_on(), Some(BlockedOn::Acknowledgement { consumer: 0, message: 0 }));
/// consumer.recv()?;
/// assert_eq!(channel.stats()?.blocked_on(), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// How the channel was laid out.
    pub geometry: Geometry,
    /// The primitives that the channel is built on.
    pub backend: Backend,
    /// How the participants fence.
    pub fences: Fences,
    /// The time at which the channel was made. `None` where the kernel does not tell (tmpfs before Linux 5.18).
    pub created: Option<SystemTime>,
    /// Whether a handle of any kind is attached. A [`Watch`] is none. False: the channel is orphaned.
    pub in_use: bool,
    /// Whether the channel's name was removed. The channel itself may still be in use.
    pub removed: bool,
    /// How many messages are published, and whether END is.
    pub published: Published,
    /// How many producers have finished.
    pub finished: u32,
    /// Whether a producer died, or was dropped, without finishing, and no other producer lives.
    pub producers_lost: bool,
    /// The attached consumers, in ascending order. A dead consumer counts until a producer evicts it.
    pub consumers: Vec<ConsumerStats>,
    /// The producers that live, or died without finishing, in ascending order.
    pub producers: Vec<ProducerStats>,
    /// The number of the producer that has the write lock. The single producer of a channel keeps the lock. `None` if
    /// the lock is free, and on [`Backend::RawSync`].
    pub lock_owner: Option<u32>,
    /// Whether that producer sleeps until a slot is free, or until the first consumers are there. May be true for a
    /// moment after that sleep. `None` on [`Backend::RawSync`].
    pub writer_parked: Option<bool>,
    /// How many dead consumers were evicted. Wraps after 2³² of them.
    pub evicted: u32,
    /// How often the write lock was taken over from a dead owner. Wraps after 2³² times.
    pub takeovers: u32,
}

/// A consumer as [`Stats`] has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConsumerStats {
    /// The consumer's [number](Consumer::number).
    pub number: u32,
    /// How many messages it has acknowledged, counted from the channel's first one.
    pub acknowledged: u64,
    /// How many published messages it has not acknowledged, END included.
    pub lag: u64,
    /// It has not decided yet where it starts.
    pub joining: bool,
    /// Its process lives.
    pub alive: bool,
    /// Whether it sleeps until a message comes. May be true for a moment after that sleep. `None` on
    /// [`Backend::RawSync`].
    pub parked: Option<bool>,
}

/// A producer as [`Stats`] has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProducerStats {
    /// The producer's number, from 0, as [`BlockedOn::Lock`] has it.
    pub number: u32,
    /// It has finished, and its handle is not dropped yet.
    pub finished: bool,
    /// Its process lives. False: it died, or was dropped, without finishing.
    pub alive: bool,
}

impl Stats {
    /// What a producer that sends now waits for: the first consumers, or the consumer that is farthest behind on a full
    /// ring. `None` if a slot is free, or if END is published. A dead consumer is not waited for longer than until the
    /// next liveness check.
    ///
    /// ```
    /// # use ackcast::{BlockedOn, Channel};
    /// let name = format!("example-blocked-{}", std::process::id());
    /// let channel = Channel::create(&name).consumers(2).build()?;
    /// assert_eq!(channel.stats()?.blocked_on(), Some(BlockedOn::Start { joined: 0, wanted: 2 }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn blocked_on(&self) -> Option<BlockedOn> {
        let published = self.published;
        if published.ended() {
            return None;
        }
        let behind = self.slowest().filter(|consumer| consumer.lag >= u64::from(self.geometry.slots));
        if let Some(consumer) = behind {
            let (consumer, message) = (consumer.number, consumer.acknowledged);
            return Some(BlockedOn::Acknowledgement { consumer, message });
        }
        let wanted = self.geometry.start_with;
        let joined = self.consumers.iter().filter(|consumer| consumer.alive && !consumer.joining).count() as u32;
        (published.count() == 0 && joined < wanted).then_some(BlockedOn::Start { joined, wanted })
    }

    /// The consumer that is farthest behind. `None` if there is no consumer.
    ///
    /// ```
    #[doc = crate::channel::attached!("slowest")]
    /// producer.send(b"Hello")?;
    /// assert_eq!(channel.stats()?.slowest().map(|consumer| (consumer.number, consumer.lag)), Some((0, 1)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn slowest(&self) -> Option<&ConsumerStats> {
        self.consumers.iter().min_by_key(|consumer| consumer.acknowledged)
    }
}

/// What is known of a channel before its words are read.
pub(crate) struct Source {
    pub(crate) geometry: Geometry,
    pub(crate) backend: Backend,
    pub(crate) fences: Fences,
    pub(crate) created: Option<SystemTime>,
    pub(crate) in_use: bool,
    pub(crate) removed: bool,
}

/// How often the entries are read again if one of them changes while its participant's liveness is asked.
const ATTEMPTS: u32 = 8;

impl Source {
    /// Reads the words. `is_alive` says whether a participant lives.
    pub(crate) fn stats<L: Layer>(
        self,
        words: &Observed<'_, L>,
        is_alive: impl Fn(u32) -> Result<bool, LivenessUnknown>,
    ) -> Result<Stats, LivenessUnknown> {
        // Before the acknowledgements: the lag is too low rather than too high, and no ring looks full that is not.
        let published = words.published();
        let first = self.geometry.consumers;
        let consumers = settled(|| words.consumers(), &is_alive)?.into_iter().filter(|(_, state, _)| state.active);
        let consumers = consumers.filter_map(|(number, _, alive)| {
            let acknowledged = words.acknowledged(number)?;
            let lag = published.count().saturating_sub(acknowledged.count);
            let parked = words.is_consumer_parked(number);
            let (acknowledged, joining) = (acknowledged.count, acknowledged.joining);
            Some(ConsumerStats { number, acknowledged, lag, joining, alive, parked })
        });
        let consumers = consumers.collect();
        let producers = settled(|| words.producers(), &is_alive)?.into_iter();
        let producers = producers.filter(|(_, state, alive)| state.active || *alive).map(|(number, state, alive)| {
            ProducerStats { number: number.saturating_sub(first), finished: !state.active, alive }
        });
        let producers: Vec<_> = producers.collect();
        let lives = producers.iter().any(|producer| producer.alive && !producer.finished);
        let lost = producers.iter().any(|producer| !producer.alive) && !lives;
        let Self { geometry, backend, fences, created, in_use, removed } = self;
        Ok(Stats {
            geometry,
            backend,
            fences,
            created,
            in_use,
            removed,
            published,
            finished: words.finished(),
            producers_lost: lost,
            consumers,
            producers,
            lock_owner: words.lock_owner().and_then(|owner| owner.checked_sub(first)),
            writer_parked: words.is_writer_parked(),
            evicted: words.evicted(),
            takeovers: words.takeovers(),
        })
    }
}

/// The states of entries, each with whether its participant lives. A participant that leaves between the two would look
/// dead, so the states are read until they stay the same.
fn settled<I: Iterator<Item = (u32, EntryState)>>(
    states: impl Fn() -> I,
    is_alive: impl Fn(u32) -> Result<bool, LivenessUnknown>,
) -> Result<Vec<(u32, EntryState, bool)>, LivenessUnknown> {
    let mut found = Vec::new();
    for _ in 0..ATTEMPTS {
        found.clear();
        for (number, state) in states() {
            found.push((number, state, is_alive(number)?));
        }
        if states().zip(&found).all(|((_, now), (_, before, alive))| *alive || now == *before) {
            break;
        }
    }
    Ok(found)
}
