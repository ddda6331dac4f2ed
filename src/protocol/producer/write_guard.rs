//! The guard of the write lock.

use super::{FreeSlot, Producer};
use crate::layer::{Deadline, Layer};
use crate::protocol::{Published, SendError, Storage};
use core::{fmt, marker::PhantomData};

/// The write lock is ours: no other participant writes slots or `published`. When the guard is dropped the lock is
/// given back, or stays with its producer where no other producer can want it.
///
/// Not `Send`: some locks belong to the thread that took them.
pub struct WriteGuard<'p, L: Layer, S: Storage<L>> {
    pub(super) producer: &'p mut Producer<L, S>,
    not_send: PhantomData<*mut ()>,
}

impl<'p, L: Layer, S: Storage<L>> WriteGuard<'p, L, S> {
    /// The lock is the producer's.
    #[inline(always)]
    pub(super) const fn new(producer: &'p mut Producer<L, S>) -> Self {
        Self { producer, not_send: PhantomData }
    }

    /// Waits until the next slot is free.
    ///
    /// # Errors
    /// [`SendError::TimedOut`] says what it waited for; [`SendError::Corrupt`].
    #[inline(always)]
    pub fn free_slot(self, deadline: Deadline) -> Result<FreeSlot<'p, L, S>, SendError> {
        let n = self.published().count();
        if n >= self.producer.writable_until {
            let room = self.producer.await_room(n, deadline);
            self.producer.logged(room)?;
        }
        Ok(FreeSlot::new(self))
    }

    /// What is published; exact while the lock is ours.
    pub const fn published(&self) -> Published {
        self.producer.position.published
    }
}

impl<L: Layer, S: Storage<L>> Drop for WriteGuard<'_, L, S> {
    #[inline(always)]
    fn drop(&mut self) {
        let Producer { lock, channel, .. } = &mut *self.producer;
        lock.end_guard(&channel.control().lock.0, &channel.layer);
    }
}

impl<L: Layer, S: Storage<L>> fmt::Debug for WriteGuard<'_, L, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteGuard").field("published", &self.published()).finish()
    }
}
