//! Waiting calls: in pieces, without the GIL, and with a look at Python's signals between them.

use crate::deadline::Deadline;
use crate::handle::{Handle, Role};
use pyo3::prelude::*;
use std::time::Duration;

/// What a call of the library says when its time was up.
pub trait Failure: Send {
    /// The time was up.
    fn is_timeout(&self) -> bool;

    /// The Python exception.
    fn raise(self, py: Python<'_>) -> PyErr;
}

/// Why a thread could not use the handle.
#[derive(Debug)]
pub enum Refusal {
    /// The time was up, and another thread used it.
    InUse,
    /// The handle is inherited, lent or closed, or a signal handler raised.
    Raised(PyErr),
}

impl Refusal {
    /// The Python exception.
    #[cold]
    pub fn raise<T: Role>(self, py: Python<'_>, handle: &Handle<T>) -> PyErr {
        match self {
            Self::InUse => T::in_use(py, handle.name()),
            Self::Raised(error) => error,
        }
    }
}

/// Why a call did not return a value.
#[derive(Debug)]
pub enum Stop<E> {
    /// The library's call failed.
    Failed(E),
    /// The handle could not be used.
    Refused(Refusal),
}

impl<E> From<Refusal> for Stop<E> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<E> From<PyErr> for Stop<E> {
    fn from(error: PyErr) -> Self {
        Self::Refused(Refusal::Raised(error))
    }
}

impl<E: Failure> Stop<E> {
    /// The time was up.
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::Failed(error) => error.is_timeout(),
            Self::Refused(refusal) => matches!(refusal, Refusal::InUse),
        }
    }

    /// The Python exception.
    #[cold]
    pub fn raise<T: Role>(self, py: Python<'_>, handle: &Handle<T>) -> PyErr {
        match self {
            Self::Failed(error) => error.raise(py),
            Self::Refused(refusal) => refusal.raise(py, handle),
        }
    }
}

/// Calls `attempt`, which does not wait. If that gives up, calls `wait` without the GIL, for a piece of the time at a
/// time, and then `attempt` again, unless `wait` has the result already.
#[inline]
pub fn wait<T: Role, R: Send, E: Failure>(
    py: Python<'_>,
    handle: &Handle<T>,
    deadline: Deadline,
    mut attempt: impl FnMut(Python<'_>, &mut T) -> Result<R, Stop<E>>,
    mut wait: impl FnMut(&mut T, Duration) -> Result<Option<R>, E> + Send,
) -> Result<R, Stop<E>> {
    loop {
        let mut using = handle.take(py, deadline)?;
        let late = match attempt(py, &mut using) {
            Err(Stop::Failed(error)) if error.is_timeout() => error,
            result => return result,
        };
        let Some(piece) = deadline.piece() else { return Err(Stop::Failed(late)) };
        let waited = py.detach(|| wait(&mut using, piece));
        drop(using);
        match waited {
            Ok(Some(result)) => return Ok(result),
            Ok(None) => {}
            Err(error) if error.is_timeout() => py.check_signals()?,
            Err(error) => return Err(Stop::Failed(error)),
        }
    }
}

/// Calls `wait` without the GIL, for a piece of the time at a time, and once with no time if there is none.
pub fn wait_detached<T: Role, R: Send, E: Failure>(
    py: Python<'_>,
    handle: &Handle<T>,
    deadline: Deadline,
    mut wait: impl FnMut(&mut T, Duration) -> Result<R, E> + Send,
) -> Result<R, Stop<E>> {
    loop {
        let mut using = handle.take(py, deadline)?;
        let piece = deadline.piece().unwrap_or_default();
        let waited = py.detach(|| wait(&mut using, piece));
        drop(using);
        match waited {
            Err(error) if error.is_timeout() && deadline.piece().is_some() => py.check_signals()?,
            result => return result.map_err(Stop::Failed),
        }
    }
}

/// Sleeps without the GIL for a piece of the time, at most `pause`. False: the time is up.
///
/// # Errors
/// What a signal handler raises.
pub fn pause(py: Python<'_>, deadline: Deadline, pause: Duration) -> PyResult<bool> {
    let Some(piece) = deadline.piece() else { return Ok(false) };
    py.detach(|| std::thread::sleep(piece.min(pause)));
    py.check_signals()?;
    Ok(true)
}
