//! The state of a channel.

use crate::arguments::place;
use crate::border::border;
use crate::channel::ackcast_channel_t;
use crate::observe::enter;
use crate::status::ackcast_status_t;
use ackcast::{BlockedOn, ConsumerStats, ProducerStats, Stats};

/// What a producer that sends now waits for: nothing.
pub const ACKCAST_BLOCKED_ON_NOTHING: u32 = 0;
/// It waits for `blocked_consumer`, which is farthest behind, on a full ring.
pub const ACKCAST_BLOCKED_ON_CONSUMER: u32 = 1;
/// It waits for the first consumers.
pub const ACKCAST_BLOCKED_ON_START: u32 = 2;

/// The state of a channel now. The channel goes on meanwhile, so the parts are of moments that follow each other.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct ackcast_stats_t {
    /// How many messages are published, END included.
    pub published: u64,
    /// How many published messages the consumer has not acknowledged that is farthest behind. 0 if there is none.
    pub lag: u64,
    /// That consumer's number. -1 if there is none.
    pub slowest: i32,
    /// ACKCAST_BLOCKED_ON_NOTHING, ACKCAST_BLOCKED_ON_CONSUMER or ACKCAST_BLOCKED_ON_START.
    pub blocked_on: u32,
    /// How many consumers are attached. A dead one counts until a producer evicts it.
    pub consumers: u32,
    /// How many of them live.
    pub living_consumers: u32,
    /// How many producers live and have not finished.
    pub living_producers: u32,
    /// How many producers have finished.
    pub finished: u32,
    /// The number of the producer that has the write lock. -1: none, or not known.
    pub lock_owner: i32,
    /// How many dead consumers were evicted. Wraps after 2^32.
    pub evicted: u32,
    /// How often the write lock was taken over from a dead owner. Wraps after 2^32.
    pub takeovers: u32,
    /// Whether END is published.
    pub ended: bool,
    /// Whether a producer died without finishing, and no other producer lives.
    pub producers_lost: bool,
    /// Whether a handle of any kind is attached. This one is.
    pub in_use: bool,
    /// Whether the channel's name was removed.
    pub removed: bool,
    /// For later versions. All 0.
    pub reserved: [u32; 16],
}

/// The state of the channel and of its participants now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_channel_stats(
    channel: *mut ackcast_channel_t,
    stats: *mut ackcast_stats_t,
) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let channel = unsafe { enter(channel) }?;
        // SAFETY: the caller's place, or NULL.
        let stats = unsafe { place(stats, "stats") }?;
        stats.write(summary(&channel.stats()?));
        Ok(())
    })
}

fn summary(stats: &Stats) -> ackcast_stats_t {
    let slowest = stats.slowest();
    let number = |number: Option<u32>| number.map_or(-1, |number| number as i32); // at most 63
    ackcast_stats_t {
        published: stats.published.count(),
        lag: slowest.map_or(0, |consumer| consumer.lag),
        slowest: number(slowest.map(|consumer| consumer.number)),
        blocked_on: match stats.blocked_on() {
            Some(BlockedOn::Acknowledgement { .. }) => ACKCAST_BLOCKED_ON_CONSUMER,
            Some(BlockedOn::Start { .. }) => ACKCAST_BLOCKED_ON_START,
            _ => ACKCAST_BLOCKED_ON_NOTHING,
        },
        consumers: stats.consumers.len() as u32,
        living_consumers: count(&stats.consumers, |consumer: &ConsumerStats| consumer.alive),
        living_producers: count(&stats.producers, |producer: &ProducerStats| producer.alive && !producer.finished),
        finished: stats.finished,
        lock_owner: number(stats.lock_owner),
        evicted: stats.evicted,
        takeovers: stats.takeovers,
        ended: stats.published.ended(),
        producers_lost: stats.producers_lost,
        in_use: stats.in_use,
        removed: stats.removed,
        reserved: [0; 16],
    }
}

fn count<T>(participants: &[T], is_one: impl Fn(&T) -> bool) -> u32 {
    participants.iter().filter(|participant| is_one(participant)).count() as u32 // at most 64
}
