//! Sending in an event loop.

use super::{EventError, Loan, Producer};
use crate::layers::{Backend, Bell};
use crate::protocol::{Finished, SendError};
use crate::segment::Name;
use core::mem;
use core::time::Duration;
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The longest wait of the thread until it looks whether the handle has given up. A shorter one costs processor time,
/// and a longer one makes others wait.
const SLICE: Duration = Duration::from_millis(10);

/// A [`Producer`] for an event loop. No call waits. Its descriptor becomes readable when a message may be sent.
///
/// A producer waits for the write lock and for a free slot. When a call finds neither, a thread of this handle waits in
/// its place. From the moment that the thread has both, no other producer can publish, until this one has sent, or has
/// [given up](EventProducer::give_up). The descriptor is an eventfd(2): an event loop polls it, and neither reads nor
/// writes it.
///
/// To drop it without [`try_finish`](EventProducer::try_finish) is to die, for the other participants. The drop waits for
/// the thread, which takes up to 10 ms if it waits for a slot.
///
/// ```
#[doc = super::attached!("event-producer")]
/// # use rustix::event::{poll, PollFd, PollFlags};
/// let mut producer = producer.into_event()?;
/// for _ in 0..4 {
///     assert!(producer.try_send(b"Hello")?);
/// }
/// assert!(!producer.try_send(b"Hello")?); // no slot is free
/// consumer.recv()?;
/// poll(&mut [PollFd::new(&producer, PollFlags::IN)], None)?; // an event loop does this for many descriptors
/// assert!(producer.try_send(b"Hello")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct EventProducer {
    bell: Bell,
    /// `None`: the thread has it.
    producer: Option<Producer>,
    exchange: Arc<Mutex<Exchange>>,
    name: Name,
}

/// What the handle and its thread pass to each other. The mutex is locked for moments, never for a wait.
#[derive(Debug, Default)]
struct Exchange {
    /// For the thread, to wait.
    waits: Option<Producer>,
    /// For the handle. The producer holds the lock, and knows of a free slot, unless the wait failed.
    returned: Option<Producer>,
    /// The handle has given up since: the thread comes back soon, and without the lock.
    given_up: bool,
}

fn lock(exchange: &Mutex<Exchange>) -> MutexGuard<'_, Exchange> {
    exchange.lock().unwrap_or_else(PoisonError::into_inner) // no code under it panics
}

/// The thread's part: waits for the lock and a free slot, and keeps both for the handle.
fn wait(exchange: &Mutex<Exchange>) {
    let Some(mut producer) = lock(exchange).waits.take() else { return };
    loop {
        // The lock stays the producer's, whichever thread has it. A log of the program may panic at an eviction or a
        // takeover; the handle tries again then.
        let wait = || producer.loan_timeout(SLICE).map(mem::forget);
        let reserved = catch_unwind(AssertUnwindSafe(wait));
        let mut exchange = lock(exchange);
        match reserved {
            Ok(Err(SendError::TimedOut(_))) if !exchange.given_up => continue,
            Ok(Ok(())) if exchange.given_up => drop(producer.try_loan()), // gives the lock back
            _ => {} // the handle finds the lock and the slot, or the error again
        }
        exchange.returned = Some(producer);
        return;
    }
}

impl Producer {
    /// Makes the producer one for an event loop. It takes a descriptor more, and a thread.
    ///
    /// # Errors
    /// [`EventError`]: the channel is on [`Backend::RawSync`], or the system refuses the descriptor or the thread. The
    /// producer has left the channel then.
    ///
    /// ```
    #[doc = super::attached!("producer-into-event")]
    /// let mut producer = producer.into_event()?;
    /// assert!(producer.try_send(b"Hello")?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_event(self) -> Result<EventProducer, EventError> {
        let name = self.name().clone();
        if self.handle.backend() != Backend::Futex {
            return Err(EventError::LockOfThread { name });
        }
        let exchange = Arc::<Mutex<Exchange>>::default();
        let thread = Arc::clone(&exchange);
        let bell = Bell::start(move || wait(&thread)).map_err(|error| EventError::refused(&name, error))?;
        Ok(EventProducer { bell, producer: Some(self), exchange, name })
    }
}

