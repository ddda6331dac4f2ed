//! Messages that are written, to be published.

use super::{Position, Producer, WriteGuard, max_prepared};
use crate::layer::{Layer, Word};
use crate::protocol::payload::PayloadLen;
use crate::protocol::{Geometry, Lengths, Storage, Writing};
use core::sync::atomic::Ordering::Release;
use core::{fmt, slice};

/// Messages that are written and not counted: no consumer sees them. A dropped `Prepared` publishes nothing.
#[must_use = "nothing is sent before `publish`"]
pub struct Prepared<'p, L: Layer, S: Storage<L>> {
    /// What will be published, and where the message after it goes.
    position: Position,
    guard: WriteGuard<'p, L, S>,
}

impl<'p, L: Layer, S: Storage<L>> Prepared<'p, L, S> {
    #[inline(always)]
    pub(super) const fn new(position: Position, guard: WriteGuard<'p, L, S>) -> Self {
        Self { position, guard }
    }

    /// Prepares the next messages, while their slots are known to be free, and while no more than
    /// [`max_prepared`](super::max_prepared) are prepared; returns how many. `write` gets the slot's bytes (see
    /// [`FreeSlot::bytes_mut`](super::FreeSlot::bytes_mut)) and returns the message's length. It is not called again
    /// after it has returned `None`, or more than there are bytes.
    ///
    /// The loop keeps its state in registers, because a store to the stack waits behind the stores to the slots: a
    /// processor makes stores visible in order, and a slot's cache line takes some hundred instructions to arrive.
    #[inline(always)]
    pub fn extend(&mut self, mut write: impl FnMut(&mut [u8]) -> Option<usize>) -> usize {
        // The loop cannot reach a slot that it has just prepared: `writable_until` is at most `published + slots`,
        // because the lowest acknowledgement starts at `n - retain` (`await_room`).
        let Producer { ref channel, writable_until, position: Position { published: before, .. }, .. } =
            *self.guard.producer;
        let Geometry { slots, slot_size, .. } = channel.geometry;
        let until = writable_until.min(before.count().saturating_add(max_prepared(slots)));
        let Position { published, slot } = self.position;
        let (mut next, mut slot, mut lengths) = (published.count(), slot, Lengths::Fixed);
        while next < until {
            // D3: as D1.
            // SAFETY: as in `FreeSlot::new`: the lock is ours, and message `next` may be written.
            let mut writing = unsafe { channel.storage.write(slot) };
            // SAFETY: as in `FreeSlot::bytes_mut`.
            let bytes = unsafe { slice::from_raw_parts_mut(writing.bytes(), slot_size as usize) };
            let Some(len) = write(bytes).and_then(|len| PayloadLen::new(len, slot_size)) else { break };
            writing.set_header(len.header());
            lengths = lengths.and(len.lengths());
            next = next.wrapping_add(1); // at most `until`
            slot = channel.ring.next(slot);
        }
        let more = next.saturating_sub(published.count());
        self.position = Position { published: published.advanced_by(more, lengths), slot };
        more as usize
    }

    /// Publishes the prepared messages. The lock stays ours.
    ///
    /// The store E1 is the linearization point: a consumer sees either all of these messages or none. The order that
    /// must not happen, for message *n* and a consumer *C*:
    ///
    /// ```text
    ///   producer                              C
    ///   writes slot n                         polls: n is not published
    ///   published = n + 1        (E1)         parks
    ///   C does not sleep yet: no wake         sleeps, for ever
    /// ```
    ///
    /// *C* gets *n*, whatever it does meanwhile:
    /// 1. *C* polls after the store is visible. E2a reads from E1, so *C* sees the slot's bytes. If E2a reads from a
    ///    later E1, that one carries these bytes, too: by program order, or by the lock (E8, E7).
    /// 2. *C* polls before, and then sleeps. By L1 (`signal.rs`) a later poll sees E1, or the notifier ends the sleep.
    /// 3. *C* is joining. E1 comes before F2 (this is N), and J before *C* loads its start (E2d). So the notifier sees
    ///    *C*, or *C* starts after *n* (`registry.rs`).
    /// 4. This producer dies after E1. *C* polls again at its next liveness check. The next owner of the lock notifies,
    ///    too (`recover`), which ends *C*'s sleep at once unless this producer has made R1.
    ///
    /// So *C* gets *n*, because no producer overwrites *n* before *C* acknowledges it (`await_room.rs`).
    #[inline(always)]
    pub fn publish(self) -> WriteGuard<'p, L, S> {
        let Self { position, guard } = self;
        guard.producer.position = position;
        let word = &guard.producer.channel.control().published.0;
        // E1 (Release), pairs with E2a: the bytes of the prepared slots, and by the lock those of all earlier messages.
        word.store(position.published.word(), Release);
        guard.producer.notify();
        guard
    }
}

impl<L: Layer, S: Storage<L>> fmt::Debug for Prepared<'_, L, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").field("published", &self.position.published).finish()
    }
}
