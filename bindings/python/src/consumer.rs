//! `Consumer`.

use crate::borrow::{Borrow, Exporter};
use crate::bytes::{Target, copy_out};
use crate::deadline::Deadline;
use crate::errors::{self, Raise, unless_raised};
use crate::handle::{Failure, Handle, Role, Stop, wait};
use crate::meeting;
use crate::producer::unpicklable;
use crate::typed::Codec;
use ackcast::{Message, RecvError};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use std::collections::VecDeque;
use std::time::Duration;

/// The most messages that iteration copies and acknowledges ahead of the loop's body.
const AHEAD: usize = 64;
/// Iteration takes no further message ahead once it has this many bytes.
const AHEAD_BYTES: usize = 64 << 10;

/// The most values of a batch without `max`: there may always be more.
const MAX_VALUES: usize = 4096;

/// A consumer, and the messages that iteration has taken ahead.
#[derive(Debug)]
pub struct Receiver {
    pub(crate) consumer: ackcast::Consumer,
    /// Acknowledged, and not handed out yet. Every call that receives takes from here first.
    pub(crate) ahead: Ahead,
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
    /// The message has another length than a value.
    NotAValue { found: usize, expected: usize },
}

/// The library's reason, as a call returns it.
fn failed(error: RecvError) -> Stop<Refused> {
    Stop::Failed(Refused::Recv(error))
}

impl Failure for Refused {
    fn is_timeout(&self) -> bool {
        matches!(self, Self::Recv(error) if error.is_timeout())
    }

