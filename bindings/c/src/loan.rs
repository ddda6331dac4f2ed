//! Sending without a copy.

use crate::arguments::place;
use crate::border::border;
use crate::error::{Error, Failure};
use crate::producer::{Producing, Sender, ackcast_producer_t, enter, lent, never_waits};
use crate::status::ackcast_status_t;
use crate::wait::Wait;
use ackcast::{Loan, SendError};
use core::ffi::c_void;
use core::sync::atomic::{AtomicU64, Ordering};

impl Sender {
    fn loan(&mut self, wait: Wait) -> Result<Loan<'_>, Failure> {
        match (self, wait) {
            (Self::Waits(producer), Wait::Forever) => Ok(producer.loan()?),
            (Self::Waits(producer), Wait::Never) => Ok(producer.try_loan()?),
            (Self::Waits(producer), Wait::AtMost(timeout)) => Ok(producer.loan_timeout(timeout)?),
            (Self::Event(producer), Wait::Never) => producer.try_loan()?.ok_or_else(|| Error::NoRoomYet.into()),
            (Self::Event(_), _) => Err(never_waits()),
            (Self::Detached, _) => Err(Error::Detached.into()),
        }
    }
}

impl Producing {
    /// Ends the loan of this thread.
    fn end<R>(&mut self, verb: &'static str, end: impl for<'a> FnOnce(Loan<'a>) -> R) -> Result<R, Failure> {
        if self.lender.has_lent() && self.thread != Some(this_thread()) {
            return Err(Error::OtherThread(verb).into());
        }
        self.lender.end(end).ok_or_else(|| Error::NotLent(verb).into())
    }
}

/// The number of this thread, which no other thread of the process has had.
fn this_thread() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static THIS: u64 = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    THIS.with(|this| *this)
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
        let Producing { lender, thread, .. } = &mut *producer;
        lender.lend(lent, |sender| sender.loan(Wait::new(timeout_ns)))?;
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
/// @return `ACKCAST_TOO_LONG` if `len` is above `slot_size`, `ACKCAST_NOT_A_VALUE`, `ACKCAST_OTHER_THREAD`: the slot is
///     still lent then. After any other error it is not, and nothing was published
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_publish(producer: *mut ackcast_producer_t, len: usize) -> ackcast_status_t {
    border(|| {
        // SAFETY: the caller's handle, or NULL.
        let mut producer = unsafe { enter(producer) }?;
        let slot_size = producer.lender.lent(|loan| loan.len()).ok_or(Error::NotLent("publish"))?;
        if len > slot_size {
            return Err(SendError::TooLong { len, slot_size: slot_size as u32 }.into()); // at most 2^30
        }
        producer.check(len)?;
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
