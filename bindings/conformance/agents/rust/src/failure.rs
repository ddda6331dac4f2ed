//! The suite's vocabulary of errors: the name of the innermost Rust variant, its fields, and the text.

use crate::wire::{Line, Misuse};
use ackcast::{
    AttachError, BatchError, BlockedOn, CreateError, DrainError, EventError, JoinError, LivenessUnknown, NameError,
    OpenError, OpenOrCreateError, RecvError, RecvTypedError, SendError, ValueTypeError, WaitForError,
};
use std::fmt::{Debug, Display};

/// What ends a request without an `ok`.
#[derive(Debug)]
pub enum Failure {
    /// The library returned an error.
    Library(Line),
    /// The runner asked for something that makes no sense.
    Misuse(Misuse),
}

impl Failure {
    fn new(error: &(impl Debug + Display)) -> Self {
        Self::named(&variant(error), error)
    }

    fn named(name: &str, error: &impl Display) -> Self {
        Self::Library(Line::new("error").with("name", name).with("text", error))
    }

    pub fn with(self, key: &str, value: impl ToString) -> Self {
        match self {
            Self::Library(line) => Self::Library(line.with(key, value)),
            misuse => misuse,
        }
    }

    pub fn line(self) -> Line {
        match self {
            Self::Library(line) => line,
            Self::Misuse(Misuse(text)) => Line::new("misuse").with("text", text),
        }
    }
}

/// The name of an enum's variant: what its `Debug` text begins with.
fn variant(error: &impl Debug) -> String {
    format!("{error:?}").chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect()
}

impl From<Misuse> for Failure {
    fn from(misuse: Misuse) -> Self {
        Self::Misuse(misuse)
    }
}

impl From<NameError> for Failure {
    fn from(error: NameError) -> Self {
        Self::named("Name", &error)
    }
}

impl From<ValueTypeError> for Failure {
    fn from(error: ValueTypeError) -> Self {
        Self::new(&error)
    }
}

impl From<LivenessUnknown> for Failure {
    fn from(error: LivenessUnknown) -> Self {
        Self::named("Liveness", &error)
    }
}

impl From<EventError> for Failure {
    fn from(error: EventError) -> Self {
        match error {
            EventError::Open(error) => error.into(),
            other => Self::new(&other),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::named("Io", &error)
    }
}

impl From<CreateError> for Failure {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Name(error) => error.into(),
            other => Self::new(&other),
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match &error {
            OpenError::Unusable { fault, .. } => Self::new(&error).with("fault", variant(fault)),
            _ => Self::new(&error),
        }
    }
}

impl From<OpenOrCreateError> for Failure {
    fn from(error: OpenOrCreateError) -> Self {
        match error {
            OpenOrCreateError::Create(error) => error.into(),
            OpenOrCreateError::Open(error) => error.into(),
            other => Self::new(&other),
        }
    }
}

impl From<AttachError> for Failure {
    fn from(error: AttachError) -> Self {
        match error {
            AttachError::Name(error) => error.into(),
            AttachError::Open(error) => error.into(),
            AttachError::Join { error: join, .. } => {
                let failure = Self::named(&variant(&join), &error);
                match join {
                    JoinError::Full { role, capacity } => failure.with("role", role).with("capacity", capacity),
                    JoinError::NotRetained { asked, oldest, newest } => {
                        failure.with("asked", asked).with("oldest", oldest).with("newest", newest)
                    }
                    _ => failure,
                }
            }
            other => Self::new(&other),
        }
    }
}

impl From<WaitForError> for Failure {
    fn from(error: WaitForError) -> Self {
        match error {
            WaitForError::Attach(error) => error.into(),
            WaitForError::TimedOut { ref last, .. } => Self::new(&error).with("last", variant(last)),
            other => Self::new(&other),
        }
    }
}

impl From<SendError> for Failure {
    fn from(error: SendError) -> Self {
        let failure = Self::new(&error);
        match error {
            SendError::TooLong { len, slot_size } => failure.with("len", len).with("slot_size", slot_size),
            SendError::TimedOut(blocked_on) => {
                let failure = failure.with("blocked_on", variant(&blocked_on));
                match blocked_on {
                    BlockedOn::Acknowledgement { consumer, message } => {
                        failure.with("consumer", consumer).with("message", message)
                    }
                    BlockedOn::Start { joined, wanted } => failure.with("joined", joined).with("wanted", wanted),
                    BlockedOn::Lock { owner: Some(owner) } => failure.with("owner", owner),
                    _ => failure,
                }
            }
            SendError::Corrupt(corruption) => failure.with("corruption", variant(&corruption)),
            _ => failure,
        }
    }
}

impl From<BatchError> for Failure {
    fn from(error: BatchError) -> Self {
        Self::from(error.error).with("sent", error.sent)
    }
}

impl From<RecvError> for Failure {
    fn from(error: RecvError) -> Self {
        let failure = Self::new(&error);
        match error {
            RecvError::TimedOut { next } => failure.with("next", next),
            RecvError::ProducersLost(dead) => {
                let producers: Vec<_> = dead.producers().map(|producer| producer.to_string()).collect();
                failure.with("producers", producers.join(","))
            }
            RecvError::Corrupt(corruption) => failure.with("corruption", variant(&corruption)),
            _ => failure,
        }
    }
}

impl From<RecvTypedError> for Failure {
    fn from(error: RecvTypedError) -> Self {
        match error {
            RecvTypedError::Recv(error) => error.into(),
            other => Self::new(&other),
        }
    }
}

impl From<DrainError> for Failure {
    fn from(error: DrainError) -> Self {
        let failure = Self::new(&error);
        match error {
            DrainError::TimedOut { consumer, behind, .. } => failure.with("consumer", consumer).with("behind", behind),
            _ => failure,
        }
    }
}
