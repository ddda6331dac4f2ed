//! Receiving.

use crate::border::{Entered, Handle, Wait, argument, border, give, place, places, take_back, text};
use crate::error::Error;
use crate::lend::{Lender, Lends};
use crate::producer::NEVER_WAITS;
use crate::settings::{ackcast_start_t, start};
use crate::status::ackcast_status_t;
use ackcast::{Batch, Consumer, EventConsumer, Message};
use core::ffi::{c_char, c_void};
use core::mem::MaybeUninit;

/// A handle that receives every message published after it was attached, or from an earlier one on. Producers wait for
/// its acknowledgements. It acknowledges a message when the message is released.
#[derive(Debug)]
pub struct ackcast_consumer_t(Handle<Lender<Receiver>>);

impl ackcast_consumer_t {
    pub(crate) fn new(consumer: Consumer) -> Self {
        Self(Handle::new(Lender::new(Receiver::Waits(consumer))))
    }

    const fn handle(&self) -> &Handle<Lender<Receiver>> {
        &self.0
    }
}

/// What receives.
#[derive(Debug)]
pub enum Receiver {
    /// A consumer whose calls wait.
    Waits(Consumer),
    /// A consumer for an event loop.
    Event(EventConsumer),
    /// The consumer has left its channel.
    Detached,
}

/// What was received, in its slots.
#[derive(Debug)]
pub enum Received<'c> {
    /// One message.
    Message(Message<'c>),
    /// Many messages.
    Batch(Batch<'c>),
}

impl Lends for Receiver {
    type Lent<'a> = Received<'a>;
}

impl Receiver {
    fn recv(&mut self, wait: Wait) -> Result<Message<'_>, Error> {
        match (self, wait) {
            (Self::Waits(consumer), Wait::Forever) => Ok(consumer.recv_ref()?),
            (Self::Waits(consumer), Wait::Never) => Ok(consumer.try_recv_ref()?),
            (Self::Waits(consumer), Wait::AtMost(timeout)) => Ok(consumer.recv_ref_timeout(timeout)?),
            (Self::Event(consumer), Wait::Never) => consumer.try_recv_ref()?.ok_or(Error::NothingYet),
            (Self::Event(_), _) => Err(NEVER_WAITS),
            (Self::Detached, _) => Err(Error::Detached),
        }
    }

    fn recv_batch(&mut self, wait: Wait) -> Result<Batch<'_>, Error> {
        match (self, wait) {
            (Self::Waits(consumer), Wait::Forever) => Ok(consumer.recv_batch()?),
            (Self::Waits(consumer), Wait::Never) => Ok(consumer.try_recv_batch()?),
            (Self::Waits(consumer), Wait::AtMost(timeout)) => Ok(consumer.recv_batch_timeout(timeout)?),
            (Self::Event(_), _) => Err(Error::IsEvent("receive the messages one by one")),
            (Self::Detached, _) => Err(Error::Detached),
        }
    }
}

pub(crate) const LENT: Error = Error::Lent("a message or a batch", "release it");

/// Begins a call with the caller's consumer.
///
/// # Safety
/// The pointer is NULL, or a consumer that is not freed during the call.
#[inline]
pub unsafe fn enter<'h>(consumer: *const ackcast_consumer_t) -> Result<Entered<'h, Lender<Receiver>>, Error> {
    // SAFETY: as the caller promises.
    unsafe { argument(consumer, "consumer") }?.0.enter()
}

/// Attaches a consumer to the channel of this name. Never waits.
///
/// @param start where it starts; NULL: at the next message that is published
/// @param consumer the new handle, or NULL if there is none
/// @return `ACKCAST_NO_PLACE` if all consumer places are in use; `ACKCAST_NOT_RETAINED`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_consumer_attach(
    name: *const c_char,
    start: *const ackcast_start_t,
    consumer: *mut *mut ackcast_consumer_t,
) -> ackcast_status_t {
    border(|| {
        let make = || {
            // SAFETY: the caller's name, or NULL.
            let name = unsafe { text(name, "name") }?;
            // SAFETY: the caller's start, or NULL.
            let start = self::start(unsafe { start.as_ref() })?;
            Ok(ackcast_consumer_t::new(Consumer::attach_at(name, start)?))
        };
        // SAFETY: the caller's place, or NULL.
        unsafe { give(consumer, "consumer", make) }
    })
}

