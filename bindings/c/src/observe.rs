//! Observing a channel.

use crate::arguments::{argument, place, places};
use crate::border::{Entered, border};
use crate::channel::ackcast_channel_t;
use crate::error::Error;
use crate::settings::{ACKCAST_BACKEND_FUTEX, ACKCAST_BACKEND_RAW_SYNC, ackcast_value_type_t};
use crate::status::ackcast_status_t;
use ackcast::{Backend, BlockedOn, Channel, ConsumerStats, Fences, Geometry, ProducerStats, Stats};

/// How a channel was laid out.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ackcast_info_t {
    /// Length of the ring in slots.
    pub slots: u32,
    /// Size of a slot in bytes.
    pub slot_size: u32,
    /// How many consumers the first message waits for.
    pub consumers: u32,
    /// How many producers have to finish before END is published.
    pub producers: u32,
    /// How many messages are retained for late consumers.
    pub retain: u32,
    /// How many consumers can be attached at a time.
    pub consumer_places: u32,
    /// How many producers can be attached at a time.
    pub producer_places: u32,
    /// ACKCAST_BACKEND_FUTEX or ACKCAST_BACKEND_RAW_SYNC.
    pub backend: u32,
    /// 1: participants fence without membarrier(2).
    pub symmetric_fences: u32,
    /// The type of values. Its name lives as long as the handle, and is NULL if messages are any bytes.
    pub r#type: ackcast_value_type_t,
    /// For later versions. All 0.
    pub reserved: [u32; 16],
}

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

/// An attached consumer.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ackcast_attached_t {
    /// Its number, from 0.
    pub consumer: u32,
    /// How many messages it has acknowledged, counted from the channel's first one.
    pub acknowledged: u64,
}

/// Begins a call with the caller's channel.
///
/// # Safety
/// The pointer is NULL, or a channel that is not freed during the call.
unsafe fn enter<'h>(channel: *const ackcast_channel_t) -> Result<Entered<'h, Channel>, Error> {
    // SAFETY: as the caller promises.
    unsafe { argument(channel, "channel") }?.handle().enter()
}

/// How the channel was laid out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_channel_info(
    channel: *mut ackcast_channel_t,
    info: *mut ackcast_info_t,
) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let entered = unsafe { enter(channel) }?;
        // SAFETY: the caller's place, or NULL.
        let info = unsafe { place(info, "info") }?;
        // SAFETY: the caller's handle, or NULL.
        let r#type = unsafe { argument(channel, "channel") }?.value_type(&entered);
        let Geometry { slots, slot_size, consumers, producers, start_with, end_after, retain } = entered.geometry();
        info.write(ackcast_info_t {
            slots,
            slot_size,
            consumers: start_with,
            producers: end_after,
            retain,
            consumer_places: consumers,
            producer_places: producers,
            backend: match entered.backend() {
                Backend::Futex => ACKCAST_BACKEND_FUTEX,
                Backend::RawSync => ACKCAST_BACKEND_RAW_SYNC,
                _ => u32::MAX,
            },
            symmetric_fences: (entered.fences() == Fences::Symmetric).into(),
            r#type,
            reserved: [0; 16],
        });
        Ok(())
    })
}

/// How many messages are published. Stale when it returns.
///
/// @param count END included
/// @param ended whether END is published
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_channel_published(
    channel: *mut ackcast_channel_t,
    count: *mut u64,
    ended: *mut bool,
) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let channel = unsafe { enter(channel) }?;
        // SAFETY: the caller's place, or NULL.
        let count = unsafe { place(count, "count") }?;
        // SAFETY: the caller's place, or NULL.
        let ended = unsafe { place(ended, "ended") }?;
        let published = channel.published();
        count.write(published.count());
        ended.write(published.ended());
        Ok(())
    })
}

/// The attached consumers, in ascending order. A dead one counts as attached until a producer evicts it.
///
/// @param attached an array for `capacity` consumers; a channel has at most 64
/// @param count how many there are, which may be more than `capacity`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_channel_acknowledged(
    channel: *mut ackcast_channel_t,
    attached: *mut ackcast_attached_t,
    capacity: usize,
    count: *mut usize,
) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let channel = unsafe { enter(channel) }?;
        // SAFETY: the caller's array, or NULL.
        let attached = unsafe { places(attached, capacity, "attached") }?;
        // SAFETY: the caller's place, or NULL.
        let count = unsafe { place(count, "count") }?;
        let found = channel.acknowledged();
        for (place, &(consumer, acknowledged)) in attached.iter_mut().zip(&found) {
            place.write(ackcast_attached_t { consumer, acknowledged });
        }
        count.write(found.len());
        Ok(())
    })
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

/// Whether every attached producer died without finishing. Another producer may attach, and the channel goes on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_channel_producers_lost(
    channel: *mut ackcast_channel_t,
    lost: *mut bool,
) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let channel = unsafe { enter(channel) }?;
        // SAFETY: the caller's place, or NULL.
        let lost = unsafe { place(lost, "lost") }?;
        lost.write(channel.producers_lost()?);
        Ok(())
    })
}

/// Whether the channel has ended, or every attached producer died without finishing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_channel_is_over(channel: *mut ackcast_channel_t, over: *mut bool) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let channel = unsafe { enter(channel) }?;
        // SAFETY: the caller's place, or NULL.
        let over = unsafe { place(over, "over") }?;
        over.write(channel.is_over()?);
        Ok(())
    })
}
