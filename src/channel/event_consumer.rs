//! Receiving in an event loop.

use super::{Consumer, EventError, Message, consumer, on_backend};
use crate::layers::{Backend, Bell, Futex, RawSync, RealLayer};
use crate::protocol::{Channel, RecvError};
use crate::segment::{Handle, Name, Segment};
use core::time::Duration;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use rustix::io::Errno;
use std::io;
use std::time::Instant;

/// A [`Consumer`] for an event loop. No call waits. Its descriptor becomes readable when there may be a message.
///
/// The descriptor is readable until a call returns `None`. It is readable again once a message or END is published, or
/// all producers are lost; a thread of this handle sleeps until then and takes no processor time. The descriptor is an
/// eventfd(2): an event loop polls it, and neither reads nor writes it.
///
/// A message is acknowledged when its [`Message`] is dropped. `None` acknowledges nothing.
///
/// ```
#[doc = super::attached!("event-consumer")]
/// # use rustix::event::{poll, PollFd, PollFlags};
/// let mut consumer = consumer.into_event()?;
/// assert!(consumer.try_recv_ref()?.is_none());
/// producer.send(b"Hello")?;
/// poll(&mut [PollFd::new(&consumer, PollFlags::IN)], None)?; // an event loop does this for many descriptors
/// assert_eq!(*consumer.try_recv_ref()?.unwrap(), *b"Hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct EventConsumer {
    /// Stopped in drop, before the consumer leaves.
    bell: Bell,
    /// The bell's thread may sleep in this consumer's place.
    asked: bool,
    consumer: Consumer,
}

impl Consumer {
    /// Makes the consumer one for an event loop. It takes two descriptors more, and a thread.
    ///
    /// # Errors
    /// [`EventError`]: the system refuses a descriptor or the thread. The consumer has left the channel then.
    ///
    /// ```
    #[doc = super::attached!("consumer-into-event")]
    /// let mut consumer = consumer.into_event()?;
    /// assert_eq!(consumer.try_recv()?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_event(self) -> Result<EventConsumer, EventError> {
        let number = self.number();
        let bell = match self.handle.backend() {
            Backend::Futex => bell::<Futex>(&self.handle, number)?,
            Backend::RawSync => bell::<RawSync>(&self.handle, number)?,
        };
        Ok(EventConsumer { bell, asked: false, consumer: self })
    }
}

/// A bell whose thread sleeps in the place of the consumer of this number.
fn bell<L: RealLayer + 'static>(handle: &Handle, number: u32) -> Result<Bell, EventError>
where
    Channel<L, Segment<L>>: Send,
{
    let channel: Channel<L, Segment<L>> = handle.channel()?;
    let sleep = move || _ = channel.await_told(number); // the consumer polls, whatever the reason
    Bell::start(sleep).map_err(|error| EventError::refused(handle.name(), error))
}