/// Waits until there is a channel of this name that has not ended, whose producers have not all died, and that has a
/// free place, and attaches to it. Starts at the next message that is published.
///
/// @param timeout_ns negative: for ever; 0: does not wait
/// @param consumer the new handle, or NULL if there is none
/// @return `ACKCAST_TIMED_OUT`, with <reason>
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_consumer_wait_for(
    name: *const c_char,
    timeout_ns: i64,
    consumer: *mut *mut ackcast_consumer_t,
) -> ackcast_status_t {
    border(|| {
        let make = || {
            // SAFETY: the caller's name, or NULL.
            let name = unsafe { text(name, "name") }?;
            Ok(ackcast_consumer_t::new(Consumer::wait_for(name, Wait::new(timeout_ns).duration())?))
        };
        // SAFETY: the caller's place, or NULL.
        unsafe { give(consumer, "consumer", make) }
    })
}

/// Receives the next message, in its slot. No producer overwrites it before `ackcast_release`. The consumer receives
/// nothing else until then.
///
/// The slot is aligned to 64 bytes; where `slot_size` is below 64, to the next power of two.
///
/// @param timeout_ns negative: for ever; 0: does not wait
/// @param data the message, yours to read until `ackcast_release`, `ackcast_keep` or `ackcast_consumer_free`. Never NULL
/// @param len its length in bytes
/// @return `ACKCAST_ENDED` after the last message; `ACKCAST_TIMED_OUT`; `ACKCAST_PRODUCERS_LOST`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_recv(
    consumer: *mut ackcast_consumer_t,
    timeout_ns: i64,
    data: *mut *const c_void,
    len: *mut usize,
) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut consumer = unsafe { enter(consumer) }?;
        // SAFETY: the caller's place, or NULL.
        let data = unsafe { place(data, "data") }?;
        // SAFETY: the caller's place, or NULL.
        let len = unsafe { place(len, "len") }?;
        let lent = consumer.lend(|receiver| receiver.recv(Wait::new(timeout_ns)).map(Received::Message));
        lent.ok_or(LENT)??;
        consumer.lent(|received| {
            if let Received::Message(message) = received {
                data.write(message.as_ptr().cast());
                len.write(message.len());
            }
        });
        Ok(())
    })
}

/// Receives the next message as a copy, and acknowledges it.
///
/// @param timeout_ns negative: for ever; 0: does not wait
/// @param buffer where the message goes
/// @param capacity the size of the buffer in bytes
/// @param len the length of the message in bytes
/// @return `ACKCAST_BUFFER_TOO_SMALL` if the message is longer than the buffer: it is received again, and `len` says how
///     long it is. Otherwise as `ackcast_recv`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_recv_copy(
    consumer: *mut ackcast_consumer_t,
    timeout_ns: i64,
    buffer: *mut c_void,
    capacity: usize,
    len: *mut usize,
) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut consumer = unsafe { enter(consumer) }?;
        // SAFETY: the caller's buffer, or NULL.
        let buffer = unsafe { places::<u8>(buffer.cast(), capacity, "buffer") }?;
        // SAFETY: the caller's place, or NULL.
        let place = unsafe { place(len, "len") }?;
        let message = consumer.owner().ok_or(LENT)?.recv(Wait::new(timeout_ns))?;
        let len = message.len();
        place.write(len);
        let Some(buffer) = buffer.get_mut(..len) else {
            message.keep();
            return Err(Error::BufferTooSmall { len, capacity });
        };
        copy(&message, buffer);
        Ok(())
    })
}

/// Copies a message.
fn copy(message: &[u8], buffer: &mut [MaybeUninit<u8>]) {
    let (from, to, len) = (message.as_ptr(), buffer.as_mut_ptr().cast::<u8>(), message.len().min(buffer.len()));
    // SAFETY: both have this length. They do not overlap: nobody writes a message.
    unsafe { core::ptr::copy_nonoverlapping(from, to, len) };
}

