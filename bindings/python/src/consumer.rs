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
