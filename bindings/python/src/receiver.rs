//! What a consumer takes from its channel: messages one by one, in batches, and ahead of a loop's body.

use crate::bytes::{Target, copy_out};
use crate::errors::{self, Raise};
use crate::handle::Role;
use crate::typed::Codec;
use crate::wait::{Failure, Stop};
use ackcast::{Message, RecvError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::collections::VecDeque;
use std::time::Duration;

/// The most messages that iteration copies and acknowledges ahead of the loop's body.
const AHEAD: usize = 64;
/// Iteration takes no further message ahead once it has this many bytes.
const AHEAD_BYTES: usize = 64 << 10;

/// A batch takes no further message once it has this many bytes. The memory of larger batches would be mapped and
/// unmapped by malloc for each of them, at 0.25 ms of page faults a message of 1 MiB.
const BATCH_BYTES: usize = 1 << 20;
/// The most values of a batch without `max`: there may always be more.
const MAX_VALUES: usize = 4096;

/// A consumer, and the messages that iteration has taken ahead.
#[derive(Debug)]
pub struct Receiver {
    pub consumer: ackcast::Consumer,
    /// Acknowledged, and not handed out yet. Every call that receives takes from here first.
    pub ahead: Ahead,
}

/// Messages that were copied and acknowledged, and not handed out yet.
#[derive(Debug, Default)]
pub struct Ahead {
    messages: VecDeque<Py<PyBytes>>,
    /// The number of the message after them.
    after: u64,
}

impl Ahead {
    /// The next message, and its number.
    #[inline]
    pub fn pop(&mut self) -> Option<(u64, Py<PyBytes>)> {
        let sequence = self.after.wrapping_sub(self.messages.len() as u64);
        self.messages.pop_front().map(|bytes| (sequence, bytes))
    }

    /// The message taken last is the next one again.
    pub fn put_back(&mut self, bytes: Py<PyBytes>) {
        self.messages.push_front(bytes);
    }
}

/// Why a message was not received.
#[derive(Debug)]
pub enum Refused {
    /// The library's reason.
    Recv(RecvError),
    /// The buffer is too small.
    TooSmall { len: usize, capacity: usize },
    /// None is published, and the call did not ask whether the producers live.
    NotReady,
    /// The message has another length than a value.
    NotAValue { found: usize, expected: usize },
}

/// The library's reason, as a call returns it.
pub fn failed(error: RecvError) -> Stop<Refused> {
    Stop::Failed(Refused::Recv(error))
}

impl Failure for Refused {
    fn is_timeout(&self) -> bool {
        match self {
            Self::Recv(error) => error.is_timeout(),
            Self::NotReady => true,
            _ => false,
        }
    }

    #[cold]
    fn raise(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Recv(error) => error.raise(py),
            Self::NotReady => RecvError::TimedOut { next: 0 }.raise(py),
            Self::TooSmall { len, capacity } => {
                let text = format!("the message has {len} bytes, and the buffer {capacity}; give a larger buffer");
                Raise::new(py, "BufferTooSmall", &text).with("len", len).with("capacity", capacity).done()
            }
            Self::NotAValue { found, expected } => {
                let text = format!(
                    "the message has {found} bytes, and a value of the type has {expected}; receive it as bytes, by a \
                     consumer without a type"
                );
                Raise::new(py, "NotAValue", &text).with("found", found).with("expected", expected).done()
            }
        }
    }
}

impl Role for Receiver {
    const KIND: &'static str = "consumer";

    fn inherited(py: Python<'_>, _name: &str) -> PyErr {
        RecvError::Inherited.raise(py)
    }

    fn in_use(py: Python<'_>, name: &str) -> PyErr {
        errors::in_use(py, "RecvTimedOut", Self::KIND, name).with("next", None::<u64>).done()
    }
}

impl Receiver {
    /// Waits for the next message, and leaves it where it is.
    pub fn await_next(&mut self, piece: Duration) -> Result<(), RecvError> {
        if !self.ahead.messages.is_empty() {
            return Ok(());
        }
        match piece {
            Duration::ZERO => self.consumer.try_recv_ref(),
            piece => self.consumer.recv_ref_timeout(piece),
        }
        .map(Message::keep)
    }

    /// Whether there may be a message to take. One poll, which does not ask whether the producers live: that is a
    /// system call.
    #[inline]
    pub fn is_ready(&mut self) -> Result<(), Stop<Refused>> {
        if !self.ahead.messages.is_empty() || self.consumer.is_ready().map_err(failed)? {
            return Ok(());
        }
        Err(Stop::Failed(Refused::NotReady))
    }

    /// Whether the next message is there, and can be lent as a value. Does not wait.
    pub fn await_borrow(&mut self, codec: Option<&Codec>) -> Result<(), Stop<Refused>> {
        let Some(codec) = codec else { return self.await_next(Duration::ZERO).map_err(failed) };
        let message = self.consumer.try_recv_ref().map_err(failed)?;
        let found = message.len();
        message.keep();
        match codec.fits(found) {
            true => Ok(()),
            false => Err(Stop::Failed(Refused::NotAValue { found, expected: codec.size() })),
        }
    }