/// A message of a batch, in its slot.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ackcast_message_t {
    /// The bytes. Never NULL.
    pub data: *const c_void,
    /// How many.
    pub len: usize,
    /// The message's number in the one total order, from 0.
    pub sequence: u64,
}

/// Receives up to `capacity` messages, in their slots: the next one, which it waits for, and those that are published by
/// then. Cheaper than to receive them one by one. `ackcast_release` acknowledges all of them at once. An event handle
/// does not have it.
///
/// @param timeout_ns negative: for ever; 0: does not wait
/// @param messages an array for `capacity` messages, at least 1. All of them are yours to read until `ackcast_release`
///     or `ackcast_consumer_free`
/// @param count how many were received, at least 1
/// @return as `ackcast_recv`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_recv_batch(
    consumer: *mut ackcast_consumer_t,
    timeout_ns: i64,
    messages: *mut ackcast_message_t,
    capacity: usize,
    count: *mut usize,
) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut consumer = unsafe { enter(consumer) }?;
        // SAFETY: the caller's array, or NULL.
        let messages = unsafe { places(messages, capacity, "messages") }?;
        // SAFETY: the caller's place, or NULL.
        let count = unsafe { place(count, "count") }?;
        if messages.is_empty() {
            return Err(Error::Invalid { argument: "capacity", fault: "it is 0" });
        }
        let lent = consumer.lend(|receiver| receiver.recv_batch(Wait::new(timeout_ns)).map(Received::Batch));
        lent.ok_or(LENT)??;
        let taken = consumer.lent(|received| match received {
            Received::Batch(batch) => take(batch, messages),
            Received::Message(_) => Ok(0), // the loan is that of this call
        });
        match taken {
            Some(Ok(taken)) => _ = count.write(taken),
            Some(Err(error)) => {
                consumer.end(|received| drop(received));
                return Err(error);
            }
            None => {}
        }
        Ok(())
    })
}

/// Takes as many messages as there are, and are asked for. Their slots are read until the batch is dropped, because it
/// acknowledges them only then.
///
/// # Errors
/// If the first one cannot be taken. If a later one cannot be, the next call meets the error.
fn take(batch: &mut Batch<'_>, messages: &mut [MaybeUninit<ackcast_message_t>]) -> Result<usize, Error> {
    let mut taken = 0;
    for place in messages {
        let sequence = batch.sequence();
        match batch.take() {
            Ok(Some(message)) => {
                place.write(ackcast_message_t { data: message.as_ptr().cast(), len: message.len(), sequence });
                taken += 1;
            }
            Err(error) if taken == 0 => return Err(error.into()),
            Ok(None) | Err(_) => break,
        }
    }
    Ok(taken)
}

/// Acknowledges the message or the batch that is lent: its slots are the producers' again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_release(consumer: *mut ackcast_consumer_t) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut consumer = unsafe { enter(consumer) }?;
        consumer.end(|received| drop(received)).ok_or(Error::NotLent("release"))
    })
}

/// Ends the loan of a message without an acknowledgement: it is received again. A batch cannot be kept.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_keep(consumer: *mut ackcast_consumer_t) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut consumer = unsafe { enter(consumer) }?;
        if consumer.lent(|received| matches!(received, Received::Batch(_))) == Some(true) {
            return Err(Error::Lent("a batch", "release it, because a batch cannot be kept,"));
        }
        let kept = consumer.end(|received| {
            if let Received::Message(message) = received {
                message.keep();
            }
        });
        kept.ok_or(Error::NotLent("keep"))
    })
}

/// Frees the handle: the consumer leaves its channel. NULL is fine.
///
/// @return `ACKCAST_BUSY` if another thread is in a call with this handle. It is not freed then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_consumer_free(consumer: *mut ackcast_consumer_t) -> ackcast_status_t {
    // SAFETY: the caller's handle, or NULL.
    border(|| unsafe { take_back(consumer, ackcast_consumer_t::handle) })
}
