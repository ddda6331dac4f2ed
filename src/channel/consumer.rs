//! Receiving.

use super::{AttachError, Patience, RecvValueError, layer, on_layer};
use crate::layers::{Backend, Futex, RawSync, RealLayer, Wait};
use crate::protocol::{self, RecvError};
use crate::segment::{Handle, Name, Segment};
use core::ops::Deref;
use std::time::Duration;
use zerocopy::FromBytes;

/// A process's hold on a channel as a consumer: it receives every message published from its
/// attachment on. While it is attached and alive, producers wait for its acknowledgements.
///
/// # What is not promised
/// A restarted consumer does not get the messages that its predecessor held or had not reached. A
/// consumer's progress dies with it: its successor joins at the present count, like any newcomer. A
/// program that must lose nothing across a restart stores what it has received before it drops the
/// [`Message`], and has a second consumer, in another process, for the time without the first.
#[derive(Debug)]
pub struct Consumer {
    // Before `handle`: we leave before we may be the last one out.
    inner: Inner,
    handle: Handle,
}

#[derive(Debug)]
enum Inner {
    Futex(protocol::Consumer<Futex, Segment<Futex>>),
    RawSync(protocol::Consumer<RawSync, Segment<RawSync>>),
}

impl Consumer {
    /// Attaches to the channel of this name.
    ///
    /// # Errors
    /// See [`AttachError`].
    pub fn attach(name: &str) -> Result<Self, AttachError> {
        let name = Name::new(name)?;
        let handle = Handle::open(&name)?;
        let join = |error| AttachError::Join { name: name.clone(), error };
        let inner = match handle.backend() {
            Backend::Futex => Inner::Futex(protocol::Consumer::join(handle.channel()?).map_err(join)?),
            Backend::RawSync => Inner::RawSync(protocol::Consumer::join(handle.channel()?).map_err(join)?),
        };
        Ok(Self { inner, handle })
    }

    /// The channel's name.
    pub const fn name(&self) -> &Name {
        self.handle.name()
    }

    /// This consumer's number, from 0: what [`SendError`](crate::SendError) calls it.
    pub const fn number(&self) -> u32 {
        on_layer!(Inner, &self.inner, consumer => consumer.participant().number)
    }

    /// How this handle waits from now on; [`Wait::Adaptive`] until told otherwise.
    /// ([`Backend::RawSync`] sleeps at once, whatever it is told.)
    pub fn set_wait(&mut self, wait: Wait) {
        on_layer!(Inner, &mut self.inner, consumer => layer(consumer.channel()).set_wait(wait));
    }

    /// Waits for the next message and copies it out.
    ///
    /// # Errors
    /// See [`RecvError`].
    pub fn recv(&mut self) -> Result<Vec<u8>, RecvError> {
        self.recv_ref().map(|message| message.to_vec())
    }

    /// Waits for the next message and copies it into `buffer`, in place of what was there. Allocates
    /// only if the buffer is too small.
    ///
    /// # Errors
    /// See [`RecvError`]; the buffer is as it was then.
    #[inline]
    pub fn recv_into(&mut self, buffer: &mut Vec<u8>) -> Result<(), RecvError> {
        let message = self.recv_ref()?;
        buffer.clear();
        buffer.extend_from_slice(&message);
        Ok(())
    }

    /// Copies the next message out, if it is there.
    ///
    /// # Errors
    /// See [`RecvError`]; [`RecvError::TimedOut`] if there is none yet.
    pub fn try_recv(&mut self) -> Result<Vec<u8>, RecvError> {
        self.try_recv_ref().map(|message| message.to_vec())
    }

    /// Waits for the next message and copies it out; gives up after `timeout`.
    ///
    /// # Errors
    /// See [`RecvError`].
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<Vec<u8>, RecvError> {
        self.recv_ref_timeout(timeout).map(|message| message.to_vec())
    }

