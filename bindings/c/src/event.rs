//! Handles for an event loop.

use crate::arguments::place;
use crate::border::border;
use crate::consumer::{self, Receiver, ackcast_consumer_t};
use crate::error::Error;
use crate::producer::{self, Sender, ackcast_producer_t};
use crate::status::ackcast_status_t;
use core::ffi::c_int;
use core::mem;
use std::os::fd::AsRawFd;

/// Makes the consumer one for an event loop. Its calls never wait from then on, so `timeout_ns` must be 0, and it has a
/// descriptor. It takes two descriptors more, and a thread. Does nothing to an event handle.
///
/// @return after an error, the consumer has left the channel, and can only be freed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_consumer_into_event(consumer: *mut ackcast_consumer_t) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut consumer = unsafe { consumer::enter(consumer) }?;
        let receiver = consumer.receiver()?;
        *receiver = match mem::replace(receiver, Receiver::Detached) {
            Receiver::Waits(consumer) => Receiver::Event(consumer.into_event()?),
            Receiver::Event(consumer) => Receiver::Event(consumer),
            Receiver::Detached => return Err(Error::Detached.into()),
        };
        Ok(())
    })
}

/// The descriptor of an event consumer, for poll(2) or epoll(7). It is readable until a call that receives returns
/// `ACKCAST_TIMED_OUT`, and again when there may be a message, END, or an error. Wait for it; do not read, write or
/// close it. It is closed when the handle is freed.
///
/// @return `ACKCAST_NOT_EVENT` if the consumer is not an event handle
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_consumer_fd(consumer: *mut ackcast_consumer_t, fd: *mut c_int) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut consumer = unsafe { consumer::enter(consumer) }?;
        // SAFETY: the caller's place, or NULL.
        let fd = unsafe { place(fd, "fd") }?;
        match consumer.receiver()? {
            Receiver::Event(consumer) => fd.write(consumer.as_raw_fd()),
            Receiver::Waits(_) => return Err(Error::NotEvent("ackcast_consumer_into_event").into()),
            Receiver::Detached => return Err(Error::Detached.into()),
        };
        Ok(())
    })
}

/// Makes the producer one for an event loop. Its calls never wait from then on, so `timeout_ns` must be 0, and it has a
/// descriptor. It takes a descriptor more, and a thread. Does nothing to an event handle.
///
/// When a call that sends returns `ACKCAST_TIMED_OUT`, the thread waits for the write lock and a free slot in the
/// producer's place. From the moment that it has both, no other producer can publish, until this one has sent, or has
/// called `ackcast_give_up`.
///
/// @return `ACKCAST_LOCK_OF_THREAD` on the backend raw_sync. After an error, the producer has left the channel, and can
///     only be freed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_producer_into_event(producer: *mut ackcast_producer_t) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut producer = unsafe { producer::enter(producer) }?;
        let sender = producer.sender()?;
        *sender = match mem::replace(sender, Sender::Detached) {
            Sender::Waits(producer) => Sender::Event(producer.into_event()?),
            Sender::Event(producer) => Sender::Event(producer),
            Sender::Detached => return Err(Error::Detached.into()),
        };
        Ok(())
    })
}

/// The descriptor of an event producer, for poll(2) or epoll(7). It is readable until a call that sends returns
/// `ACKCAST_TIMED_OUT`, and again when a message may be sent. Wait for it; do not read, write or close it. It is closed
/// when the handle is freed.
///
/// @return `ACKCAST_NOT_EVENT` if the producer is not an event handle
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_producer_fd(producer: *mut ackcast_producer_t, fd: *mut c_int) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut producer = unsafe { producer::enter(producer) }?;
        // SAFETY: the caller's place, or NULL.
        let fd = unsafe { place(fd, "fd") }?;
        match producer.sender()? {
            Sender::Event(producer) => fd.write(producer.as_raw_fd()),
            Sender::Waits(_) => return Err(Error::NotEvent("ackcast_producer_into_event").into()),
            Sender::Detached => return Err(Error::Detached.into()),
        };
        Ok(())
    })
}

/// Gives up what an event producer waits for, after a call that sends has returned `ACKCAST_TIMED_OUT`. Other producers
/// can publish within 10 ms. A later call waits anew.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_give_up(producer: *mut ackcast_producer_t) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut producer = unsafe { producer::enter(producer) }?;
        match producer.sender()? {
            Sender::Event(producer) => producer.give_up(),
            Sender::Waits(_) => return Err(Error::NotEvent("ackcast_producer_into_event").into()),
            Sender::Detached => return Err(Error::Detached.into()),
        }
        Ok(())
    })
}
