//! A slot that a producer has lent, and Python's buffer of it.

use crate::export::Exports;
use crate::handle::Using;
use crate::producer::Producer;
use crate::wait::Stop;
use ackcast::SendError;
use pyo3::ffi;
use pyo3::prelude::*;
use self_cell::{MutBorrow, self_cell};
use std::ffi::c_int;
use std::fmt;
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
pub struct Content {
    /// `None` only during the drop.
    lent: Option<Lent>,
    /// The slot's bytes, by a pointer that is made once: a further `&mut` to them would make earlier views invalid.
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
    /// Lends the next slot, if it is free, and its number.
    ///
    /// # Errors
    /// As the library's. The producer is given back.
    pub fn new(
        using: Using<'_, ackcast::Producer>,
        size: usize,
        thread: Option<ThreadId>,
    ) -> Result<(Self, u64), Stop<SendError>> {
        let handle = using.handle();
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
        let content = Self { lent: Some(lent), start, size, thread };
        Ok((content, sequence))
    }

    /// Whether this thread may use the loan.
    pub fn is_here(&self) -> bool {
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
    pub producer: Py<Producer>,
    pub exports: Exports<Content>,
}

impl Exporter {
    /// Ends the loan. `None`: arrays or memoryviews are left.
    pub fn end(&self, publish: Option<usize>) -> Option<Result<(), SendError>> {
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
        // SAFETY: CPython calls this with a view to fill. The slot belongs to this loan until it ends, which it does
        // not while there are views. No reference to its bytes is used meanwhile.
        unsafe {
            slf.get().exports.fill(slf.as_any(), view, flags, |content| Some((content.start, content.size)), false)
        }
    }

    unsafe fn __releasebuffer__(&self, _view: *mut ffi::Py_buffer) {
        self.exports.released();
    }
}

impl Drop for Exporter {
    /// The slot was not published: nothing is sent.
    fn drop(&mut self) {
        let Some(content) = self.exports.take() else { return };
        if content.is_here()
            && let (Some(producer), _) = content.end(None)
        {
            self.producer.get().handle.return_lent(producer);
        }
    }
}
