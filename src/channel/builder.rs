//! Creating a channel.

use super::{Channel, CreateError};
use crate::layers::{Backend, Fences, Futex, Journal, RawSync, RealLayer};
use crate::protocol::Geometry;
use crate::segment::{Handle, Name, ValueType};

/// The settings of a new channel; see [`Channel::create`].
///
/// ```
/// use ackcast::Channel;
///
/// let name = format!("example-builder-{}", std::process::id());
/// let channel = Channel::create(&name).slots(64).slot_size(4096).consumers(2).build()?;
/// assert_eq!((channel.geometry().slots, channel.geometry().slot_size), (64, 4096));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is created before `build`"]
pub struct Builder {
    name: String,
    pub(super) geometry: Geometry,
    pub(super) places: Option<u32>,
    pub(super) backend: Backend,
    pub(super) symmetric_fences: bool,
    pub(super) value_type: Option<ValueType>,
    tag: u64,
}

impl Builder {
    pub(super) fn new(name: &str) -> Self {
        let geometry =
            Geometry { slots: 1, slot_size: 1024, consumers: 1, producers: 1, start_with: 1, end_after: 1, retain: 0 };
        let (name, backend) = (name.to_owned(), Backend::default());
        Self { name, geometry, places: None, backend, symmetric_fences: false, value_type: None, tag: 0 }
    }

