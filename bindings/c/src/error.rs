//! An error of any call, its status and its numbers.

mod describe;

use crate::status::ackcast_status_t;
use ackcast::{
    AttachError, BatchError, CreateError, DrainError, EventError, LivenessUnknown, NameError, OpenError,
    OpenOrCreateError, RecvError, RecvTypedError, SendError, ValueTypeError, WaitForError,
};
use core::any::Any;
use thiserror::Error;

/// Why a call has failed.
#[derive(Debug, Error)]
pub enum Error {
    #[error("the argument `{0}` is NULL")]
    Null(&'static str),
    #[error("the argument `{argument}` cannot be that: {fault}")]
    Invalid { argument: &'static str, fault: &'static str },
    #[error("the argument `{argument}` is not UTF-8: \"{}\"", .bytes.escape_ascii())]
    NotUtf8 { argument: &'static str, bytes: Box<[u8]> },
    #[error("another thread is in a call with this handle; use a handle in one thread at a time")]
    Busy,
    #[error("the handle has lent {0}; {1} first")]
    Lent(&'static str, &'static str),
    #[error("the handle has lent nothing, so there is nothing to {0}")]
    NotLent(&'static str),
    #[error("the slot was lent to another thread; {0} it there")]
    OtherThread(&'static str),
    #[error("this call is for an event handle; make it one by `{0}`")]
    NotEvent(&'static str),
    #[error("an event handle does not have this call: {0}")]
    IsEvent(&'static str),
    #[error("the handle has left its channel, because it could not become an event handle; free it")]
    Detached,
    #[error("the message has {len} bytes, the buffer {capacity}; the message is received again")]
    BufferTooSmall { len: usize, capacity: usize },
    #[error("internal error: {0}; the handle of the call can only be freed")]
    Panic(String),
    #[error("an earlier call with this handle met an internal error; free it")]
    Poisoned,
    #[error("there is nothing to receive yet; poll the descriptor")]
    NothingYet,
    #[error("there is no free slot yet, or another producer has the write lock; poll the descriptor")]
    NoRoomYet,
    #[error("gave up waiting for a channel {name:?}: {last}")]
    NoChannelYet { name: String, last: Box<OpenError> },
    #[error("the message has {len} bytes, and is not {what} of {size} bytes; nothing was sent")]
    SentNoValue { len: usize, what: &'static str, size: usize },
    #[error("/dev/shm cannot be listed: {0}")]
    List(std::io::Error),
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    Type(#[from] ValueTypeError),
    #[error(transparent)]
    Create(#[from] CreateError),
    #[error(transparent)]
    OpenOrCreate(#[from] OpenOrCreateError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Attach(#[from] AttachError),
    #[error(transparent)]
    WaitFor(#[from] WaitForError),
    #[error(transparent)]
    Event(#[from] EventError),
    #[error(transparent)]
    Send(#[from] SendError),
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(transparent)]
    Recv(#[from] RecvError),
    #[error(transparent)]
    RecvNoValue(#[from] RecvTypedError),
    #[error(transparent)]
    Drain(#[from] DrainError),
    #[error(transparent)]
    Liveness(#[from] LivenessUnknown),
}

/// An error as functions return it: one word, so that a call that succeeds moves no more.
pub type Failure = Box<Error>;

/// The library's errors become failures by `?`.
macro_rules! failures {
    ($($error:ty)*) => {
        $(impl From<$error> for Failure {
            #[cold]
            fn from(error: $error) -> Self {
                Self::new(error.into())
            }
        })*
    };
}

failures! {
    NameError ValueTypeError CreateError OpenOrCreateError OpenError AttachError WaitForError EventError SendError
    BatchError RecvError RecvTypedError DrainError LivenessUnknown
}

impl Error {
    /// A panic that was caught.
    pub fn panic(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Self::Panic(text.unwrap_or("a panic without a text").to_owned())
    }

    /// How many messages of a batch were sent before it.
    pub const fn sent(&self) -> usize {
        match self {
            Self::Batch(BatchError { sent, .. }) => *sent,
            _ => 0,
        }
    }

    /// Its status.
    pub fn status(&self) -> ackcast_status_t {
        describe::error(self, &mut |_, _| ())
    }

    /// Its number of this name.
    pub fn number(&self, name: &str) -> Option<u64> {
        let mut found = None;
        describe::error(self, &mut |known, value| found = found.or((known == name).then_some(value)));
        found
    }
}
