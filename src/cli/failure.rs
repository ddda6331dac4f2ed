//! How a command ends that did not do its job.

use ackcast::protocol::Corruption;
use ackcast::{Lost, RecvError, SendError};
use std::error::Error;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// Why the command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nobody reads our output any more, as in `ackcast demo | head -1`. Nothing to complain about.
    ReaderGone,
    /// All producers are dead. Whatever they died of is what the user has to be told.
    Forsaken,
    /// This signal asked us to stop.
    Stopped(i32),
    /// Every producer died without finishing: what was received is not all there was to be.
    ProducersLost(Lost),
    /// The channel's memory holds what no participant can have written.
    Corrupt(Corruption),
    /// Something went wrong; one line for each thing.
    Wrong(Vec<String>),
}

impl Failure {
    /// What a shell reports for a process that dies of writing to a closed pipe: 128 + SIGPIPE.
    pub(crate) const READER_GONE: u8 = 141;

    /// For our parent only, which reports the cause instead.
    pub(crate) const FORSAKEN: u8 = 3;

    /// The status to exit with.
    pub(crate) fn exit_status(&self) -> u8 {
        match *self {
            Self::ReaderGone => Self::READER_GONE,
            Self::Forsaken => Self::FORSAKEN,
            // As a shell reports a process that died of the signal. Signals are below 128.
            Self::Stopped(signal) => 128 | signal as u8,
            Self::ProducersLost(_) => 3,
            Self::Corrupt(_) => 4,
            Self::Wrong(_) => 1, // 2 is clap's, for wrong usage
        }
    }

    /// Says on stderr what went wrong, if that is of use to anybody.
    ///
    /// # Errors
    /// If stderr cannot be written.
    pub(crate) fn tell(&self) -> io::Result<()> {
        let lines = match self {
            Self::ReaderGone | Self::Forsaken | Self::Stopped(_) => return Ok(()),
            Self::ProducersLost(lost) => &[RecvError::ProducersLost(*lost).to_string()][..],
            Self::Corrupt(corruption) => &[RecvError::Corrupt(*corruption).to_string()][..],
            Self::Wrong(lines) => lines,
        };
        let text: String = lines.iter().map(|line| format!("ackcast: {line}\n")).collect();
        io::stderr().write_all(text.as_bytes())
    }

    /// The failure of this process of the demo: its lines say whose they are.
    pub(crate) fn of(self, who: impl Display) -> Self {
        match self {
            Self::Wrong(lines) => Self::Wrong(lines.iter().map(|line| format!("{who}: {line}")).collect()),
            other => other,
        }
    }

    /// The failure of a consumer, with a status of its own where the user can act on it.
    pub(crate) fn from_recv(error: RecvError) -> Self {
        match error {
            RecvError::ProducersLost(lost) => Self::ProducersLost(lost),
            RecvError::Corrupt(corruption) => Self::Corrupt(corruption),
            other => other.into(),
        }
    }

    /// The failure of a producer, likewise.
    pub(crate) fn from_send(error: SendError) -> Self {
        match error {
            SendError::Corrupt(corruption) => Self::Corrupt(corruption),
            other => other.into(),
        }
    }

    /// A failure to write to stdout.
    pub(crate) fn from_output(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => Self::ReaderGone,
            _ => Self::Wrong(vec![format!("cannot write to stdout: {error}")]),
        }
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Wrong(vec![error.to_string()])
    }
}