impl EventConsumer {
    /// The next message, in its slot. `None` if there is none: the descriptor becomes readable when that has changed.
    ///
    /// # Errors
    /// [`RecvError::Ended`] after the last message; otherwise see [`RecvError`]. Never
    /// [`TimedOut`](RecvError::TimedOut).
    ///
    /// ```
    #[doc = super::attached!("event-try-recv-ref")]
    /// let mut consumer = consumer.into_event()?;
    /// producer.send(b"Hello")?;
    /// producer.finish()?;
    /// assert_eq!(*consumer.try_recv_ref()?.unwrap(), *b"Hello");
    /// assert!(matches!(consumer.try_recv_ref(), Err(RecvError::Ended)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_recv_ref(&mut self) -> Result<Option<Message<'_>>, RecvError> {
        if self.is_ready()? { self.consumer.try_recv_ref().map(Some) } else { Ok(None) }
    }

    /// As [`try_recv_ref`](EventConsumer::try_recv_ref), but copies the message out and acknowledges it.
    ///
    /// # Errors
    /// As [`try_recv_ref`](EventConsumer::try_recv_ref).
    ///
    /// ```
    #[doc = super::attached!("event-try-recv")]
    /// let mut consumer = consumer.into_event()?;
    /// assert_eq!(consumer.try_recv()?, None);
    /// producer.send(b"Hello")?;
    /// assert_eq!(consumer.try_recv()?, Some(b"Hello".to_vec()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_recv(&mut self) -> Result<Option<Vec<u8>>, RecvError> {
        Ok(self.try_recv_ref()?.map(|message| message.to_vec()))
    }

    /// Whether the next call that receives returns a message, END or an error. If not, the descriptor becomes readable
    /// when that has changed.
    ///
    /// # Errors
    /// As [`try_recv_ref`](EventConsumer::try_recv_ref).
    ///
    /// ```
    #[doc = super::attached!("event-is-ready")]
    /// let mut consumer = consumer.into_event()?;
    /// assert!(!consumer.is_ready()?);
    /// producer.send(b"Hello")?;
    /// assert!(consumer.is_ready()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_ready(&mut self) -> Result<bool, RecvError> {
        use consumer::Inner;
        on_backend!(Inner, &mut self.consumer.inner, consumer => {
            let found = consumer.is_next_published();
            if !matches!(found, Ok(false)) {
                if core::mem::take(&mut self.asked) {
                    consumer.end_ask(); // the bell rings, so the descriptor is readable again
                }
                return found;
            }
            self.bell.clear();
            let found = consumer.ask();
            match found {
                Ok(false) => self.bell.ask(),
                _ => self.bell.ring(), // also for an error, which the next call returns again
            }
            self.asked = matches!(found, Ok(false));
            found
        })
    }

    /// Waits until one of these consumers is [ready](EventConsumer::is_ready), or has an error to return, for at most
    /// `timeout`. Returns its index: the first in the slice if there are several, so a caller that must be fair rotates
    /// the slice. `None`: the time is up.
    ///
    /// # Errors
    /// Those of poll(2).
    ///
    /// ```
    /// # use ackcast::{Channel, Consumer, EventConsumer, Producer};
    /// # use std::time::Duration;
    /// # let names = ["any-a", "any-b"].map(|name| format!("example-{name}-{}", std::process::id()));
    /// # let _channels = names.each_ref().map(|name| Channel::create(name).build().unwrap());
    /// let mut consumers = names.each_ref().map(|name| Consumer::attach(name).unwrap().into_event().unwrap());
    /// let mut second = Producer::attach(&names[1])?;
    /// assert_eq!(EventConsumer::wait_any(&mut consumers, Duration::ZERO)?, None);
    /// second.send(b"Hello")?;
    /// assert_eq!(EventConsumer::wait_any(&mut consumers, Duration::from_secs(10))?, Some(1));
    /// assert_eq!(consumers[1].try_recv()?, Some(b"Hello".to_vec()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_any(consumers: &mut [Self], timeout: Duration) -> io::Result<Option<usize>> {
        let end = Instant::now().checked_add(timeout); // a time that the clock cannot count never comes
        loop {
            let ready = consumers.iter_mut().position(|consumer| !matches!(consumer.is_ready(), Ok(false)));
            if ready.is_some() {
                return Ok(ready);
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Ok(None);
            }
            let left = left.and_then(|left| Timespec::try_from(left).ok());
            let mut fds: Vec<_> = consumers.iter().map(|consumer| PollFd::new(consumer, PollFlags::IN)).collect();
            match poll(&mut fds, left.as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// The channel's name.
    ///
    /// ```
    #[doc = super::attached!("event-consumer-name")]
    /// assert_eq!(consumer.into_event()?.name().as_str(), name);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn name(&self) -> &Name {
        self.consumer.name()
    }

    /// The consumer's [number](Consumer::number).
    ///
    /// ```
    #[doc = super::attached!("event-consumer-number")]
    /// assert_eq!(consumer.into_event()?.number(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn number(&self) -> u32 {
        self.consumer.number()
    }
}

impl AsFd for EventConsumer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

impl AsRawFd for EventConsumer {
    fn as_raw_fd(&self) -> RawFd {
        self.bell.as_fd().as_raw_fd()
    }
}

impl Drop for EventConsumer {
    /// Ends the thread, and then leaves the channel.
    fn drop(&mut self) {
        use consumer::Inner;
        on_backend!(Inner, &self.consumer.inner, consumer => self.bell.stop(|| consumer.end_ask()));
    }
}
