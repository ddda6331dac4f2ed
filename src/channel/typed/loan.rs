//! Sending values without a copy.

use super::{Payload, Typed, TypedProducer};
use crate::channel::{Loan, Timeout};
use crate::protocol::{Corruption, SendError};
use core::fmt;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;
use std::time::Duration;

/// A value in a free slot on loan to a [`TypedProducer`], to be written in place. It holds what an earlier message left
/// there: any value. To drop it publishes nothing.
///
/// ```
#[doc = super::attached!("typed-loan")]
/// let mut loan = producer.loan()?;
/// loan[1] = 7;
/// loan.publish()?;
/// assert_eq!(consumer.recv()?, [0, 7, 0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The loan ends before its producer is dropped, or used again:
///
/// ```compile_fail,E0505
#[doc = super::attached!("typed-loan-outlives")]
/// let loan = producer.loan()?;
/// drop(producer);
/// loan.publish()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```
#[doc = super::attached!("typed-loan-outlives")]
/// let loan = producer.loan()?;
/// loan.publish()?;
/// drop(producer);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is sent before `publish`"]
pub struct TypedLoan<'p, T: Payload + ?Sized> {
    /// In the slot. The loan's own references to the slot are not used while this one is.
    value: NonNull<T>,
    loan: Loan<'p>,
}

/// Loans.
impl<T: Typed> TypedProducer<T> {
    /// Lends the value in the next slot, to be written in place. Waits until the slot is free. No other producer can
    /// publish while the loan lasts.
    ///
    /// # Errors
    /// As [`Producer::loan`](crate::Producer::loan).
    ///
    /// ```
    #[doc = super::attached!("typed-loan-method")]
    /// let mut loan = producer.loan()?;
    /// *loan = [1, 2, 3];
    /// loan.publish()?;
    /// assert_eq!(consumer.recv()?, [1, 2, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn loan(&mut self) -> Result<TypedLoan<'_, T>, SendError> {
        TypedLoan::new(self.producer.loan_within(Timeout::Never)?, size_of::<T>())
    }

    /// As [`loan`](TypedProducer::loan), but never waits.
    ///
    /// # Errors
    /// As [`Producer::try_loan`](crate::Producer::try_loan).
    ///
    /// ```
    #[doc = super::attached!("typed-try-loan")]
    /// producer.send_batch(&[[0; 3]; 4])?;
    /// assert!(matches!(producer.try_loan(), Err(SendError::TimedOut(_))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_loan(&mut self) -> Result<TypedLoan<'_, T>, SendError> {
        TypedLoan::new(self.producer.loan_within(Timeout::Now)?, size_of::<T>())
    }

    /// As [`loan`](TypedProducer::loan), but gives up after `timeout`.
    ///
    /// # Errors
    /// As [`Producer::loan_timeout`](crate::Producer::loan_timeout).
    ///
    /// ```
    #[doc = super::attached!("typed-loan-timeout")]
    /// producer.loan_timeout(Duration::from_secs(1))?.publish()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn loan_timeout(&mut self, timeout: Duration) -> Result<TypedLoan<'_, T>, SendError> {
        TypedLoan::new(self.producer.loan_within(Timeout::After(timeout))?, size_of::<T>())
    }
}

