//! Receiving message by message.

use crate::arguments::{place, places};
use crate::border::border;
use crate::consumer::{Received, Receiver, Receiving, ackcast_consumer_t, enter, lent};
use crate::error::Error;
use crate::producer::NEVER_WAITS;
use crate::status::ackcast_status_t;
use crate::wait::Wait;
use ackcast::Message;
use core::ffi::c_void;
use core::mem::MaybeUninit;

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
        consumer.begin()?;
        let Receiving { lender, values, .. } = &mut *consumer;
        lender.lend(lent, |receiver| {
            let message = receiver.recv(Wait::new(timeout_ns))?;
            if let Some(values) = values {
                values.check_received(message.sequence(), message.len())?; // the message is passed over
            }
            data.write(message.as_ptr().cast());
            len.write(message.len());
            Ok(Received::Message(message))
        })
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
        let values = consumer.values;
        let message = consumer.begin()?.recv(Wait::new(timeout_ns))?;
        let len = message.len();
        if let Some(values) = values {
            values.check_received(message.sequence(), len)?; // the message is passed over
        }
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

/// Acknowledges the message or the batch that is lent: its slots are the producers' again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_release(consumer: *mut ackcast_consumer_t) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut consumer = unsafe { enter(consumer) }?;
        let released = consumer.lender.end(|received| match received {
            Received::Message(message) => drop(message),
            Received::Batch(batch) => drop(batch),
        });
        released.ok_or(Error::NotLent("release"))
    })
}

/// Ends the loan of a message without an acknowledgement: it is received again. A batch cannot be kept.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_keep(consumer: *mut ackcast_consumer_t) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut consumer = unsafe { enter(consumer) }?;
        if consumer.lender.lent(|received| matches!(received, Received::Batch(_))) == Some(true) {
            return Err(Error::Lent("a batch", "release it, because a batch cannot be kept,"));
        }
        let kept = consumer.lender.end(|received| {
            if let Received::Message(message) = received {
                message.keep();
            }
        });
        kept.ok_or(Error::NotLent("keep"))
    })
}

/// The number of the message that is lent, in the one total order, from 0. Each message of a batch has its own.
///
/// @return `ACKCAST_NOT_LENT` if no message is lent
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_message_sequence(
    consumer: *mut ackcast_consumer_t,
    sequence: *mut u64,
) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut consumer = unsafe { enter(consumer) }?;
        // SAFETY: the caller's place, or NULL.
        let place = unsafe { place(sequence, "sequence") }?;
        let found = consumer.lender.lent(|received| match received {
            Received::Message(message) => Some(message.sequence()),
            Received::Batch(_) => None,
        });
        place.write(found.flatten().ok_or(Error::NotLent("number"))?);
        Ok(())
    })
}
