//! Receiving values.

use super::{Payload, RecvTypedError, Typed, check_type};
use crate::channel::{AttachError, Consumer, Message, Timeout, WaitForError, meeting};
use crate::layers::Wait;
use crate::protocol::{RecvError, Start};
use core::marker::PhantomData;
use core::ops::Deref;
use std::time::Duration;

/// A [`Consumer`] that receives values of `T`: see [`Typed`]. A `TypedConsumer<[T]>` receives slices of values.
///
/// It lends the consumer of bytes for reading, so the methods of a [`Consumer`] that only tell of it are here, too.
///
/// # What is not promised
/// A producer of bytes can attach to a typed channel, and send any bytes. Those of another length than a value are an
/// error for this consumer. Those of the same length are a value, because any bytes are.
///
/// ```
#[doc = super::attached!("typed-consumer")]
/// assert_eq!(consumer.number(), 0);
/// producer.send(&[1, 2, 3])?;
/// let mut bytes = producer.into_inner();
/// bytes.send(b"Hello")?;
/// assert_eq!(consumer.recv()?, [1, 2, 3]);
/// assert_eq!(consumer.recv(), Err(RecvTypedError::NotAValue { sequence: 1, found: 5, expected: 12 }));
/// assert_eq!(consumer.try_recv(), Err(RecvTypedError::Recv(RecvError::TimedOut { next: 2 })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TypedConsumer<T: Payload + ?Sized> {
    pub(super) consumer: Consumer,
    _values: PhantomData<fn() -> Box<T>>,
}

impl<T: Payload + ?Sized> TypedConsumer<T> {
    /// Attaches to the channel of this name, whose messages are of type `T`. Never waits.
    ///
    /// # Errors
    /// [`AttachError::Type`] if the channel's messages are of another type, or are any bytes; otherwise as
    /// [`Consumer::attach`].
    ///
    /// ```
    /// # use ackcast::{AttachError, Channel, TypedConsumer};
    /// # let name = format!("example-typed-consumer-attach-{}", std::process::id());
    /// let _channel = Channel::create(&name).of::<u32>().build()?;
    /// assert!(matches!(TypedConsumer::<f32>::attach(&name), Err(AttachError::Type(_))));
    /// let consumer = TypedConsumer::<u32>::attach(&name)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attach(name: &str) -> Result<Self, AttachError> {
        Self::attach_at(name, Start::Newest)
    }

    /// As [`attach`](TypedConsumer::attach), and starts at a message that may have been published before, as
    /// [`Consumer::attach_at`] does.
    ///
    /// # Errors
    /// As [`attach`](TypedConsumer::attach) and [`Consumer::attach_at`].
    ///
    /// ```
    /// # use ackcast::{Channel, Start, TypedConsumer, TypedProducer};
    /// # let name = format!("example-typed-consumer-attach-at-{}", std::process::id());
    /// let _channel = Channel::create(&name).slots(4).retain(2).consumers(0).of::<u32>().build()?;
    /// let mut producer = TypedProducer::<u32>::attach(&name)?;
    /// producer.send(&7)?;
    /// let mut late = TypedConsumer::<u32>::attach_at(&name, Start::Oldest)?;
    /// assert_eq!(late.recv()?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attach_at(name: &str, start: Start) -> Result<Self, AttachError> {
        let consumer = Consumer::attach_checked(name, start, check_type(T::value_type()))?;
        Ok(Self { consumer, _values: PhantomData })
    }

    /// As [`Consumer::wait_for`]. A channel of another type ends the wait, unless it is over.
    ///
    /// # Errors
    /// As [`Consumer::wait_for`] and [`attach`](TypedConsumer::attach).
    ///
    /// ```
    /// # use ackcast::{Channel, TypedConsumer};
    /// # use std::time::Duration;
    /// # let name = format!("example-typed-consumer-wait-for-{}", std::process::id());
    /// let _channel = Channel::create(&name).of::<u32>().build()?;
    /// let consumer = TypedConsumer::<u32>::wait_for(&name, Duration::from_secs(10))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_for(name: &str, timeout: Duration) -> Result<Self, WaitForError> {
        meeting::wait_for(name, timeout, Consumer::unjoinable, Self::attach)
    }

    /// The consumer of bytes.
    ///
    /// ```
    #[doc = super::attached!("typed-consumer-into-inner")]
    /// producer.send(&[0; 3])?;
    /// assert_eq!(consumer.into_inner().recv()?, [0; 12]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_inner(self) -> Consumer {
        self.consumer
    }

    /// As [`Consumer::set_wait`].
    ///
    /// ```
    #[doc = super::attached!("typed-consumer-set-wait")]
    /// consumer.set_wait(Wait::Park);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_wait(&mut self, wait: Wait) {
        self.consumer.set_wait(wait);
    }
}