    /// Sets the length of the ring in slots: 1 to 2²⁰, 1 by default. Producers can be this many messages ahead of the
    /// slowest consumer.
    ///
    /// ```
    /// # use ackcast::{Channel, Consumer, Producer, SendError};
    /// # let name = format!("example-slots-{}", std::process::id());
    /// let _channel = Channel::create(&name).slots(2).build()?;
    /// let (_consumer, mut producer) = (Consumer::attach(&name)?, Producer::attach(&name)?);
    /// producer.send(b"first")?;
    /// producer.send(b"second")?;
    /// assert!(matches!(producer.try_send(b"third"), Err(SendError::TimedOut(_))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn slots(mut self, slots: u32) -> Self {
        self.geometry.slots = slots;
        self
    }

    /// Sets the size of a slot in bytes: 1 to 2³⁰, 1024 by default. A longer message is refused. The slot size of a
    /// typed channel follows from [its type](Builder::of).
    ///
    /// ```
    /// # use ackcast::{Channel, Producer, SendError};
    /// # let name = format!("example-slot-size-{}", std::process::id());
    /// let _channel = Channel::create(&name).slot_size(8).build()?;
    /// let refused = Producer::attach(&name)?.send(b"nine byte");
    /// assert_eq!(refused, Err(SendError::TooLong { len: 9, slot_size: 8 }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn slot_size(mut self, bytes: u32) -> Self {
        self.geometry.slot_size = bytes;
        self
    }

    /// Sets how many consumers the first message waits for: 0 to 64, 1 by default. With 0 it does not wait. A
    /// message that was published before a consumer joined is lost to it, unless it is [retained](Builder::retain).
    ///
    /// ```
    /// # use ackcast::{Channel, Consumer, Producer};
    /// # let name = format!("example-consumers-{}", std::process::id());
    /// let _channel = Channel::create(&name).consumers(2).build()?;
    /// let _first = Consumer::attach(&name)?;
    /// let mut producer = Producer::attach(&name)?;
    /// let error = producer.try_send(b"Hello").unwrap_err();
    /// assert_eq!(error.to_string(), "gave up waiting for the first consumers: 1 of 2 have joined");
    /// let _second = Consumer::attach(&name)?;
    /// producer.try_send(b"Hello")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn consumers(mut self, consumers: u32) -> Self {
        self.geometry.start_with = consumers;
        self
    }

    /// Sets how many producers have to finish before END is published: at least 1, 1 by default. A channel for more
    /// than 64 producers needs [`places`](Builder::places).
    ///
    /// A channel with a single place for producers is faster: the producer keeps the write lock from message to
    /// message, because no other producer can wait for it.
    ///
    /// ```
    /// # use ackcast::{Channel, Finished, Producer};
    /// # let name = format!("example-producers-{}", std::process::id());
    /// let _channel = Channel::create(&name).consumers(0).producers(2).build()?;
    /// let (mut first, mut second) = (Producer::attach(&name)?, Producer::attach(&name)?);
    /// assert_eq!(first.finish()?, Finished::OthersRemain);
    /// assert_eq!(second.finish()?, Finished::Ended);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn producers(mut self, producers: u32) -> Self {
        self.geometry.end_after = producers;
        self
    }

    /// Sets how many messages are retained for late consumers: 0 to one less than [`slots`](Builder::slots), 0 by
    /// default. [`Consumer::attach_at`](crate::Consumer::attach_at) can start at a retained message, and gets all
    /// messages from there on. With [`consumers`](Builder::consumers) at 0, no consumer has to be there when they are sent.
    ///
    /// The slots of retained messages are not free. So a producer polls the acknowledgements at least every
    /// `slots - retain` messages. Producers can still be `slots` messages ahead of the slowest consumer.
    ///
    /// ```
    /// # use ackcast::{Channel, Consumer, Producer, Start};
    /// # let name = format!("example-retain-{}", std::process::id());
    /// let _channel = Channel::create(&name).slots(8).retain(2).consumers(0).build()?;
    /// let mut producer = Producer::attach(&name)?;
    /// producer.send_batch(&["one", "two", "three"])?;
    /// let mut late = Consumer::attach_at(&name, Start::Oldest)?;
    /// assert_eq!(late.recv()?, b"two");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn retain(mut self, messages: u32) -> Self {
        self.geometry.retain = messages;
        self
    }

    /// Sets how many consumers, and how many producers, can be attached at a time: 1 to 64, and at least the number
    /// given to [`consumers`](Builder::consumers).
    ///
    /// The default for producers is 1 if [`producers`](Builder::producers) is 1. Otherwise the default is the number
    /// given to `consumers` or `producers`, and at least 8.
    ///
    /// ```
    /// # use ackcast::{Channel, Consumer};
    /// # let name = format!("example-places-{}", std::process::id());
    /// let _channel = Channel::create(&name).places(1).build()?;
    /// let _first = Consumer::attach(&name)?;
    /// let error = Consumer::attach(&name).unwrap_err();
    /// assert!(error.to_string().contains("all 1 consumer places are in use"), "{error}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn places(mut self, places: u32) -> Self {
        self.places = Some(places);
        self
    }

    /// Sets the primitives that the channel is built on, [`Backend::Futex`] by default.
    ///
    /// ```
    /// # use ackcast::{Backend, Channel};
    /// # let name = format!("example-builder-backend-{}", std::process::id());
    /// let channel = Channel::create(&name).backend(Backend::RawSync).build()?;
    /// assert_eq!(channel.backend(), Backend::RawSync);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn backend(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }

    /// Makes participants fence by the processor alone, without membarrier(2).
    ///
    /// By default a participant that parks or joins calls membarrier(2), which interrupts the cores of the other
    /// participants. Each participant must be allowed to call it. With symmetric fences no participant calls it, and
    /// each message costs a full fence.
    ///
    /// ```
    /// # use ackcast::{Channel, Fences};
    /// # let name = format!("example-symmetric-{}", std::process::id());
    /// let channel = Channel::create(&name).symmetric_fences().build()?;
    /// assert_eq!(channel.fences(), Fences::Symmetric);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn symmetric_fences(mut self) -> Self {
        self.symmetric_fences = true;
        self
    }

    /// Sets a number that each handle of the channel reads as [`tag`](Channel::tag), 0 by default. It means nothing to
    /// ackcast, and never changes.
    ///
    /// A program that copies one channel to another can keep there at which of its messages the copy began. The copy's
    /// tag and its next sequence number then say together how far it is. They do so even after a death, because a
    /// message and its count are published in one step.
    ///
    /// ```
    /// # use ackcast::{Channel, Consumer};
    /// # let name = format!("example-tag-{}", std::process::id());
    /// let _channel = Channel::create(&name).tag(1000).build()?;
    /// assert_eq!(Consumer::attach(&name)?.tag(), 1000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn tag(mut self, tag: u64) -> Self {
        self.tag = tag;
        self
    }

    /// Creates the channel. An abandoned channel of the same name, which no living process uses, is replaced.
    ///
    /// # Errors
    /// [`CreateError::AlreadyExists`] if a process uses a channel of this name; [`CreateError::Layout`] if a setting is
    /// out of its range; otherwise see [`CreateError`].
    ///
    /// ```
    /// # use ackcast::{Channel, CreateError};
    /// # let name = format!("example-build-{}", std::process::id());
    /// let _channel = Channel::create(&name).build()?;
    /// assert!(matches!(Channel::create(&name).build(), Err(CreateError::AlreadyExists { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn build(self) -> Result<Channel, CreateError> {
        let (name, geometry) = (self.channel_name()?, self.whole_geometry());
        let fences = |best| if self.symmetric_fences { Fences::Symmetric } else { best };
        let value_type = self.value_type.as_ref();
        let created = match self.backend {
            Backend::Futex => Handle::create::<Futex>(&name, &geometry, fences(Futex::fences()), value_type, self.tag),
            Backend::RawSync => {
                Handle::create::<RawSync>(&name, &geometry, fences(RawSync::fences()), value_type, self.tag)
            }
        };
        let created = Channel::new(created?)?;
        Journal::new(name.as_str()).created(geometry.slots, geometry.slot_size);
        Ok(created)
    }
    /// The name, checked.
    pub(super) fn channel_name(&self) -> Result<Name, CreateError> {
        Ok(Name::new(&self.name)?)
    }

    /// Sets the type, and the size of a slot: that of `max` values.
    pub(super) fn typed(mut self, value_type: ValueType, max: u32) -> Self {
        self.geometry.slot_size = value_type.size.saturating_mul(max);
        self.value_type = Some(value_type);
        self
    }

    /// The geometry, with the places.
    fn whole_geometry(&self) -> Geometry {
        let mut geometry = self.geometry;
        geometry.consumers = self.places.unwrap_or(geometry.start_with.max(8));
        let producers = if geometry.end_after == 1 { 1 } else { geometry.end_after.max(8) };
        geometry.producers = self.places.unwrap_or(producers);
        geometry
    }
}
