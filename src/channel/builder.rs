//! Creating a channel, and watching it.

use super::{CreateError, on_layer};
use crate::layer::LivenessUnknown;
use crate::layers::{Backend, Fences, Futex, RawSync, RealLayer};
use crate::protocol::{self, Geometry, Published};
use crate::segment::{Handle, Name, OpenError, Segment};

/// A channel to be: [`Channel::create`].
#[derive(Clone, Debug)]
#[must_use = "nothing is created before `build`"]
pub struct Builder {
    name: String,
    geometry: Geometry,
    places: Option<u32>,
    backend: Backend,
    symmetric_fences: bool,
}

/// A handle on a channel that takes no part in it. It keeps the channel's name alive: the last
/// handle of any kind to go removes it.
///
/// In a forked child, an inherited handle says what a private copy of the channel holds, which may be old.
#[derive(Debug)]
pub struct Channel {
    inner: Inner,
    handle: Handle,
}

#[derive(Debug)]
enum Inner {
    Futex(protocol::Channel<Futex, Segment<Futex>>),
    RawSync(protocol::Channel<RawSync, Segment<RawSync>>),
}

impl Channel {
    /// A channel of this name, with 1 slot of 1024 bytes, for 1 producer and 1 consumer, unless
    /// the builder is told otherwise.
    pub fn create(name: &str) -> Builder {
        let geometry = Geometry { slots: 1, slot_size: 1024, consumers: 1, producers: 1, start_with: 1, end_after: 1 };
        Builder { name: name.to_owned(), geometry, places: None, backend: Backend::default(), symmetric_fences: false }
    }

    /// A handle on a channel that exists.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(name: &Name) -> Result<Self, OpenError> {
        Self::new(Handle::open(name)?)
    }

    fn new(handle: Handle) -> Result<Self, OpenError> {
        let inner = match handle.backend() {
            Backend::Futex => Inner::Futex(handle.channel()?),
            Backend::RawSync => Inner::RawSync(handle.channel()?),
        };
        Ok(Self { inner, handle })
    }

    /// The channel's name.
    pub const fn name(&self) -> &Name {
        self.handle.name()
    }

    /// How the channel's participants fence.
    pub const fn fences(&self) -> Fences {
        self.handle.fences()
    }

    /// How the channel was laid out.
    pub const fn geometry(&self) -> Geometry {
        self.handle.geometry()
    }

    /// What the channel is built on.
    pub const fn backend(&self) -> Backend {
        self.handle.backend()
    }

    /// How far the channel is; never ahead, but stale at once.
    pub fn published(&self) -> Published {
        on_layer!(Inner, &self.inner, channel => channel.published())
    }

    /// Whether there were producers, and all that did not finish are dead. Stale at once: another
    /// producer may come.
    ///
    /// # Errors
    /// [`LivenessUnknown`] when the system refuses to tell; `EBADF` in a forked child that has inherited this handle.
    pub fn producers_lost(&self) -> Result<bool, LivenessUnknown> {
        on_layer!(Inner, &self.inner, channel => channel.lost_producers().map(|lost| lost.is_some()))
    }

    /// The consumers that are attached, each with the number of messages it has acknowledged.
    pub fn acknowledged(&self) -> Vec<(u32, u64)> {
        on_layer!(Inner, &self.inner, channel => channel.acknowledged().collect())
    }

    /// How many dead consumers were evicted so far.
    pub fn evicted(&self) -> u32 {
        on_layer!(Inner, &self.inner, channel => channel.evicted())
    }

    /// How often the write lock was taken over from a dead owner so far.
    pub fn takeovers(&self) -> u32 {
        on_layer!(Inner, &self.inner, channel => channel.takeovers())
    }
}

impl Builder {
    /// The ring's length. 1, the default, is the classic single-slot protocol.
    pub const fn slots(mut self, slots: u32) -> Self {
        self.geometry.slots = slots;
        self
    }

    /// How many bytes a message can have at most.
    pub const fn slot_size(mut self, bytes: u32) -> Self {
        self.geometry.slot_size = bytes;
        self
    }

    /// How many consumers the first message waits for; 0: it does not wait.
    pub const fn consumers(mut self, consumers: u32) -> Self {
        self.geometry.start_with = consumers;
        self
    }

    /// How many producers have to finish before END. With one, the default, there is a place for one
    /// at a time, unless [`places`](Builder::places) says otherwise; it keeps the write lock from
    /// message to message then, which nobody can wait for.
    pub const fn producers(mut self, producers: u32) -> Self {
        self.geometry.end_after = producers;
        self
    }

    /// How many places there are for consumers, and for producers, at a time: 1 to 64. Without this
    /// call, one for the one producer, or else as many as were named above, and at least 8.
    pub const fn places(mut self, places: u32) -> Self {
        self.places = Some(places);
        self
    }

    /// What the channel is built on.
    pub const fn backend(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }

    /// Fences without membarrier(2), which every participant would have to be allowed to use, and which
    /// interrupts the other participants' cores whenever somebody falls asleep. Every message costs a
    /// full fence then.
    pub const fn symmetric_fences(mut self) -> Self {
        self.symmetric_fences = true;
        self
    }

    /// Creates the channel. A dead one's leftover of the same name is replaced.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub fn build(self) -> Result<Channel, CreateError> {
        let name = Name::new(&self.name)?;
        let mut geometry = self.geometry;
        geometry.consumers = self.places.unwrap_or(geometry.start_with.max(8));
        let producers = if geometry.end_after == 1 { 1 } else { geometry.end_after.max(8) };
        geometry.producers = self.places.unwrap_or(producers);
        let fences = |best| if self.symmetric_fences { Fences::Symmetric } else { best };
        let created = match self.backend {
            Backend::Futex => Handle::create::<Futex>(&name, &geometry, fences(Futex::fences())),
            Backend::RawSync => Handle::create::<RawSync>(&name, &geometry, fences(RawSync::fences())),
        };
        Ok(Channel::new(created?)?)
    }
}
