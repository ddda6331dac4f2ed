//! Sending.

use crate::border::{
    Entered, Handle, Wait, argument, array, border, bytes, give, place, take_back, text, write_if_wanted,
};
use crate::error::Error;
use crate::lend::{Lender, Lends};
use crate::status::ackcast_status_t;
use ackcast::{BatchError, EventProducer, Finished, Loan, Producer, SendError};
use core::ffi::{c_char, c_void};
use std::thread::ThreadId;

/// A handle that sends. Finish it with `ackcast_finish` before you free it. To free it without finishing is to die, for
/// the other participants: END does not come on its account.
#[derive(Debug)]
pub struct ackcast_producer_t(Handle<Producing>);

impl ackcast_producer_t {
    pub(crate) fn new(producer: Producer) -> Self {
        Self(Handle::new(Producing { lender: Lender::new(Sender::Waits(producer)), thread: None }))
    }

    const fn handle(&self) -> &Handle<Producing> {
        &self.0
    }
}

/// A producer, and the slot that it has lent.
#[derive(Debug)]
pub struct Producing {
    pub(crate) lender: Lender<Sender>,
    /// The thread that the slot was lent to.
    pub(crate) thread: Option<ThreadId>,
}

/// What sends.
#[derive(Debug)]
pub enum Sender {
    /// A producer whose calls wait.
    Waits(Producer),
    /// A producer for an event loop.
    Event(EventProducer),
    /// The producer has left its channel.
    Detached,
}

impl Lends for Sender {
    type Lent<'a> = Loan<'a>;
}

/// What an event handle says of a timeout.
pub const NEVER_WAITS: Error = Error::IsEvent("it never waits, so timeout_ns is 0");

impl Sender {
    fn send(&mut self, message: &[u8], wait: Wait) -> Result<(), Error> {
        match (self, wait) {
            (Self::Waits(producer), Wait::Forever) => Ok(producer.send(message)?),
            (Self::Waits(producer), Wait::Never) => Ok(producer.try_send(message)?),
            (Self::Waits(producer), Wait::AtMost(timeout)) => Ok(producer.send_timeout(message, timeout)?),
            (Self::Event(producer), Wait::Never) => match producer.try_send(message)? {
                true => Ok(()),
                false => Err(Error::NoRoomYet),
            },
            (Self::Event(_), _) => Err(NEVER_WAITS),
            (Self::Detached, _) => Err(Error::Detached),
        }
    }

    fn send_batch(&mut self, messages: &[&[u8]], wait: Wait) -> Result<(), Error> {
        match (self, wait) {
            (Self::Waits(producer), Wait::Forever) => Ok(producer.send_batch(messages)?),
            (Self::Waits(producer), wait) => Ok(producer.send_batch_timeout(messages, wait.duration())?),
            (Self::Event(_), _) => Err(Error::IsEvent("send the messages one by one")),
            (Self::Detached, _) => Err(Error::Detached),
        }
    }

    fn loan(&mut self, wait: Wait) -> Result<Loan<'_>, Error> {
        match (self, wait) {
            (Self::Waits(producer), Wait::Forever) => Ok(producer.loan()?),
            (Self::Waits(producer), Wait::Never) => Ok(producer.try_loan()?),
            (Self::Waits(producer), Wait::AtMost(timeout)) => Ok(producer.loan_timeout(timeout)?),
            (Self::Event(producer), Wait::Never) => producer.try_loan()?.ok_or(Error::NoRoomYet),
            (Self::Event(_), _) => Err(NEVER_WAITS),
            (Self::Detached, _) => Err(Error::Detached),
        }
    }

    fn finish(&mut self, wait: Wait) -> Result<Finished, Error> {
        match (self, wait) {
            (Self::Waits(producer), Wait::Forever) => Ok(producer.finish()?),
            (Self::Waits(producer), wait) => Ok(producer.finish_timeout(wait.duration())?),
            (Self::Event(producer), Wait::Never) => producer.try_finish()?.ok_or(Error::NoRoomYet),
            (Self::Event(_), _) => Err(NEVER_WAITS),
            (Self::Detached, _) => Err(Error::Detached),
        }
    }
}

