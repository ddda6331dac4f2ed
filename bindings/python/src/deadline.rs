//! Timeouts, as Python's callers give them, and the pieces that a wait is cut into.

use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use std::time::{Duration, Instant};

/// Longest wait without a look at Python's signals, and at whether another thread closes the handle. Ctrl-C ends a wait
/// within this time. Twenty wake-ups a second take less than a thousandth of a core.
pub const PIECE: Duration = Duration::from_millis(50);

/// When a call gives up.
#[derive(Clone, Copy, Debug)]
pub enum Deadline {
    /// It never gives up.
    Never,
    /// It does not wait.
    Now,
    /// It gives up at this moment.
    At(Instant),
}

impl Deadline {
    /// How long the next piece of the wait may be. `None`: the time is up.
    pub fn piece(self) -> Option<Duration> {
        let left = match self {
            Self::Never => PIECE,
            Self::Now => Duration::ZERO,
            Self::At(end) => end.saturating_duration_since(Instant::now()).min(PIECE),
        };
        (!left.is_zero()).then_some(left)
    }
}

/// The deadline of a call that begins now, from its `timeout`: seconds, or `None` to wait for ever. ValueError if the
/// number is negative or NaN; TypeError if it is no number.
impl<'py> FromPyObject<'_, 'py> for Deadline {
    type Error = PyErr;

    #[inline]
    fn extract(timeout: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if timeout.is_none() { Ok(Self::Never) } else { within(&timeout) }
    }
}

fn within(timeout: &Bound<'_, PyAny>) -> PyResult<Deadline> {
    let seconds = match timeout.extract::<f64>() {
        Err(error) if error.is_instance_of::<PyOverflowError>(timeout.py()) => match timeout.lt(0)? {
            true => f64::NEG_INFINITY,
            false => f64::INFINITY,
        },
        seconds => seconds?,
    };
    if seconds.is_nan() || seconds < 0.0 {
        let text = format!("timeout is {seconds}; it must be 0 or more seconds, or None to wait for ever");
        return Err(PyValueError::new_err(text));
    }
    if seconds == 0.0 {
        return Ok(Deadline::Now);
    }
    // A time that no clock can count never comes.
    let end = Duration::try_from_secs_f64(seconds).ok().and_then(|timeout| Instant::now().checked_add(timeout));
    Ok(end.map_or(Deadline::Never, Deadline::At))
}
