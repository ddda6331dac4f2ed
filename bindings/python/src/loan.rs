//! `Loan`: a free slot on loan, to be written in place.

use crate::errors::{Raise, gone, unless_raised};
use crate::export::{Exports, release};
use crate::handle::{Failure, Stop, Using};
use crate::producer::Producer;
use crate::typed::Codec;
use ackcast::SendError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyMemoryView;
use self_cell::{MutBorrow, self_cell};
use std::ffi::c_int;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, ThreadId};

/// `None`: it was published or abandoned.
type Slot<'p> = Option<ackcast::Loan<'p>>;

self_cell!(
    /// A producer that has lent its next slot.
    struct Lent {
        owner: MutBorrow<Box<ackcast::Producer>>,
        #[covariant]
        dependent: Slot,
    }
);

impl fmt::Debug for Lent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lent").field(self.borrow_dependent()).finish()
    }
}

/// A lent slot, which only its thread uses, if the lock belongs to a thread.
#[derive(Debug)]
struct Content {
    /// `None` only during the drop.
    lent: Option<Lent>,
    /// The slot's bytes, by a pointer that is made once: a further `&mut` to them would make the first one's views invalid.
    start: *mut u8,
    /// How many bytes of the slot are to be written and published.
    size: usize,
    /// The thread to which the lock belongs. `None`: the lock does not belong to a thread.
    thread: Option<ThreadId>,
}

// SAFETY: `start` points into the slot, which any thread may write. The loan is not `Send` because the lock may belong
// to a thread: `lent` is used, and dropped, only in
// that thread: see `is_here`. On the futex backend, the lock belongs to no thread, and the library itself passes lent
// slots from thread to thread there (`EventProducer`).
unsafe impl Send for Content {}

impl Content {
    /// Whether this thread may use the loan.
    fn is_here(&self) -> bool {
        self.thread.is_none_or(|thread| thread == thread::current().id())
    }

    /// Ends the loan: publishes so many bytes, or nothing. The caller has asked [`is_here`](Content::is_here).
    fn end(mut self, publish: Option<usize>) -> (Option<Box<ackcast::Producer>>, Result<(), SendError>) {
        let Some(mut lent) = self.lent.take() else { return (None, Ok(())) };
        let ended = lent.with_dependent_mut(|_, slot| match (slot.take(), publish) {
            (Some(slot), Some(len)) => slot.publish(len),
            _ => Ok(()),
        });
        (Some(lent.into_owner().into_inner()), ended)
    }
}

impl Drop for Content {
    /// In another thread than that of the lock, the producer and its lock are lost. When the lock's thread ends, other
    /// producers take the lock over.
    fn drop(&mut self) {
        if !self.is_here() {
            std::mem::forget(self.lent.take());
        }
    }
}

/// The exporter of a lent slot's memory.
#[pyclass(frozen, weakref, module = "ackcast._ackcast", name = "_Slot")]
#[derive(Debug)]
pub struct Exporter {
    producer: Py<Producer>,
    exports: Exports<Content>,
}

impl Exporter {
    /// Ends the loan. `None`: arrays or memoryviews are left.
    fn end(&self, publish: Option<usize>) -> Option<Result<(), SendError>> {
        let Some(content) = self.exports.take() else { return (!self.exports.has_views()).then_some(Ok(())) };
        let (producer, ended) = content.end(publish);
        if let Some(producer) = producer {
            self.producer.get().handle.return_lent(producer);
        }
        Some(ended)
    }
}

#[pymethods]
impl Exporter {
    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        // SAFETY: CPython calls this with a view to fill. The slot belongs to this loan until it ends, which it does not
        // while there are views. No reference to its bytes is used meanwhile.
        unsafe {
            slf.get().exports.fill(slf.as_any(), view, flags, |content| Some((content.start, content.size)), false)
        }
    }

    unsafe fn __releasebuffer__(&self, _view: *mut ffi::Py_buffer) {
        self.exports.released();
    }
}

impl Drop for Exporter {
    /// Nobody has published the slot: nothing is sent.
    fn drop(&mut self) {
        let Some(content) = self.exports.take() else { return };
        if content.is_here()
            && let (Some(producer), _) = content.end(None)
        {
            self.producer.get().handle.return_lent(producer);
        }
    }
}

/// A slot on loan: a context manager whose value is a writable memoryview.
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
        let owner = MutBorrow::new(using.lend());
        let mut lent = match Lent::try_new_or_recover(owner, |producer| producer.borrow_mut().try_loan().map(Some)) {
            Ok(lent) => lent,
            Err((producer, error)) => {
                handle.return_lent(producer.into_inner());
                return Err(Stop::Failed(error));
            }
        };
        let sequence = lent.borrow_dependent().as_ref().map_or(0, ackcast::Loan::sequence);
        let start =
            lent.with_dependent_mut(|_, slot| match slot.as_mut().map(|slot| (slot.len(), slot.get_mut(..size))) {
                Some((_, Some(bytes))) => Ok(bytes.as_mut_ptr()),
                Some((found, None)) => Err(found),
                None => Err(0),
            });
        let start = match start {
            Ok(start) => start,
            Err(found) => {
                handle.return_lent(lent.into_owner().into_inner());
                let slot_size = u32::try_from(found).unwrap_or(u32::MAX);
                return Err(Stop::Failed(SendError::TooLong { len: size, slot_size }));
            }
        };
        let content = Content { lent: Some(lent), start, size, thread };
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
                "a loan of channel {:?} was made by another thread, and the lock of raw_sync belongs to that thread; end the \
                 loan there",
                self.name()
            );
            return Err(raise("WrongThread", &text));
        }
        let left = !release(self.view.bind(py))?;
        let ended = if left { None } else { self.exporter.get().end(publish) };
        let Some(ended) = ended else {
            let text = format!(
                "message {} of channel {:?} is not sent: an array or a memoryview still uses the loan. Delete it before the \
                 end of the `with`; then call publish() or abandon() of the loan",
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
    #[getter]
    fn sequence(&self) -> u64 {
        self.sequence
    }

    #[getter]
    fn released(&self) -> bool {
        self.released.load(Relaxed)
    }

    #[pyo3(signature = (size = None))]
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

    #[pyo3(signature = (_kind = None, error = None, _traceback = None))]
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
