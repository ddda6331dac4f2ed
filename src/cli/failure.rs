//! The ways in which a command fails.

use super::standard;
use ackcast::protocol::Corruption;
use ackcast::{DeadProducers, RecvError, SendError};
use std::error::Error;
use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;

/// Why the command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The reader of stdout has closed it, as in `ackcast demo | head -1`. The command ends silently.
    ReaderGone,
    /// A consumer of the demo has lost all producers. The parent reports why they failed.
    ParentReports,
    /// This signal stopped the command.
    Stopped(i32),
    /// Every producer died without finishing, so the received messages are incomplete.
    ProducersLost(DeadProducers),
    /// No further message comes, and END did not: the line says why.
    Over(String),
    /// Every `recv` has left the channel of a `send`.
    RecvsGone,
    /// A wait has lasted longer than `--timeout`.
    GaveUp(String),
    /// The channel's memory holds a value that no participant writes.
    Corrupt(Corruption),
    /// Other failures, a line for each.
    Wrong(Vec<String>),
}

impl Failure {
    /// The status that a shell reports for a process killed by SIGPIPE: 128 + 13.
    pub(crate) const READER_GONE: u8 = 141;

    /// The status by which a child leaves the report to its parent.
    pub(crate) const PARENT_REPORTS: u8 = 3;

    /// The exit status of the command.
    pub(crate) fn exit_status(&self) -> u8 {
        match *self {
            Self::ReaderGone => Self::READER_GONE,
            Self::ParentReports => Self::PARENT_REPORTS,
            // A shell reports the same status for a process killed by this signal. Signal numbers are below 128.
            Self::Stopped(signal) => 128 | signal as u8,
            Self::ProducersLost(_) | Self::Over(_) => 3,
            Self::Corrupt(_) => 4,
            Self::RecvsGone => Self::READER_GONE,
            Self::GaveUp(_) => 124, // as of timeout(1)
            Self::Wrong(_) => 1,    // clap exits with 2 on wrong usage
        }
    }

    /// Prints the failure's lines to stderr. A failure without lines prints nothing.
    ///
    /// # Errors
    /// If stderr cannot be written.
    pub(crate) fn print(&self) -> io::Result<()> {
        let text: String = self.lines().iter().map(|line| format!("ackcast: {line}\n")).collect();
        standard::write_whole(io::stderr().as_fd(), text.as_bytes())
    }

    /// The lines to print.
    fn lines(&self) -> Vec<String> {
        match self {
            Self::ReaderGone | Self::ParentReports | Self::Stopped(_) => Vec::new(),
            Self::ProducersLost(lost) => vec![RecvError::ProducersLost(*lost).to_string()],
            Self::Over(line) => vec![line.clone()],
            Self::Corrupt(corruption) => vec![RecvError::Corrupt(*corruption).to_string()],
            Self::RecvsGone => vec![
                "every `recv` has left before the end of the input; start more, or use --consumers 0 to send without any"
                    .to_owned(),
            ],
            Self::GaveUp(line) => vec![line.clone()],
            Self::Wrong(lines) => lines.clone(),
        }
    }

    /// The failure of this process of the demo. Each line starts with the process's name.
    pub(crate) fn of(self, id: impl Display) -> Self {
        match self {
            Self::Wrong(lines) => Self::Wrong(lines.iter().map(|line| format!("{id}: {line}")).collect()),
            other => other,
        }
    }

    /// The failure of a consumer. Lost producers and corruption keep exit statuses of their own.
    pub(crate) fn from_recv(error: RecvError) -> Self {
        match error {
            RecvError::ProducersLost(lost) => Self::ProducersLost(lost),
            RecvError::Corrupt(corruption) => Self::Corrupt(corruption),
            other => other.into(),
        }
    }

    /// The failure of a producer. Corruption keeps an exit status of its own.
    pub(crate) fn from_send(error: SendError) -> Self {
        match error {
            SendError::Corrupt(corruption) => Self::Corrupt(corruption),
            other => other.into(),
        }
    }

