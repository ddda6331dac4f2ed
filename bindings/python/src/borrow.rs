//! `Borrow`: a message on loan, in its slot.

use crate::consumer::Consumer;
use crate::errors::{Raise, gone, unless_raised};
use crate::export::{Exports, release};
use crate::handle::Using;
use crate::receiver::{Receiver, Refused};
use crate::wait::Stop;
use ackcast::Message;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView};
use self_cell::{MutBorrow, self_cell};
use std::ffi::c_int;
use std::fmt;

/// `None`: the message was copied ahead, and is in no slot any more.
type Held<'c> = Option<Message<'c>>;

self_cell!(
    /// A receiver that has lent its next message.
    struct Lent {
        owner: MutBorrow<Box<Receiver>>,
        #[covariant]
        dependent: Held,
    }
);

impl fmt::Debug for Lent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lent").field(self.borrow_dependent()).finish()
    }
}

/// What the memory belongs to: a slot, or bytes that iteration has taken ahead.
#[derive(Debug)]
enum Content {
    InSlot(Lent),
    Ahead { receiver: Box<Receiver>, sequence: u64, bytes: Py<PyBytes> },
}

impl Content {
    /// Lends the next message, which is there.
    ///
    /// # Errors
    /// As the library's. The receiver is given back.
    fn new(using: Using<'_, Receiver>) -> Result<Self, Stop<Refused>> {
        let handle = using.handle();
        let mut receiver = using.lend();
        if let Some((sequence, bytes)) = receiver.ahead.pop() {
            return Ok(Self::Ahead { receiver, sequence, bytes });
        }
        let lent = Lent::try_new_or_recover(MutBorrow::new(receiver), |receiver| {
            receiver.borrow_mut().consumer.try_recv_ref().map(Some)
        });
        lent.map(Self::InSlot).map_err(|(receiver, error)| {
            handle.return_lent(receiver.into_inner());
            Stop::Failed(Refused::Recv(error))
        })
    }

    /// The message's number.
    fn sequence(&self) -> u64 {
        match self {
            Self::InSlot(lent) => lent.borrow_dependent().as_ref().map_or(0, Message::sequence),
            Self::Ahead { sequence, .. } => *sequence,
        }
    }

    /// The message's memory.
    fn memory(&self, py: Python<'_>) -> Option<(*mut u8, usize)> {
        let bytes: &[u8] = match self {
            Self::InSlot(lent) => lent.borrow_dependent().as_deref()?,
            Self::Ahead { bytes, .. } => bytes.as_bytes(py),
        };
        Some((bytes.as_ptr().cast_mut(), bytes.len()))
    }

    /// Ends the loan: acknowledges the message, or keeps it, to be received again.
    fn end(self, acknowledge: bool) -> Box<Receiver> {
        match self {
            Self::InSlot(mut lent) => {
                lent.with_dependent_mut(|_, message| match message.take() {
                    Some(message) if !acknowledge => message.keep(),
                    message => drop(message),
                });
                lent.into_owner().into_inner()
            }
            Self::Ahead { mut receiver, bytes, .. } => {
                if !acknowledge {
                    receiver.ahead.put_back(bytes);
                }
                receiver
            }
        }
    }
}

/// The exporter of a borrowed message's memory.
#[pyclass(frozen, weakref, module = "ackcast._ackcast", name = "_Message")]
#[derive(Debug)]
pub struct Exporter {
    sequence: u64,
    consumer: Py<Consumer>,
    exports: Exports<Content>,
}

impl Exporter {
    /// Ends the loan. False: arrays or memoryviews are left.
    fn end(&self, acknowledge: bool) -> bool {
        let Some(content) = self.exports.take() else { return !self.exports.has_views() };
        self.consumer.get().handle.return_lent(content.end(acknowledge));
        true
    }
}

