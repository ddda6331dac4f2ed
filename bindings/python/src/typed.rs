//! Typed channels: `ValueType` of `_value_type.py`, which packs and unpacks.

use crate::errors::Raise;
use ackcast::ValueType;
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;

/// A type that a handle asks for, and Python's object that packs its values.
#[derive(Debug)]
pub struct Codec {
    object: Py<PyAny>,
    value_type: ValueType,
}

impl Codec {
    /// The type of this `ValueType`.
    ///
    /// # Errors
    /// TypeError if it is none; `ValueTypeError` if no channel can have such values.
    pub fn new(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = object.py();
        if !object.is_instance(&py.import("ackcast._value_type")?.getattr("ValueType")?)? {
            return Err(PyTypeError::new_err("the type of a channel is an ackcast.ValueType, or None for bytes"));
        }
        let impossible = |text: &str| Raise::new(py, "ValueTypeError", &text).done();
        let number = |name: &str| -> PyResult<u32> {
            let value = object.getattr(name)?;
            value.extract().map_err(|error: PyErr| match error.is_instance_of::<PyOverflowError>(py) {
                true => impossible(&format!("the {name} of a type is {value}; it must be 0 to {}", u32::MAX)),
                false => error,
            })
        };
        let name: String = object.getattr("name")?.extract()?;
        let value_type = ValueType::new(&name, number("version")?, number("size")?, number("align")?);
        let value_type = value_type.map_err(|error| impossible(&error.to_string()))?;
        let slices = object.getattr("slices")?.extract::<bool>()?;
        let value_type = if slices { value_type.slices() } else { value_type };
        Ok(Self { object: object.clone().unbind(), value_type })
    }

    /// As [`new`](Codec::new), of an argument that may be left out.
    pub fn of(object: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Self>> {
        object.filter(|object| !object.is_none()).map(Self::new).transpose()
    }

    /// The library's type.
    pub fn value_type(&self) -> &ValueType {
        &self.value_type
    }

    /// Python's object.
    pub fn object(&self) -> &Py<PyAny> {
        &self.object
    }

    /// The size of a value in bytes.
    pub fn size(&self) -> usize {
        self.value_type.size as usize
    }

    /// Whether a message of this many bytes is a value, or any number of values if messages are slices.
    pub fn fits(&self, len: usize) -> bool {
        let size = self.size();
        if self.value_type.slice { len % size == 0 } else { len == size }
    }

    /// The bytes of a value.
    pub fn encode<'py>(&self, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.object.bind(value.py()).call_method1("_encode", (value,))
    }

    /// The value of a message.
    pub fn decode<'py>(&self, message: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.object.bind(message.py()).call_method1("_decode", (message,))
    }

    /// The value in memory.
    pub fn view<'py>(&self, view: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.object.bind(view.py()).call_method1("_view", (view,))
    }
}

/// Python's object for a type that was found in a channel.
pub fn found<'py>(py: Python<'py>, value_type: &ValueType) -> PyResult<Bound<'py, PyAny>> {
    let ValueType { name, version, size, align, slice, .. } = value_type;
    let class = py.import("ackcast._value_type")?.getattr("ValueType")?;
    class.call_method1("_found", (name, *version, *size, *align, *slice))
}

/// Raises `ValueTypeError` if no channel can have values of this type.
#[pyfunction(name = "_check_type")]
pub fn check(value_type: &Bound<'_, PyAny>) -> PyResult<()> {
    Codec::new(value_type).map(drop)
}
