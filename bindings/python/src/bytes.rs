//! Bytes that Python's callers send, and bytes that they get.

use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::{PyBufferError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use std::sync::atomic::AtomicPtr;

/// A message of this many bytes or more is copied without the GIL, so that other threads run meanwhile. To give the GIL
/// back and to get it again takes about as long as the copy of some kilobytes, and up to 5 ms if another thread has
/// taken it.
pub const LARGE: usize = 256 << 10;

/// A bytes-like object that is to be sent. Its memory stays where it is while this lives.
#[derive(Debug)]
pub enum Source<'py> {
    /// `bytes`, the usual case.
    Bytes(Bound<'py, PyBytes>),
    /// Anything else with the buffer protocol.
    Buffer(PyUntypedBuffer),
}

impl<'py> Source<'py> {
    /// The bytes of an object.
    ///
    /// # Errors
    /// TypeError if the object has no buffer; BufferError if its memory is not contiguous.
    #[inline]
    pub fn new(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        match object.cast::<PyBytes>() {
            Ok(bytes) => Ok(Self::Bytes(bytes.clone())),
            Err(_) => Self::from_buffer(object),
        }
    }

    fn from_buffer(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyString>() {
            let text = "a message is bytes-like, not a str; encode it, as in `text.encode()`";
            return Err(PyTypeError::new_err(text));
        }
        let buffer = PyUntypedBuffer::get(object)?;
        if buffer.is_c_contiguous() {
            Ok(Self::Buffer(buffer))
        } else {
            let text =
                "a message is contiguous bytes, and the bytes of this object are not; copy it, as in `bytes(view)`";
            Err(PyBufferError::new_err(text))
        }
    }

    /// The bytes.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes.as_bytes(),
            Self::Buffer(buffer) if buffer.len_bytes() == 0 => &[],
            Self::Buffer(buffer) => {
                // SAFETY: the exporter keeps these bytes in place until the buffer is released, which is when `self` is
                // dropped. They are initialised. If they are mutable, Python code of another thread may change them
                // while the library copies them without the GIL. As with CPython's own `socket.send`, that is left to
                // the program: the message is then a mixture of both contents, and no memory but the message's is
                // affected.
                unsafe { std::slice::from_raw_parts(buffer.buf_ptr().cast::<u8>(), buffer.len_bytes()) }
            }
        }
    }
}

/// A copy of a message, made without the GIL if the message is large.
///
/// # Errors
/// MemoryError.
#[inline]
pub fn copy_out(py: Python<'_>, message: &[u8]) -> PyResult<Py<PyBytes>> {
    if message.len() < LARGE { Ok(PyBytes::new(py, message).unbind()) } else { copy_large(py, message) }
}

#[cold]
fn copy_large(py: Python<'_>, message: &[u8]) -> PyResult<Py<PyBytes>> {
    let len = isize::try_from(message.len())?;
    // SAFETY: this thread is attached. With NULL, the call makes `len` bytes, or sets MemoryError.
    let object = unsafe { ffi::PyBytes_FromStringAndSize(std::ptr::null(), len) };
    // SAFETY: the reference is new, or NULL with an exception set.
    let object = unsafe { Bound::from_owned_ptr_or_err(py, object) }?;
    // SAFETY: the object is `bytes`.
    let target = unsafe { ffi::PyBytes_AsString(object.as_ptr()) };
    let target = AtomicPtr::new(target.cast::<u8>()); // may go to a closure without the GIL
    py.detach(|| {
        // SAFETY: the object has `len` bytes, and no other thread knows of it yet. The message is elsewhere.
        unsafe { target.into_inner().copy_from_nonoverlapping(message.as_ptr(), message.len()) };
    });
    Ok(object.cast_into::<PyBytes>()?.unbind())
}

/// A writable buffer that is to get messages. Its memory stays where it is while this lives.
#[derive(Debug)]
pub struct Target(PyUntypedBuffer);

impl Target {
    /// The memory of an object.
    ///
    /// # Errors
    /// TypeError if the object has no buffer; BufferError if its memory cannot be written or is not contiguous.
    pub fn new(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let buffer = PyUntypedBuffer::get(object)?;
        if buffer.readonly() {
            return Err(PyBufferError::new_err("the buffer is read-only; give a writable one, such as a bytearray"));
        }
        if buffer.is_c_contiguous() {
            Ok(Self(buffer))
        } else {
            Err(PyBufferError::new_err("the bytes of the buffer are not contiguous; give a buffer whose bytes are"))
        }
    }

    /// Its size in bytes.
    pub fn len(&self) -> usize {
        self.0.len_bytes()
    }

    /// Copies a message to its start, without the GIL if the message is large. The message is not longer than it.
    pub fn fill(&self, py: Python<'_>, message: &[u8]) {
        let (len, target) = (message.len().min(self.len()), AtomicPtr::new(self.0.buf_ptr().cast::<u8>()));
        let copy = || {
            // SAFETY: the exporter keeps these bytes, which are writable and at least `len`, in place until the buffer
            // is released, which is when `self` is dropped. If Python code of another thread uses them meanwhile, it
            // sees a mixture of both contents, as with CPython's own `socket.recv_into`.
            unsafe { target.into_inner().copy_from(message.as_ptr(), len) };
        };
        if len < LARGE { copy() } else { py.detach(copy) }
    }
}
