//! Sending.

use super::{AttachError, Patience, layer, on_layer};
use crate::layer::Deadline;
use crate::layers::{Backend, Futex, RawSync, RealLayer, Wait};
use crate::protocol::{self, BatchError, Finished, SendError};
use crate::segment::{Handle, Name, Segment};
use core::ops::{Deref, DerefMut};
use std::time::Duration;
use zerocopy::{Immutable, IntoBytes};

/// A process's hold on a channel as a producer.
///
/// Dropping it without [`finish`](Producer::finish) is the same as dying, to the others: END does
/// not come on its account.
#[derive(Debug)]
pub struct Producer {
    // Before `handle`: we leave before we may be the last one out.
    inner: Inner,
    handle: Handle,
}

#[derive(Debug)]
enum Inner {
    Futex(protocol::Producer<Futex, Segment<Futex>>),
    RawSync(protocol::Producer<RawSync, Segment<RawSync>>),
}

impl Producer {
    /// Attaches to the channel of this name.
    ///
    /// # Errors
    /// See [`AttachError`].
    pub fn attach(name: &str) -> Result<Self, AttachError> {
        let name = Name::new(name)?;
        let handle = Handle::open(&name)?;
        let join = |error| AttachError::Join { name: name.clone(), error };
        let inner = match handle.backend() {
            Backend::Futex => Inner::Futex(protocol::Producer::join(handle.channel()?).map_err(join)?),
            Backend::RawSync => Inner::RawSync(protocol::Producer::join(handle.channel()?).map_err(join)?),
        };
        Ok(Self { inner, handle })
    }

    /// The channel's name.
    pub const fn name(&self) -> &Name {
        self.handle.name()
    }

    /// How this handle waits from now on, for room and for the write lock; [`Wait::Adaptive`] until
    /// told otherwise. ([`Backend::RawSync`] sleeps at once, whatever it is told.)
    pub fn set_wait(&mut self, wait: Wait) {
        on_layer!(Inner, &mut self.inner, producer => layer(producer.channel()).set_wait(wait));
    }

    /// Sends one message; waits as long as it takes.
    ///
    /// # Errors
    /// See [`SendError`]; the message is then sent to nobody.
    #[inline]
    pub fn send(&mut self, message: &[u8]) -> Result<(), SendError> {
        self.send_within(message, Patience::Endless)
    }

    /// Sends one message if that needs no waiting.
    ///
    /// # Errors
    /// See [`SendError`]; [`SendError::TimedOut`] says what it would have had to wait for.
    pub fn try_send(&mut self, message: &[u8]) -> Result<(), SendError> {
        self.send_within(message, Patience::None)
    }

    /// Sends one message; gives up after `timeout`.
    ///
    /// # Errors
    /// See [`SendError`]; [`SendError::TimedOut`] says whom it waited for.
    pub fn send_timeout(&mut self, message: &[u8], timeout: Duration) -> Result<(), SendError> {
        self.send_within(message, Patience::For(timeout))
    }

    /// Sends a plain-old-data value, such as an array of integers, as its bytes.
    ///
    /// # Errors
    /// As [`send`](Producer::send).
    pub fn send_value<T: IntoBytes + Immutable + ?Sized>(&mut self, value: &T) -> Result<(), SendError> {
        self.send(value.as_bytes())
    }

    /// Sends messages one after the other, with no other producer's in between; waits as long as it
    /// takes. Cheaper than one by one: the lock is taken once, and many are counted together.
    ///
    /// # Errors
    /// [`BatchError`] says how many were sent, and why the one after them was not.
    pub fn send_batch<M: AsRef<[u8]>>(&mut self, messages: &[M]) -> Result<(), BatchError> {
        self.send_batch_within(messages, Patience::Endless)
    }

    /// As [`send_batch`](Producer::send_batch), but gives up when the next message is not sent within
    /// `timeout` from now.
    ///
    /// # Errors
    /// As [`send_batch`](Producer::send_batch).
    pub fn send_batch_timeout<M: AsRef<[u8]>>(&mut self, messages: &[M], timeout: Duration) -> Result<(), BatchError> {
        self.send_batch_within(messages, Patience::For(timeout))
    }

    /// As [`send_batch`](Producer::send_batch), of messages that are written in place, without a copy: `write`
    /// is asked for `count` of them, gets `slot_size` bytes, which hold whatever an earlier lap left there,
    /// and returns the message's length. `None` ends the batch early.
    ///
    /// # Errors
    /// As [`send_batch`](Producer::send_batch); a length above `slot_size` is [`SendError::TooLong`].
    #[inline(always)]
    pub fn send_written(
        &mut self,
        count: usize,
        write: impl FnMut(&mut [u8]) -> Option<usize>,
    ) -> Result<(), BatchError> {
        on_layer!(Inner, &mut self.inner, producer => producer.send_written(count, Deadline::Never, write))
    }

