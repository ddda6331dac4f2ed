//! The settings of a new channel.

use crate::errors::Raise;
use crate::typed::Codec;
use ackcast::{Backend, Builder};
use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;

/// A number that is to be a u32.
struct Setting(u32);

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
            let max = max.map_or(Ok(1), |max| setting_of(py, "max_values", max).map(|max| max.0))?;
            builder = builder.value_type(codec.value_type().clone(), max);
        }
        (None, None) => {}
        (None, Some(_)) => return Err(PyValueError::new_err("max_values is of a typed channel; give its type, too")),
    }
    for (setting, value) in numbers {
        let Some(value) = value.filter(|value| !value.is_none()) else { continue };
        let number = setting_of(py, setting, value)?.0;
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

/// The library says which numbers it takes; here they only have to fit.
fn setting_of(py: Python<'_>, setting: &str, value: &Bound<'_, PyAny>) -> PyResult<Setting> {
    match value.extract::<u32>() {
        Ok(number) => Ok(Setting(number)),
        Err(error) if error.is_instance_of::<PyOverflowError>(py) => {
            let text = format!("{setting} is {value}; it must be 0 to {}", u32::MAX);
            Err(Raise::new(py, "LayoutError", &text).done())
        }
        Err(error) => Err(error),
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