impl Producing {
    /// What sends, unless it has lent a slot.
    pub(crate) fn sender(&mut self) -> Result<&mut Sender, Error> {
        self.lender.owner().ok_or(LENT)
    }

    /// Ends the loan of this thread.
    fn end<R>(&mut self, verb: &'static str, end: impl for<'a> FnOnce(Loan<'a>) -> R) -> Result<R, Error> {
        if self.lender.has_lent() && self.thread != Some(this_thread()) {
            return Err(Error::OtherThread(verb));
        }
        self.lender.end(end).ok_or(Error::NotLent(verb))
    }
}

const LENT: Error = Error::Lent("a slot", "publish or abandon it");

fn this_thread() -> ThreadId {
    thread_local! {
        static THIS: ThreadId = std::thread::current().id();
    }
    THIS.with(|this| *this)
}

/// Begins a call with the caller's producer.
///
/// # Safety
/// The pointer is NULL, or a producer that is not freed during the call.
#[inline]
pub unsafe fn enter<'h>(producer: *const ackcast_producer_t) -> Result<Entered<'h, Producing>, Error> {
    // SAFETY: as the caller promises.
    unsafe { argument(producer, "producer") }?.0.enter()
}

/// Attaches a producer to the channel of this name. Never waits.
///
/// @param producer the new handle, or NULL if there is none
/// @return `ACKCAST_NO_PLACE` if all producer places are in use
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_producer_attach(
    name: *const c_char,
    producer: *mut *mut ackcast_producer_t,
) -> ackcast_status_t {
    border(|| {
        let make = || {
            // SAFETY: the caller's name, or NULL.
            let name = unsafe { text(name, "name") }?;
            Ok(ackcast_producer_t::new(Producer::attach(name)?))
        };
        // SAFETY: the caller's place, or NULL.
        unsafe { give(producer, "producer", make) }
    })
}

/// Waits until there is a channel of this name that has not ended and has a free place, and attaches to it. A channel
/// whose producers all died is joined.
///
/// @param timeout_ns negative: for ever; 0: does not wait
/// @param producer the new handle, or NULL if there is none
/// @return `ACKCAST_TIMED_OUT`, with <reason>
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_producer_wait_for(
    name: *const c_char,
    timeout_ns: i64,
    producer: *mut *mut ackcast_producer_t,
) -> ackcast_status_t {
    border(|| {
        let make = || {
            // SAFETY: the caller's name, or NULL.
            let name = unsafe { text(name, "name") }?;
            Ok(ackcast_producer_t::new(Producer::wait_for(name, Wait::new(timeout_ns).duration())?))
        };
        // SAFETY: the caller's place, or NULL.
        unsafe { give(producer, "producer", make) }
    })
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

/// Sends messages in order, with no other producer's between them. Cheaper than to send them one by one. An event handle
/// does not have it.
///
/// @param messages an array of `count` messages
/// @param timeout_ns for all of them together; negative: for ever; 0: does not wait
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
        let done = producer.sender()?.send_batch(&messages, Wait::new(timeout_ns));
        let number = match &done {
            Ok(()) => messages.len(),
            Err(Error::Batch(BatchError { sent, .. })) => *sent,
            Err(_) => 0,
        };
        // SAFETY: the caller's place, or NULL.
        unsafe { write_if_wanted(sent, number) };
        done
    })
}

