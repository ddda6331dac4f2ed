//! Observing a channel.

use crate::arguments::{argument, place, places, write_if_wanted};
use crate::border::{Entered, border};
use crate::channel::ackcast_channel_t;
use crate::error::Failure;
use crate::settings::{ACKCAST_BACKEND_FUTEX, ACKCAST_BACKEND_RAW_SYNC, ackcast_value_type_t};
use crate::status::ackcast_status_t;
use crate::wait::Wait;
use ackcast::{Backend, Channel, Fences, Geometry};

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
    /// That of the settings.
    pub tag: u64,
    /// A random number, which tells this channel from each other one of its name. Never 0.
    pub incarnation: u64,
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
pub unsafe fn enter<'h>(channel: *const ackcast_channel_t) -> Result<Entered<'h, Channel>, Failure> {
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
            tag: entered.tag(),
            incarnation: entered.incarnation(),
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

/// As `ackcast_wait_until_drained`, for a process that sends nothing.
///
/// @param timeout_ns negative: for ever; 0: does not wait
/// @param received how many consumers have acknowledged everything. NULL is fine
/// @param gone how many have left or died, and are not known to have acknowledged everything. NULL is fine
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_channel_wait_until_drained(
    channel: *mut ackcast_channel_t,
    timeout_ns: i64,
    received: *mut u32,
    gone: *mut u32,
) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let channel = unsafe { enter(channel) }?;
        let drained = channel.wait_until_drained(Wait::new(timeout_ns).duration())?;
        // SAFETY: the caller's place, or NULL.
        unsafe { write_if_wanted(received, drained.received) };
        // SAFETY: the caller's place, or NULL.
        unsafe { write_if_wanted(gone, drained.gone) };
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
