//! Producers: attaching, finishing and freeing.

use crate::arguments::{argument, place, text, write_if_wanted};
use crate::border::{Entered, Handle, border, give, take_back};
use crate::error::{Error, Failure};
use crate::lend::{Lender, Lends};
use crate::settings::{ackcast_value_type_t, wanted_type};
use crate::status::ackcast_status_t;
use crate::values::Values;
use crate::wait::{self, Wait};
use ackcast::{EventProducer, Finished, Loan, Producer};
use core::ffi::c_char;

/// A handle that sends. Finish it with `ackcast_finish` before you free it. To free it without finishing is to die, for
/// the other participants: END does not come on its account.
#[derive(Debug)]
pub struct ackcast_producer_t(Handle<Producing>);

impl ackcast_producer_t {
    fn new(producer: Producer, values: Option<Values>) -> Self {
        Self(Handle::new(Producing { lender: Lender::new(Sender::Waits(producer)), thread: None, values }))
    }

    const fn handle(&self) -> &Handle<Producing> {
        &self.0
    }
}

/// A producer, and the slot that it has lent.
#[derive(Debug)]
pub struct Producing {
    pub(crate) lender: Lender<Sender>,
    /// The number of the thread that the slot was lent to.
    pub(crate) thread: Option<u64>,
    /// What it sends, if it was attached to a typed channel.
    pub(crate) values: Option<Values>,
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
#[cold]
pub fn never_waits() -> Failure {
    Error::IsEvent("it never waits, so timeout_ns is 0").into()
}

impl Sender {
    /// The producer, for the calls that an event handle does not have.
    fn waits(&mut self) -> Result<&mut Producer, Failure> {
        match self {
            Self::Waits(producer) => Ok(producer),
            Self::Event(_) => Err(Error::IsEvent("call it before the handle becomes one").into()),
            Self::Detached => Err(Error::Detached.into()),
        }
    }

    fn finish(&mut self, wait: Wait) -> Result<Finished, Failure> {
        match (self, wait) {
            (Self::Waits(producer), Wait::Forever) => Ok(producer.finish()?),
            (Self::Waits(producer), wait) => Ok(producer.finish_timeout(wait.duration())?),
            (Self::Event(producer), Wait::Never) => producer.try_finish()?.ok_or_else(|| Error::NoRoomYet.into()),
            (Self::Event(_), _) => Err(never_waits()),
            (Self::Detached, _) => Err(Error::Detached.into()),
        }
    }
}

impl Producing {
    /// What sends, unless it has lent a slot.
    pub(crate) fn sender(&mut self) -> Result<&mut Sender, Failure> {
        self.lender.owner().ok_or_else(lent)
    }

    /// Checks the length of a message to be sent.
    pub(crate) fn check(&self, len: usize) -> Result<(), Failure> {
        self.values.map_or(Ok(()), |values| values.check_sent(len))
    }
}

/// The producer has lent a slot.
#[cold]
pub(crate) fn lent() -> Failure {
    Error::Lent("a slot", "publish or abandon it").into()
}

/// Begins a call with the caller's producer.
///
/// # Safety
/// The pointer is NULL, or a producer that is not freed during the call.
#[inline]
pub unsafe fn enter<'h>(producer: *const ackcast_producer_t) -> Result<Entered<'h, Producing>, Failure> {
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
            Ok(ackcast_producer_t::new(Producer::attach(name)?, None))
        };
        // SAFETY: the caller's place, or NULL.
        unsafe { give(producer, "producer", make) }
    })
}

/// Attaches a producer to the channel of this name, if its messages are values of this type. The producer sends values
/// only: a message of another length is `ACKCAST_NOT_A_VALUE`. Never waits.
///
/// @param producer the new handle, or NULL if there is none
/// @return `ACKCAST_TYPE_MISMATCH` if the channel has another type, or none; otherwise as `ackcast_producer_attach`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_producer_attach_typed(
    name: *const c_char,
    r#type: *const ackcast_value_type_t,
    producer: *mut *mut ackcast_producer_t,
) -> ackcast_status_t {
    border(|| {
        let make = || {
            // SAFETY: the caller's name, or NULL.
            let name = unsafe { text(name, "name") }?;
            // SAFETY: the caller's type, or NULL.
            let asked = unsafe { wanted_type(r#type) }?;
            Ok(ackcast_producer_t::new(Producer::attach_typed(name, &asked)?, Some(Values::of(&asked))))
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
            let producer = Producer::wait_for(name, Wait::new(timeout_ns).duration())?;
            Ok(ackcast_producer_t::new(producer, None))
        };
        // SAFETY: the caller's place, or NULL.
        unsafe { give(producer, "producer", make) }
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

/// The number that the next message will have, from 0. Stale when it returns, where other producers can publish. An
/// event handle does not have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_next_sequence(
    producer: *mut ackcast_producer_t,
    sequence: *mut u64,
) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut producer = unsafe { enter(producer) }?;
        // SAFETY: the caller's place, or NULL.
        let sequence = unsafe { place(sequence, "sequence") }?;
        sequence.write(producer.sender()?.waits()?.next_sequence());
        Ok(())
    })
}

/// Waits until each consumer that is attached now has acknowledged all messages that are published now. An event handle
/// does not have it.
///
/// @param timeout_ns negative: for ever; 0: does not wait
/// @param received how many consumers have acknowledged everything. NULL is fine
/// @param gone how many have left or died, and are not known to have acknowledged everything. NULL is fine
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_wait_until_drained(
    producer: *mut ackcast_producer_t,
    timeout_ns: i64,
    received: *mut u32,
    gone: *mut u32,
) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut producer = unsafe { enter(producer) }?;
        let drained = producer.sender()?.waits()?.wait_until_drained(Wait::new(timeout_ns).duration())?;
        // SAFETY: the caller's place, or NULL.
        unsafe { write_if_wanted(received, drained.received) };
        // SAFETY: the caller's place, or NULL.
        unsafe { write_if_wanted(gone, drained.gone) };
        Ok(())
    })
}

/// Sets how the producer waits from now on: ACKCAST_WAIT_ADAPTIVE, the default, ACKCAST_WAIT_SPIN or ACKCAST_WAIT_PARK.
/// An event handle does not have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_producer_set_wait(producer: *mut ackcast_producer_t, wait: u32) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut producer = unsafe { enter(producer) }?;
        producer.sender()?.waits()?.set_wait(wait::strategy(wait)?);
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
