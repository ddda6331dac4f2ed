//! Receiving: wait until a message is published, read its slot, acknowledge it.

mod message;

pub use message::{Batch, Message};

use self::message::Taken;
use super::{Channel, Corruption, Event, JoinError, Lengths, Published, RecvError, Start, Storage};
use crate::layer::{Deadline, Found, Layer, Participant, Poll, Signal, Word};
use core::sync::atomic::Ordering::{Acquire, Release};

/// A participant that receives every message from its start on.
#[derive(Debug)]
pub struct Consumer<L: Layer, S: Storage<L>> {
    channel: Channel<L, S>,
    me: Participant,
    /// The next message to receive. All messages below it are acknowledged, and no others.
    next: u64,
    /// The slot of the next message.
    slot: usize,
    /// Messages below this number were published at the last poll. Cached, because each poll takes the cache line of
    /// `published` away from the producer. At least `next`.
    seen: u64,
    /// How the lengths of the messages below `seen` are known.
    lengths: Lengths,
    /// END was received, or this consumer has joined after it.
    ended: bool,
}

/// What a consumer does while the next message is not published.
#[derive(Clone, Copy)]
enum Waiting {
    Sleep(Deadline),
    Ask,
    Poll,
}

impl<L: Layer, S: Storage<L>> Consumer<L, S> {
    /// Joins at the present count. The consumer receives every message published from now on.
    ///
    /// # Errors
    /// [`JoinError::Full`], [`JoinError::Liveness`].
    pub fn join(channel: Channel<L, S>) -> Result<Self, JoinError> {
        Self::join_at(channel, Start::Newest)
    }

    /// Joins at `start`. The consumer receives that message and every later one.
    ///
    /// # Errors
    /// [`JoinError::Full`], [`JoinError::NotRetained`], [`JoinError::Liveness`].
    pub fn join_at(channel: Channel<L, S>, start: Start) -> Result<Self, JoinError> {
        let capacity = channel.geometry.consumers;
        let Some((me, next, published)) = channel.take_consumer_entry(start)? else {
            return Err(JoinError::Full { role: "consumer", capacity });
        };
        let ended = published.ended() && next == published.count();
        let slot = channel.ring.slot_of(next);
        channel.layer.note(Event::ConsumerJoined { consumer: me.number, next });
        // `seen` is `next`, so the first message is received after a poll (E2a).
        Ok(Self { channel, me, next, slot, seen: next, lengths: published.lengths(), ended })
    }

    /// The participant's number and generation.
    pub const fn participant(&self) -> Participant {
        self.me
    }

    /// The channel.
    pub const fn channel(&self) -> &Channel<L, S> {
        &self.channel
    }