    #[cold]
    fn raise(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Recv(error) => error.raise(py),
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
    pub(crate) fn await_next(&mut self, piece: Duration) -> Result<(), RecvError> {
        if !self.ahead.messages.is_empty() {
            return Ok(());
        }
        match piece {
            Duration::ZERO => self.consumer.try_recv_ref(),
            piece => self.consumer.recv_ref_timeout(piece),
        }
        .map(Message::keep)
    }

    /// Whether the next message is there, and can be lent as a value. Does not wait.
    fn await_borrow(&mut self, codec: Option<&Codec>) -> Result<(), Stop<Refused>> {
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
    fn try_recv(&mut self, py: Python<'_>) -> Result<Py<PyBytes>, Stop<Refused>> {
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
    fn try_recv_value(&mut self, py: Python<'_>, codec: &Codec) -> Result<Py<PyBytes>, Stop<Refused>> {
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
    fn try_recv_values(
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
    fn try_next(&mut self, py: Python<'_>) -> Result<Py<PyBytes>, Stop<Refused>> {
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
    fn try_recv_batch(&mut self, py: Python<'_>, max: usize) -> Result<Vec<Py<PyBytes>>, Stop<Refused>> {
        let ahead = &mut self.ahead.messages;
        let mut taken: Vec<_> = ahead.drain(..max.min(ahead.len())).collect();
        if taken.len() < max {
            let (none, left) = (taken.is_empty(), max - taken.len());
            let result = take_batch(&mut self.consumer, py, left, usize::MAX, |bytes| taken.push(bytes));
            // After the first message, an error is found again by the next call.
            if none {
                result?;
            }
        }
        Ok(taken)
    }

    /// The next message, copied to a buffer and acknowledged: its length. Does not wait.
    fn try_recv_into(&mut self, py: Python<'_>, target: &Target) -> Result<usize, Stop<Refused>> {
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
                put(copy_out(py, message)?);
            }
            Err(error) if count == 0 => return Err(failed(error)),
            _ => break, // an error is found again by the call that needs the message
        }
        count += 1;
    }
    Ok(batch.sequence())
}

/// A handle that receives every message from its start on.
#[pyclass(frozen, weakref, module = "ackcast")]
#[derive(Debug)]
pub struct Consumer {
    pub(crate) handle: Handle<Receiver>,
    number: u32,
    pub(crate) codec: Option<Codec>,
}

impl Consumer {
    /// The next message, or the next value. `take` takes a message, and does not wait.
    #[inline]
    fn next(
        &self,
        py: Python<'_>,
        deadline: Deadline,
        mut take: impl FnMut(&mut Receiver, Python<'_>) -> Result<Py<PyBytes>, Stop<Refused>>,
    ) -> Result<Py<PyAny>, Stop<Refused>> {
        match &self.codec {
            None => self.receive(py, deadline, |py, receiver| take(receiver, py)).map(Py::into_any),
            Some(codec) => {
                let value = self.receive(py, deadline, |py, receiver| receiver.try_recv_value(py, codec))?;
                Ok(codec.decode(value.bind(py))?.unbind())
            }
        }
    }

    /// Lends the next message.
    fn lend(slf: &Bound<'_, Self>, deadline: Deadline) -> Result<Borrow, Stop<Refused>> {
        let (py, consumer) = (slf.py(), slf.get());
        loop {
            consumer.receive(py, deadline, |_, receiver| receiver.await_borrow(consumer.codec.as_ref()))?;
            match Borrow::new(slf, consumer.handle.take(py, deadline)?) {
                // Another thread has taken the message meanwhile.
                Err(stop) if stop.is_timeout() && deadline.piece().is_some() => {}
                borrow => return borrow,
            }
        }
    }

    /// Waits until `attempt`, which does not wait, has a result.
    #[inline]
    pub(crate) fn receive<R: Send>(
        &self,
        py: Python<'_>,
        deadline: Deadline,
        attempt: impl FnMut(Python<'_>, &mut Receiver) -> Result<R, Stop<Refused>>,
    ) -> Result<R, Stop<Refused>> {
        wait(py, &self.handle, deadline, attempt, |receiver, piece| {
            receiver.await_next(piece).map(|()| None).map_err(Refused::Recv)
        })
    }
}

#[pymethods]
impl Consumer {
    #[new]
    #[pyo3(signature = (name, *, start = None, timeout = Deadline::Now, r#type = None))]
    fn new(
        py: Python<'_>,
        name: &str,
        start: Option<&Bound<'_, PyAny>>,
        timeout: Deadline,
        r#type: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let codec = Codec::of(r#type)?;
        let start = meeting::start(start)?;
        let consumer = meeting::consumer(py, name, start, timeout, codec.as_ref().map(Codec::value_type))?;
        let number = consumer.number();
        let receiver = Receiver { consumer, ahead: Ahead::default() };
        Ok(Self { handle: Handle::new(name.to_owned(), receiver), number, codec })
    }

    #[getter]
    fn name(&self) -> &str {
        self.handle.name()
    }

    #[getter]
    fn number(&self) -> u32 {
        self.number
    }

    #[getter]
    fn r#type(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.codec.as_ref().map(|codec| codec.object().clone_ref(py))
    }

    #[getter]
    fn closed(&self) -> bool {
        self.handle.is_closed()
    }

    #[pyo3(signature = (timeout = Deadline::Never))]
    fn recv(&self, py: Python<'_>, timeout: Deadline) -> PyResult<Py<PyAny>> {
        self.next(py, timeout, Receiver::try_recv).map_err(|stop| stop.raise(py, &self.handle))
    }

    fn try_recv(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        match self.next(py, Deadline::Now, Receiver::try_recv) {
            Ok(message) => Ok(Some(message)),
            Err(stop) if stop.is_timeout() => Ok(None),
            Err(stop) => Err(stop.raise(py, &self.handle)),
        }
    }

    #[pyo3(signature = (buffer, timeout = Deadline::Never))]
    fn recv_into(&self, py: Python<'_>, buffer: &Bound<'_, PyAny>, timeout: Deadline) -> PyResult<usize> {
        let target = Target::new(buffer)?;
        let received = self.receive(py, timeout, |py, receiver| receiver.try_recv_into(py, &target));
        received.map_err(|stop| stop.raise(py, &self.handle))
    }

    #[pyo3(signature = (max = None, timeout = Deadline::Never))]
    fn recv_batch<'py>(&self, py: Python<'py>, max: Option<i64>, timeout: Deadline) -> PyResult<Bound<'py, PyList>> {
        let max = match max {
            None => usize::MAX,
            Some(max) if max > 0 => max as usize,
            Some(max) => return Err(PyValueError::new_err(format!("max is {max}; it must be at least 1, or None"))),
        };
        let taken = self.receive(py, timeout, |py, receiver| match &self.codec {
            None => receiver.try_recv_batch(py, max),
            Some(codec) => receiver.try_recv_values(py, max, codec),
        });
        let taken = taken.map_err(|stop| stop.raise(py, &self.handle))?;
        match &self.codec {
            None => PyList::new(py, taken),
            Some(codec) => {
                let values = taken.iter().map(|message| codec.decode(message.bind(py)));
                PyList::new(py, values.collect::<PyResult<Vec<_>>>()?)
            }
        }
    }

    #[pyo3(signature = (timeout = Deadline::Never))]
    fn borrow(slf: &Bound<'_, Self>, timeout: Deadline) -> PyResult<Borrow> {
        Self::lend(slf, timeout).map_err(|stop| stop.raise(slf.py(), &slf.get().handle))
    }

    fn try_borrow(slf: &Bound<'_, Self>) -> PyResult<Option<Borrow>> {
        match Self::lend(slf, Deadline::Now) {
            Ok(borrow) => Ok(Some(borrow)),
            Err(stop) if stop.is_timeout() => Ok(None),
            Err(stop) => Err(stop.raise(slf.py(), &slf.get().handle)),
        }
    }

    fn release(&self, py: Python<'_>) -> PyResult<()> {
        match self.handle.lent::<Exporter>(py) {
            (Some(exporter), view) => exporter.get().release(py, view.as_ref(), true),
            (None, _) => Ok(()),
        }
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.handle.close(py)
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (_kind = None, error = None, _traceback = None))]
    fn __exit__(
        &self,
        py: Python<'_>,
        _kind: Option<&Bound<'_, PyAny>>,
        error: Option<&Bound<'_, PyAny>>,
        _traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        unless_raised(self.handle.close(py), error)
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        match self.next(py, Deadline::Never, Receiver::try_next) {
            Ok(message) => Ok(Some(message)),
            Err(Stop::Failed(Refused::Recv(RecvError::Ended))) => Ok(None),
            Err(stop) => Err(stop.raise(py, &self.handle)),
        }
    }

    fn _release_view(&self, py: Python<'_>) -> PyResult<()> {
        self.handle.release_view(py)
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(unpicklable("Consumer", self.handle.name()))
    }

    fn __repr__(&self) -> String {
        let closed = if self.handle.is_closed() { " (closed)" } else { "" };
        format!("<ackcast.Consumer {} of channel {:?}{closed}>", self.number, self.handle.name())
    }
}
