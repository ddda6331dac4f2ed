//! Receiving values without a copy.

use super::{Payload, RecvTypedError, TypedConsumer};
use crate::channel::{Message, Timeout};
use core::fmt;
use core::ops::Deref;
use core::ptr::NonNull;
use std::time::Duration;

/// A value, or a slice of values, on loan to a [`TypedConsumer`], in its slot. No producer overwrites it meanwhile. To
/// drop it acknowledges it, as with a [`Message`].
///
/// ```
#[doc = super::attached!("typed-message")]
/// producer.send(&[1, 2, 3])?;
/// let message = consumer.recv_ref()?;
/// assert_eq!((message[1], message.iter().sum::<u32>()), (2, 6));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The message ends before its consumer is dropped, or receives again:
///
/// ```compile_fail,E0499
#[doc = super::attached!("typed-message-outlives")]
/// producer.send_batch(&[[1; 3], [2; 3]])?;
/// let (first, second) = (consumer.recv_ref()?, consumer.recv_ref()?);
/// assert_eq!(*first, [1; 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TypedMessage<'c, T: Payload + ?Sized> {
    /// In the slot.
    value: NonNull<T>,
    message: Message<'c>,
}

/// Messages on loan.
impl<T: Payload + ?Sized> TypedConsumer<T> {
    /// Waits for the next message, and lends the value in its slot. To drop it acknowledges it.
    ///
    /// # Errors
    /// As [`recv`](TypedConsumer::recv).
    ///
    /// ```
    #[doc = super::attached!("typed-recv-ref")]
    /// producer.send(&[1, 2, 3])?;
    /// assert_eq!(*consumer.recv_ref()?, [1, 2, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn recv_ref(&mut self) -> Result<TypedMessage<'_, T>, RecvTypedError> {
        TypedMessage::new(self.consumer.recv_within(Timeout::Never)?)
    }

    /// As [`recv_ref`](TypedConsumer::recv_ref), but never waits.
    ///
    /// # Errors
    /// As [`try_recv`](TypedConsumer::try_recv).
    ///
    /// ```
    #[doc = super::attached!("typed-try-recv-ref")]
    /// producer.send(&[1, 2, 3])?;
    /// assert_eq!(*consumer.try_recv_ref()?, [1, 2, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_recv_ref(&mut self) -> Result<TypedMessage<'_, T>, RecvTypedError> {
        TypedMessage::new(self.consumer.recv_within(Timeout::Now)?)
    }

    /// As [`recv_ref`](TypedConsumer::recv_ref), but gives up after `timeout`.
    ///
    /// # Errors
    /// As [`recv_timeout`](TypedConsumer::recv_timeout).
    ///
    /// ```
    #[doc = super::attached!("typed-recv-ref-timeout")]
    /// producer.send(&[1, 2, 3])?;
    /// assert_eq!(*consumer.recv_ref_timeout(Duration::from_secs(1))?, [1, 2, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv_ref_timeout(&mut self, timeout: Duration) -> Result<TypedMessage<'_, T>, RecvTypedError> {
        TypedMessage::new(self.consumer.recv_within(Timeout::After(timeout))?)
    }
}

impl<'c, T: Payload + ?Sized> TypedMessage<'c, T> {
    /// The value that is the message. Acknowledges a message that is none.
    #[inline(always)]
    fn new(message: Message<'c>) -> Result<Self, RecvTypedError> {
        match T::ref_from_bytes(&message) {
            Ok(value) => Ok(Self { value: NonNull::from(value), message }),
            // Slots are aligned for the type, as the header says. So it is the length.
            Err(_) => Err(T::wrong_length(message.sequence(), message.len())),
        }
    }

    /// The message's number in the one total order, from 0.
    ///
    /// ```
    #[doc = super::attached!("typed-message-sequence")]
    /// producer.send(&[1, 2, 3])?;
    /// assert_eq!(consumer.recv_ref()?.sequence(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn sequence(&self) -> u64 {
        self.message.sequence()
    }

    /// Ends the loan without an acknowledgement: the message is received again.
    ///
    /// ```
    #[doc = super::attached!("typed-message-keep")]
    /// producer.send(&[1, 2, 3])?;
    /// consumer.recv_ref()?.keep();
    /// assert_eq!(consumer.recv()?, [1, 2, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn keep(self) {
        self.message.keep();
    }
}

impl<T: Payload + ?Sized> Deref for TypedMessage<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the value is in the slot, which no producer writes as long as `message` lives. Its length was
        // checked, and any bytes there are a value.
        unsafe { self.value.as_ref() }
    }
}

impl<T: Payload + fmt::Debug + ?Sized> fmt::Debug for TypedMessage<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedMessage").field("sequence", &self.sequence()).field("value", &&**self).finish()
    }
}