    /// The number of the next message.
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Waits for the next message and lends it. It is acknowledged when the loan ends.
    ///
    /// # Errors
    /// See [`RecvError`]. After an error, the same message is still the next one.
    #[inline(always)]
    pub fn receive(&mut self, deadline: Deadline) -> Result<Message<'_, L, S>, RecvError> {
        self.wait(Waiting::Sleep(deadline))?;
        let reading = self.open(self.slot);
        let len = self.lengths.of(self.next, self.channel.geometry.slot_size, &reading);
        match self.logged(len)? {
            Some(len) => Ok(Message::new(reading, len, Taken { count: 1, consumer: self })),
            None => Err(self.end()),
        }
    }

    /// Waits for the next message and lends it and those after it that are published, one at a time. They are
    /// acknowledged together, when the batch ends.
    ///
    /// # Errors
    /// See [`RecvError`].
    #[inline(always)]
    pub fn receive_batch(&mut self, deadline: Deadline) -> Result<Batch<'_, L, S>, RecvError> {
        self.wait(Waiting::Sleep(deadline))?;
        let Self { next, slot, seen, .. } = *self;
        let len = self.lengths.of(next, self.channel.geometry.slot_size, &self.open(slot));
        match self.logged(len)? {
            Some(_) => Ok(Batch::new(slot, seen.wrapping_sub(next), Taken { count: 0, consumer: self })),
            None => Err(self.end()),
        }
    }

    /// Whether the next message, or END, is published. Polls, and neither waits nor asks.
    ///
    /// # Errors
    /// As [`ask`](Consumer::ask), but liveness is not checked.
    pub fn is_next_published(&mut self) -> Result<bool, RecvError> {
        self.is_there(Waiting::Poll)
    }

    /// Asks to be told of the next message, in the place of a wait; never sleeps. True: the next call that receives
    /// finds a message, END or an error at once. False: [`Channel::await_told`] returns when this consumer is to ask
    /// again.
    ///
    /// # Errors
    /// As [`receive`](Consumer::receive), but for [`RecvError::TimedOut`].
    pub fn ask(&mut self) -> Result<bool, RecvError> {
        self.is_there(Waiting::Ask)
    }

    fn is_there(&mut self, waiting: Waiting) -> Result<bool, RecvError> {
        match self.wait(waiting) {
            Err(RecvError::TimedOut { .. }) => Ok(false),
            found => found.map(|()| true),
        }
    }

    /// Asks no more: [`Channel::await_told`] returns, at once or when it begins.
    pub fn end_ask(&self) {
        if let Some(entry) = self.channel.storage.consumers().get(self.me.number as usize) {
            // C13 (calls H8, H9, P5): ends C12.
            entry.data.end_ask(&self.channel.layer);
        }
    }

    /// The message in this slot, which is published and not acknowledged.
    #[inline(always)]
    fn open(&self, slot: usize) -> S::Reading {
        // D4: the bytes of a message, ordered after E2a and before E3a.
        // SAFETY: the message is published (E2a). This consumer is ACTIVE and has not acknowledged it, so no producer
        // writes the slot (S3) before the acknowledgement, which comes after the reading is dropped.
        unsafe { self.channel.storage.read(slot) }
    }

    /// END is the next message. Its slot is acknowledged like any other.
    #[cold]
    fn end(&mut self) -> RecvError {
        self.acknowledge(1);
        (self.ended, self.seen) = (true, self.next); // nothing follows END, even if a corrupt count says so
        self.channel.layer.note(Event::EndReceived { consumer: self.me.number });
        RecvError::Ended
    }

    /// Waits until `next` is published.
    #[inline(always)]
    fn wait(&mut self, waiting: Waiting) -> Result<(), RecvError> {
        if self.channel.layer.is_inherited() {
            return Err(RecvError::Inherited);
        }
        if self.next < self.seen { Ok(()) } else { self.await_next(waiting) }
    }

    #[inline(never)]
    fn await_next(&mut self, waiting: Waiting) -> Result<(), RecvError> {
        if self.ended {
            return Err(RecvError::Ended);
        }
        let Some(entry) = self.channel.storage.consumers().get(self.me.number as usize) else {
            return Err(RecvError::Corrupt(Corruption::Internal { what: "the consumer's entry is not there" }));
        };
        // The producer of `next` (a) has not published it: the consumer parks, and N wakes it; (b) has published it;
        // (c) is dead: another producer publishes `next`, or `poll_producers` finds that none is left.
        let poll = |kind| {
            let seen = match self.poll().transpose() {
                None if kind == Poll::WordsAndLiveness => self.poll_producers().transpose(),
                seen => seen,
            };
            seen.map(|value| {
                let messages = value.map_or(0, |published| published.count().wrapping_sub(self.next));
                Found { value, messages }
            })
        };
        let found = match waiting {
            // C4 (calls R2, F1): the wait for E1. A liveness check finds E10.
            Waiting::Sleep(deadline) => entry.data.wait(&self.channel.layer, deadline, poll),
            // C11 (calls R2, F1): as C4, of a consumer for which another thread sleeps.
            Waiting::Ask => entry.data.ask(&self.channel.layer, poll),
            Waiting::Poll => poll(Poll::Words).map(|found| found.value),
        };
        let found = found.unwrap_or(Err(RecvError::TimedOut { next: self.next }));
        let published = self.logged(found)?;
        (self.seen, self.lengths) = (published.count(), published.lengths());
        Ok(())
    }

    /// Whether a producer lives that could publish `next`. `None`: a producer lives, or no producer is attached.
    fn poll_producers(&self) -> Result<Option<Published>, RecvError> {
        let Some(dead) = self.channel.lost_producers()? else { return Ok(None) };
        // A dead producer publishes nothing more, but it may have published after our last poll.
        self.poll()?.map_or(Err(RecvError::ProducersLost(dead)), |published| Ok(Some(published)))
    }

    /// What is published, if that includes `next`.
    fn poll(&self) -> Result<Option<Published>, RecvError> {
        // E2a (Acquire), pairs with E1: the bytes of all messages below the count.
        let published = self.channel.control().published.0.load(Acquire);
        let published = Published::from_word(published);
        let slots = self.channel.geometry.slots;
        let (count, next) = (published.count(), self.next);
        // A writer stays within `slots` of our acknowledgement (S3), and our start was less than `slots` back.
        match count.checked_sub(next) {
            Some(ahead) if ahead <= u64::from(slots) => Ok((ahead > 0).then_some(published)),
            _ => Err(RecvError::Corrupt(Corruption::Published { published: count, next, slots })),
        }
    }

    /// Tells the log of an error that has come over the channel. Costs nothing if there is no log.
    #[inline(always)]
    fn logged<T>(&self, result: Result<T, RecvError>) -> Result<T, RecvError> {
        match result {
            Err(error) if L::HAS_LOG => Err(self.noted(error)),
            result => result,
        }
    }

    #[cold]
    fn noted(&self, error: RecvError) -> RecvError {
        match error {
            RecvError::ProducersLost(producers) => {
                self.channel.layer.note(Event::ProducersLost { producers, next: self.next });
            }
            RecvError::Corrupt(corruption) => self.channel.layer.note(Event::Corrupt(corruption)),
            _ => {}
        }
        error
    }

    /// Acknowledges the next `count` messages. Their slots are not being read any more.
    #[inline(always)]
    fn acknowledge(&mut self, count: u64) {
        self.next = self.next.wrapping_add(count); // at most `seen`, so it does not wrap
        self.slot = self.channel.ring.after(self.slot, count);
        if let Some(entry) = self.channel.storage.consumers().get(self.me.number as usize) {
            // E3a (Release), pairs with E4: our reads of the slots of all messages below `next`.
            entry.acked.0.store(self.next, Release);
            let space = &self.channel.control().space.0;
            // C6 (calls F2, F3, R1): the writer may wait for E3a.
            L::Signal::notify_all(&self.channel.layer, core::iter::once(space));
        }
    }
}

impl<L: Layer, S: Storage<L>> Drop for Consumer<L, S> {
    /// Leaves: from now on no producer waits for this consumer.
    fn drop(&mut self) {
        self.channel.leave_consumer_entry(self.me);
        self.channel.layer.note(Event::ConsumerLeft { consumer: self.me.number, next: self.next });
    }
}
