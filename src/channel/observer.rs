//! Observing a channel.

use super::{Builder, on_backend};
use crate::layer::LivenessUnknown;
use crate::layers::{Backend, Fences, Futex, RawSync};
use crate::protocol::{self, Acknowledged, EntryState, Geometry, Published};
use crate::segment::{self, Handle, Name, OpenError, Segment, Stats};
use std::io;

#[cfg(doc)]
use super::{Consumer, Producer};
#[cfg(doc)]
use crate::segment::Watch;

/// A handle that observes a channel, and neither sends nor receives. It keeps the channel's name alive: the last handle
/// of any kind that is dropped removes the name.
///
/// In a forked child, an inherited handle reads a private copy of the channel, which may be old.
///
/// ```
/// use ackcast::{Channel, Consumer, Producer};
///
/// let name = format!("example-channel-{}", std::process::id());
/// let channel = Channel::create(&name).slots(4).build()?;
/// let (mut producer, mut consumer) = (Producer::attach(&name)?, Consumer::attach(&name)?);
/// producer.send_batch(&["one", "two"])?;
/// consumer.recv()?;
/// assert_eq!(channel.published().count(), 2);
/// assert_eq!(channel.acknowledged(), [(0, 1)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Channel {
    inner: Inner,
    handle: Handle,
}

#[derive(Debug)]
pub(super) enum Inner {
    Futex(protocol::Channel<Futex, Segment<Futex>>),
    RawSync(protocol::Channel<RawSync, Segment<RawSync>>),
}

