//! The settings of a new channel.

use crate::errors::Raise;
use crate::typed::Codec;
use ackcast::segment::Layout;
use ackcast::{Backend, Builder};
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

/// The settings of a new channel, and its type.
///
/// # Errors
/// TypeError for an unknown setting or one of another type; `LayoutError` or ValueError for one out of its range.
pub fn builder(py: Python<'_>, name: &str, settings: Option<&Bound<'_, PyDict>>) -> PyResult<(Builder, Option<Codec>)> {
    let (mut builder, mut codec, mut max_values, mut slot_size) = (ackcast::Channel::create(name), None, None, None);
    for (setting, value) in settings.into_iter().flatten() {
        let setting = setting.cast::<PyString>()?.to_str()?;
        builder = match setting {
            "backend" => builder.backend(backend(&value)?),
            "symmetric_fences" if value.extract()? => builder.symmetric_fences(),
            "symmetric_fences" => builder,
            "type" => {
                codec = Codec::of(Some(&value))?;
                builder
            }
            "slots" => builder.slots(number(py, setting, &value)?),
            "consumers" => builder.consumers(number(py, setting, &value)?),
            "producers" => builder.producers(number(py, setting, &value)?),
            "retain" => builder.retain(number(py, setting, &value)?),
            // None: the default.
            "places" | "slot_size" | "max_values" if value.is_none() => builder,
            "places" => builder.places(number(py, setting, &value)?),
            "slot_size" => {
                slot_size = Some(number(py, setting, &value)?);
                builder
            }
            "max_values" => {
                max_values = Some(number(py, setting, &value)?);
                builder
            }
            _ => return Err(PyTypeError::new_err(format!("a channel has no setting {setting:?}"))),
        };
    }
    builder = match (&codec, max_values) {
        (Some(codec), max) => builder.value_type(codec.value_type().clone(), max.unwrap_or(1)),
        (None, None) => builder,
        (None, Some(_)) => return Err(PyValueError::new_err("max_values is of a typed channel; give its type, too")),
    };
    // The type has set the size of a slot. A size that is given, too, has to be the same.
    Ok((slot_size.map_or(builder.clone(), |size| builder.slot_size(size)), codec))
}

fn backend(value: &Bound<'_, PyAny>) -> PyResult<Backend> {
    match value.extract::<&str>()? {
        "futex" => Ok(Backend::Futex),
        "raw_sync" => Ok(Backend::RawSync),
        other => Err(PyValueError::new_err(format!("backend is {other:?}; it must be \"futex\" or \"raw_sync\""))),
    }
}

/// A number that is to be a u32. The library says which numbers it takes; here is only the text for those that do not
/// fit. It is the library's.
fn number(py: Python<'_>, setting: &str, value: &Bound<'_, PyAny>) -> PyResult<u32> {
    match value.extract::<u32>() {
        Err(error) if error.is_instance_of::<PyOverflowError>(py) => {
            let (what, range) = match setting {
                "slots" => ("slots", format!("1 to {}", Layout::MAX_SLOTS)),
                "slot_size" => ("the slot size", format!("1 to {}", Layout::MAX_SLOT_SIZE)),
                "places" => ("the number of places", format!("1 to {}", Layout::MAX_ROLE)),
                "consumers" => ("the number of consumers to wait for", format!("0 to {}", Layout::MAX_ROLE)),
                "producers" => ("the number of producers to end after", format!("1 to {}", u32::MAX)),
                "retain" => ("the number of messages to retain", "0 to one less than `slots`".to_owned()),
                _ => ("the number of values of a slot", format!("1 to {}", Layout::MAX_SLOT_SIZE)),
            };
            Err(Raise::new(py, "LayoutError", &format!("{what} is {value}; it must be {range}")).done())
        }
        number => number,
    }
}

/// A backend's name in Python.
pub fn backend_name(backend: Backend) -> &'static str {
    match backend {
        Backend::Futex => "futex",
        Backend::RawSync => "raw_sync",
        _ => "unknown",
    }
}
