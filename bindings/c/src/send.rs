//! Sending copies.

use crate::arguments::{array, bytes, write_if_wanted};
use crate::border::border;
use crate::error::{Error, Failure};
use crate::producer::{Sender, ackcast_producer_t, enter, never_waits};
use crate::status::ackcast_status_t;
use crate::wait::Wait;
use core::ffi::c_void;

impl Sender {
    fn send(&mut self, message: &[u8], wait: Wait) -> Result<(), Failure> {
        match (self, wait) {
            (Self::Waits(producer), Wait::Forever) => Ok(producer.send(message)?),
            (Self::Waits(producer), Wait::Never) => Ok(producer.try_send(message)?),
            (Self::Waits(producer), Wait::AtMost(timeout)) => Ok(producer.send_timeout(message, timeout)?),
            (Self::Event(producer), Wait::Never) => match producer.try_send(message)? {
                true => Ok(()),
                false => Err(Error::NoRoomYet.into()),
            },
            (Self::Event(_), _) => Err(never_waits()),
            (Self::Detached, _) => Err(Error::Detached.into()),
        }
    }

    fn send_batch(&mut self, messages: &[&[u8]], wait: Wait) -> Result<(), Failure> {
        match (self, wait) {
            (Self::Waits(producer), Wait::Forever) => Ok(producer.send_batch(messages)?),
            (Self::Waits(producer), wait) => Ok(producer.send_batch_timeout(messages, wait.duration())?),
            (Self::Event(_), _) => Err(Error::IsEvent("send the messages one by one").into()),
            (Self::Detached, _) => Err(Error::Detached.into()),
        }
    }
}

/// Sends a message of at most `slot_size` bytes. Waits for a free slot. An empty message is a message, and not END.
///
/// @param data the bytes, which are copied. NULL is fine if `len` is 0
/// @param timeout_ns negative: for ever; 0: does not wait
/// @return after any error, no consumer receives any of the message
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_send(
    producer: *mut ackcast_producer_t,
    data: *const c_void,
    len: usize,
    timeout_ns: i64,
) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut producer = unsafe { enter(producer) }?;
        // SAFETY: the caller's bytes, or NULL.
        let message = unsafe { bytes(data, len, "data") }?;
        producer.check(len)?;
        producer.sender()?.send(message, Wait::new(timeout_ns))
    })
}

/// A message, as `ackcast_send_batch` takes it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ackcast_bytes_t {
    /// The bytes. NULL is fine if `len` is 0.
    pub data: *const c_void,
    /// How many.
    pub len: usize,
}

/// Sends messages in order, with no other producer's between them. Cheaper than to send them one by one. An event
/// handle does not have it.
///
/// @param timeout_ns for all of them together; negative: for ever; 0: does not wait
/// @param messages an array of `count` messages. Where they are values, the length of each is checked first
/// @param sent how many were sent, from the first one on; also after an error. NULL is fine
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_send_batch(
    producer: *mut ackcast_producer_t,
    messages: *const ackcast_bytes_t,
    count: usize,
    timeout_ns: i64,
    sent: *mut usize,
) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's place, or NULL.
        unsafe { write_if_wanted(sent, 0) };
        // SAFETY: the caller's handle, or NULL.
        let mut producer = unsafe { enter(producer) }?;
        // SAFETY: the caller's array, or NULL.
        let messages = unsafe { array(messages, count, "messages") }?;
        // SAFETY: the caller's bytes, or NULL.
        let slice = |message: &ackcast_bytes_t| unsafe { bytes(message.data, message.len, "messages[].data") };
        let messages = messages.iter().map(slice).collect::<Result<Vec<_>, _>>()?;
        messages.iter().try_for_each(|message| producer.check(message.len()))?;
        let done = producer.sender()?.send_batch(&messages, Wait::new(timeout_ns));
        let number = match &done {
            Ok(()) => messages.len(),
            Err(error) => error.sent(),
        };
        // SAFETY: the caller's place, or NULL.
        unsafe { write_if_wanted(sent, number) };
        done
    })
}
