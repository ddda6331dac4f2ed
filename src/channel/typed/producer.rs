//! Sending values.

use super::{Payload, Typed, check_type};
use crate::channel::{AttachError, Producer, Timeout, WaitForError, layer, meeting, on_backend, producer::Inner};
use crate::layers::Wait;
use crate::protocol::{BatchError, Finished, SendError};
use core::marker::PhantomData;
use core::ops::Deref;
use std::time::Duration;

/// A [`Producer`] that sends values of `T`: see [`Typed`]. A `TypedProducer<[T]>` sends slices of values.
///
/// It lends the producer of bytes for reading, so the methods of a [`Producer`] that only tell of it are here, too.
///
/// ```
#[doc = super::attached!("typed-producer")]
/// assert_eq!(producer.next_sequence(), 0);
/// producer.send(&[1, 2, 3])?;
/// assert_eq!(consumer.recv()?, [1, 2, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It sends no other type:
///
/// ```compile_fail,E0308
#[doc = super::attached!("typed-producer-other")]
/// producer.send(&[1.0, 2.0, 3.0])?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TypedProducer<T: Payload + ?Sized> {
    pub(super) producer: Producer,
    _values: PhantomData<fn(&T)>,
}

impl<T: Payload + ?Sized> TypedProducer<T> {
    /// Attaches to the channel of this name, whose messages are of type `T`. Never waits.
    ///
    /// # Errors
    /// [`AttachError::Type`] if the channel's messages are of another type, or are any bytes; otherwise as
    /// [`Producer::attach`].
    ///
    /// ```
    /// # use ackcast::{AttachError, Channel, TypedProducer};
    /// # let name = format!("example-typed-producer-attach-{}", std::process::id());
    /// let _channel = Channel::create(&name).slot_size(4).build()?; // of bytes
    /// let error = TypedProducer::<u32>::attach(&name).unwrap_err();
    /// assert!(matches!(error, AttachError::Type(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attach(name: &str) -> Result<Self, AttachError> {
        let producer = Producer::attach_checked(name, check_type(T::value_type()))?;
        Ok(Self { producer, _values: PhantomData })
    }

    /// As [`Producer::wait_for`]. A channel of another type ends the wait.
    ///
    /// # Errors
    /// As [`Producer::wait_for`] and [`attach`](TypedProducer::attach).
    ///
    /// ```
    /// # use ackcast::{Channel, TypedProducer};
    /// # use std::time::Duration;
    /// # let name = format!("example-typed-producer-wait-for-{}", std::process::id());
    /// let _channel = Channel::create(&name).of::<u32>().build()?;
    /// let producer = TypedProducer::<u32>::wait_for(&name, Duration::from_secs(10))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_for(name: &str, timeout: Duration) -> Result<Self, WaitForError> {
        meeting::wait_for(name, timeout, Producer::unjoinable, Self::attach)
    }

    /// The producer of bytes.
    ///
    /// ```
    #[doc = super::attached!("typed-producer-into-inner")]
    /// producer.into_inner().send(&[0; 12])?;
    /// assert_eq!(consumer.recv()?, [0; 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_inner(self) -> Producer {
        self.producer
    }

    /// As [`Producer::set_wait`].
    ///
    /// ```
    #[doc = super::attached!("typed-producer-set-wait")]
    /// producer.set_wait(Wait::Park);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_wait(&mut self, wait: Wait) {
        self.producer.set_wait(wait);
    }

    /// Sends one value, or one slice of values. Waits until there is a free slot.
    ///
    /// # Errors
    /// See [`SendError`]. [`SendError::TooLong`] comes only of a slice.
    ///
    /// ```
    #[doc = super::attached!("typed-send")]
    /// producer.send(&[1, 2, 3])?;
    /// assert_eq!(consumer.recv()?, [1, 2, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn send(&mut self, value: &T) -> Result<(), SendError> {
        self.producer.send(value.as_bytes())
    }

    /// As [`send`](TypedProducer::send), but never waits.
    ///
    /// # Errors
    /// As [`send`](TypedProducer::send), and [`SendError::TimedOut`].
    ///
    /// ```
    #[doc = super::attached!("typed-try-send")]
    /// (0..4).try_for_each(|n| producer.try_send(&[n; 3]))?;
    /// assert!(matches!(producer.try_send(&[4; 3]), Err(SendError::TimedOut(_))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_send(&mut self, value: &T) -> Result<(), SendError> {
        self.producer.try_send(value.as_bytes())
    }

    /// As [`send`](TypedProducer::send), but gives up after `timeout`.
    ///
    /// # Errors
    /// As [`send`](TypedProducer::send), and [`SendError::TimedOut`].
    ///
    /// ```
    #[doc = super::attached!("typed-send-timeout")]
    /// producer.send_timeout(&[1, 2, 3], Duration::from_secs(1))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_timeout(&mut self, value: &T, timeout: Duration) -> Result<(), SendError> {
        self.producer.send_timeout(value.as_bytes(), timeout)
    }

    /// As [`Producer::finish`].
    ///
    /// # Errors
    /// As [`Producer::finish`].
    ///
    /// ```
    #[doc = super::attached!("typed-finish")]
    /// assert_eq!(producer.finish()?, Finished::Ended);
    /// assert!(matches!(consumer.recv(), Err(RecvTypedError::Recv(RecvError::Ended))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn finish(&mut self) -> Result<Finished, SendError> {
        self.producer.finish()
    }

    /// As [`Producer::finish_timeout`].
    ///
    /// # Errors
    /// As [`Producer::finish_timeout`].
    ///
    /// ```
    #[doc = super::attached!("typed-finish-timeout")]
    /// assert_eq!(producer.finish_timeout(Duration::from_secs(1))?, Finished::Ended);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn finish_timeout(&mut self, timeout: Duration) -> Result<Finished, SendError> {
        self.producer.finish_timeout(timeout)
    }
}

