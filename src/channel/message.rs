//! Receiving without a copy, and receiving by an iterator.

use super::{Consumer, Timeout, consumer, layer, on_backend};
use crate::layers::{Futex, RawSync};
use crate::protocol::{self, RecvError};
use crate::segment::Segment;
use core::ops::Deref;
use std::time::Duration;

/// A message on loan to a [`Consumer`], in its slot: a `&[u8]` that no producer overwrites meanwhile. To drop it
/// acknowledges it.
///
/// # What is not promised
/// An acknowledgement does not say that the work on a message is done. A panic that unwinds past a message drops it,
/// and so acknowledges it. A consumer that catches the panic and needs the message again copies it and calls
/// [`keep`](Message::keep). It receives the message once more when the work is done. A process that is killed
/// acknowledges nothing, but [`Consumer`] says that its successor does not get the message either.
///
/// ```
#[doc = super::attached!("message-type")]
/// producer.send(b"Hello")?;
/// let message = consumer.recv_ref()?;
/// assert_eq!((&message[1..], message.len()), (&b"ello"[..], 5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A message ends before its consumer is dropped, or receives again:
///
/// ```compile_fail,E0505
#[doc = super::attached!("message-outlives")]
/// producer.send(b"Hello")?;
/// let message = consumer.recv_ref()?;
/// drop(consumer);
/// assert_eq!(*message, *b"Hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```
#[doc = super::attached!("message-outlives")]
/// producer.send(b"Hello")?;
/// let message = consumer.recv_ref()?;
/// assert_eq!(*message, *b"Hello");
/// drop(message);
/// drop(consumer);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Message<'c>(Inner<'c>);

#[derive(Debug)]
enum Inner<'c> {
    Futex(protocol::Message<'c, Futex, Segment<Futex>>),
    RawSync(protocol::Message<'c, RawSync, Segment<RawSync>>),
}

/// Messages on loan.
impl Consumer {
    /// Waits for the next message, and lends it in its slot. To drop the message acknowledges it.
    ///
    /// # Errors
    /// As [`recv`](Consumer::recv).
    ///
    /// ```
    #[doc = super::attached!("recv-ref")]
    /// producer.send(b"Hello")?;
    /// assert_eq!(*consumer.recv_ref()?, *b"Hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn recv_ref(&mut self) -> Result<Message<'_>, RecvError> {
        self.recv_within(Timeout::Never)
    }

    /// As [`recv_ref`](Consumer::recv_ref), but never waits.
    ///
    /// # Errors
    /// As [`recv`](Consumer::recv). [`RecvError::TimedOut`] if the next message is not published yet.
    ///
    /// ```
    #[doc = super::attached!("try-recv-ref")]
    /// assert!(matches!(consumer.try_recv_ref(), Err(RecvError::TimedOut { next: 0 })));
    /// producer.send(b"Hello")?;
    /// assert_eq!(*consumer.try_recv_ref()?, *b"Hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_recv_ref(&mut self) -> Result<Message<'_>, RecvError> {
        self.recv_within(Timeout::Now)
    }

    /// As [`recv_ref`](Consumer::recv_ref), but gives up after `timeout`.
    ///
    /// # Errors
    /// As [`recv`](Consumer::recv), and [`RecvError::TimedOut`].
    ///
    /// ```
    #[doc = super::attached!("recv-ref-timeout")]
    /// producer.send(b"Hello")?;
    /// assert_eq!(*consumer.recv_ref_timeout(Duration::from_secs(1))?, *b"Hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv_ref_timeout(&mut self, timeout: Duration) -> Result<Message<'_>, RecvError> {
        self.recv_within(Timeout::After(timeout))
    }

    #[inline(always)]
    pub(super) fn recv_within(&mut self, timeout: Timeout) -> Result<Message<'_>, RecvError> {
        use consumer::Inner::{Futex, RawSync};
        Ok(Message(match &mut self.inner {
            Futex(consumer) => Inner::Futex(consumer.receive(timeout.deadline(layer(consumer.channel())))?),
            RawSync(consumer) => Inner::RawSync(consumer.receive(timeout.deadline(layer(consumer.channel())))?),
        }))
    }
}

impl Message<'_> {
    /// The message's number in the one total order, from 0.
    ///
    /// ```
    #[doc = super::attached!("message-sequence")]
    /// producer.send(b"Hello")?;
    /// assert_eq!(consumer.recv_ref()?.sequence(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn sequence(&self) -> u64 {
        on_backend!(Inner, &self.0, message => message.sequence())
    }

    /// Ends the loan without an acknowledgement: the message is received again.
    ///
    /// No producer writes the slot before its message is acknowledged, so the bytes stay where they are. A binding of
    /// another language can hold their address in place of the message, until it receives the message again.
    ///
    /// ```
    #[doc = super::attached!("keep")]
    /// producer.send(b"Hello")?;
    /// consumer.recv_ref()?.keep();
    /// assert_eq!(consumer.recv()?, b"Hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn keep(self) {
        on_backend!(Inner, self.0, message => message.keep());
    }
}

impl Deref for Message<'_> {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        on_backend!(Inner, &self.0, message => message)
    }
}

/// The messages of a [`Consumer`] up to END; see [`Consumer::iter`]. Each is copied out and acknowledged.
///
/// An error does not end the iterator: the next call waits for the same message again.
///
/// ```
#[doc = super::attached!("messages")]
/// producer.send(b"Hello")?;
/// drop(producer); // without finishing
/// let mut messages = consumer.iter();
/// assert_eq!(messages.next(), Some(Ok(b"Hello".to_vec())));
/// assert!(matches!(messages.next(), Some(Err(RecvError::ProducersLost(_)))));
/// Producer::attach(&name)?.finish()?;
/// assert_eq!(messages.next(), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Messages<'c> {
    consumer: &'c mut Consumer,
}

impl<'c> Messages<'c> {
    pub(super) const fn new(consumer: &'c mut Consumer) -> Self {
        Self { consumer }
    }
}

impl Iterator for Messages<'_> {
    type Item = Result<Vec<u8>, RecvError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.consumer.recv() {
            Err(RecvError::Ended) => None,
            result => Some(result),
        }
    }
}
