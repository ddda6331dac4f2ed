//! Receiving many messages at once.

use crate::arguments::{place, places};
use crate::border::border;
use crate::consumer::{Receiver, Receiving, ackcast_consumer_t, enter, lent};
use crate::error::{Error, Failure};
use crate::status::ackcast_status_t;
use crate::values::Values;
use crate::wait::Wait;
use ackcast::Batch;
use core::ffi::c_void;
use core::mem::MaybeUninit;

impl Receiver {
    fn recv_batch(&mut self, wait: Wait) -> Result<Batch<'_>, Failure> {
        match (self, wait) {
            (Self::Waits(consumer), Wait::Forever) => Ok(consumer.recv_batch()?),
            (Self::Waits(consumer), Wait::Never) => Ok(consumer.try_recv_batch()?),
            (Self::Waits(consumer), Wait::AtMost(timeout)) => Ok(consumer.recv_batch_timeout(timeout)?),
            (Self::Event(_), _) => Err(Error::IsEvent("receive the messages one by one").into()),
            (Self::Detached, _) => Err(Error::Detached.into()),
        }
    }
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

/// Receives up to `capacity` messages, in their slots: the next one, which it waits for, and those that are published
/// by then. Cheaper than to receive them one by one. `ackcast_release` acknowledges all of them at once. An event
/// handle does not have it.
///
/// @param timeout_ns negative: for ever; 0: does not wait
/// @param messages an array for `capacity` messages, at least 1. All of them are yours to read until `ackcast_release`
///     or `ackcast_consumer_free`
/// @param count how many were received, at least 1
/// @return as `ackcast_recv`. If a message after the first is `ACKCAST_NOT_A_VALUE`, the batch ends before it, and the
///     next call says so
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
            return Err(Error::Invalid { argument: "capacity", fault: "it is 0" }.into());
        }
        consumer.begin()?;
        let Receiving { lender, values, passed_over, .. } = &mut *consumer;
        lender.lend(lent, |receiver| {
            let mut batch = receiver.recv_batch(Wait::new(timeout_ns))?;
            let (taken, error) = take(&mut batch, messages, *values);
            match error {
                Some(error) if taken == 0 => return Err(error),
                error => *passed_over = error,
            }
            count.write(taken);
            Ok(batch)
        })
    })
}

/// Takes as many messages as there are, and are asked for, up to the first error. Their slots are read until the batch
/// is dropped, because it acknowledges them only then. A message that is no value is taken, too.
fn take(
    batch: &mut Batch<'_>,
    messages: &mut [MaybeUninit<ackcast_message_t>],
    values: Option<Values>,
) -> (usize, Option<Failure>) {
    for (taken, place) in messages.iter_mut().enumerate() {
        let sequence = batch.sequence();
        let message = match batch.take() {
            Ok(Some(message)) => message,
            Ok(None) => return (taken, None),
            Err(error) => return (taken, Some(error.into())),
        };
        if let Some(Err(error)) = values.map(|values| values.check_received(sequence, message.len())) {
            return (taken, Some(error));
        }
        place.write(ackcast_message_t { data: message.as_ptr().cast(), len: message.len(), sequence });
    }
    (messages.len(), None)
}
