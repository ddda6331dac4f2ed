//! Receiving many values at once, without a copy.

use super::{Payload, RecvTypedError, TypedConsumer};
use crate::channel::{Batch, Timeout};
use crate::protocol::RecvError;
use core::marker::PhantomData;
use std::time::Duration;

/// Values, or slices of values, on loan to a [`TypedConsumer`], in their slots. To drop the batch acknowledges the
/// messages that were taken from it, as with a [`Batch`].
///
/// ```
#[doc = super::attached!("typed-batch")]
/// producer.send_batch(&[[1, 2, 3], [4, 5, 6]])?;
/// let mut batch = consumer.recv_batch()?;
/// assert_eq!(batch.take()?, Some(&[1, 2, 3]));
/// assert_eq!(batch.take()?, Some(&[4, 5, 6]));
/// assert_eq!(batch.take()?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TypedBatch<'c, T: Payload + ?Sized> {
    batch: Batch<'c>,
    _values: PhantomData<fn() -> &'c T>,
}

/// Batches.
impl<T: Payload + ?Sized> TypedConsumer<T> {
    /// As [`Consumer::recv_batch`](crate::Consumer::recv_batch).
    ///
    /// # Errors
    /// As [`Consumer::recv`](crate::Consumer::recv).
    ///
    /// ```
    #[doc = super::attached!("typed-recv-batch")]
    /// producer.send(&[1, 2, 3])?;
    /// assert_eq!(consumer.recv_batch()?.take()?, Some(&[1, 2, 3]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv_batch(&mut self) -> Result<TypedBatch<'_, T>, RecvError> {
        self.batch_within(Timeout::Never)
    }

    /// As [`Consumer::try_recv_batch`](crate::Consumer::try_recv_batch).
    ///
    /// # Errors
    /// As [`Consumer::try_recv`](crate::Consumer::try_recv).
    ///
    /// ```
    #[doc = super::attached!("typed-try-recv-batch")]
    /// assert!(matches!(consumer.try_recv_batch(), Err(RecvError::TimedOut { next: 0 })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_recv_batch(&mut self) -> Result<TypedBatch<'_, T>, RecvError> {
        self.batch_within(Timeout::Now)
    }

    /// As [`Consumer::recv_batch_timeout`](crate::Consumer::recv_batch_timeout).
    ///
    /// # Errors
    /// As [`Consumer::recv_timeout`](crate::Consumer::recv_timeout).
    ///
    /// ```
    #[doc = super::attached!("typed-recv-batch-timeout")]
    /// producer.send(&[1, 2, 3])?;
    /// assert_eq!(consumer.recv_batch_timeout(Duration::from_secs(1))?.take()?, Some(&[1, 2, 3]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv_batch_timeout(&mut self, timeout: Duration) -> Result<TypedBatch<'_, T>, RecvError> {
        self.batch_within(Timeout::After(timeout))
    }

    fn batch_within(&mut self, timeout: Timeout) -> Result<TypedBatch<'_, T>, RecvError> {
        Ok(TypedBatch { batch: self.consumer.batch_within(timeout)?, _values: PhantomData })
    }
}

impl<T: Payload + ?Sized> TypedBatch<'_, T> {
    /// As [`Batch::sequence`].
    ///
    /// ```
    #[doc = super::attached!("typed-batch-sequence")]
    /// producer.send(&[1, 2, 3])?;
    /// assert_eq!(consumer.recv_batch()?.sequence(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn sequence(&self) -> u64 {
        self.batch.sequence()
    }

    /// Takes the next value, on loan until the next call. `None` if the batch has no other message. Never waits.
    ///
    /// # Errors
    /// As [`TypedConsumer::recv`]. A message that is no value is taken: the next call takes the message after it.
    ///
    /// ```
    #[doc = super::attached!("typed-take")]
    /// producer.send(&[1, 2, 3])?;
    /// let mut batch = consumer.recv_batch()?;
    /// assert_eq!(batch.take()?, Some(&[1, 2, 3]));
    /// assert_eq!(batch.take()?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn take(&mut self) -> Result<Option<&T>, RecvTypedError> {
        let sequence = self.batch.sequence();
        let Some(message) = self.batch.take()? else { return Ok(None) };
        T::ref_from_bytes(message).map(Some).map_err(|_| T::wrong_length(sequence, message.len()))
    }
}