/// Values that are copied out. The values of a slice stay in their slot, see [`recv_ref`](TypedConsumer::recv_ref).
impl<T: Typed> TypedConsumer<T> {
    /// Waits for the next message, copies its value out, and acknowledges it.
    ///
    /// # Errors
    /// [`RecvTypedError::Recv`] with [`RecvError::Ended`] after the last message. [`RecvTypedError::NotAValue`] if the
    /// message has another length than a value: it is acknowledged, too.
    ///
    /// ```
    #[doc = super::attached!("typed-recv")]
    /// producer.send(&[1, 2, 3])?;
    /// assert_eq!(consumer.recv()?, [1, 2, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn recv(&mut self) -> Result<T, RecvTypedError> {
        copy_out(&self.consumer.recv_within(Timeout::Never)?)
    }

    /// As [`recv`](TypedConsumer::recv), but never waits.
    ///
    /// # Errors
    /// As [`recv`](TypedConsumer::recv), and [`RecvError::TimedOut`].
    ///
    /// ```
    #[doc = super::attached!("typed-try-recv")]
    /// assert!(matches!(consumer.try_recv(), Err(RecvTypedError::Recv(RecvError::TimedOut { next: 0 }))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_recv(&mut self) -> Result<T, RecvTypedError> {
        copy_out(&self.consumer.recv_within(Timeout::Now)?)
    }

    /// As [`recv`](TypedConsumer::recv), but gives up after `timeout`.
    ///
    /// # Errors
    /// As [`recv`](TypedConsumer::recv), and [`RecvError::TimedOut`].
    ///
    /// ```
    #[doc = super::attached!("typed-recv-timeout")]
    /// producer.send(&[1, 2, 3])?;
    /// assert_eq!(consumer.recv_timeout(Duration::from_secs(1))?, [1, 2, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<T, RecvTypedError> {
        copy_out(&self.consumer.recv_within(Timeout::After(timeout))?)
    }

    /// An iterator over the values up to END, which waits for each of them and copies it out.
    ///
    /// ```
    #[doc = super::attached!("typed-iter")]
    /// producer.send_batch(&[[1; 3], [2; 3]])?;
    /// producer.finish()?;
    /// assert_eq!(consumer.iter().collect::<Result<Vec<_>, _>>()?, [[1; 3], [2; 3]]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn iter(&mut self) -> TypedMessages<'_, T> {
        TypedMessages { consumer: self }
    }
}

/// The value that is the message. The caller drops the message, and so acknowledges it, also if it is none.
#[inline(always)]
fn copy_out<T: Typed>(message: &Message<'_>) -> Result<T, RecvTypedError> {
    T::read_from_bytes(message).map_err(|_| T::wrong_length(message.sequence(), message.len()))
}

impl<T: Payload + ?Sized> Deref for TypedConsumer<T> {
    type Target = Consumer;

    fn deref(&self) -> &Consumer {
        &self.consumer
    }
}

/// The values of a [`TypedConsumer`] up to END; see [`TypedConsumer::iter`]. Each is copied out and acknowledged.
///
/// An error does not end the iterator. A message that is no value is passed over, and after any other error the next
/// call waits for the same message again.
///
/// ```
#[doc = super::attached!("typed-messages")]
/// producer.send(&[1, 2, 3])?;
/// let mut bytes = producer.into_inner();
/// bytes.send(b"Hello")?;
/// bytes.finish()?;
/// let mut values = consumer.iter();
/// assert_eq!(values.next(), Some(Ok([1, 2, 3])));
/// assert!(matches!(values.next(), Some(Err(RecvTypedError::NotAValue { sequence: 1, .. }))));
/// assert_eq!(values.next(), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TypedMessages<'c, T: Typed> {
    consumer: &'c mut TypedConsumer<T>,
}

impl<T: Typed> Iterator for TypedMessages<'_, T> {
    type Item = Result<T, RecvTypedError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.consumer.recv() {
            Err(RecvTypedError::Recv(RecvError::Ended)) => None,
            result => Some(result),
        }
    }
}
