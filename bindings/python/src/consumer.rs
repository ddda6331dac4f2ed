//! `Consumer`.

use crate::borrow::{Borrow, Exporter};
use crate::bytes::Target;
use crate::deadline::Deadline;
use crate::errors::unless_raised;
use crate::handle::Handle;
use crate::meeting;
use crate::producer::unpicklable;
use crate::receiver::{Ahead, Receiver, Refused};
use crate::typed::Codec;
use crate::wait::{Stop, wait};
use ackcast::RecvError;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

/// A handle that receives every message from its start on. While it is attached, producers wait for its
/// acknowledgements.
///
/// It starts at the next message that is published. `start` may be "oldest", for the oldest message that the channel
/// retains, or a sequence number. `timeout` and `type` are as those of Producer: the wait is for a channel that is not
/// over, if `start` is None.
///
/// A context manager, which leaves the channel. An iterator over the messages up to END. Iteration copies and
/// acknowledges up to 64 messages, or 64 KiB, ahead of the loop's body, where so many are published. What was taken
/// ahead counts as received, and is lost if the process is killed. If the loop ends early, the other calls return it
/// first.
///
/// Threads may share a consumer: each message goes to one of them.
///
/// Raises NotFound, Full, NotRetained, TypeMismatch, WaitForTimedOut, or another WaitForError.
///
/// >>> producer.send_batch([b"one", b"two"])
/// >>> producer.finish()
/// True
/// >>> [message for message in consumer]
/// [b'one', b'two']
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
        mut attempt: impl FnMut(Python<'_>, &mut Receiver) -> Result<R, Stop<Refused>>,
    ) -> Result<R, Stop<Refused>> {
        if matches!(deadline, Deadline::Now) {
            return self.receive_now(py, attempt);
        }
        let received = self.receive_if_ready(py, deadline, |py, receiver| {
            receiver.is_ready()?;
            attempt(py, receiver)
        });
        match received {
            Err(Stop::Failed(Refused::NotReady)) => self.receive_now(py, attempt),
            received => received,
        }
    }

    /// Calls `attempt` once.
    fn receive_now<R>(
        &self,
        py: Python<'_>,
        mut attempt: impl FnMut(Python<'_>, &mut Receiver) -> Result<R, Stop<Refused>>,
    ) -> Result<R, Stop<Refused>> {
        attempt(py, &mut *self.handle.take(py, Deadline::Now)?)
    }

    #[inline]
    fn receive_if_ready<R: Send>(
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
    #[pyo3(
        signature = (name, *, start = None, timeout = Deadline::Now, r#type = None),
        text_signature = "(name, *, start=None, timeout=0, type=None)"
    )]
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

    /// The channel's name.
    #[getter]
    fn name(&self) -> &str {
        self.handle.name()
    }

    /// The consumer's number, from 0, as SendTimedOut and `Channel.acknowledged` have it.
    #[getter]
    fn number(&self) -> u32 {
        self.number
    }

    /// The type that was asked for when the consumer attached.
    #[getter]
    fn r#type(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.codec.as_ref().map(|codec| codec.object().clone_ref(py))
    }

    /// Whether `close` was called.
    #[getter]
    fn closed(&self) -> bool {
        self.handle.is_closed()
    }

    /// Waits for the next message, for at most `timeout` seconds, without the GIL. Copies it out, and acknowledges it.
    ///
    /// Returns bytes, or a value of the type: a tuple for a `struct` format, a read-only array or a scalar for a dtype.
    ///
    /// Raises RecvEnded, which is an EOFError, after the last message; RecvTimedOut, which is a TimeoutError;
    /// ProducersLost; NotAValue; or another RecvError.
    ///
    /// >>> producer.send(b"Hello")
    /// >>> consumer.recv(timeout=10)
    /// b'Hello'
    #[pyo3(signature = (timeout = Deadline::Never), text_signature = "($self, timeout=None)")]
    fn recv(&self, py: Python<'_>, timeout: Deadline) -> PyResult<Py<PyAny>> {
        self.next(py, timeout, Receiver::try_recv).map_err(|stop| stop.raise(py, &self.handle))
    }

    /// As `recv`, but never waits. None if the next message is not published, or if another thread uses this handle.
    ///
    /// >>> consumer.try_recv()
    #[pyo3(text_signature = "($self)")]
    fn try_recv(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        match self.next(py, Deadline::Now, Receiver::try_recv) {
            Ok(message) => Ok(Some(message)),
            Err(stop) if stop.is_timeout() => Ok(None),
            Err(stop) => Err(stop.raise(py, &self.handle)),
        }
    }

    /// As `recv`, into a writable buffer. Returns the message's length in bytes.
    ///
    /// Raises BufferTooSmall if the message does not fit. It is received again then.
    ///
    /// >>> producer.send(b"Hello")
    /// >>> buffer = bytearray(8)
    /// >>> consumer.recv_into(buffer), buffer
    /// (5, bytearray(b'Hello\x00\x00\x00'))
    #[pyo3(signature = (buffer, timeout = Deadline::Never), text_signature = "($self, buffer, timeout=None)")]
    fn recv_into(&self, py: Python<'_>, buffer: &Bound<'_, PyAny>, timeout: Deadline) -> PyResult<usize> {
        let target = Target::new(buffer)?;
        let received = self.receive(py, timeout, |py, receiver| receiver.try_recv_into(py, &target));
        received.map_err(|stop| stop.raise(py, &self.handle))
    }

    /// Waits for the next message, and takes it and those after it that are published: a list of at least one, and of
    /// at most `max`. It takes none after a total of 1 MiB. Cheaper than a `recv` for each message, because all are
    /// acknowledged together.
    ///
    /// >>> producer.send_batch([b"one", b"two"])
    /// >>> consumer.recv_batch()
    /// [b'one', b'two']
    #[pyo3(signature = (max = None, timeout = Deadline::Never), text_signature = "($self, max=None, timeout=None)")]
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

    /// Waits for the next message, and lends it in its slot: a context manager, whose value is a read-only memoryview.
    /// In a typed channel it is a NumPy array, if the type has a dtype.
    ///
    /// The message is acknowledged at the end of the `with`, also if an exception ends it. Then the memoryview is
    /// released, and to use it is a ValueError. An array that was made of it has to be deleted before that, or
    /// StillExported is raised, and the message is not acknowledged yet. Other calls of this consumer are refused with
    /// Lent meanwhile.
    ///
    /// >>> producer.send(b"Hello")
    /// >>> with consumer.borrow() as view:
    /// ...     bytes(view[1:])
    /// b'ello'
    #[pyo3(signature = (timeout = Deadline::Never), text_signature = "($self, timeout=None)")]
    fn borrow(slf: &Bound<'_, Self>, timeout: Deadline) -> PyResult<Borrow> {
        Self::lend(slf, timeout).map_err(|stop| stop.raise(slf.py(), &slf.get().handle))
    }

    /// As `borrow`, but never waits. None if the next message is not published, or if another thread uses this handle.
    ///
    /// >>> consumer.try_borrow()
    #[pyo3(text_signature = "($self)")]
    fn try_borrow(slf: &Bound<'_, Self>) -> PyResult<Option<Borrow>> {
        match Self::lend(slf, Deadline::Now) {
            Ok(borrow) => Ok(Some(borrow)),
            Err(stop) if stop.is_timeout() => Ok(None),
            Err(stop) => Err(stop.raise(slf.py(), &slf.get().handle)),
        }
    }

    /// Ends what `borrow` has lent, if it was not ended before, and acknowledges it.
    ///
    /// Raises StillExported if an array or a memoryview still uses it.
    ///
    /// >>> producer.send(b"Hello")
    /// >>> view = consumer.borrow().__enter__()
    /// >>> consumer.release()
    /// >>> channel.acknowledged()
    /// {0: 1}
    #[pyo3(text_signature = "($self)")]
    fn release(&self, py: Python<'_>) -> PyResult<()> {
        match self.handle.lent::<Exporter>(py) {
            (Some(exporter), view) => exporter.get().release(py, view.as_ref(), true),
            (None, _) => Ok(()),
        }
    }

    /// Leaves the channel: no producer waits for this consumer any more. A thread that waits in a call gets Closed. If
    /// a message is borrowed, Lent is raised, and the consumer leaves when that ends.
    #[pyo3(text_signature = "($self)")]
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.handle.close(py)
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(
        signature = (_kind = None, error = None, _traceback = None, /),
        text_signature = "($self, kind=None, error=None, traceback=None, /)"
    )]
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
        Err(unpicklable("Consumer", "Consumer", self.handle.name()))
    }

    fn __repr__(&self) -> String {
        let closed = if self.handle.is_closed() { " (closed)" } else { "" };
        format!("<ackcast.Consumer {} of channel {:?}{closed}>", self.number, self.handle.name())
    }
}
