//! The library's errors as Python's exceptions, whose classes are in `_errors.py`.

mod open;
mod transfer;

pub use open::{attach, create, event, liveness_unknown, open, open_or_create, wait_for_timed_out};
pub use transfer::with_blocked_on;

use ackcast::{Corruption, LivenessUnknown};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::fmt::Display;

/// An exception that is being made: its class, its message and its fields.
#[derive(Debug)]
pub struct Raise<'py> {
    class: &'static str,
    message: String,
    fields: Bound<'py, PyDict>,
    cause: Option<PyErr>,
    failed: Option<PyErr>,
}

impl<'py> Raise<'py> {
    /// An exception of this class.
    pub fn new(py: Python<'py>, class: &'static str, message: &dyn Display) -> Self {
        Self { class, message: message.to_string(), fields: PyDict::new(py), cause: None, failed: None }
    }

    /// Adds a field.
    pub fn with(mut self, name: &str, value: impl IntoPyObject<'py>) -> Self {
        if let Err(error) = self.fields.set_item(name, value) {
            self.failed = Some(error);
        }
        self
    }

    /// Adds the exception that caused it, also as the field `error`.
    pub fn caused_by(mut self, cause: PyErr) -> Self {
        let value = cause.value(self.fields.py()).clone();
        self = self.with("error", value);
        self.cause = Some(cause);
        self
    }

    /// The exception. If it cannot be made, the exception that says why.
    pub fn done(self) -> PyErr {
        let Self { class, message, fields, cause, failed } = self;
        let py = fields.py();
        if let Some(failed) = failed {
            return failed;
        }
        let made = py.import("ackcast._errors").and_then(|errors| {
            let class = errors.getattr(class)?;
            class.call((message,), Some(&fields))
        });
        match made {
            Ok(exception) => {
                let error = PyErr::from_value(exception);
                error.set_cause(py, cause);
                error
            }
            Err(error) => error,
        }
    }
}

/// The handle was closed.
#[cold]
pub fn closed(py: Python<'_>, kind: &str, name: &str) -> PyErr {
    Raise::new(py, "Closed", &format!("this {kind} of channel {name:?} is closed")).with("name", name).done()
}

/// The handle has lent something.
#[cold]
pub fn lent(py: Python<'_>, kind: &str, name: &str) -> PyErr {
    let what = if kind == "producer" { "a loan" } else { "a borrowed message" };
    let text = format!(
        "this {kind} of channel {name:?} has {what} outstanding; end its `with`, and delete the arrays and memoryviews \
         of it, before the next call; close() takes effect at that end, too"
    );
    Raise::new(py, "Lent", &text).with("name", name).done()
}

/// A call gave up while another thread used the handle.
pub fn in_use<'py>(py: Python<'py>, class: &'static str, kind: &str, name: &str) -> Raise<'py> {
    let text = format!("gave up waiting for another thread that uses this {kind} of channel {name:?}");
    Raise::new(py, class, &text)
}

/// The loan or the borrowed message has ended.
#[cold]
pub fn gone(py: Python<'_>, what: &str, name: &str) -> PyErr {
    Raise::new(py, "Closed", &format!("this {what} of channel {name:?} was released")).with("name", name).done()
}

/// The result of the end of a `with`. If an exception ends the `with`, a further one becomes a note of it.
pub fn unless_raised(ended: PyResult<()>, raised: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
    match (ended, raised.filter(|raised| !raised.is_none())) {
        (Err(error), Some(raised)) => {
            let note = error.value(raised.py()).to_string();
            raised.call_method1("add_note", (note,)).map(drop)
        }
        (ended, _) => ended,
    }
}

/// Adds what the memory holds to an exception.
fn with_corruption(raise: Raise<'_>, corruption: Corruption) -> Raise<'_> {
    match corruption {
        Corruption::Acknowledgement { consumer, acked, published } => raise
            .with("kind", "Acknowledgement")
            .with("consumer", consumer)
            .with("acked", acked)
            .with("published", published),
        Corruption::Published { published, next, slots } => {
            raise.with("kind", "Published").with("published", published).with("next", next).with("slots", slots)
        }
        Corruption::Count { published } => raise.with("kind", "Count").with("published", published),
        Corruption::Slot { message, kind, len, slot_size } => raise
            .with("kind", "Slot")
            .with("message", message)
            .with("slot_kind", kind)
            .with("len", len)
            .with("slot_size", slot_size),
        Corruption::Lock => raise.with("kind", "Lock"),
        Corruption::Internal { what } => raise.with("kind", "Internal").with("what", what),
        _ => raise.with("kind", "Unknown"),
    }
}

/// An exception for an answer that the system refused.
fn liveness<'py>(py: Python<'py>, class: &'static str, error: &LivenessUnknown) -> Raise<'py> {
    Raise::new(py, class, error).with("errno", error.errno)
}