impl EventProducer {
    /// Lends the next slot. `None` if there is no free slot, or another producer has the lock: the descriptor becomes
    /// readable when that has changed.
    ///
    /// # Errors
    /// As [`Producer::loan`]. Never [`SendError::TimedOut`].
    ///
    /// ```
    #[doc = super::attached!("event-try-loan")]
    /// let mut producer = producer.into_event()?;
    /// let mut loan = producer.try_loan()?.unwrap();
    /// loan[..5].copy_from_slice(b"Hello");
    /// loan.publish(5)?;
    /// assert_eq!(consumer.recv()?, b"Hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_loan(&mut self) -> Result<Option<Loan<'_>>, SendError> {
        let reserved = self.try_reserve()?;
        match &mut self.producer {
            Some(producer) if reserved.is_some() => producer.try_loan().map(Some),
            _ => Ok(None),
        }
    }

    /// Takes the lock and finds a slot, so that the next `try_loan` lends it. `None` as there.
    pub(super) fn try_reserve(&mut self) -> Result<Option<()>, SendError> {
        self.attempt(|producer| producer.try_loan().map(mem::forget))
    }

    /// Sends one message. False if there is no free slot, or another producer has the lock: the descriptor becomes
    /// readable when that has changed.
    ///
    /// # Errors
    /// As [`Producer::send`]. Never [`SendError::TimedOut`].
    ///
    /// ```
    #[doc = super::attached!("event-try-send")]
    /// let mut producer = producer.into_event()?;
    /// assert!(producer.try_send(b"Hello")?);
    /// assert_eq!(consumer.recv()?, b"Hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_send(&mut self, message: &[u8]) -> Result<bool, SendError> {
        Ok(self.attempt(|producer| producer.try_send(message))?.is_some())
    }

    /// Finishes, as [`Producer::finish`]. `None` if END has no free slot, or another producer has the lock: the
    /// descriptor becomes readable when that has changed.
    ///
    /// # Errors
    /// As [`Producer::finish`]. Never [`SendError::TimedOut`].
    ///
    /// ```
    #[doc = super::attached!("event-try-finish")]
    /// let mut producer = producer.into_event()?;
    /// assert_eq!(producer.try_finish()?, Some(Finished::Ended));
    /// assert_eq!(consumer.recv(), Err(RecvError::Ended));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_finish(&mut self) -> Result<Option<Finished>, SendError> {
        self.attempt(|producer| producer.finish_timeout(Duration::ZERO))
    }

    /// Gives up what a call waits for that has returned `None` or false. Other producers can publish within 10 ms. A
    /// later call waits anew.
    ///
    /// ```
    #[doc = super::attached!("event-give-up")]
    /// let mut producer = producer.into_event()?;
    /// while producer.try_send(b"Hello")? {}
    /// producer.give_up();
    /// consumer.recv()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn give_up(&mut self) {
        if self.bell.is_inherited() {
            return;
        }
        lock(&self.exchange).given_up = true;
        self.take_back();
        if let Some(producer) = &mut self.producer {
            drop(producer.try_loan()); // gives the lock back, if it is ours
        }
    }

    /// The channel's name.
    ///
    /// ```
    #[doc = super::attached!("event-producer-name")]
    /// assert_eq!(producer.into_event()?.name().as_str(), name);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn name(&self) -> &Name {
        &self.name
    }

    /// Calls `work`, which does not wait, if the producer is here. Otherwise, or if `work` would have to wait, the
    /// thread waits: `None`.
    fn attempt<T>(&mut self, work: impl FnOnce(&mut Producer) -> Result<T, SendError>) -> Result<Option<T>, SendError> {
        if self.bell.is_inherited() {
            return Err(SendError::Inherited); // a thread of the parent may have had the mutex
        }
        self.take_back();
        let Some(producer) = &mut self.producer else {
            lock(&self.exchange).given_up = false; // a thread that was to come back soon goes on waiting
            return Ok(None);
        };
        match work(producer) {
            Err(SendError::TimedOut(_)) => {
                self.bell.clear();
                *lock(&self.exchange) = Exchange { waits: self.producer.take(), returned: None, given_up: false };
                self.bell.ask();
                Ok(None)
            }
            Err(error) => {
                drop(producer.try_loan()); // a lock that the thread took is given back
                Err(error)
            }
            done => done.map(Some),
        }
    }

    /// Takes the producer back, if the thread has returned it.
    fn take_back(&mut self) {
        if self.producer.is_none() {
            self.producer = lock(&self.exchange).returned.take();
        }
    }
}

impl AsFd for EventProducer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

impl AsRawFd for EventProducer {
    fn as_raw_fd(&self) -> RawFd {
        self.bell.as_fd().as_raw_fd()
    }
}

impl Drop for EventProducer {
    /// Ends the thread, so that the producer and its name do not outlive the handle.
    fn drop(&mut self) {
        if !self.bell.is_inherited() {
            lock(&self.exchange).given_up = true;
        }
        self.bell.stop(|| ());
    }
}
