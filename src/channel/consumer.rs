//! Receiving.

use super::{AttachError, Messages, RecvValueError, layer, on_backend};
use crate::layers::{Backend, Futex, RawSync, RealLayer, Wait};
use crate::protocol::{self, Geometry, RecvError, Start};
use crate::segment::{Handle, Name, Segment};
use std::time::Duration;
use zerocopy::FromBytes;

/// A handle that receives every message published after it has attached, or from an earlier one on. While it is
/// attached and its process lives, producers wait for its acknowledgements.
///
/// A consumer can move to another thread. It cannot be used by two threads at a time, because each call that receives
/// borrows it exclusively.
///
/// # What is not promised
/// A restarted consumer does not get the messages that its predecessor held or had not reached. It starts at the next
/// message that is published, like any new consumer, or at a message that the channel still retains
/// ([`attach_at`](Consumer::attach_at)). A program that must lose nothing across a restart does two things. It stores
/// what it has received before it drops the [`Message`](crate::Message). And it has a second consumer, in another
/// process, for the time without the first.
///
/// ```
/// use ackcast::{Channel, Consumer, Producer, RecvError};
///
/// let name = format!("example-consumer-{}", std::process::id());
/// let _channel = Channel::create(&name).slots(4).build()?;
/// let mut consumer = Consumer::attach(&name)?;
/// let mut producer = Producer::attach(&name)?;
/// producer.send(b"Hello")?;
/// producer.finish()?;
/// assert_eq!(consumer.recv()?, b"Hello");
/// assert_eq!(consumer.recv(), Err(RecvError::Ended));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Consumer {
    /// Declared before `handle`, so that the consumer leaves before its handle, which may be the last.
    pub(super) inner: Inner,
    pub(super) handle: Handle,
}

#[derive(Debug)]
pub(super) enum Inner {
    Futex(protocol::Consumer<Futex, Segment<Futex>>),
    RawSync(protocol::Consumer<RawSync, Segment<RawSync>>),
}

