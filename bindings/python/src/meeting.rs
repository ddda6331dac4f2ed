//! Attaching, and waiting for a channel to attach to.

use crate::deadline::Deadline;
use crate::errors;
use crate::wait::pause;
use ackcast::{AttachError, Channel, JoinError, Name, OpenError, Start, Unjoinable, ValueType, WaitForError};
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt, PyString};
use std::time::Duration;

/// Pause after the first poll. Each later pause is twice as long, up to [`LAST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(1);
/// Longest pause between two polls, as in the library.
const LAST_PAUSE: Duration = Duration::from_millis(25);

/// Where a consumer starts: `None` for the next message, "oldest", or a sequence number.
pub fn start(start: Option<&Bound<'_, PyAny>>) -> PyResult<Start> {
    let Some(start) = start else { return Ok(Start::Newest) };
    if start.is_instance_of::<PyString>() {
        return match start.extract::<&str>()? {
            "oldest" => Ok(Start::Oldest),
            other => Err(PyValueError::new_err(format!(
                "start is {other:?}; it must be None for the next message, \"oldest\", or a sequence number"
            ))),
        };
    }
    if !start.is_instance_of::<PyInt>() || start.is_instance_of::<PyBool>() {
        return Err(PyTypeError::new_err("start must be None for the next message, \"oldest\", or a sequence number"));
    }
    start.extract().map(Start::Sequence).map_err(|error| match error.is_instance_of::<PyOverflowError>(start.py()) {
        true => PyValueError::new_err("start must be a sequence number from 0 to 2**64 - 1"),
        false => error,
    })
}

/// A producer of this channel. Waits for a channel that has not ended.
pub fn producer(
    py: Python<'_>,
    name: &str,
    deadline: Deadline,
    value_type: Option<&ValueType>,
) -> PyResult<ackcast::Producer> {
    if let Some(value_type) = value_type {
        return match deadline {
            Deadline::Now => py
                .detach(|| ackcast::Producer::attach_typed(name, value_type))
                .map_err(|error| errors::attach(py, error)),
            // END is found by the attempt itself.
            _ => poll(py, name, deadline, || unless_passing(ackcast::Producer::attach_typed(name, value_type))),
        };
    }
    match deadline {
        Deadline::Now => py.detach(|| ackcast::Producer::attach(name)).map_err(|error| errors::attach(py, error)),
        _ => poll(py, name, deadline, || match ackcast::Producer::wait_for(name, Duration::ZERO) {
            Err(WaitForError::TimedOut { last, .. }) => Ok(Err(last)),
            Err(WaitForError::Attach(error)) => Err(error),
            Ok(producer) => Ok(Ok(producer)),
            Err(_) => Ok(Err(Unjoinable::NotFound)),
        }),
    }
}

/// A consumer of this channel. Waits for a channel that is not over, if it is to start at the next message, and
/// otherwise for any channel.
pub fn consumer(
    py: Python<'_>,
    name: &str,
    start: Start,
    deadline: Deadline,
    value_type: Option<&ValueType>,
) -> PyResult<ackcast::Consumer> {
    if let Some(value_type) = value_type {
        let attach = || ackcast::Consumer::attach_typed(name, start, value_type);
        return match (deadline, start) {
            (Deadline::Now, _) => py.detach(attach).map_err(|error| errors::attach(py, error)),
            (_, Start::Newest) => poll(py, name, deadline, || match over(name)? {
                Some(reason) => Ok(Err(reason)),
                None => unless_passing(attach()),
            }),
            _ => poll(py, name, deadline, || unless_passing(attach())),
        };
    }
    match (deadline, start) {
        (Deadline::Now, _) => {
            py.detach(|| ackcast::Consumer::attach_at(name, start)).map_err(|error| errors::attach(py, error))
        }
        (_, Start::Newest) => poll(py, name, deadline, || match ackcast::Consumer::wait_for(name, Duration::ZERO) {
            Err(WaitForError::TimedOut { last, .. }) => Ok(Err(last)),
            Err(WaitForError::Attach(error)) => Err(error),
            Ok(consumer) => Ok(Ok(consumer)),
            Err(_) => Ok(Err(Unjoinable::NotFound)),
        }),
        _ => poll(py, name, deadline, || unless_passing(ackcast::Consumer::attach_at(name, start))),
    }
}

/// A channel of this name. Waits until there is one.
pub fn channel(py: Python<'_>, name: &str, deadline: Deadline) -> PyResult<Channel> {
    poll(py, name, deadline, || {
        let name = Name::new(name)?;
        unless_passing(Channel::open(&name).map_err(AttachError::from))
    })
}

/// Why a consumer of new messages does not join the channel of this name, if it is over.
fn over(name: &str) -> Result<Option<Unjoinable>, AttachError> {
    let name = Name::new(name)?;
    let channel = match unless_passing(Channel::open(&name).map_err(AttachError::from))? {
        Ok(channel) => channel,
        Err(reason) => return Ok(Some(reason)),
    };
    if channel.published().ended() {
        return Ok(Some(Unjoinable::Ended));
    }
    let lost = channel.producers_lost().map_err(|error| OpenError::Liveness { name, error })?;
    Ok(lost.then_some(Unjoinable::ProducersLost))
}

/// The reasons for which an attempt failed that pass when another process has done its part.
fn unless_passing<P>(attached: Result<P, AttachError>) -> Result<Result<P, Unjoinable>, AttachError> {
    match attached {
        Err(AttachError::Open(OpenError::NotFound { .. })) => Ok(Err(Unjoinable::NotFound)),
        Err(AttachError::Open(OpenError::Abandoned { .. })) => Ok(Err(Unjoinable::Abandoned)),
        Err(AttachError::Join { error: JoinError::Full { role, capacity }, .. }) => {
            Ok(Err(Unjoinable::Full { role, capacity }))
        }
        Err(AttachError::Join { error: JoinError::Ended, .. }) => Ok(Err(Unjoinable::Ended)),
        attached => attached.map(Ok),
    }
}

/// Polls until `attempt` succeeds, or fails for a reason that does not pass.
fn poll<P: Send>(
    py: Python<'_>,
    name: &str,
    deadline: Deadline,
    mut attempt: impl FnMut() -> Result<Result<P, Unjoinable>, AttachError> + Send,
) -> PyResult<P> {
    let mut pause_time = FIRST_PAUSE;
    loop {
        let last = match py.detach(&mut attempt).map_err(|error| errors::attach(py, error))? {
            Ok(attached) => return Ok(attached),
            Err(last) => last,
        };
        if !pause(py, deadline, pause_time)? {
            return Err(errors::wait_for_timed_out(py, name, &last));
        }
        pause_time = (pause_time * 2).min(LAST_PAUSE);
    }
}
