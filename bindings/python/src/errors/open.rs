//! The errors of creating, opening and attaching.

use super::{Raise, liveness};
use ackcast::{
    AttachError, CreateError, EventError, JoinError, LivenessUnknown, Name, NameError, OpenError, OpenOrCreateError,
    Unjoinable,
};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use std::fmt::{Debug, Display};
use std::io;

/// The name of an enum's variant.
fn variant(value: &dyn Debug) -> String {
    let text = format!("{value:?}");
    text.chars().take_while(|c| c.is_alphanumeric()).collect()
}

fn name_error(py: Python<'_>, error: &NameError) -> PyErr {
    Raise::new(py, "NameError_", error).with("name", error.name.as_str()).with("fault", error.fault).done()
}

/// A limit that was reached.
fn limit<'py>(py: Python<'py>, error: &dyn Display, name: &Name, limit: &dyn Debug) -> Raise<'py> {
    Raise::new(py, "LimitReached", error).with("name", name.as_str()).with("limit", variant(limit))
}

/// A call that the system refused.
fn refused<'py>(py: Python<'py>, error: &dyn Display, name: &Name, action: &str, cause: &io::Error) -> Raise<'py> {
    let raise = Raise::new(py, "SystemRefused", error).with("name", name.as_str()).with("action", action);
    raise.with("errno", cause.raw_os_error())
}

/// [`OpenError`].
#[cold]
pub fn open(py: Python<'_>, error: OpenError) -> PyErr {
    let of = |class, name: &Name| Raise::new(py, class, &error).with("name", name.as_str());
    let raise = match &error {
        OpenError::NotFound { name } => of("NotFound", name),
        OpenError::Abandoned { name } => of("Abandoned", name),
        OpenError::Unusable { name, fault } => of("Unusable", name).with("fault", variant(fault)),
        OpenError::Liveness { name, error: LivenessUnknown { errno } } => {
            of("OpenLivenessUnknown", name).with("errno", *errno)
        }
        OpenError::Inherited { name } => of("OpenInherited", name),
        OpenError::NotOurs { name, owner, mode, user } => {
            of("NotOurs", name).with("owner", *owner).with("mode", *mode).with("user", *user)
        }
        OpenError::Limit { name, limit: reached } => limit(py, &error, name, reached),
        OpenError::System { name, action, error: cause } => refused(py, &error, name, action, cause),
        _ => Raise::new(py, "OpenError", &error),
    };
    raise.done()
}

/// [`CreateError`].
#[cold]
pub fn create(py: Python<'_>, error: CreateError) -> PyErr {
    let of = |class, name: &Name| Raise::new(py, class, &error).with("name", name.as_str());
    let raise = match &error {
        CreateError::Name(error) => return name_error(py, error),
        CreateError::Layout(error) => Raise::new(py, "LayoutError", error),
        CreateError::AlreadyExists { name, participants } => match PyTuple::new(py, participants) {
            Ok(participants) => of("AlreadyExists", name).with("participants", participants),
            Err(error) => return error,
        },
        CreateError::Mark { name, .. } => of("MarkError", name),
        CreateError::NoSpace { name, bytes } => of("NoSpace", name).with("bytes", *bytes),
        CreateError::Limit { name, limit: reached } => limit(py, &error, name, reached),
        CreateError::System { name, action, error: cause } => refused(py, &error, name, action, cause),
        CreateError::InTheWay(_) => {
            let raise = Raise::new(py, "InTheWay", &error);
            let CreateError::InTheWay(cause) = error else { return raise.done() };
            return raise.caused_by(open(py, cause)).done();
        }
        _ => Raise::new(py, "CreateError", &error),
    };
    raise.done()
}

/// [`OpenOrCreateError`].
#[cold]
pub fn open_or_create(py: Python<'_>, error: OpenOrCreateError) -> PyErr {
    let of = |class, name: &Name| Raise::new(py, class, &error).with("name", name.as_str());
    let raise = match &error {
        OpenOrCreateError::Differs { name, differences } => {
            let differences = differences.iter().map(|d| (d.setting, d.found.as_str(), d.asked.as_str()));
            match PyTuple::new(py, differences.collect::<Vec<_>>()) {
                Ok(differences) => of("Differs", name).with("differences", differences),
                Err(error) => return error,
            }
        }
        OpenOrCreateError::Ended { name } => of("ChannelEnded", name),
        OpenOrCreateError::Races { name } => of("Races", name),
        OpenOrCreateError::Create(_) | OpenOrCreateError::Open(_) => {
            return match error {
                OpenOrCreateError::Create(error) => create(py, error),
                OpenOrCreateError::Open(error) => open(py, error),
                other => Raise::new(py, "OpenOrCreateError", &other).done(),
            };
        }
        _ => Raise::new(py, "OpenOrCreateError", &error),
    };
    raise.done()
}

/// [`AttachError`].
#[cold]
pub fn attach(py: Python<'_>, error: AttachError) -> PyErr {
    let raise = match &error {
        AttachError::Name(error) => return name_error(py, error),
        AttachError::Type(mismatch) => Raise::new(py, "TypeMismatch", &error)
            .with("name", mismatch.name.as_str())
            .with("found", mismatch.found.as_ref().map(ToString::to_string))
            .with("asked", mismatch.asked.to_string()),
        AttachError::Join { name, error: cause } => join(py, &error, cause).with("name", name.as_str()),
        AttachError::Open(_) => {
            let AttachError::Open(error) = error else { return Raise::new(py, "AttachError", &error).done() };
            return open(py, error);
        }
        _ => Raise::new(py, "AttachError", &error),
    };
    raise.done()
}

fn join<'py>(py: Python<'py>, error: &dyn Display, cause: &JoinError) -> Raise<'py> {
    let of = |class| Raise::new(py, class, error);
    match cause {
        JoinError::Full { role, capacity } => of("Full").with("role", *role).with("capacity", *capacity),
        JoinError::NotRetained { asked, oldest, newest } => {
            of("NotRetained").with("asked", *asked).with("oldest", *oldest).with("newest", *newest)
        }
        JoinError::Ended => of("JoinEnded"),
        JoinError::Liveness(LivenessUnknown { errno }) => of("JoinLivenessUnknown").with("errno", *errno),
        _ => of("JoinError"),
    }
}

/// `WaitForError::TimedOut`.
#[cold]
pub fn wait_for_timed_out(py: Python<'_>, name: &str, last: &Unjoinable) -> PyErr {
    let text = format!("gave up waiting for a channel {name:?} to join: {last}");
    Raise::new(py, "WaitForTimedOut", &text).with("name", name).with("last", variant(last)).done()
}

/// [`EventError`].
#[cold]
pub fn event(py: Python<'_>, error: EventError) -> PyErr {
    match error {
        EventError::Open(error) => open(py, error),
        EventError::LockOfThread { ref name } => {
            Raise::new(py, "LockOfThread", &error).with("name", name.as_str()).done()
        }
        other => Raise::new(py, "EventError", &other).done(),
    }
}

/// A channel's question that the system did not answer.
#[cold]
pub fn liveness_unknown(py: Python<'_>, name: &str, error: &LivenessUnknown) -> PyErr {
    liveness(py, "OpenLivenessUnknown", error).with("name", name).done()
}