/// Lends the next slot, to be written in place. Waits until it is free. The producer sends nothing else, and no other
/// producer publishes, until this thread publishes or abandons the slot.
///
/// The slot holds what an earlier message left there. It is aligned to 64 bytes; where `slot_size` is below 64, to the
/// next power of two.
///
/// @param timeout_ns negative: for ever; 0: does not wait
/// @param data the slot, yours until `ackcast_publish`, `ackcast_abandon` or `ackcast_producer_free`
/// @param capacity the size of the slot in bytes
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_loan(
    producer: *mut ackcast_producer_t,
    timeout_ns: i64,
    data: *mut *mut c_void,
    capacity: *mut usize,
) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut producer = unsafe { enter(producer) }?;
        // SAFETY: the caller's place, or NULL.
        let data = unsafe { place(data, "data") }?;
        // SAFETY: the caller's place, or NULL.
        let capacity = unsafe { place(capacity, "capacity") }?;
        let Producing { lender, thread } = &mut *producer;
        lender.lend(|sender| sender.loan(Wait::new(timeout_ns))).ok_or(LENT)??;
        *thread = Some(this_thread());
        lender.lent(|loan| {
            capacity.write(loan.len());
            data.write(loan.as_mut_ptr().cast());
        });
        Ok(())
    })
}

/// Copies the previous message into the slot that is lent, so that it can be changed in place.
///
/// @param len its length. `slot_size` if the channel has a single slot, which holds the previous message already
/// @param found false: there is no previous message, and `len` is 0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_copy_previous(
    producer: *mut ackcast_producer_t,
    len: *mut usize,
    found: *mut bool,
) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut producer = unsafe { enter(producer) }?;
        // SAFETY: the caller's place, or NULL.
        let len = unsafe { place(len, "len") }?;
        // SAFETY: the caller's place, or NULL.
        let found = unsafe { place(found, "found") }?;
        let copied = producer.lender.lent(|loan| loan.copy_previous()).ok_or(Error::NotLent("copy to"))?;
        len.write(copied.unwrap_or(0));
        found.write(copied.is_some());
        Ok(())
    })
}

/// Publishes the first `len` bytes of the slot that is lent. The loan has ended then.
///
/// @return `ACKCAST_TOO_LONG` if `len` is above `slot_size`; the slot is still lent then. After any other error it is not,
///     and nothing was published
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_publish(producer: *mut ackcast_producer_t, len: usize) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut producer = unsafe { enter(producer) }?;
        let slot_size = producer.lender.lent(|loan| loan.len()).ok_or(Error::NotLent("publish"))?;
        if len > slot_size {
            return Err(SendError::TooLong { len, slot_size: slot_size as u32 }.into()); // at most 2^30
        }
        Ok(producer.end("publish", |loan| loan.publish(len))??)
    })
}

/// Gives the slot that is lent back, and publishes nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_abandon(producer: *mut ackcast_producer_t) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut producer = unsafe { enter(producer) }?;
        producer.end("abandon", |loan| drop(loan))
    })
}

/// Finishes: this producer sends nothing more. END is published once as many producers have finished as the channel was
/// created for, and no other producer lives. Waits for a free slot for END.
///
/// @param timeout_ns negative: for ever; 0: does not wait
/// @param ended whether this call has published END. NULL is fine
/// @return after an error, but `ACKCAST_ENDED`, the producer has not finished and may try again
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_finish(
    producer: *mut ackcast_producer_t,
    timeout_ns: i64,
    ended: *mut bool,
) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut producer = unsafe { enter(producer) }?;
        let finished = producer.sender()?.finish(Wait::new(timeout_ns))?;
        // SAFETY: the caller's place, or NULL.
        unsafe { write_if_wanted(ended, finished == Finished::Ended) };
        Ok(())
    })
}

/// Frees the handle. A slot that is lent is abandoned. NULL is fine.
///
/// @return `ACKCAST_BUSY` if another thread is in a call with this handle. It is not freed then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_producer_free(producer: *mut ackcast_producer_t) -> ackcast_status_t {
    // SAFETY: the caller's handle, or NULL.
    border(|| unsafe { take_back(producer, ackcast_producer_t::handle) })
}
