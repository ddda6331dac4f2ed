//! Slots as Python's buffers: what a loan and a borrowed message have in common.

use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyMemoryView;
use std::ffi::{c_int, c_void};
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// What a buffer lends, until it is released, and how many views of it there are.
#[derive(Debug)]
pub struct Exports<C> {
    /// `None`: it was released, and no view is left. Locked for moments, and never while Python code runs.
    content: Mutex<Option<C>>,
    views: AtomicUsize,
}

impl<C> Exports<C> {
    /// Lends this.
    pub fn new(content: C) -> Self {
        Self { content: Mutex::new(Some(content)), views: AtomicUsize::new(0) }
    }

    /// What is lent.
    pub fn content(&self) -> MutexGuard<'_, Option<C>> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether arrays or memoryviews use the memory.
    pub fn has_views(&self) -> bool {
        self.views.load(SeqCst) > 0
    }

    /// Takes back what is lent, if no view of it is left.
    pub fn take(&self) -> Option<C> {
        let mut content = self.content();
        if self.has_views() { None } else { content.take() }
    }

    /// Fills a view of `memory`, which is part of what is lent.
    ///
    /// # Errors
    /// BufferError if there is nothing lent, or a writable view is asked of what is read-only.
    ///
    /// # Safety
    /// `view` is one that CPython has asked `exporter` to fill. The memory stays where it is while the content has not
    /// been [taken](Exports::take). It may be written if it is not `readonly`.
    pub unsafe fn fill(
        &self,
        exporter: &Bound<'_, PyAny>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
        memory: impl FnOnce(&mut C) -> Option<(*mut u8, usize)>,
        readonly: bool,
    ) -> PyResult<()> {
        let mut content = self.content();
        let Some((start, len)) = content.as_mut().and_then(memory) else {
            return Err(PyBufferError::new_err("this memory was released"));
        };
        let len = isize::try_from(len)?;
        let readonly = c_int::from(readonly);
        // SAFETY: CPython gave the view, and the memory stays there while the view is counted, as the caller promises.
        let filled =
            unsafe { ffi::PyBuffer_FillInfo(view, exporter.as_ptr(), start.cast::<c_void>(), len, readonly, flags) };
        if filled != 0 {
            return Err(PyErr::fetch(exporter.py()));
        }
        self.views.fetch_add(1, SeqCst);
        Ok(())
    }

    /// A view has ended.
    pub fn released(&self) {
        self.views.fetch_sub(1, SeqCst);
    }
}

/// Releases a memoryview. False: arrays or other views of it are left.
///
/// # Errors
/// Any but BufferError.
pub fn release(view: &Bound<'_, PyMemoryView>) -> PyResult<bool> {
    match view.call_method0(intern!(view.py(), "release")) {
        Ok(_) => Ok(true),
        Err(error) if error.is_instance_of::<PyBufferError>(view.py()) => Ok(false),
        Err(error) => Err(error),
    }
}
