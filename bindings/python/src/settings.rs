//! The settings of a new channel.

use crate::errors::Raise;
use crate::typed::Codec;
use ackcast::segment::Layout;
use ackcast::{Backend, Builder};
use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;

/// The settings of a new channel.
#[allow(clippy::too_many_arguments)]
pub fn builder(
    py: Python<'_>,
    name: &str,
    numbers: [(&str, Option<&Bound<'_, PyAny>>); 6],
    backend: &str,
    symmetric_fences: bool,
    (codec, max_values): (Option<&Codec>, Option<&Bound<'_, PyAny>>),
) -> PyResult<Builder> {
    let mut builder = ackcast::Channel::create(name);
    // The type sets the size of a slot. A size that is given, too, has to be the same.
    match (codec, max_values.filter(|max| !max.is_none())) {
        (Some(codec), max) => {
            let max = max.map_or(Ok(1), |max| number(py, "max_values", max))?;
            builder = builder.value_type(codec.value_type().clone(), max);
        }
        (None, None) => {}
        (None, Some(_)) => return Err(PyValueError::new_err("max_values is of a typed channel; give its type, too")),
    }
    for (setting, value) in numbers {
        let Some(value) = value.filter(|value| !value.is_none()) else { continue };
        let number = number(py, setting, value)?;
        builder = match setting {
            "slots" => builder.slots(number),
            "slot_size" => builder.slot_size(number),
            "consumers" => builder.consumers(number),
            "producers" => builder.producers(number),
            "retain" => builder.retain(number),
            _ => builder.places(number),
        };
    }
    builder = match backend {
        "futex" => builder.backend(Backend::Futex),
        "raw_sync" => builder.backend(Backend::RawSync),
        other => {
            let text = format!("backend is {other:?}; it must be \"futex\" or \"raw_sync\"");
            return Err(PyValueError::new_err(text));
        }
    };
    Ok(if symmetric_fences { builder.symmetric_fences() } else { builder })
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
