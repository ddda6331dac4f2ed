//! Numbers that Python's callers give.

use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;

/// A number of bytes or of messages.
///
/// # Errors
/// ValueError if it is negative, or larger than any memory; TypeError if it is no integer.
pub fn size(name: &str, value: &Bound<'_, PyAny>) -> PyResult<usize> {
    value.extract().map_err(|error: PyErr| match error.is_instance_of::<PyOverflowError>(value.py()) {
        true => PyValueError::new_err(format!("{name} is {value}; it must be 0 to {}", usize::MAX)),
        false => error,
    })
}
