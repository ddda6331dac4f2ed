//! Receiving in tokio's runtime.

use super::{Consumer, EventConsumer, EventError, Message};
use crate::protocol::RecvError;
use crate::segment::Name;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use futures_core::Stream;
use std::io;
use thiserror::Error;
use tokio::io::unix::AsyncFd;
use tokio::task::coop::poll_proceed;

/// A [`Consumer`] whose waits are futures of tokio's runtime (feature `tokio`).
///
/// Every method is cancel-safe: a future that is dropped has received and acknowledged nothing. A message is
/// acknowledged when its [`Message`] is dropped. So `tokio::select!` waits on several channels at once. While a future
/// waits, a thread of this handle sleeps in the kernel.
///
/// As a [`Stream`], it yields a copy of each message, acknowledged, up to END. An error does not end the stream.
///
/// ```
#[doc = super::attached!("async-consumer")]
/// # tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(async {
/// let mut consumer = AsyncConsumer::new(consumer)?;
/// producer.send(b"Hello")?;
/// assert_eq!(*consumer.recv_ref().await?, *b"Hello");
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct AsyncConsumer(AsyncFd<EventConsumer>);

/// Why a future has received no message.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AsyncRecvError {
    /// As for a consumer that waits by itself.
    #[error(transparent)]
    Recv(#[from] RecvError),
    /// The runtime does not tell of descriptors any more.
    #[error("tokio's runtime does not wait for channels any more ({0}); keep it until the last future has ended")]
    Runtime(io::Error),
}

impl AsyncConsumer {
    /// Takes a consumer into the current runtime.
    ///
    /// # Errors
    /// [`EventError`], also if epoll(7) refuses the descriptor.
    ///
    /// # Panics
    /// As [`AsyncFd::register`]: if there is no current runtime, or it is built without `enable_io`.
    ///
    /// ```
    #[doc = super::attached!("async-consumer-new")]
    /// # tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(async {
    /// let consumer = AsyncConsumer::new(consumer)?;
    /// assert_eq!(consumer.name(), channel.name());
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(consumer: Consumer) -> Result<Self, EventError> {
        let consumer = consumer.into_event()?;
        let name = consumer.name().clone();
        // SAFETY: the descriptor is an eventfd of the handle's own, open until the handle is dropped.
        let registered = unsafe { AsyncFd::register(consumer) };
        registered.map(Self).map_err(|error| EventError::refused(&name, error.into()))
    }

    /// Waits for the next message, and lends it in its slot. To drop the message acknowledges it.
    ///
    /// # Errors
    /// [`RecvError::Ended`] after the last message; otherwise see [`AsyncRecvError`].
    ///
    /// ```
    #[doc = super::attached!("async-recv-ref")]
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let mut consumer = AsyncConsumer::new(consumer)?;
    /// let moment = Duration::from_millis(1);
    /// assert!(tokio::time::timeout(moment, consumer.recv_ref()).await.is_err()); // cancelled, and nothing is lost
    /// producer.send(b"Hello")?;
    /// assert_eq!(*consumer.recv_ref().await?, *b"Hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn recv_ref(&mut self) -> Result<Message<'_>, AsyncRecvError> {
        poll_fn(|context| self.poll_ready(context)).await?;
        Ok(self.0.get_mut().try_recv_ref()?.ok_or(RecvError::TimedOut { next: 0 })?)
    }

    /// As [`recv_ref`](AsyncConsumer::recv_ref), but copies the message out and acknowledges it.
    ///
    /// # Errors
    /// As [`recv_ref`](AsyncConsumer::recv_ref).
    ///
    /// ```
    #[doc = super::attached!("async-recv")]
    /// # tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(async {
    /// let mut consumer = AsyncConsumer::new(consumer)?;
    /// producer.send(b"Hello")?;
    /// producer.finish()?;
    /// assert_eq!(consumer.recv().await?, b"Hello");
    /// assert!(matches!(consumer.recv().await, Err(AsyncRecvError::Recv(RecvError::Ended))));
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn recv(&mut self) -> Result<Vec<u8>, AsyncRecvError> {
        self.recv_ref().await.map(|message| message.to_vec())
    }

    /// The channel's name.
    ///
    /// ```
    #[doc = super::attached!("async-consumer-name")]
    /// # tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(async {
    /// assert_eq!(AsyncConsumer::new(consumer)?.name().as_str(), name);
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn name(&self) -> &Name {
        self.0.get_ref().name()
    }

    /// Ready when the next call that receives does not wait: there is a message, END or an error.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), AsyncRecvError>> {
        let budget = ready!(poll_proceed(context)); // other tasks run, too, while messages come without a pause
        loop {
            if self.0.get_mut().is_ready()? {
                budget.made_progress();
                return Poll::Ready(Ok(()));
            }
            ready!(self.0.poll_read_ready_mut(context)).map_err(AsyncRecvError::Runtime)?.clear_ready();
        }
    }
}

impl Stream for AsyncConsumer {
    type Item = Result<Vec<u8>, AsyncRecvError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let received = match ready!(self.poll_ready(context)) {
            Ok(()) => self.0.get_mut().try_recv().map_err(Into::into),
            Err(error) => Err(error),
        };
        Poll::Ready(match received {
            Err(AsyncRecvError::Recv(RecvError::Ended)) => None,
            received => received.transpose(),
        })
    }
}