impl Exporter {
    /// Ends the loan, with the view that the `with` has.
    ///
    /// # Errors
    /// `StillExported`: arrays or other views are left. The loan goes on.
    pub fn release(&self, py: Python<'_>, view: Option<&Bound<'_, PyMemoryView>>, acknowledge: bool) -> PyResult<()> {
        if view.map_or(Ok(true), release)? && self.end(acknowledge) {
            return Ok(());
        }
        let name = self.consumer.get().handle.name();
        let text = format!(
            "message {} of channel {name:?} is not acknowledged: an array or a memoryview still uses it. Delete it, or \
             copy it, before the end of the `with`; then call release() of the borrowed message, or of its consumer",
            self.sequence
        );
        Err(Raise::new(py, "StillExported", &text).with("name", name).done())
    }
}

#[pymethods]
impl Exporter {
    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        let py = slf.py();
        // SAFETY: CPython calls this with a view to fill. The message stays in its slot until the loan ends, which it
        // does not while there are views. It is read-only.
        unsafe { slf.get().exports.fill(slf.as_any(), view, flags, |content| content.memory(py), true) }
    }

    unsafe fn __releasebuffer__(&self, _view: *mut ffi::Py_buffer) {
        self.exports.released();
    }
}

impl Drop for Exporter {
    /// The message was not released: it is not acknowledged, and is received again.
    fn drop(&mut self) {
        if let Some(content) = self.exports.take() {
            self.consumer.get().handle.return_lent(content.end(false));
        }
    }
}

/// A message on loan, in its slot: the context manager that `Consumer.borrow` returns.
///
/// Dropped unreleased, it is not acknowledged, and is received again.
#[pyclass(frozen, weakref, module = "ackcast")]
#[derive(Debug)]
pub struct Borrow {
    exporter: Py<Exporter>,
    view: Py<PyMemoryView>,
    sequence: u64,
}

impl Borrow {
    /// Lends the next message, which is there.
    ///
    /// # Errors
    /// As the library's, and MemoryError.
    pub fn new(consumer: &Bound<'_, Consumer>, using: Using<'_, Receiver>) -> Result<Self, Stop<Refused>> {
        let py = consumer.py();
        let content = Content::new(using)?;
        let sequence = content.sequence();
        let exporter = Exporter { sequence, consumer: consumer.clone().unbind(), exports: Exports::new(content) };
        let exporter = Py::new(py, exporter)?;
        let view = PyMemoryView::from(exporter.bind(py))?;
        consumer.get().handle.remember(consumer.as_any(), exporter.bind(py), &view)?;
        Ok(Self { exporter, view: view.unbind(), sequence })
    }

    fn end(&self, py: Python<'_>, acknowledge: bool) -> PyResult<()> {
        if self.released() { Ok(()) } else { self.exporter.get().release(py, Some(self.view.bind(py)), acknowledge) }
    }
}

#[pymethods]
impl Borrow {
    /// The message's number, from 0.
    #[getter]
    fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Whether the loan has ended.
    #[getter]
    fn released(&self) -> bool {
        self.exporter.get().exports.content().is_none()
    }

    /// Ends the loan and acknowledges the message, as the end of the `with` does.
    ///
    /// Raises StillExported if an array or a memoryview still uses it.
    #[pyo3(text_signature = "($self)")]
    fn release(&self, py: Python<'_>) -> PyResult<()> {
        self.end(py, true)
    }

    /// Ends the loan without an acknowledgement: the message is received again.
    ///
    /// >>> producer.send(b"Hello")
    /// >>> borrow = consumer.borrow()
    /// >>> with borrow:
    /// ...     borrow.keep()
    /// >>> consumer.recv()
    /// b'Hello'
    #[pyo3(text_signature = "($self)")]
    fn keep(&self, py: Python<'_>) -> PyResult<()> {
        self.end(py, false)
    }

    fn __enter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if self.released() {
            return Err(gone(py, "borrowed message", self.exporter.get().consumer.get().handle.name()));
        }
        let view = self.view.bind(py).as_any();
        match &self.exporter.get().consumer.get().codec {
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
        unless_raised(self.end(py, true), error)
    }
}
