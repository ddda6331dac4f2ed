//! Sending.

use super::{AttachError, Timeout, layer, on_backend};
use crate::layer::Deadline;
use crate::layers::{Backend, Futex, RawSync, RealLayer, Wait};
use crate::protocol::{self, BatchError, Finished, Geometry, SendError};
use crate::segment::{Handle, Name, Segment};
use std::time::Duration;
use zerocopy::{Immutable, IntoBytes};

/// A handle that sends messages to a channel's consumers.
///
/// Call [`finish`](Producer::finish) after the last message. To drop the producer without it is to die, for the other
/// participants: END does not come on its account.
///
/// A producer can move to another thread. It cannot be used by two threads at a time, because each call that sends
/// borrows it exclusively.
///
/// ```
/// use ackcast::{Channel, Consumer, Producer};
///
/// let name = format!("example-producer-{}", std::process::id());
/// let _channel = Channel::create(&name).slots(4).build()?;
/// let mut consumer = Consumer::attach(&name)?;
/// let mut producer = Producer::attach(&name)?;
/// producer.send(b"Hello")?;
/// std::thread::spawn(move || producer.finish()).join().unwrap()?;
/// assert_eq!(consumer.iter().collect::<Result<Vec<_>, _>>()?, [b"Hello"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Producer {
    /// Declared before `handle`, so that the producer leaves before its handle, which may be the last.
    pub(super) inner: Inner,
    pub(super) handle: Handle,
}

#[derive(Debug)]
pub(super) enum Inner {
    Futex(protocol::Producer<Futex, Segment<Futex>>),
    RawSync(protocol::Producer<RawSync, Segment<RawSync>>),
}