impl Channel {
    /// The settings of a new channel. The defaults: 1 slot of 1024 bytes, 1 producer, and a first message that waits
    /// for 1 consumer.
    ///
    /// ```
    /// # use ackcast::Channel;
    /// let name = format!("example-create-{}", std::process::id());
    /// let channel = Channel::create(&name).build()?;
    /// assert_eq!(channel.name().as_str(), name);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create(name: &str) -> Builder {
        Builder::new(name)
    }

    /// Opens a channel that exists. Never waits.
    ///
    /// # Errors
    /// [`OpenError::NotFound`] if there is no channel of this name; [`OpenError::Abandoned`] if no living process uses
    /// it; otherwise see [`OpenError`].
    ///
    /// ```
    /// # use ackcast::{Channel, Name, OpenError};
    /// let name = Name::new(&format!("example-open-{}", std::process::id()))?;
    /// assert!(matches!(Channel::open(&name), Err(OpenError::NotFound { .. })));
    /// let _created = Channel::create(name.as_str()).slots(4).build()?;
    /// assert_eq!(Channel::open(&name)?.geometry().slots, 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(name: &Name) -> Result<Self, OpenError> {
        Self::new(Handle::open_to_observe(name)?)
    }

    pub(super) fn new(handle: Handle) -> Result<Self, OpenError> {
        let inner = match handle.backend() {
            Backend::Futex => Inner::Futex(handle.channel()?),
            Backend::RawSync => Inner::RawSync(handle.channel()?),
        };
        Ok(Self { inner, handle })
    }

    /// The names of this user's channels, living and orphaned ones, in ascending order. Files of other users, and files
    /// that are no channels, are left out. Opens each file to read it, and disturbs no process. [`Watch::open`] says
    /// more of a channel.
    ///
    /// # Errors
    /// If /dev/shm cannot be listed, or a file cannot be opened for want of a resource, such as a descriptor.
    ///
    /// ```
    #[doc = super::attached!("list")]
    /// assert!(Channel::list()?.contains(channel.name()));
    /// drop((producer, consumer, channel));
    /// assert!(!Channel::list()?.contains(&Name::new(&name)?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn list() -> io::Result<Vec<Name>> {
        segment::list_own()
    }

    /// Whether a living participant has this number.
    pub(super) fn is_alive(&self, number: u32) -> Result<bool, LivenessUnknown> {
        on_backend!(Inner, &self.inner, channel => channel.is_alive(number))
    }

    pub(super) const fn inner(&self) -> &Inner {
        &self.inner
    }

    pub(super) const fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The channel's name.
    ///
    /// ```
    #[doc = super::attached!("channel-name")]
    /// assert_eq!(channel.name(), producer.name());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn name(&self) -> &Name {
        self.handle.name()
    }

    /// How the channel's participants fence; see [`Builder::symmetric_fences`].
    ///
    /// ```
    #[doc = super::attached!("fences")]
    /// assert!(matches!(channel.fences(), Fences::Asymmetric | Fences::Symmetric));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn fences(&self) -> Fences {
        self.handle.fences()
    }

    /// A random number, which tells this channel from each other one of its name, before or after it. Never 0.
    ///
    /// ```
    #[doc = super::attached!("incarnation")]
    /// let before = channel.incarnation();
    /// drop((channel, producer, consumer)); // its name goes
    /// let again = Channel::create(&name).build()?;
    /// assert_ne!(again.incarnation(), before);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn incarnation(&self) -> u64 {
        self.handle.incarnation()
    }

    /// The number that [`Builder::tag`] has set.
    ///
    /// ```
    #[doc = super::attached!("tag")]
    /// assert_eq!(channel.tag(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn tag(&self) -> u64 {
        self.handle.tag()
    }

    /// How the channel was laid out.
    ///
    /// ```
    #[doc = super::attached!("geometry")]
    /// let Geometry { slots, slot_size, consumers, producers, .. } = channel.geometry();
    /// assert_eq!((slots, slot_size, consumers, producers), (4, 1024, 8, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn geometry(&self) -> Geometry {
        self.handle.geometry()
    }

    /// The primitives that the channel is built on; see [`Builder::backend`].
    ///
    /// ```
    #[doc = super::attached!("backend")]
    /// assert_eq!(channel.backend(), Backend::Futex);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn backend(&self) -> Backend {
        self.handle.backend()
    }

    /// How many messages are published, and whether END is. Stale when it returns, but never ahead.
    ///
    /// ```
    #[doc = super::attached!("published")]
    /// producer.send(b"Hello")?;
    /// producer.finish()?;
    /// let published = channel.published();
    /// assert_eq!((published.count(), published.ended()), (2, true)); // END counts
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn published(&self) -> Published {
        on_backend!(Inner, &self.inner, channel => channel.published())
    }

    /// Whether a producer died, or was dropped, without finishing, and no other producer lives. Stale when it returns,
    /// because another producer may attach.
    ///
    /// # Errors
    /// [`LivenessUnknown`] if the system does not say which producers live. In a forked child that has inherited this
    /// handle, its `errno` is `EBADF`.
    ///
    /// ```
    #[doc = super::attached!("producers-lost")]
    /// assert!(!channel.producers_lost()?);
    /// drop(producer);
    /// assert!(channel.producers_lost()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn producers_lost(&self) -> Result<bool, LivenessUnknown> {
        on_backend!(Inner, &self.inner, channel => channel.lost_producers().map(|lost| lost.is_some()))
    }

    /// The attached consumers: the [number](Consumer::number) of each, and how many messages it has acknowledged. A
    /// dead consumer counts as attached until a producer evicts it. Stale when it returns.
    ///
    /// ```
    #[doc = super::attached!("acknowledged")]
    /// producer.send(b"Hello")?;
    /// assert_eq!(channel.acknowledged(), [(0, 0)]);
    /// consumer.recv()?;
    /// assert_eq!(channel.acknowledged(), [(0, 1)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn acknowledged(&self) -> Vec<(u32, u64)> {
        on_backend!(Inner, &self.inner, channel => {
            let attached = |(number, state, acked): (u32, EntryState, Acknowledged)| {
                state.active.then_some((number, acked.count))
            };
            channel.acknowledged().filter_map(attached).collect()
        })
    }

    /// How many dead consumers producers have evicted so far. Wraps after 2³² of them.
    ///
    /// ```
    #[doc = super::attached!("evicted")]
    /// drop(consumer); // leaves, and so needs no eviction
    /// assert_eq!(channel.evicted(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn evicted(&self) -> u32 {
        on_backend!(Inner, &self.inner, channel => channel.evicted())
    }

    /// How often a [`Producer`] has taken the write lock over from a dead owner so far. Wraps after 2³² times.
    ///
    /// ```
    #[doc = super::attached!("takeovers")]
    /// drop(producer.loan()?); // gives the lock back, and so needs no takeover
    /// assert_eq!(channel.takeovers(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn takeovers(&self) -> u32 {
        on_backend!(Inner, &self.inner, channel => channel.takeovers())
    }

    /// The state of the channel and of its participants now. [`Watch`] tells the same without being attached.
    ///
    /// # Errors
    /// [`OpenError::Inherited`] in a forked child that has inherited this handle; [`OpenError::Liveness`] if the system
    /// does not say which participants live; [`OpenError::System`].
    ///
    /// ```
    #[doc = super::attached!("stats")]
    /// producer.send(b"Hello")?;
    /// let stats = channel.stats()?;
    /// assert_eq!((stats.published.count(), stats.consumers[0].lag, stats.producers[0].alive), (1, 1, true));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stats(&self) -> Result<Stats, OpenError> {
        let source = self.handle.source()?;
        let stats = on_backend!(Inner, &self.inner, channel => {
            // Its own locks are of no participant, so it asks as any other handle does.
            source.stats(&channel.observe(), |number| channel.is_alive(number))
        });
        stats.map_err(|error| OpenError::Liveness { name: self.name().clone(), error })
    }
}
