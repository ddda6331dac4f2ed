//! Consumers: attaching and freeing.

use crate::arguments::{argument, place, text};
use crate::border::{Entered, Handle, border, give, take_back};
use crate::error::{Error, Failure};
use crate::lend::{Lender, Lends};
use crate::settings::{ackcast_start_t, ackcast_value_type_t, start, wanted_type};
use crate::status::ackcast_status_t;
use crate::values::Values;
use crate::wait::{self, Wait};
use ackcast::{Batch, Consumer, EventConsumer};
use core::ffi::c_char;
use core::mem;

/// A handle that receives every message published after it was attached, or from an earlier one on. Producers wait for
/// its acknowledgements. It acknowledges a message when the message is released.
#[derive(Debug)]
pub struct ackcast_consumer_t(Handle<Receiving>);

impl ackcast_consumer_t {
    fn new(consumer: Consumer, values: Option<Values>) -> Self {
        let number = consumer.number();
        let lender = Lender::new(Receiver::Waits(consumer));
        Self(Handle::new(Receiving { number, lender, message: None, values, passed_over: None }))
    }

    const fn handle(&self) -> &Handle<Receiving> {
        &self.0
    }
}

/// A consumer, and what it has lent: a message, a batch or nothing.
#[derive(Debug)]
pub struct Receiving {
    number: u32,
    /// With the batch that is lent.
    pub(crate) lender: Lender<Receiver>,
    /// The number of the message that is lent.
    pub(crate) message: Option<u64>,
    /// What it receives, if it was attached to a typed channel.
    pub(crate) values: Option<Values>,
    /// The error that ended the last batch, after its messages. The next call says so.
    pub(crate) passed_over: Option<Failure>,
}

impl Receiving {
    /// What receives, unless it has lent messages.
    #[inline]
    pub(crate) fn receiver(&mut self) -> Result<&mut Receiver, Failure> {
        if self.message.is_some() {
            return Err(lent());
        }
        self.lender.owner().ok_or_else(lent)
    }

    /// Begins a call that receives.
    ///
    /// # Errors
    /// [`Error::Lent`], or the error that the last batch has met after its messages.
    #[inline]
    pub(crate) fn begin(&mut self) -> Result<&mut Receiver, Failure> {
        match self.passed_over.take_if(|_| !self.lender.has_lent()) {
            Some(error) => Err(error),
            None => self.receiver(),
        }
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

impl Drop for Receiving {
    /// The consumer leaves, and acknowledges nothing that it has lent.
    fn drop(&mut self) {
        self.lender.end(|batch| mem::forget(batch));
    }
}

impl Lends for Receiver {
    type Lent<'a> = Batch<'a>;
}

/// The consumer has lent messages.
#[cold]
pub(crate) fn lent() -> Failure {
    Error::Lent("a message or a batch", "release it").into()
}

/// Begins a call with the caller's consumer.
///
/// # Safety
/// The pointer is NULL, or a consumer that is not freed during the call.
#[inline]
pub unsafe fn enter<'h>(consumer: *const ackcast_consumer_t) -> Result<Entered<'h, Receiving>, Failure> {
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
            Ok(ackcast_consumer_t::new(Consumer::attach_at(name, start)?, None))
        };
        // SAFETY: the caller's place, or NULL.
        unsafe { give(consumer, "consumer", make) }
    })
}

/// Attaches a consumer to the channel of this name, if its messages are values of this type. A message of another
/// length, which a producer of bytes has sent, is `ACKCAST_NOT_A_VALUE` and passed over. Never waits.
///
/// @param start where it starts; NULL: at the next message that is published
/// @param consumer the new handle, or NULL if there is none
/// @return `ACKCAST_TYPE_MISMATCH` if the channel has another type, or none; otherwise as `ackcast_consumer_attach`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_consumer_attach_typed(
    name: *const c_char,
    start: *const ackcast_start_t,
    r#type: *const ackcast_value_type_t,
    consumer: *mut *mut ackcast_consumer_t,
) -> ackcast_status_t {
    border(|| {
        let make = || {
            // SAFETY: the caller's name, or NULL.
            let name = unsafe { text(name, "name") }?;
            // SAFETY: the caller's start, or NULL.
            let start = self::start(unsafe { start.as_ref() })?;
            // SAFETY: the caller's type, or NULL.
            let asked = unsafe { wanted_type(r#type) }?;
            Ok(ackcast_consumer_t::new(Consumer::attach_typed(name, start, &asked)?, Some(Values::of(&asked))))
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
            let consumer = Consumer::wait_for(name, Wait::new(timeout_ns).duration())?;
            Ok(ackcast_consumer_t::new(consumer, None))
        };
        // SAFETY: the caller's place, or NULL.
        unsafe { give(consumer, "consumer", make) }
    })
}

/// The consumer's number, from 0, as errors and statistics name it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_consumer_number(
    consumer: *mut ackcast_consumer_t,
    number: *mut u32,
) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let consumer = unsafe { enter(consumer) }?;
        // SAFETY: the caller's place, or NULL.
        let number = unsafe { place(number, "number") }?;
        number.write(consumer.number);
        Ok(())
    })
}

/// Sets how the consumer waits from now on: ACKCAST_WAIT_ADAPTIVE, the default, ACKCAST_WAIT_SPIN or ACKCAST_WAIT_PARK.
/// An event handle does not have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_consumer_set_wait(consumer: *mut ackcast_consumer_t, wait: u32) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut consumer = unsafe { enter(consumer) }?;
        match consumer.receiver()? {
            Receiver::Waits(consumer) => consumer.set_wait(wait::strategy(wait)?),
            Receiver::Event(_) => return Err(Error::IsEvent("call it before the handle becomes one").into()),
            Receiver::Detached => return Err(Error::Detached.into()),
        }
        Ok(())
    })
}

/// Frees the handle: the consumer leaves its channel, and acknowledges nothing that it has lent. NULL is fine.
///
/// @return `ACKCAST_BUSY` if another thread is in a call with this handle. It is not freed then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_consumer_free(consumer: *mut ackcast_consumer_t) -> ackcast_status_t {
    // SAFETY: the caller's handle, or NULL.
    border(|| unsafe { take_back(consumer, ackcast_consumer_t::handle) })
}
