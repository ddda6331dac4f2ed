//! Sending without a copy.

use super::{Producer, Timeout, layer, on_backend, producer};
use crate::layers::{Futex, RawSync};
use crate::protocol::{self, SendError};
use crate::segment::Segment;
use core::ops::{Deref, DerefMut};
use std::time::Duration;

/// A free slot on loan to a [`Producer`], to be written in place: `slot_size` bytes, which hold what an earlier message
/// left there. To drop it publishes nothing.
///
/// ```
#[doc = super::attached!("loan-type")]
/// let mut loan = producer.loan()?;
/// loan[..2].copy_from_slice(b"Hi");
/// drop(loan); // publishes nothing
/// producer.loan()?.publish(2)?; // the same slot
/// assert_eq!(consumer.recv()?, b"Hi");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A loan stays in its thread, because some locks belong to the thread that took them:
///
/// ```compile_fail,E0277
#[doc = super::attached!("loan-thread")]
/// let loan = producer.loan()?;
/// std::thread::scope(|scope| scope.spawn(move || loan.publish(0)).join().unwrap())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The producer can move instead:
///
/// ```
#[doc = super::attached!("loan-thread")]
/// std::thread::scope(|scope| scope.spawn(move || producer.loan()?.publish(0)).join().unwrap())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The loan ends before its producer is used again, or dropped:
///
/// ```compile_fail,E0499
#[doc = super::attached!("loan-twice")]
/// let loan = producer.loan()?;
/// producer.send(b"in the same slot")?;
/// loan.publish(0)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing is sent before `publish`"]
pub struct Loan<'p>(Inner<'p>);

#[derive(Debug)]
enum Inner<'p> {
    Futex(protocol::FreeSlot<'p, Futex, Segment<Futex>>),
    RawSync(protocol::FreeSlot<'p, RawSync, Segment<RawSync>>),
}

/// Loans.
impl Producer {
    /// Lends the next slot, to be written in place. Waits until it is free. No other producer can publish while the
    /// loan lasts.
    ///
    /// # Errors
    /// As [`send`](Producer::send), but for [`SendError::TooLong`].
    ///
    /// ```
    #[doc = super::attached!("loan")]
    /// let mut loan = producer.loan()?;
    /// loan[..5].copy_from_slice(b"Hello");
    /// loan.publish(5)?;
    /// assert_eq!(consumer.recv()?, b"Hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn loan(&mut self) -> Result<Loan<'_>, SendError> {
        self.loan_within(Timeout::Never)
    }

    /// As [`loan`](Producer::loan), but never waits.
    ///
    /// # Errors
    /// As [`loan`](Producer::loan). [`SendError::TimedOut`] says what the call would have had to wait for.
    ///
    /// ```
    #[doc = super::attached!("try-loan")]
    /// producer.send_batch(&["message"; 4])?;
    /// assert!(matches!(producer.try_loan(), Err(SendError::TimedOut(_))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_loan(&mut self) -> Result<Loan<'_>, SendError> {
        self.loan_within(Timeout::Now)
    }

    /// As [`loan`](Producer::loan), but gives up after `timeout`.
    ///
    /// # Errors
    /// As [`loan`](Producer::loan). [`SendError::TimedOut`] says what the call waited for.
    ///
    /// ```
    #[doc = super::attached!("loan-timeout")]
    /// let loan = producer.loan_timeout(Duration::from_secs(1))?;
    /// assert_eq!(loan.len(), 1024); // the size of a slot
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn loan_timeout(&mut self, timeout: Duration) -> Result<Loan<'_>, SendError> {
        self.loan_within(Timeout::After(timeout))
    }

    #[inline(always)]
    pub(super) fn loan_within(&mut self, timeout: Timeout) -> Result<Loan<'_>, SendError> {
        use producer::Inner::{Futex, RawSync};
        Ok(Loan(match &mut self.inner {
            Futex(producer) => Inner::Futex(producer.reserve(timeout.deadline(layer(producer.channel())))?),
            RawSync(producer) => Inner::RawSync(producer.reserve(timeout.deadline(layer(producer.channel())))?),
        }))
    }
}

impl Loan<'_> {
    /// The number that the message will have in the one total order, from 0.
    ///
    /// ```
    #[doc = super::attached!("loan-sequence")]
    /// producer.send(b"first")?;
    /// assert_eq!(producer.loan()?.sequence(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn sequence(&self) -> u64 {
        on_backend!(Inner, &self.0, slot => slot.sequence())
    }

    /// Copies the previous message into the slot, so that it can be changed in place. Returns its length in bytes, or
    /// `None` if there is no previous message.
    ///
    /// In a channel of a single slot, the slot holds the previous message already. Its length is not kept, so the
    /// result is `slot_size`.
    ///
    /// ```
    #[doc = super::attached!("copy-previous")]
    /// producer.send_value(&[1_u8, 2, 3])?;
    /// let mut loan = producer.loan()?;
    /// let len = loan.copy_previous().unwrap();
    /// loan[1] = 7;
    /// loan.publish(len)?;
    /// assert_eq!((consumer.recv()?, consumer.recv()?), (vec![1, 2, 3], vec![1, 7, 3]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn copy_previous(&mut self) -> Option<usize> {
        on_backend!(Inner, &mut self.0, slot => slot.copy_previous())
    }

    /// Publishes the first `len` bytes as a message.
    ///
    /// # Errors
    /// [`SendError::TooLong`] if `len` is above `slot_size`; [`SendError::Inherited`] in a forked child.
    ///
    /// ```
    #[doc = super::attached!("publish")]
    /// assert_eq!(producer.loan()?.publish(1025), Err(SendError::TooLong { len: 1025, slot_size: 1024 }));
    /// producer.loan()?.publish(1024)?;
    /// assert_eq!(consumer.recv()?, [0; 1024]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn publish(self, len: usize) -> Result<(), SendError> {
        on_backend!(Inner, self.0, slot => slot.publish(len).map(drop))
    }
}

impl Deref for Loan<'_> {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        on_backend!(Inner, &self.0, slot => slot.bytes())
    }
}

impl DerefMut for Loan<'_> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [u8] {
        on_backend!(Inner, &mut self.0, slot => slot.bytes_mut())
    }
}