    /// The next message, copied and acknowledged. Does not wait.
    #[inline]
    pub fn try_recv(&mut self, py: Python<'_>) -> Result<Py<PyBytes>, Stop<Refused>> {
        if let Some((_, bytes)) = self.ahead.pop() {
            return Ok(bytes);
        }
        let message = self.consumer.try_recv_ref().map_err(failed)?;
        copy_out(py, &message).map_err(|error| {
            message.keep();
            error.into()
        })
    }

    /// As [`try_recv`](Receiver::try_recv), of a message that has the length of a value.
    pub fn try_recv_value(&mut self, py: Python<'_>, codec: &Codec) -> Result<Py<PyBytes>, Stop<Refused>> {
        let message = self.consumer.try_recv_ref().map_err(failed)?;
        let found = message.len();
        if !codec.fits(found) {
            message.keep();
            return Err(Stop::Failed(Refused::NotAValue { found, expected: codec.size() }));
        }
        copy_out(py, &message).map_err(|error| {
            message.keep();
            error.into()
        })
    }

    /// Up to `max` values, and at least one, copied and acknowledged. Does not wait.
    pub fn try_recv_values(
        &mut self,
        py: Python<'_>,
        max: usize,
        codec: &Codec,
    ) -> Result<Vec<Py<PyBytes>>, Stop<Refused>> {
        let mut taken = vec![self.try_recv_value(py, codec)?];
        while taken.len() < max.min(MAX_VALUES) {
            // An error is found again by the call that needs the message.
            let Ok(value) = self.try_recv_value(py, codec) else { break };
            taken.push(value);
        }
        Ok(taken)
    }

    /// As [`try_recv`](Receiver::try_recv), and takes more messages ahead.
    #[inline]
    pub fn try_next(&mut self, py: Python<'_>) -> Result<Py<PyBytes>, Stop<Refused>> {
        if let Some((_, bytes)) = self.ahead.pop() {
            return Ok(bytes);
        }
        let mut first = None;
        self.ahead.after = take_batch(&mut self.consumer, py, AHEAD, AHEAD_BYTES, |bytes| match first {
            None => first = Some(bytes),
            Some(_) => self.ahead.messages.push_back(bytes),
        })?;
        first.ok_or(failed(RecvError::TimedOut { next: self.ahead.after }))
    }

    /// Up to `max` messages, at least one, copied and acknowledged. Does not wait.
    pub fn try_recv_batch(&mut self, py: Python<'_>, max: usize) -> Result<Vec<Py<PyBytes>>, Stop<Refused>> {
        let ahead = &mut self.ahead.messages;
        let mut taken: Vec<_> = ahead.drain(..max.min(ahead.len())).collect();
        if taken.len() < max {
            let (none, left) = (taken.is_empty(), max - taken.len());
            let result = take_batch(&mut self.consumer, py, left, BATCH_BYTES, |bytes| taken.push(bytes));
            // After the first message, an error is found again by the next call.
            if none {
                result?;
            }
        }
        Ok(taken)
    }

    /// The next message, copied to a buffer and acknowledged: its length. Does not wait.
    pub fn try_recv_into(&mut self, py: Python<'_>, target: &Target) -> Result<usize, Stop<Refused>> {
        let too_small = |len| Stop::Failed(Refused::TooSmall { len, capacity: target.len() });
        if let Some(message) = self.ahead.messages.front().map(|message| message.bind(py)) {
            let message = message.as_bytes();
            if message.len() > target.len() {
                return Err(too_small(message.len()));
            }
            target.fill(py, message);
            let len = message.len();
            self.ahead.pop();
            return Ok(len);
        }
        let message = self.consumer.try_recv_ref().map_err(failed)?;
        let len = message.len();
        if len > target.len() {
            message.keep();
            return Err(too_small(len));
        }
        target.fill(py, &message);
        Ok(len)
    }
}

/// Copies and acknowledges up to `max` messages, and at least one. Takes none after `max_bytes`. Does not wait. Returns
/// the number of the message after them.
#[inline]
fn take_batch(
    consumer: &mut ackcast::Consumer,
    py: Python<'_>,
    max: usize,
    max_bytes: usize,
    mut put: impl FnMut(Py<PyBytes>),
) -> Result<u64, Stop<Refused>> {
    let (mut batch, mut count, mut bytes) = (consumer.try_recv_batch().map_err(failed)?, 0, 0);
    while count < max && bytes < max_bytes {
        match batch.take() {
            Ok(Some(message)) => {
                bytes += message.len();
                match copy_out(py, message) {
                    Ok(copy) => put(copy),
                    Err(error) => {
                        batch.put_back(); // there is no memory for a copy
                        if count == 0 {
                            return Err(error.into());
                        }
                        break;
                    }
                }
            }
            Err(error) if count == 0 => return Err(failed(error)),
            _ => break, // an error is found again by the call that needs the message
        }
        count += 1;
    }
    Ok(batch.sequence())
}