    /// The failure of a read from stdin.
    pub(crate) fn from_input(error: &io::Error) -> Self {
        Self::Wrong(vec![format!("cannot read stdin: {error}")])
    }

    /// The failure of a write to stdout.
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

#[cfg(test)]
mod tests {
    use super::*;
    use ackcast::protocol::BlockedOn;

    const CORRUPTION: Corruption = Corruption::Count { published: 7 };

    /// The exit status and the lines of each failure. A new variant of [`Failure`] does not compile here.
    fn expected(failure: &Failure) -> (u8, &[&str]) {
        match failure {
            Failure::ReaderGone => (141, &[]),
            Failure::ParentReports => (3, &[]),
            Failure::Stopped(_) => (143, &[]),
            Failure::ProducersLost(_) => {
                (3, &["every producer died without finishing (); every message that they published was received"])
            }
            Failure::Over(_) => (3, &["over"]),
            Failure::Corrupt(_) => {
                (4, &["the segment is corrupt: 7 messages published: no channel can count another one"])
            }
            Failure::RecvsGone => (
                141,
                &[
                    "every `recv` has left before the end of the input; start more, or use --consumers 0 to send without any",
                ],
            ),
            Failure::GaveUp(_) => (124, &["gave up"]),
            Failure::Wrong(_) => (1, &["first", "second"]),
        }
    }

    #[test]
    fn failure_has_its_status_and_lines() {
        for failure in [
            Failure::ReaderGone,
            Failure::ParentReports,
            Failure::Stopped(15),
            Failure::ProducersLost(DeadProducers::default()),
            Failure::Over("over".to_owned()),
            Failure::Corrupt(CORRUPTION),
            Failure::RecvsGone,
            Failure::GaveUp("gave up".to_owned()),
            Failure::Wrong(vec!["first".to_owned(), "second".to_owned()]),
        ] {
            let (status, lines) = expected(&failure);
            assert_eq!(
                (failure.exit_status(), failure.lines()),
                (status, lines.iter().map(|l| l.to_string()).collect())
            );
        }
    }

    /// The lines of a [`Failure::Wrong`].
    fn wrong(failure: Failure) -> Vec<String> {
        match failure {
            Failure::Wrong(lines) => lines,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn lost_producers_and_corruption_have_own_statuses() {
        assert!(matches!(
            Failure::from_recv(RecvError::ProducersLost(DeadProducers::default())),
            Failure::ProducersLost(lost) if lost.is_empty()
        ));
        assert!(matches!(Failure::from_recv(RecvError::Corrupt(CORRUPTION)), Failure::Corrupt(CORRUPTION)));
        assert!(matches!(Failure::from_send(SendError::Corrupt(CORRUPTION)), Failure::Corrupt(CORRUPTION)));
        assert_eq!(wrong(Failure::from_recv(RecvError::TimedOut { next: 3 })), ["gave up waiting for message 3"]);
        let late = SendError::TimedOut(BlockedOn::Start { joined: 0, wanted: 1 });
        assert_eq!(wrong(Failure::from_send(late)), ["gave up waiting for the first consumers: 0 of 1 have joined"]);
    }

    #[test]
    fn broken_pipe_is_silent_and_other_write_errors_are_not() {
        let broken = io::Error::from(ErrorKind::BrokenPipe);
        assert!(matches!(Failure::from_output(&broken), Failure::ReaderGone));
        let full = io::Error::from_raw_os_error(libc::ENOSPC);
        assert_eq!(
            wrong(Failure::from_output(&full)),
            ["cannot write to stdout: No space left on device (os error 28)"]
        );
    }

    #[test]
    fn lines_of_child_start_with_its_name() {
        let failure = Failure::Wrong(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(wrong(failure.of("consumer 2")), ["consumer 2: a", "consumer 2: b"]);
        assert!(matches!(Failure::ParentReports.of("consumer 2"), Failure::ParentReports));
    }
}