impl Consumer {
    /// Attaches to the channel of this name. Never waits.
    ///
    /// # Errors
    /// [`AttachError::Open`] if there is no such channel, or it cannot be opened; [`AttachError::Join`] if all consumer
    /// places are in use.
    ///
    /// ```
    /// # use ackcast::{AttachError, Channel, Consumer, OpenError};
    /// # let name = format!("example-consumer-attach-{}", std::process::id());
    /// let error = Consumer::attach(&name).unwrap_err();
    /// assert!(matches!(error, AttachError::Open(OpenError::NotFound { .. })));
    /// let _channel = Channel::create(&name).build()?;
    /// let consumer = Consumer::attach(&name)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attach(name: &str) -> Result<Self, AttachError> {
        Self::attach_at(name, Start::Newest)
    }

    /// Attaches to the channel of this name, and starts at a message that may have been published before. Never waits.
    ///
    /// The channel says with [`Builder::retain`](crate::Builder::retain) how many messages are there for late
    /// consumers. From its start on, the consumer gets every message, as any other consumer does. A channel that has
    /// ended and still exists can be read, too: its last messages and then END.
    ///
    /// # Errors
    /// As [`attach`](Consumer::attach). [`AttachError::Join`] with
    /// [`JoinError::NotRetained`](crate::JoinError::NotRetained) if the message of [`Start::Sequence`] is not retained
    /// any more, or is beyond the next message. The error says at which messages a consumer can start.
    ///
    /// ```
    /// # use ackcast::{Channel, Consumer, Producer, RecvError, Start};
    /// # let name = format!("example-attach-at-{}", std::process::id());
    /// let _channel = Channel::create(&name).slots(8).retain(3).consumers(0).build()?;
    /// let mut producer = Producer::attach(&name)?;
    /// producer.send_batch(&["zero", "one", "two", "three"])?;
    /// producer.finish()?;
    ///
    /// let mut late = Consumer::attach_at(&name, Start::Oldest)?;
    /// let messages = late.iter().collect::<Result<Vec<_>, _>>()?;
    /// assert_eq!(messages, [&b"one"[..], b"two", b"three"]);
    ///
    /// assert_eq!(Consumer::attach_at(&name, Start::Sequence(3))?.recv()?, b"three");
    /// assert_eq!(Consumer::attach_at(&name, Start::Newest)?.recv(), Err(RecvError::Ended));
    /// let error = Consumer::attach_at(&name, Start::Sequence(0)).unwrap_err();
    /// assert!(error.to_string().ends_with("a consumer can start at messages 1 to 5 now"), "{error}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attach_at(name: &str, start: Start) -> Result<Self, AttachError> {
        Self::attach_checked(name, start, |_| Ok(()))
    }

    /// As [`attach_at`](Consumer::attach_at), to a channel that passes this check.
    pub(super) fn attach_checked(
        name: &str,
        start: Start,
        check: impl FnOnce(&Handle) -> Result<(), AttachError>,
    ) -> Result<Self, AttachError> {
        let name = Name::new(name)?;
        let handle = Handle::open(&name)?;
        check(&handle)?;
        let join = |error| AttachError::Join { name: name.clone(), error };
        let inner = match handle.backend() {
            Backend::Futex => Inner::Futex(protocol::Consumer::join_at(handle.channel()?, start).map_err(join)?),
            Backend::RawSync => Inner::RawSync(protocol::Consumer::join_at(handle.channel()?, start).map_err(join)?),
        };
        Ok(Self { inner, handle })
    }

    /// The channel's name.
    ///
    /// ```
    #[doc = super::attached!("consumer-name")]
    /// assert_eq!(consumer.name().as_str(), name);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn name(&self) -> &Name {
        self.handle.name()
    }

    /// As [`Channel::geometry`](crate::Channel::geometry).
    ///
    /// ```
    #[doc = super::attached!("consumer-geometry")]
    /// assert_eq!(consumer.geometry(), channel.geometry());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn geometry(&self) -> Geometry {
        self.handle.geometry()
    }

    /// As [`Channel::incarnation`](crate::Channel::incarnation).
    ///
    /// ```
    #[doc = super::attached!("consumer-incarnation")]
    /// assert_eq!(consumer.incarnation(), channel.incarnation());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn incarnation(&self) -> u64 {
        self.handle.incarnation()
    }

    /// As [`Channel::tag`](crate::Channel::tag).
    ///
    /// ```
    #[doc = super::attached!("consumer-tag")]
    /// assert_eq!(consumer.tag(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn tag(&self) -> u64 {
        self.handle.tag()
    }

    /// As [`Channel::backend`](crate::Channel::backend).
    ///
    /// ```
    #[doc = super::attached!("consumer-backend")]
    /// assert_eq!(consumer.backend(), channel.backend());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn backend(&self) -> Backend {
        self.handle.backend()
    }

    /// The consumer's number, from 0, as [`SendError`](crate::SendError) and
    /// [`Channel::acknowledged`](crate::Channel::acknowledged) name it.
    ///
    /// ```
    #[doc = super::attached!("number")]
    /// assert_eq!((consumer.number(), Consumer::attach(&name)?.number()), (0, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn number(&self) -> u32 {
        on_backend!(Inner, &self.inner, consumer => consumer.participant().number)
    }

    /// Sets how this handle waits from now on for messages; [`Wait::Adaptive`] by default. A channel on
    /// [`Backend::RawSync`] ignores it, because its waits always park at once.
    ///
    /// ```
    #[doc = super::attached!("consumer-set-wait")]
    /// consumer.set_wait(Wait::Spin);
    /// producer.send(b"Hello")?;
    /// assert_eq!(consumer.recv()?, b"Hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_wait(&mut self, wait: Wait) {
        on_backend!(Inner, &mut self.inner, consumer => layer(consumer.channel()).set_wait(wait));
    }

    /// Waits for the next message, copies it out, and acknowledges it.
    ///
    /// # Errors
    /// [`RecvError::Ended`] after the last message; otherwise see [`RecvError`].
    ///
    /// ```
    #[doc = super::attached!("recv")]
    /// producer.send(b"Hello")?;
    /// assert_eq!(consumer.recv()?, b"Hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv(&mut self) -> Result<Vec<u8>, RecvError> {
        self.recv_ref().map(|message| message.to_vec())
    }

    /// As [`recv`](Consumer::recv), into `buffer`, whose content is replaced. Allocates only if its capacity is too
    /// small.
    ///
    /// # Errors
    /// As [`recv`](Consumer::recv). The buffer is unchanged then.
    ///
    /// ```
    #[doc = super::attached!("recv-into")]
    /// producer.send(b"Hello")?;
    /// let mut buffer = b"old content".to_vec();
    /// consumer.recv_into(&mut buffer)?;
    /// assert_eq!(buffer, b"Hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn recv_into(&mut self, buffer: &mut Vec<u8>) -> Result<(), RecvError> {
        let message = self.recv_ref()?;
        buffer.clear();
        buffer.extend_from_slice(&message);
        Ok(())
    }

    /// As [`recv`](Consumer::recv), but never waits.
    ///
    /// # Errors
    /// As [`recv`](Consumer::recv). [`RecvError::TimedOut`] if the next message is not published yet.
    ///
    /// ```
    #[doc = super::attached!("try-recv")]
    /// assert_eq!(consumer.try_recv(), Err(RecvError::TimedOut { next: 0 }));
    /// producer.send(b"Hello")?;
    /// assert_eq!(consumer.try_recv()?, b"Hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_recv(&mut self) -> Result<Vec<u8>, RecvError> {
        self.try_recv_ref().map(|message| message.to_vec())
    }

    /// Whether the next message, or END, is published: the next call that receives returns it without a wait. Polls
    /// once, and does not check liveness, so it costs less than [`try_recv`](Consumer::try_recv) on an empty channel.
    /// It does not notice lost producers.
    ///
    /// # Errors
    /// [`RecvError::Ended`] once END was received; [`RecvError::Corrupt`]; [`RecvError::Inherited`] in a forked child.
    ///
    /// ```
    #[doc = super::attached!("is-ready")]
    /// assert!(!consumer.is_ready()?);
    /// producer.send(b"Hello")?;
    /// assert!(consumer.is_ready()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn is_ready(&mut self) -> Result<bool, RecvError> {
        on_backend!(Inner, &mut self.inner, consumer => consumer.is_next_published())
    }

    /// As [`recv`](Consumer::recv), but gives up after `timeout`.
    ///
    /// # Errors
    /// As [`recv`](Consumer::recv), and [`RecvError::TimedOut`].
    ///
    /// ```
    #[doc = super::attached!("recv-timeout")]
    /// assert_eq!(consumer.recv_timeout(Duration::from_micros(10)), Err(RecvError::TimedOut { next: 0 }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<Vec<u8>, RecvError> {
        self.recv_ref_timeout(timeout).map(|message| message.to_vec())
    }

    /// As [`recv`](Consumer::recv), of a plain-old-data value, such as an array of integers, which
    /// [`Producer::send_value`](crate::Producer::send_value) has sent.
    ///
    /// # Errors
    /// [`RecvValueError::NotAValue`] if the message has another length than a `T`. The message is not acknowledged
    /// then, and is received again. [`RecvValueError::Recv`] as [`recv`](Consumer::recv).
    ///
    /// ```
    #[doc = super::attached!("recv-value")]
    /// producer.send_value(&[1_u32, 2, 3])?;
    /// assert!(matches!(consumer.recv_value::<u64>(), Err(RecvValueError::NotAValue { found: 12, expected: 8, .. })));
    /// assert_eq!(consumer.recv_value::<[u32; 3]>()?, [1, 2, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv_value<T: FromBytes>(&mut self) -> Result<T, RecvValueError> {
        let message = self.recv_ref()?;
        if let Ok(value) = T::read_from_bytes(&message) {
            return Ok(value);
        }
        let (sequence, found) = (message.sequence(), message.len());
        message.keep();
        Err(RecvValueError::NotAValue { sequence, found, expected: size_of::<T>() })
    }

    /// An iterator over the messages up to END, which waits for each of them and copies it out.
    ///
    /// ```
    #[doc = super::attached!("iter")]
    /// producer.send_batch(&["one", "two"])?;
    /// producer.finish()?;
    /// let messages = consumer.iter().collect::<Result<Vec<_>, _>>()?;
    /// assert_eq!(messages, [b"one", b"two"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn iter(&mut self) -> Messages<'_> {
        Messages::new(self)
    }
}
