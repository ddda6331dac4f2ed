//! `Producer`.

use crate::arguments;
use crate::bytes::{LARGE, Source};
use crate::deadline::Deadline;
use crate::errors::{self, unless_raised, with_blocked_on};
use crate::handle::{Handle, Role};
use crate::loan::Loan;
use crate::meeting;
use crate::typed::Codec;
use crate::wait::{Failure, Stop, wait, wait_detached};
use ackcast::{Backend, BatchError, Finished, Geometry, SendError};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyString;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

impl Role for ackcast::Producer {
    const KIND: &'static str = "producer";

    fn inherited(py: Python<'_>, _name: &str) -> PyErr {
        SendError::Inherited.raise(py)
    }

    fn in_use(py: Python<'_>, name: &str) -> PyErr {
        with_blocked_on(errors::in_use(py, "SendTimedOut", Self::KIND, name), None).done()
    }
}

/// A handle that sends messages to a channel's consumers. It attaches to the channel of this name.
///
/// With a `timeout` of 0 it attaches at once. Otherwise it waits for so many seconds, or for ever if it is None, until
/// there is a channel that has not ended and has a free place. With a `type`, it attaches only to a channel of that
/// type, and sends values of it.
///
/// A context manager. At its end, the producer finishes, unless an exception ends the `with`: then it leaves without,
/// and consumers get ProducersLost.
///
/// Threads may share a producer: their calls wait for each other.
///
/// Raises NotFound, Full, JoinEnded, TypeMismatch, WaitForTimedOut, or another WaitForError.
#[pyclass(frozen, weakref, module = "ackcast")]
#[derive(Debug)]
pub struct Producer {
    pub(crate) handle: Handle<ackcast::Producer>,
    pub(crate) codec: Option<Codec>,
    slot_size: u32,
    /// The channel has no place for another producer.
    is_alone: bool,
    /// The write lock belongs to the thread that took it.
    pub(crate) lock_is_of_thread: bool,
    /// `finish` has succeeded.
    finished: AtomicBool,
}

impl Producer {
    /// Sends. `Err(Stop::Failed)` if the library refuses.
    #[inline]
    fn send_bytes(&self, py: Python<'_>, bytes: &[u8], deadline: Deadline) -> Result<(), Stop<SendError>> {
        let within = |producer: &mut ackcast::Producer, piece: Duration| match piece {
            Duration::ZERO => producer.try_send(bytes),
            piece => producer.send_timeout(bytes, piece),
        };
        if bytes.len() >= LARGE {
            return wait_detached(py, &self.handle, deadline, within);
        }
        let attempt = |_: Python<'_>, producer: &mut ackcast::Producer| producer.try_send(bytes).map_err(Stop::Failed);
        wait(py, &self.handle, deadline, attempt, |producer, piece| within(producer, piece).map(Some))
    }

    /// The bytes of a message or of a value.
    #[inline]
    fn source<'py>(&self, message: &Bound<'py, PyAny>) -> PyResult<Source<'py>> {
        match &self.codec {
            None => Source::new(message),
            Some(codec) => Source::new(&codec.encode(message)?),
        }
    }

    /// Lends the next slot.
    fn lend(&self, slf: &Bound<'_, Self>, size: usize, deadline: Deadline) -> Result<Loan, Stop<SendError>> {
        let py = slf.py();
        loop {
            let late = match Loan::new(slf, self.handle.take(py, deadline)?, size) {
                Err(Stop::Failed(error)) if error.is_timeout() => error,
                loan => return loan,
            };
            if deadline.piece().is_none() {
                return Err(Stop::Failed(late));
            }
            // Waits for a free slot, and leaves it. Another producer may take it before the next attempt.
            let free = |producer: &mut ackcast::Producer, piece| producer.loan_timeout(piece).map(drop);
            wait_detached(py, &self.handle, deadline, free)?;
        }
    }

    /// Finishes. True: END is published.
    fn finish_by(&self, py: Python<'_>, deadline: Deadline) -> PyResult<bool> {
        let attempt = |_: Python<'_>, producer: &mut ackcast::Producer| {
            producer.finish_timeout(Duration::ZERO).map_err(Stop::Failed)
        };
        let finish = |producer: &mut ackcast::Producer, piece| producer.finish_timeout(piece).map(Some);
        let finished =
            wait(py, &self.handle, deadline, attempt, finish).map_err(|stop| stop.raise(py, &self.handle))?;
        self.finished.store(true, Relaxed);
        Ok(finished == Finished::Ended)
    }
}