/// Loans of slices.
impl<T: Typed> TypedProducer<[T]> {
    /// Lends `len` values in the next slot, to be written in place. Waits until the slot is free. No other producer can
    /// publish while the loan lasts.
    ///
    /// # Errors
    /// As [`Producer::loan`](crate::Producer::loan). [`SendError::TooLong`] if a slot holds fewer values.
    ///
    /// ```
    /// # use ackcast::{Channel, SendError, TypedConsumer, TypedProducer};
    /// # let name = format!("example-loan-slice-{}", std::process::id());
    /// let _channel = Channel::create(&name).of_slice::<u32>(1000).build()?;
    /// let mut consumer = TypedConsumer::<[u32]>::attach(&name)?;
    /// let mut producer = TypedProducer::<[u32]>::attach(&name)?;
    /// let mut loan = producer.loan_slice(2)?;
    /// loan[1] = 7;
    /// loan.publish()?;
    /// assert_eq!(*consumer.recv_ref()?, [0, 7]);
    /// assert!(matches!(producer.loan_slice(1001), Err(SendError::TooLong { len: 4004, slot_size: 4000 })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn loan_slice(&mut self, len: usize) -> Result<TypedLoan<'_, [T]>, SendError> {
        self.loan_within(len, Timeout::Never)
    }

    /// As [`loan_slice`](TypedProducer::loan_slice), but never waits.
    ///
    /// # Errors
    /// As [`loan_slice`](TypedProducer::loan_slice), and [`SendError::TimedOut`].
    ///
    /// ```
    /// # use ackcast::{Channel, TypedProducer};
    /// # let name = format!("example-try-loan-slice-{}", std::process::id());
    /// # let _channel = Channel::create(&name).of_slice::<u32>(1000).consumers(0).build()?;
    /// # let mut producer = TypedProducer::<[u32]>::attach(&name)?;
    /// producer.try_loan_slice(2)?.publish()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_loan_slice(&mut self, len: usize) -> Result<TypedLoan<'_, [T]>, SendError> {
        self.loan_within(len, Timeout::Now)
    }

    /// As [`loan_slice`](TypedProducer::loan_slice), but gives up after `timeout`.
    ///
    /// # Errors
    /// As [`loan_slice`](TypedProducer::loan_slice), and [`SendError::TimedOut`].
    ///
    /// ```
    /// # use ackcast::{Channel, TypedProducer};
    /// # use std::time::Duration;
    /// # let name = format!("example-loan-slice-timeout-{}", std::process::id());
    /// # let _channel = Channel::create(&name).of_slice::<u32>(1000).consumers(0).build()?;
    /// # let mut producer = TypedProducer::<[u32]>::attach(&name)?;
    /// producer.loan_slice_timeout(2, Duration::from_secs(1))?.publish()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn loan_slice_timeout(&mut self, len: usize, timeout: Duration) -> Result<TypedLoan<'_, [T]>, SendError> {
        self.loan_within(len, Timeout::After(timeout))
    }

    fn loan_within(&mut self, len: usize, timeout: Timeout) -> Result<TypedLoan<'_, [T]>, SendError> {
        TypedLoan::new(self.producer.loan_within(timeout)?, len.saturating_mul(size_of::<T>()))
    }
}

impl<'p, T: Payload + ?Sized> TypedLoan<'p, T> {
    /// The value in the slot's first `len` bytes.
    #[inline(always)]
    fn new(mut loan: Loan<'p>, len: usize) -> Result<Self, SendError> {
        let slot_size = loan.len() as u32; // at most 1 GiB
        let Some(bytes) = loan.get_mut(..len) else { return Err(SendError::TooLong { len, slot_size }) };
        match T::mut_from_bytes(bytes) {
            Ok(value) => Ok(Self { value: NonNull::from(value), loan }),
            // The header says that slots are aligned for the type, and `len` is a multiple of its size.
            Err(_) => Err(SendError::Corrupt(Corruption::Internal { what: "the slot is not aligned for its type" })),
        }
    }

    /// The number that the message will have in the one total order, from 0.
    ///
    /// ```
    #[doc = super::attached!("typed-loan-sequence")]
    /// producer.send(&[1, 2, 3])?;
    /// assert_eq!(producer.loan()?.sequence(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn sequence(&self) -> u64 {
        self.loan.sequence()
    }

    /// Publishes the value as a message.
    ///
    /// # Errors
    /// [`SendError::Inherited`] in a forked child.
    ///
    /// ```
    #[doc = super::attached!("typed-loan-publish")]
    /// producer.loan()?.publish()?;
    /// assert_eq!(consumer.recv()?, [0; 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn publish(self) -> Result<(), SendError> {
        let len = size_of_val(&*self);
        self.loan.publish(len)
    }
}

impl<T: Payload + ?Sized> Deref for TypedLoan<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the value is in the slot, which stays ours as long as `loan` lives. Any bytes there are a value. Only
        // `deref_mut` changes it, and that borrows `self` exclusively.
        unsafe { self.value.as_ref() }
    }
}

impl<T: Payload + ?Sized> DerefMut for TypedLoan<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`, and `self` is borrowed exclusively.
        unsafe { self.value.as_mut() }
    }
}

impl<T: Payload + fmt::Debug + ?Sized> fmt::Debug for TypedLoan<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedLoan").field("sequence", &self.sequence()).field("value", &&**self).finish()
    }
}