    /// Waits for the next message and lends it, in its slot. Dropping it acknowledges it.
    ///
    /// # Errors
    /// See [`RecvError`].
    #[inline(always)]
    pub fn recv_ref(&mut self) -> Result<Message<'_>, RecvError> {
        self.recv_within(Patience::Endless)
    }

    /// Lends the next message, if it is there.
    ///
    /// # Errors
    /// See [`RecvError`]; [`RecvError::TimedOut`] if there is none yet.
    pub fn try_recv_ref(&mut self) -> Result<Message<'_>, RecvError> {
        self.recv_within(Patience::None)
    }

    /// Waits for the next message and lends it; gives up after `timeout`.
    ///
    /// # Errors
    /// See [`RecvError`].
    pub fn recv_ref_timeout(&mut self, timeout: Duration) -> Result<Message<'_>, RecvError> {
        self.recv_within(Patience::For(timeout))
    }

    /// Waits for the next message and lends all that are there, one after the other. Cheaper than one
    /// by one: those taken are acknowledged together, when the batch is dropped.
    ///
    /// # Errors
    /// See [`RecvError`].
    #[inline(always)]
    pub fn recv_batch(&mut self) -> Result<Batch<'_>, RecvError> {
        self.batch_within(Patience::Endless)
    }

    /// Lends the messages that are there, if there is one.
    ///
    /// # Errors
    /// See [`RecvError`]; [`RecvError::TimedOut`] if there is none yet.
    pub fn try_recv_batch(&mut self) -> Result<Batch<'_>, RecvError> {
        self.batch_within(Patience::None)
    }

    /// As [`recv_batch`](Consumer::recv_batch); gives up after `timeout`.
    ///
    /// # Errors
    /// See [`RecvError`].
    pub fn recv_batch_timeout(&mut self, timeout: Duration) -> Result<Batch<'_>, RecvError> {
        self.batch_within(Patience::For(timeout))
    }

    /// Waits for the next message and copies it out as a plain-old-data value, such as an array of
    /// integers.
    ///
    /// # Errors
    /// [`RecvValueError::NotAValue`] if the message has another size; it is then still the next one.
    pub fn recv_value<T: FromBytes>(&mut self) -> Result<T, RecvValueError> {
        let message = self.recv_ref()?;
        if let Ok(value) = T::read_from_bytes(&message) {
            return Ok(value);
        }
        let (sequence, found) = (message.sequence(), message.len());
        message.keep();
        Err(RecvValueError::NotAValue { sequence, found, expected: size_of::<T>() })
    }

    /// The messages up to END, copied out. After an error the iterator goes on where it was.
    pub const fn iter(&mut self) -> Messages<'_> {
        Messages { consumer: self }
    }

    #[inline(always)]
    fn batch_within(&mut self, patience: Patience) -> Result<Batch<'_>, RecvError> {
        Ok(Batch(match &mut self.inner {
            Inner::Futex(consumer) => {
                let deadline = patience.deadline(layer(consumer.channel()));
                Lending::Futex(consumer.receive_batch(deadline)?)
            }
            Inner::RawSync(consumer) => {
                let deadline = patience.deadline(layer(consumer.channel()));
                Lending::RawSync(consumer.receive_batch(deadline)?)
            }
        }))
    }

    #[inline(always)]
    fn recv_within(&mut self, patience: Patience) -> Result<Message<'_>, RecvError> {
        Ok(Message(match &mut self.inner {
            Inner::Futex(consumer) => {
                let deadline = patience.deadline(layer(consumer.channel()));
                Lent::Futex(consumer.receive(deadline)?)
            }
            Inner::RawSync(consumer) => {
                let deadline = patience.deadline(layer(consumer.channel()));
                Lent::RawSync(consumer.receive(deadline)?)
            }
        }))
    }
}

/// The messages that were there, still in their slots. Dropping it acknowledges those taken: also when
/// a panic drops it, as with a [`Message`].
#[derive(Debug)]
pub struct Batch<'c>(Lending<'c>);

#[derive(Debug)]
enum Lending<'c> {
    Futex(protocol::Batch<'c, Futex, Segment<Futex>>),
    RawSync(protocol::Batch<'c, RawSync, Segment<RawSync>>),
}

impl Batch<'_> {
    /// The number that the next message taken has in the one total order, from 0.
    pub const fn sequence(&self) -> u64 {
        on_layer!(Lending, &self.0, batch => batch.sequence())
    }

    /// Takes the next message, which is lent until the one after it is taken; `None` when there is
    /// no other. Never waits. Messages not taken are received again.
    ///
    /// # Errors
    /// [`RecvError::Corrupt`].
    #[inline(always)]
    pub fn take(&mut self) -> Result<Option<&[u8]>, RecvError> {
        on_layer!(Lending, &mut self.0, batch => batch.take())
    }
}

/// A message in its slot, which cannot be overwritten meanwhile. Dropping it acknowledges it.
///
/// # What is not promised
/// An acknowledgement does not say that the work on a message is done. A panic that unwinds past a
/// message drops it, and so acknowledges it: the consumer's next message is the one after it. A
/// consumer that catches the panic and wants the message again copies it, calls
/// [`keep`](Message::keep), and receives it once more when the work is done. A process that is killed
/// acknowledges nothing; but [`Consumer`] says that its successor does not get the message either.
#[derive(Debug)]
pub struct Message<'c>(Lent<'c>);

#[derive(Debug)]
enum Lent<'c> {
    Futex(protocol::Message<'c, Futex, Segment<Futex>>),
    RawSync(protocol::Message<'c, RawSync, Segment<RawSync>>),
}

impl Message<'_> {
    /// The message's number in the one total order, from 0.
    pub const fn sequence(&self) -> u64 {
        on_layer!(Lent, &self.0, message => message.sequence())
    }

    /// Ends the loan without acknowledging: the message is received again.
    pub fn keep(self) {
        on_layer!(Lent, self.0, message => message.keep());
    }
}

impl Deref for Message<'_> {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        on_layer!(Lent, &self.0, message => message)
    }
}

/// The messages of a [`Consumer`] up to END.
#[derive(Debug)]
pub struct Messages<'c> {
    consumer: &'c mut Consumer,
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