#[pymethods]
impl Producer {
    #[new]
    #[pyo3(
        signature = (name, *, timeout = Deadline::Now, r#type = None),
        text_signature = "(name, *, timeout=0, type=None)"
    )]
    fn new(py: Python<'_>, name: &str, timeout: Deadline, r#type: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let codec = Codec::of(r#type)?;
        let producer = meeting::producer(py, name, timeout, codec.as_ref().map(Codec::value_type))?;
        let Geometry { slot_size, producers, .. } = producer.geometry();
        let lock_is_of_thread = producer.backend() != Backend::Futex;
        let handle = Handle::new(name.to_owned(), producer);
        Ok(Self {
            handle,
            codec,
            slot_size,
            is_alone: producers == 1,
            lock_is_of_thread,
            finished: AtomicBool::new(false),
        })
    }

    /// The channel's name.
    #[getter]
    fn name(&self) -> &str {
        self.handle.name()
    }

    /// The type that was asked for when the producer attached.
    #[getter]
    fn r#type(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.codec.as_ref().map(|codec| codec.object().clone_ref(py))
    }

    /// Whether `close` was called.
    #[getter]
    fn closed(&self) -> bool {
        self.handle.is_closed()
    }

    /// The number that the next message will have, from 0. Exact where no other producer can publish.
    #[getter]
    fn next_sequence(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(self.handle.take_or_raise(py, Deadline::Never)?.next_sequence())
    }

    /// Sends one message: any contiguous bytes-like object of at most `slot_size` bytes, or a value of the channel's
    /// type.
    ///
    /// Waits until there is a free slot, for at most `timeout` seconds, without the GIL. An empty message is a message,
    /// and not END. A message is copied without the GIL if it has 256 KiB or more: do not change a mutable object
    /// meanwhile.
    ///
    /// Raises TooLong, SendTimedOut, SendEnded, or another SendError. No consumer receives any of the message then.
    ///
    /// >>> producer.send(b"Hello", timeout=10)
    /// >>> consumer.recv()
    /// b'Hello'
    #[pyo3(signature = (message, timeout = Deadline::Never), text_signature = "($self, message, timeout=None)")]
    fn send(&self, py: Python<'_>, message: &Bound<'_, PyAny>, timeout: Deadline) -> PyResult<()> {
        let source = self.source(message)?;
        self.send_bytes(py, source.bytes(), timeout).map_err(|stop| stop.raise(py, &self.handle))
    }

    /// As `send`, but never waits. False where it would have to, or where another thread uses this handle.
    ///
    /// >>> [producer.try_send(b"x") for _ in range(5)]
    /// [True, True, True, True, False]
    #[pyo3(text_signature = "($self, message)")]
    fn try_send(&self, py: Python<'_>, message: &Bound<'_, PyAny>) -> PyResult<bool> {
        let source = self.source(message)?;
        match self.send_bytes(py, source.bytes(), Deadline::Now) {
            Ok(()) => Ok(true),
            Err(stop) if stop.is_timeout() => Ok(false),
            Err(stop) => Err(stop.raise(py, &self.handle)),
        }
    }

    /// Sends messages in order. Cheaper than a `send` for each of them.
    ///
    /// Messages of other producers come between them only if the batch has to wait for more than 50 ms for a slot. If a
    /// signal handler raises during the wait, the first messages may be sent.
    ///
    /// Raises BatchError, which says how many messages were `sent`, and by its `error` why the next was not.
    ///
    /// >>> producer.send_batch([b"one", b"two"])
    /// >>> consumer.recv(), consumer.recv()
    /// (b'one', b'two')
    #[pyo3(signature = (messages, timeout = Deadline::Never), text_signature = "($self, messages, timeout=None)")]
    fn send_batch(&self, py: Python<'_>, messages: &Bound<'_, PyAny>, timeout: Deadline) -> PyResult<()> {
        if messages.is_instance_of::<PyString>() {
            return Err(PyTypeError::new_err("a batch is an iterable of bytes-like messages, not a str"));
        }
        let sources = messages.try_iter()?.map(|message| self.source(&message?)).collect::<PyResult<Vec<_>>>()?;
        let messages: Vec<&[u8]> = sources.iter().map(|source| source.bytes()).collect();
        let large = messages.iter().map(|message| message.len()).sum::<usize>() >= LARGE;
        // An attempt that does not wait gives the write lock back, after a part of the batch perhaps. That is seen
        // where other producers can take it.
        let detached = large || !self.is_alone;
        let mut sent = 0;
        let mut send = |producer: &mut ackcast::Producer, piece: Duration| {
            let left = messages.get(sent..).unwrap_or_default();
            producer.send_batch_timeout(left, piece).map_err(|BatchError { sent: more, error }| {
                sent += more;
                BatchError { sent, error }
            })
        };
        let done = if detached {
            wait_detached(py, &self.handle, timeout, send)
        } else {
            // The first attempt keeps the GIL. What it has sent is not sent again.
            match self.handle.take(py, timeout).map(|mut producer| send(&mut producer, Duration::ZERO)) {
                Ok(Err(error)) if error.is_timeout() && timeout.piece().is_some() => {
                    wait_detached(py, &self.handle, timeout, send)
                }
                Ok(result) => result.map_err(Stop::Failed),
                Err(refusal) => Err(Stop::Refused(refusal)),
            }
        };
        done.map_err(|stop| stop.raise(py, &self.handle))
    }

    /// Lends the next slot, to be written in place: a context manager, whose value is a writable memoryview of `size`
    /// bytes, or of the whole slot. In a typed channel the value is a NumPy array, if the type has a dtype, and `size`
    /// is a number of values.
    ///
    /// The message is published at the end of the `with`. An exception inside publishes nothing. An array that was made
    /// of the memoryview has to be deleted before that, or StillExported is raised. Other calls of this producer are
    /// refused with Lent meanwhile, and no other producer can publish.
    ///
    /// >>> with producer.loan(5) as view:
    /// ...     view[:] = b"Hello"
    /// >>> consumer.recv()
    /// b'Hello'
    #[pyo3(signature = (size = None, timeout = Deadline::Never), text_signature = "($self, size=None, timeout=None)")]
    fn loan(slf: &Bound<'_, Self>, size: Option<&Bound<'_, PyAny>>, timeout: Deadline) -> PyResult<Loan> {
        let (py, producer) = (slf.py(), slf.get());
        let size = match size {
            // In values, if the channel is typed.
            Some(size) => arguments::size("size", size)?.saturating_mul(producer.codec.as_ref().map_or(1, Codec::size)),
            None => producer.slot_size as usize,
        };
        if size > producer.slot_size as usize {
            return Err(SendError::TooLong { len: size, slot_size: producer.slot_size }.raise(py));
        }
        producer.lend(slf, size, timeout).map_err(|stop| stop.raise(py, &producer.handle))
    }

    /// Finishes: this producer sends nothing more. Returns whether END is published: it is once as many producers have
    /// finished as the channel was created for, and no other producer lives. Waits for a free slot for END.
    ///
    /// Raises SendTimedOut, SendEnded if END is published already, or another SendError.
    ///
    /// >>> producer.finish()
    /// True
    /// >>> list(consumer)
    /// []
    #[pyo3(signature = (timeout = Deadline::Never), text_signature = "($self, timeout=None)")]
    fn finish(&self, py: Python<'_>, timeout: Deadline) -> PyResult<bool> {
        self.finish_by(py, timeout)
    }

    /// Waits until each consumer that is attached now has acknowledged all messages that are published now.
    ///
    /// Returns how many consumers have received everything, and how many are gone. Messages that iteration has taken
    /// ahead are acknowledged. Raises DrainTimedOut, which names the consumer that is furthest behind, or another
    /// DrainError.
    ///
    /// >>> producer.send(b"Hello")
    /// >>> consumer.recv()
    /// b'Hello'
    /// >>> producer.wait_until_drained(timeout=10)
    /// Drained(received=1, gone=0)
    #[pyo3(signature = (timeout = Deadline::Never), text_signature = "($self, timeout=None)")]
    fn wait_until_drained<'py>(&self, py: Python<'py>, timeout: Deadline) -> PyResult<Bound<'py, PyAny>> {
        let drained = wait_detached(py, &self.handle, timeout, |producer, piece| producer.wait_until_drained(piece));
        let drained = drained.map_err(|stop| stop.raise(py, &self.handle))?;
        py.import("ackcast._types")?.getattr("Drained")?.call1((drained.received, drained.gone))
    }

    /// Leaves the channel. Without `finish` before it, this producer dies for the other participants. A thread that
    /// waits in a call gets Closed. If a slot is lent, Lent is raised, and the producer leaves when the loan ends.
    #[pyo3(text_signature = "($self)")]
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.handle.close(py)
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(
        signature = (kind = None, error = None, _traceback = None, /),
        text_signature = "($self, kind=None, error=None, traceback=None, /)"
    )]
    fn __exit__(
        &self,
        py: Python<'_>,
        kind: Option<&Bound<'_, PyAny>>,
        error: Option<&Bound<'_, PyAny>>,
        _traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let failed = kind.is_some_and(|kind| !kind.is_none());
        let over = self.finished.load(Relaxed) || self.handle.is_closed();
        let finished = if failed || over { Ok(()) } else { self.finish_by(py, Deadline::Never).map(drop) };
        unless_raised(finished.and(self.handle.close(py)), error)
    }

    fn _release_view(&self, py: Python<'_>) -> PyResult<()> {
        self.handle.release_view(py)
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(unpicklable("Producer", "Producer", self.handle.name()))
    }

    fn __repr__(&self) -> String {
        let closed = if self.handle.is_closed() { " (closed)" } else { "" };
        format!("<ackcast.Producer of channel {:?}{closed}>", self.handle.name())
    }
}

/// The error of pickle for a handle.
pub fn unpicklable(class: &str, attach: &str, name: &str) -> PyErr {
    PyTypeError::new_err(format!(
        "cannot pickle a {class}: a handle belongs to its process; pass the channel's name, and attach in the child by \
         ackcast.{attach}({name:?})"
    ))
}
