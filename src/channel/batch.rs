//! Receiving many messages at once, without a copy.

use super::{Consumer, Timeout, consumer, layer, on_backend};
use crate::layers::{Futex, RawSync};
use crate::protocol::{self, RecvError};
use crate::segment::Segment;
use std::time::Duration;

/// Messages on loan to a [`Consumer`], in their slots. To drop the batch acknowledges the messages that were taken from
/// it, all at once. The others are received later.
///
/// A panic that unwinds past a batch drops it, and so acknowledges what was taken, as with a
/// [`Message`](crate::Message).
///
/// ```
#[doc = super::attached!("batch-type")]
/// producer.send_batch(&["one", "two", "three"])?;
/// let mut batch = consumer.recv_batch()?;
/// assert_eq!(batch.take()?, Some(&b"one"[..]));
/// assert_eq!(batch.take()?, Some(&b"two"[..]));
/// drop(batch);
/// assert_eq!(consumer.recv()?, b"three");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A message ends before the next is taken:
///
/// ```compile_fail,E0499
#[doc = super::attached!("batch-two")]
/// producer.send_batch(&["one", "two"])?;
/// let mut batch = consumer.recv_batch()?;
/// let (first, second) = (batch.take()?, batch.take()?);
/// assert_ne!(first, second);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Batch<'c>(Inner<'c>);

#[derive(Debug)]
enum Inner<'c> {
    Futex(protocol::Batch<'c, Futex, Segment<Futex>>),
    RawSync(protocol::Batch<'c, RawSync, Segment<RawSync>>),
}

/// Batches.
impl Consumer {
    /// Waits for the next message, and lends all messages that are published by then. Cheaper than a `recv_ref` for
    /// each message, because those taken are acknowledged together.
    ///
    /// # Errors
    /// As [`recv`](Consumer::recv).
    ///
    /// ```
    #[doc = super::attached!("recv-batch")]
    /// producer.send_batch(&["one", "two"])?;
    /// let mut batch = consumer.recv_batch()?;
    /// while let Some(message) = batch.take()? {
    ///     assert_eq!(message.len(), 3);
    /// }
    /// assert_eq!(batch.sequence(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn recv_batch(&mut self) -> Result<Batch<'_>, RecvError> {
        self.batch_within(Timeout::Never)
    }

    /// As [`recv_batch`](Consumer::recv_batch), but never waits.
    ///
    /// # Errors
    /// As [`recv`](Consumer::recv). [`RecvError::TimedOut`] if the next message is not published yet.
    ///
    /// ```
    #[doc = super::attached!("try-recv-batch")]
    /// assert!(matches!(consumer.try_recv_batch(), Err(RecvError::TimedOut { next: 0 })));
    /// producer.send(b"Hello")?;
    /// assert_eq!(consumer.try_recv_batch()?.take()?, Some(&b"Hello"[..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_recv_batch(&mut self) -> Result<Batch<'_>, RecvError> {
        self.batch_within(Timeout::Now)
    }

    /// As [`recv_batch`](Consumer::recv_batch), but gives up after `timeout`.
    ///
    /// # Errors
    /// As [`recv`](Consumer::recv), and [`RecvError::TimedOut`].
    ///
    /// ```
    #[doc = super::attached!("recv-batch-timeout")]
    /// producer.send(b"Hello")?;
    /// let mut batch = consumer.recv_batch_timeout(Duration::from_secs(1))?;
    /// assert_eq!(batch.take()?, Some(&b"Hello"[..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv_batch_timeout(&mut self, timeout: Duration) -> Result<Batch<'_>, RecvError> {
        self.batch_within(Timeout::After(timeout))
    }

    #[inline(always)]
    pub(super) fn batch_within(&mut self, timeout: Timeout) -> Result<Batch<'_>, RecvError> {
        use consumer::Inner::{Futex, RawSync};
        Ok(Batch(match &mut self.inner {
            Futex(consumer) => Inner::Futex(consumer.receive_batch(timeout.deadline(layer(consumer.channel())))?),
            RawSync(consumer) => Inner::RawSync(consumer.receive_batch(timeout.deadline(layer(consumer.channel())))?),
        }))
    }
}

impl Batch<'_> {
    /// The number of the message that [`take`](Batch::take) takes next, in the one total order, from 0.
    ///
    /// ```
    #[doc = super::attached!("batch-sequence")]
    /// producer.send(b"Hello")?;
    /// let mut batch = consumer.recv_batch()?;
    /// assert_eq!(batch.sequence(), 0);
    /// batch.take()?;
    /// assert_eq!(batch.sequence(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn sequence(&self) -> u64 {
        on_backend!(Inner, &self.0, batch => batch.sequence())
    }

    /// Takes the next message, on loan until the next call. `None` if the batch has no other message. Never waits.
    ///
    /// # Errors
    /// [`RecvError::Corrupt`]. The message is not taken then.
    ///
    /// ```
    #[doc = super::attached!("take")]
    /// producer.send(b"Hello")?;
    /// let mut batch = consumer.recv_batch()?;
    /// assert_eq!(batch.take()?, Some(&b"Hello"[..]));
    /// assert_eq!(batch.take()?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn take(&mut self) -> Result<Option<&[u8]>, RecvError> {
        on_backend!(Inner, &mut self.0, batch => batch.take())
    }
    /// Puts the message that was taken last back: it is not acknowledged with the batch, and is taken or received
    /// again. For a caller that could not use it, such as one without memory for a copy. After a
    /// [`take`](Batch::take) that has returned no message, and after another `put_back`, nothing happens.
    ///
    /// ```
    #[doc = super::attached!("put-back")]
    /// producer.send_batch(&["one", "two"])?;
    /// let mut batch = consumer.recv_batch()?;
    /// batch.take()?;
    /// assert_eq!(batch.take()?, Some(&b"two"[..]));
    /// batch.put_back();
    /// drop(batch); // acknowledges the first
    /// assert_eq!(consumer.recv()?, b"two");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn put_back(&mut self) {
        on_backend!(Inner, &mut self.0, batch => batch.put_back());
    }
}