impl<T: Typed> TypedProducer<T> {
    /// As [`Producer::send_batch`]: sends values in order, with no other producer's between them.
    ///
    /// # Errors
    /// [`BatchError`] says how many values were sent, and why the next was not.
    ///
    /// ```
    #[doc = super::attached!("typed-send-batch")]
    /// producer.send_batch(&[[1, 2, 3], [4, 5, 6]])?;
    /// assert_eq!((consumer.recv()?, consumer.recv()?), ([1, 2, 3], [4, 5, 6]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_batch(&mut self, values: &[T]) -> Result<(), BatchError> {
        self.send_batch_within(values, Timeout::Never)
    }

    /// As [`send_batch`](TypedProducer::send_batch), but gives up after `timeout`.
    ///
    /// # Errors
    /// As [`send_batch`](TypedProducer::send_batch).
    ///
    /// ```
    #[doc = super::attached!("typed-send-batch-timeout")]
    /// let error = producer.send_batch_timeout(&[[0; 3]; 5], Duration::ZERO).unwrap_err();
    /// assert_eq!(error.sent, 4); // as many as there are slots
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_batch_timeout(&mut self, values: &[T], timeout: Duration) -> Result<(), BatchError> {
        self.send_batch_within(values, Timeout::After(timeout))
    }

    fn send_batch_within(&mut self, values: &[T], timeout: Timeout) -> Result<(), BatchError> {
        let mut values = values.iter().map(T::as_bytes);
        let count = values.len();
        on_backend!(Inner, &mut self.producer.inner, producer => {
            producer.send_written(count, timeout.deadline(layer(producer.channel())), |slot| {
                let value = values.next()?;
                if let Some(slot) = slot.get_mut(..value.len()) {
                    slot.copy_from_slice(value);
                }
                Some(value.len())
            })
        })
    }
}

impl<T: Payload + ?Sized> Deref for TypedProducer<T> {
    type Target = Producer;

    fn deref(&self) -> &Producer {
        &self.producer
    }
}