    /// Lends the next free slot, to be filled in place; waits for it as long as it takes. No other
    /// producer can publish while the loan lasts.
    ///
    /// # Errors
    /// See [`SendError`].
    #[inline(always)]
    pub fn loan(&mut self) -> Result<Loan<'_>, SendError> {
        self.loan_within(Patience::Endless)
    }

    /// Lends the next slot if it is free.
    ///
    /// # Errors
    /// See [`SendError`].
    pub fn try_loan(&mut self) -> Result<Loan<'_>, SendError> {
        self.loan_within(Patience::None)
    }

    /// Lends the next free slot; gives up after `timeout`.
    ///
    /// # Errors
    /// See [`SendError`].
    pub fn loan_timeout(&mut self, timeout: Duration) -> Result<Loan<'_>, SendError> {
        self.loan_within(Patience::For(timeout))
    }

    /// Finishes: when as many producers have done so as the channel was created for, and no other
    /// lives, END is published. Waits for room for it.
    ///
    /// # Errors
    /// See [`SendError`]. Unless it is [`SendError::Ended`], we have not finished and may try again.
    pub fn finish(&mut self) -> Result<Finished, SendError> {
        self.finish_within(Patience::Endless)
    }

    /// As [`finish`](Producer::finish), but gives up after `timeout`.
    ///
    /// # Errors
    /// As [`finish`](Producer::finish).
    pub fn finish_timeout(&mut self, timeout: Duration) -> Result<Finished, SendError> {
        self.finish_within(Patience::For(timeout))
    }

    #[inline]
    fn send_within(&mut self, message: &[u8], patience: Patience) -> Result<(), SendError> {
        on_layer!(Inner, &mut self.inner, producer => {
            let deadline = patience.deadline(layer(producer.channel()));
            producer.send(message, deadline)
        })
    }

    fn send_batch_within<M: AsRef<[u8]>>(&mut self, messages: &[M], patience: Patience) -> Result<(), BatchError> {
        on_layer!(Inner, &mut self.inner, producer => {
            let deadline = patience.deadline(layer(producer.channel()));
            producer.send_batch(messages, deadline)
        })
    }

    #[inline(always)]
    fn loan_within(&mut self, patience: Patience) -> Result<Loan<'_>, SendError> {
        Ok(Loan(match &mut self.inner {
            Inner::Futex(producer) => {
                let deadline = patience.deadline(layer(producer.channel()));
                FreeSlot::Futex(producer.reserve(deadline)?)
            }
            Inner::RawSync(producer) => {
                let deadline = patience.deadline(layer(producer.channel()));
                FreeSlot::RawSync(producer.reserve(deadline)?)
            }
        }))
    }

    fn finish_within(&mut self, patience: Patience) -> Result<Finished, SendError> {
        on_layer!(Inner, &mut self.inner, producer => {
            let deadline = patience.deadline(layer(producer.channel()));
            producer.finish(deadline)
        })
    }
}

/// A free slot, to be filled in place: `slot_size` bytes, which hold whatever an earlier lap left
/// there. Dropping it publishes nothing.
#[derive(Debug)]
#[must_use = "nothing is sent before `publish`"]
pub struct Loan<'p>(FreeSlot<'p>);

#[derive(Debug)]
enum FreeSlot<'p> {
    Futex(protocol::FreeSlot<'p, Futex, Segment<Futex>>),
    RawSync(protocol::FreeSlot<'p, RawSync, Segment<RawSync>>),
}

impl Loan<'_> {
    /// The number that the message will have in the one total order, from 0.
    pub const fn sequence(&self) -> u64 {
        on_layer!(FreeSlot, &self.0, room => room.sequence())
    }

    /// Fills the slot with the previous message and returns its length, so that it can be changed
    /// in place; `None` if this is the first.
    pub fn copy_previous(&mut self) -> Option<usize> {
        on_layer!(FreeSlot, &mut self.0, room => room.copy_previous())
    }

    /// Publishes the first `len` bytes.
    ///
    /// # Errors
    /// [`SendError::TooLong`]; [`SendError::Inherited`] in a forked child.
    #[inline(always)]
    pub fn publish(self, len: usize) -> Result<(), SendError> {
        on_layer!(FreeSlot, self.0, room => room.publish(len).map(drop))
    }
}

impl Deref for Loan<'_> {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        on_layer!(FreeSlot, &self.0, room => room.bytes())
    }
}

impl DerefMut for Loan<'_> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [u8] {
        on_layer!(FreeSlot, &mut self.0, room => room.bytes_mut())
    }
}
