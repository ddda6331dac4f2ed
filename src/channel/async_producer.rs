//! Sending in tokio's runtime.

use super::{EventError, EventProducer, Loan, Producer};
use crate::protocol::{Finished, SendError};
use crate::segment::Name;
use core::future::poll_fn;
use core::task::{Context, Poll, ready};
use std::io;
use thiserror::Error;
use tokio::io::unix::AsyncFd;
use tokio::task::coop::poll_proceed;

/// A [`Producer`] whose waits are futures of tokio's runtime (feature `tokio`).
///
/// Every method is cancel-safe: a future that is dropped has sent nothing. While a future waits, a thread of this handle
/// waits in the kernel for the write lock and a free slot; see [`EventProducer`].
///
/// ```
#[doc = super::attached!("async-producer")]
/// # tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(async {
/// let mut producer = AsyncProducer::new(producer)?;
/// producer.send(b"Hello").await?;
/// producer.finish().await?;
/// assert_eq!(consumer.recv()?, b"Hello");
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct AsyncProducer(AsyncFd<EventProducer>);

/// Why a future has sent no message.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AsyncSendError {
    /// As for a producer that waits by itself.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The runtime does not tell of descriptors any more.
    #[error("tokio's runtime does not wait for channels any more ({0}); keep it until the last future has ended")]
    Runtime(io::Error),
}

/// A call that waits. Its drop gives up what the thread waits for.
struct Waits<'p>(&'p mut AsyncFd<EventProducer>);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.get_mut().give_up();
    }
}

impl AsyncProducer {
    /// Takes a producer into the current runtime.
    ///
    /// # Errors
    /// [`EventError`], also if epoll(7) refuses the descriptor.
    ///
    /// # Panics
    /// As [`AsyncFd::register`]: if there is no current runtime, or it is built without `enable_io`.
    ///
    /// ```
    #[doc = super::attached!("async-producer-new")]
    /// # tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(async {
    /// let producer = AsyncProducer::new(producer)?;
    /// assert_eq!(producer.name(), channel.name());
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(producer: Producer) -> Result<Self, EventError> {
        let producer = producer.into_event()?;
        let name = producer.name().clone();
        // SAFETY: the descriptor is an eventfd of the handle's own, open until the handle is dropped.
        let registered = unsafe { AsyncFd::register(producer) };
        registered.map(Self).map_err(|error| EventError::refused(&name, error.into()))
    }

    /// Sends one message. Waits for a free slot.
    ///
    /// # Errors
    /// See [`AsyncSendError`].
    ///
    /// ```
    #[doc = super::attached!("async-send")]
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let mut producer = AsyncProducer::new(producer)?;
    /// for _ in 0..4 {
    ///     producer.send(b"Hello").await?;
    /// }
    /// let late = tokio::time::timeout(Duration::from_millis(1), producer.send(b"late")).await;
    /// assert!(late.is_err()); // cancelled, and not sent
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// assert_eq!(channel.published().count(), 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn send(&mut self, message: &[u8]) -> Result<(), AsyncSendError> {
        self.attempt(|producer| producer.try_send(message).map(|sent| sent.then_some(()))).await
    }

    /// Lends the next slot. Waits until it is free. The loan stays in its thread, so no other future is awaited before
    /// it is published or dropped.
    ///
    /// # Errors
    /// As [`send`](AsyncProducer::send), but for [`SendError::TooLong`].
    ///
    /// ```
    #[doc = super::attached!("async-loan")]
    /// # tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(async {
    /// let mut producer = AsyncProducer::new(producer)?;
    /// let mut loan = producer.loan().await?;
    /// loan[..5].copy_from_slice(b"Hello");
    /// loan.publish(5)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// assert_eq!(consumer.recv()?, b"Hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn loan(&mut self) -> Result<Loan<'_>, AsyncSendError> {
        self.attempt(EventProducer::try_reserve).await?;
        let loan = self.0.get_mut().try_loan()?;
        Ok(loan.ok_or(SendError::Inherited)?) // the producer is here, with the lock and a slot
    }

    /// Finishes, as [`Producer::finish`].
    ///
    /// # Errors
    /// As [`send`](AsyncProducer::send).
    ///
    /// ```
    #[doc = super::attached!("async-finish")]
    /// # tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(async {
    /// assert_eq!(AsyncProducer::new(producer)?.finish().await?, Finished::Ended);
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// assert_eq!(consumer.recv(), Err(RecvError::Ended));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn finish(&mut self) -> Result<Finished, AsyncSendError> {
        self.attempt(EventProducer::try_finish).await
    }

    /// The channel's name.
    ///
    /// ```
    #[doc = super::attached!("async-producer-name")]
    /// # tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(async {
    /// assert_eq!(AsyncProducer::new(producer)?.name().as_str(), name);
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn name(&self) -> &Name {
        self.0.get_ref().name()
    }

    /// Calls `work` until it has done its work.
    async fn attempt<T>(
        &mut self,
        mut work: impl FnMut(&mut EventProducer) -> Result<Option<T>, SendError>,
    ) -> Result<T, AsyncSendError> {
        let waits = Waits(&mut self.0);
        let done = poll_fn(|context| poll(waits.0, context, &mut work)).await;
        core::mem::forget(waits); // nothing to give up
        done
    }
}

fn poll<T>(
    producer: &mut AsyncFd<EventProducer>,
    context: &mut Context<'_>,
    work: &mut impl FnMut(&mut EventProducer) -> Result<Option<T>, SendError>,
) -> Poll<Result<T, AsyncSendError>> {
    let budget = ready!(poll_proceed(context)); // other tasks run, too, while there is room without a pause
    loop {
        if let Some(done) = work(producer.get_mut())? {
            budget.made_progress();
            return Poll::Ready(Ok(done));
        }
        ready!(producer.poll_read_ready_mut(context)).map_err(AsyncSendError::Runtime)?.clear_ready();
    }
}
