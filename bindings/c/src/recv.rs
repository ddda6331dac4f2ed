//! Receiving message by message.

use crate::arguments::{place, places};
use crate::border::border;
use crate::consumer::{Receiver, Receiving, ackcast_consumer_t, enter};
use crate::error::{Error, Failure};
use crate::producer::never_waits;
use crate::status::ackcast_status_t;
use crate::wait::Wait;
use ackcast::Message;
use core::ffi::c_void;
use core::ptr;

/// Where a message is that was received and not acknowledged. No producer writes its slot (S3) before it is received
/// once more, and acknowledged then.
#[derive(Clone, Copy, Debug)]
struct Place {
    data: *const u8,
    len: usize,
    sequence: u64,
}

impl Place {
    /// To hold the message itself would move it through memory, which takes longer than all the rest.
    #[inline(always)]
    fn of(message: Message<'_>) -> Self {
        let place = Self { data: message.as_ptr(), len: message.len(), sequence: message.sequence() };
        message.keep();
        place
    }
}

impl Receiver {
    /// Receives a message and does not acknowledge it.
    #[inline(always)]
    fn peek(&mut self, wait: Wait) -> Result<Place, Failure> {
        match (self, wait) {
            (Self::Waits(consumer), Wait::Forever) => Ok(Place::of(consumer.recv_ref()?)),
            (Self::Waits(consumer), Wait::Never) => Ok(Place::of(consumer.try_recv_ref()?)),
            (Self::Waits(consumer), Wait::AtMost(timeout)) => Ok(Place::of(consumer.recv_ref_timeout(timeout)?)),
            (Self::Event(consumer), Wait::Never) => match consumer.try_recv_ref()? {
                Some(message) => Ok(Place::of(message)),
                None => Err(Error::NothingYet.into()),
            },
            (Self::Event(_), _) => Err(never_waits()),
            (Self::Detached, _) => Err(Error::Detached.into()),
        }
    }

    /// Acknowledges the message that was peeked at. It is there, so no call waits.
    #[inline(always)]
    fn acknowledge(&mut self) -> Result<(), Failure> {
        match self {
            Self::Waits(consumer) => drop(consumer.recv_ref()?),
            Self::Event(consumer) => drop(consumer.try_recv_ref()?),
            Self::Detached => return Err(Error::Detached.into()),
        }
        Ok(())
    }
}

impl Receiving {
    /// As [`peek`](Receiver::peek). A message that is no value is passed over.
    #[inline(always)]
    fn peek(&mut self, wait: Wait) -> Result<Place, Failure> {
        let values = self.values;
        let receiver = self.begin()?;
        let place = receiver.peek(wait)?;
        if let Some(Err(error)) = values.map(|values| values.check_received(place.sequence, place.len)) {
            receiver.acknowledge()?;
            return Err(error);
        }
        Ok(place)
    }
}

/// Receives the next message, in its slot. No producer overwrites it before `ackcast_release`. The consumer receives
/// nothing else until then.
///
/// The slot is aligned to 64 bytes; where `slot_size` is below 64, to the next power of two.
///
/// @param timeout_ns negative: for ever; 0: does not wait
/// @param data the message, yours to read until `ackcast_release`, `ackcast_keep` or `ackcast_consumer_free`. Never
///     NULL
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
        let message = consumer.peek(Wait::new(timeout_ns))?;
        data.write(message.data.cast());
        len.write(message.len);
        consumer.message = Some(message.sequence);
        Ok(())
    })
}

/// Receives the next message as a copy, and acknowledges it.
///
/// @param timeout_ns negative: for ever; 0: does not wait
/// @param buffer where the message goes
/// @param capacity the size of the buffer in bytes
/// @param len the length of the message in bytes
/// @return `ACKCAST_BUFFER_TOO_SMALL` if the message is longer than the buffer: it is received again, and `len` says
///     how long it is. Otherwise as `ackcast_recv`
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
        let message = consumer.peek(Wait::new(timeout_ns))?;
        place.write(message.len);
        let Some(buffer) = buffer.get_mut(..message.len) else {
            return Err(Error::BufferTooSmall { len: message.len, capacity }.into());
        };
        // SAFETY: both have this length, and they do not overlap: no producer writes a published message. Its slot is
        // read before it is acknowledged.
        unsafe { ptr::copy_nonoverlapping(message.data, buffer.as_mut_ptr().cast(), message.len) };
        consumer.receiver()?.acknowledge()
    })
}

/// Acknowledges the message or the batch that is lent: its slots are the producers' again.
///
/// @return `ACKCAST_CORRUPT` if the message's header was overwritten meanwhile. It is not lent any more, nor
///     acknowledged
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_release(consumer: *mut ackcast_consumer_t) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut consumer = unsafe { enter(consumer) }?;
        if consumer.message.take().is_some() {
            return consumer.receiver()?.acknowledge();
        }
        let released = consumer.lender.end(|batch| drop(batch));
        released.ok_or_else(|| Error::NotLent("release").into())
    })
}

/// Ends the loan of a message without an acknowledgement: it is received again. A batch cannot be kept.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_keep(consumer: *mut ackcast_consumer_t) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut consumer = unsafe { enter(consumer) }?;
        match consumer.message.take() {
            Some(_) => Ok(()),
            None if consumer.lender.has_lent() => {
                Err(Error::Lent("a batch", "release it, because a batch cannot be kept,").into())
            }
            None => Err(Error::NotLent("keep").into()),
        }
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
        let consumer = unsafe { enter(consumer) }?;
        // SAFETY: the caller's place, or NULL.
        let place = unsafe { place(sequence, "sequence") }?;
        place.write(consumer.message.ok_or(Error::NotLent("number"))?);
        Ok(())
    })
}
