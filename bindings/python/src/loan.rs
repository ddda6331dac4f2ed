//! `Loan`: a free slot on loan, to be written in place.

use crate::errors::{Raise, gone, unless_raised};
use crate::export::{Exports, release};
use crate::handle::Using;
use crate::producer::Producer;
use crate::slot::{Content, Exporter};
use crate::typed::Codec;
use crate::wait::{Failure, Stop};
use ackcast::SendError;
use pyo3::prelude::*;
use pyo3::types::PyMemoryView;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

/// A free slot on loan: the context manager that `Producer.loan` returns.
///
/// Dropped unpublished, it sends nothing.
#[pyclass(frozen, weakref, module = "ackcast")]
#[derive(Debug)]
pub struct Loan {
    exporter: Py<Exporter>,
    view: Py<PyMemoryView>,
    sequence: u64,
    size: usize,
    released: AtomicBool,
}

impl Loan {
    /// Lends the next slot, if it is free.
    ///
    /// # Errors
    /// As the library's, and MemoryError.
    pub fn new(
        producer: &Bound<'_, Producer>,
        using: Using<'_, ackcast::Producer>,
        size: usize,
    ) -> Result<Self, Stop<SendError>> {
        let (py, handle) = (producer.py(), using.handle());
        let thread = producer.get().lock_is_of_thread.then(|| thread::current().id());
        let (content, sequence) = Content::new(using, size, thread)?;
        let exporter = Py::new(py, Exporter { producer: producer.clone().unbind(), exports: Exports::new(content) })?;
        let view = PyMemoryView::from(exporter.bind(py))?;
        handle.remember(producer.as_any(), exporter.bind(py), &view)?;
        Ok(Self { exporter, view: view.unbind(), sequence, size, released: AtomicBool::new(false) })
    }

    fn name(&self) -> &str {
        self.exporter.get().producer.get().handle.name()
    }

    fn end(&self, py: Python<'_>, publish: Option<usize>) -> PyResult<()> {
        let raise = |class, text: &str| Raise::new(py, class, &text).with("name", self.name()).done();
        if self.exporter.get().exports.content().as_ref().is_some_and(|content| !content.is_here()) {
            let text = format!(
                "a loan of channel {:?} was made by another thread, and the lock of raw_sync belongs to that thread; \
                 end the loan there",
                self.name()
            );
            return Err(raise("WrongThread", &text));
        }
        let left = !release(self.view.bind(py))?;
        let ended = if left { None } else { self.exporter.get().end(publish) };
        let Some(ended) = ended else {
            let text = format!(
                "message {} of channel {:?} is not sent: an array or a memoryview still uses the loan. Delete it \
                 before the end of the `with`; then call publish() or abandon() of the loan",
                self.sequence,
                self.name()
            );
            return Err(raise("StillExported", &text));
        };
        self.released.store(true, Relaxed);
        ended.map_err(|error| error.raise(py))
    }
}

#[pymethods]
impl Loan {
    /// The number that the message will have, from 0.
    #[getter]
    fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Whether the loan has ended.
    #[getter]
    fn released(&self) -> bool {
        self.released.load(Relaxed)
    }

    /// Publishes the message, as the end of the `with` does: all of it, or only the first `size` bytes, or values if
    /// the channel is typed.
    ///
    /// Raises StillExported if an array or a memoryview still uses the loan.
    ///
    /// >>> loan = producer.loan()
    /// >>> with loan as view:
    /// ...     view[:2] = b"Hi"
    /// ...     loan.publish(2)
    /// >>> consumer.recv()
    /// b'Hi'
    #[pyo3(signature = (size = None), text_signature = "($self, size=None)")]
    fn publish(&self, py: Python<'_>, size: Option<usize>) -> PyResult<()> {
        if self.released.load(Relaxed) {
            return Err(gone(py, "loan", self.name()));
        }
        // In values, if the channel is typed.
        let codec = self.exporter.get().producer.get().codec.as_ref();
        match size.map(|size| size.saturating_mul(codec.map_or(1, Codec::size))) {
            Some(size) if size > self.size => {
                let slot_size = u32::try_from(self.size).unwrap_or(u32::MAX);
                Err(SendError::TooLong { len: size, slot_size }.raise(py))
            }
            size => self.end(py, Some(size.unwrap_or(self.size))),
        }
    }

    /// Ends the loan, and publishes nothing.
    #[pyo3(text_signature = "($self)")]
    fn abandon(&self, py: Python<'_>) -> PyResult<()> {
        if self.released.load(Relaxed) { Ok(()) } else { self.end(py, None) }
    }

    fn __enter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if self.released.load(Relaxed) {
            return Err(gone(py, "loan", self.name()));
        }
        let view = self.view.bind(py).as_any();
        match &self.exporter.get().producer.get().codec {
            None => Ok(view.clone()),
            Some(codec) => codec.view(view),
        }
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
        if self.released.load(Relaxed) {
            return Ok(());
        }
        let failed = error.is_some_and(|error| !error.is_none());
        unless_raised(self.end(py, (!failed).then_some(self.size)), error)
    }
}