impl Producer {
    /// Attaches to the channel of this name. Never waits.
    ///
    /// # Errors
    /// [`AttachError::Open`] if there is no such channel, or it cannot be opened; [`AttachError::Join`] if all producer
    /// places are in use, or END is published.
    ///
    /// ```
    /// # use ackcast::{AttachError, Channel, OpenError, Producer};
    /// # let name = format!("example-producer-attach-{}", std::process::id());
    /// let error = Producer::attach(&name).unwrap_err();
    /// assert!(matches!(error, AttachError::Open(OpenError::NotFound { .. })));
    /// let _channel = Channel::create(&name).build()?;
    /// let producer = Producer::attach(&name)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attach(name: &str) -> Result<Self, AttachError> {
        Self::attach_checked(name, |_| Ok(()))
    }

    /// As [`attach`](Producer::attach), to a channel that passes this check.
    pub(super) fn attach_checked(
        name: &str,
        check: impl FnOnce(&Handle) -> Result<(), AttachError>,
    ) -> Result<Self, AttachError> {
        let name = Name::new(name)?;
        let handle = Handle::open(&name)?;
        check(&handle)?;
        let join = |error| AttachError::Join { name: name.clone(), error };
        let inner = match handle.backend() {
            Backend::Futex => Inner::Futex(protocol::Producer::join(handle.channel()?).map_err(join)?),
            Backend::RawSync => Inner::RawSync(protocol::Producer::join(handle.channel()?).map_err(join)?),
        };
        Ok(Self { inner, handle })
    }

    /// The channel's name.
    ///
    /// ```
    #[doc = super::attached!("producer-name")]
    /// assert_eq!(producer.name().as_str(), name);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn name(&self) -> &Name {
        self.handle.name()
    }

    /// As [`Channel::geometry`](crate::Channel::geometry).
    ///
    /// ```
    #[doc = super::attached!("producer-geometry")]
    /// assert_eq!(producer.geometry(), channel.geometry());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn geometry(&self) -> Geometry {
        self.handle.geometry()
    }

    /// As [`Channel::incarnation`](crate::Channel::incarnation).
    ///
    /// ```
    #[doc = super::attached!("producer-incarnation")]
    /// assert_eq!(producer.incarnation(), channel.incarnation());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn incarnation(&self) -> u64 {
        self.handle.incarnation()
    }

    /// As [`Channel::tag`](crate::Channel::tag).
    ///
    /// ```
    #[doc = super::attached!("producer-tag")]
    /// assert_eq!(producer.tag(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn tag(&self) -> u64 {
        self.handle.tag()
    }

    /// As [`Channel::backend`](crate::Channel::backend).
    ///
    /// ```
    #[doc = super::attached!("producer-backend")]
    /// assert_eq!(producer.backend(), channel.backend());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn backend(&self) -> Backend {
        self.handle.backend()
    }

    /// Sets how this handle waits from now on for a free slot and for the write lock; [`Wait::Adaptive`] by default.
    /// A channel on [`Backend::RawSync`] ignores it, because its waits always park at once.
    ///
    /// ```
    #[doc = super::attached!("producer-set-wait")]
    /// producer.set_wait(Wait::Park);
    /// producer.send(b"Hello")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_wait(&mut self, wait: Wait) {
        on_backend!(Inner, &mut self.inner, producer => layer(producer.channel()).set_wait(wait));
    }

    /// Sends one message of at most `slot_size` bytes. Waits until there is a free slot. An empty message is a message,
    /// and not END.
    ///
    /// # Errors
    /// See [`SendError`]. No consumer receives any of the message then.
    ///
    /// ```
    #[doc = super::attached!("send")]
    /// producer.send(b"Hello")?;
    /// producer.send(b"")?;
    /// assert_eq!((consumer.recv()?, consumer.recv()?), (b"Hello".to_vec(), vec![]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn send(&mut self, message: &[u8]) -> Result<(), SendError> {
        self.send_within(message, Timeout::Never)
    }

    /// As [`send`](Producer::send), but never waits.
    ///
    /// # Errors
    /// As [`send`](Producer::send). [`SendError::TimedOut`] says what the call would have had to wait for.
    ///
    /// ```
    #[doc = super::attached!("try-send")]
    /// (0..4).try_for_each(|n| producer.try_send(&[n]))?;
    /// let error = producer.try_send(b"one too many").unwrap_err();
    /// assert_eq!(error.to_string(), "gave up waiting for consumer 0 to acknowledge message 0");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_send(&mut self, message: &[u8]) -> Result<(), SendError> {
        self.send_within(message, Timeout::Now)
    }

    /// As [`send`](Producer::send), but gives up after `timeout`.
    ///
    /// # Errors
    /// As [`send`](Producer::send). [`SendError::TimedOut`] says what the call waited for.
    ///
    /// ```
    #[doc = super::attached!("send-timeout")]
    /// producer.send_timeout(b"Hello", Duration::from_secs(1))?;
    /// assert_eq!(consumer.recv()?, b"Hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_timeout(&mut self, message: &[u8], timeout: Duration) -> Result<(), SendError> {
        self.send_within(message, Timeout::After(timeout))
    }

    /// Sends the bytes of a plain-old-data value, such as an array of integers.
    /// [`Consumer::recv_value`](crate::Consumer::recv_value) receives it.
    ///
    /// # Errors
    /// As [`send`](Producer::send).
    ///
    /// ```
    #[doc = super::attached!("send-value")]
    /// producer.send_value(&[1_u32, 2, 3])?;
    /// assert_eq!(consumer.recv_value::<[u32; 3]>()?, [1, 2, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_value<T: IntoBytes + Immutable + ?Sized>(&mut self, value: &T) -> Result<(), SendError> {
        self.send(value.as_bytes())
    }

    /// Sends messages in order, with no other producer's between them. Waits for free slots. Cheaper than a `send` for
    /// each message, because the lock is taken once and many messages are published together.
    ///
    /// # Errors
    /// [`BatchError`] says how many messages were sent, and why the next was not.
    ///
    /// ```
    #[doc = super::attached!("send-batch")]
    /// producer.send_batch(&["one", "two"])?;
    /// assert_eq!((consumer.recv()?, consumer.recv()?), (b"one".to_vec(), b"two".to_vec()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_batch<M: AsRef<[u8]>>(&mut self, messages: &[M]) -> Result<(), BatchError> {
        self.send_batch_within(messages, Timeout::Never)
    }

    /// As [`send_batch`](Producer::send_batch), but gives up after `timeout`.
    ///
    /// # Errors
    /// As [`send_batch`](Producer::send_batch).
    ///
    /// ```
    #[doc = super::attached!("send-batch-timeout")]
    /// let error = producer.send_batch_timeout(&["message"; 5], Duration::ZERO).unwrap_err();
    /// assert_eq!(error.sent, 4); // as many as there are slots
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_batch_timeout<M: AsRef<[u8]>>(&mut self, messages: &[M], timeout: Duration) -> Result<(), BatchError> {
        self.send_batch_within(messages, Timeout::After(timeout))
    }

    /// As [`send_batch`](Producer::send_batch), of messages that are written in their slots, without a copy.
    ///
    /// `write` is called at most `count` times. It gets the `slot_size` bytes of a slot, which hold what an earlier
    /// message left there. It returns the message's length in bytes, or `None` to end the batch.
    ///
    /// # Errors
    /// As [`send_batch`](Producer::send_batch). A length above `slot_size` is [`SendError::TooLong`].
    ///
    /// ```
    #[doc = super::attached!("send-written")]
    /// let mut numbers = 7_u8..;
    /// producer.send_written(2, |slot| {
    ///     slot[0] = numbers.next()?;
    ///     Some(1)
    /// })?;
    /// assert_eq!((consumer.recv()?, consumer.recv()?), (vec![7], vec![8]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn send_written(
        &mut self,
        count: usize,
        write: impl FnMut(&mut [u8]) -> Option<usize>,
    ) -> Result<(), BatchError> {
        on_backend!(Inner, &mut self.inner, producer => producer.send_written(count, Deadline::Never, write))
    }

    /// Finishes: this producer sends nothing more. END is published once as many producers have finished as
    /// [`Builder::producers`](crate::Builder::producers) says, and no other producer lives. Waits for a free slot for
    /// END.
    ///
    /// # Errors
    /// [`SendError::Ended`] if END is published already. After any other [`SendError`] the producer has not finished,
    /// and may try again.
    ///
    /// ```
    #[doc = super::attached!("finish")]
    /// assert_eq!(producer.finish()?, Finished::Ended);
    /// assert_eq!(consumer.recv(), Err(RecvError::Ended));
    /// assert_eq!(producer.send(b"too late"), Err(SendError::Ended));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn finish(&mut self) -> Result<Finished, SendError> {
        self.finish_within(Timeout::Never)
    }

    /// As [`finish`](Producer::finish), but gives up after `timeout`.
    ///
    /// # Errors
    /// As [`finish`](Producer::finish). [`SendError::TimedOut`] says what the call waited for.
    ///
    /// ```
    #[doc = super::attached!("finish-timeout")]
    /// producer.send_batch(&["message"; 4])?;
    /// assert!(matches!(producer.finish_timeout(Duration::ZERO), Err(SendError::TimedOut(_)))); // no slot for END
    /// consumer.recv()?;
    /// assert_eq!(producer.finish_timeout(Duration::from_secs(1))?, Finished::Ended);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn finish_timeout(&mut self, timeout: Duration) -> Result<Finished, SendError> {
        self.finish_within(Timeout::After(timeout))
    }

    #[inline(always)]
    fn send_within(&mut self, message: &[u8], timeout: Timeout) -> Result<(), SendError> {
        on_backend!(Inner, &mut self.inner, producer => {
            producer.send(message, timeout.deadline(layer(producer.channel())))
        })
    }

    fn send_batch_within<M: AsRef<[u8]>>(&mut self, messages: &[M], timeout: Timeout) -> Result<(), BatchError> {
        on_backend!(Inner, &mut self.inner, producer => {
            producer.send_batch(messages, timeout.deadline(layer(producer.channel())))
        })
    }

    fn finish_within(&mut self, timeout: Timeout) -> Result<Finished, SendError> {
        on_backend!(Inner, &mut self.inner, producer => {
            producer.finish(timeout.deadline(layer(producer.channel())))
        })
    }
}
