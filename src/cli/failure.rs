//! How a command ends that did not do its job.

use ackcast::protocol::Corruption;
use ackcast::{DeadProducers, RecvError, SendError};
use std::error::Error;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// Why the command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nobody reads our output any more, as in `ackcast demo | head -1`. Nothing to complain about.
    ReaderGone,
    /// All producers are dead. Whatever they died of is what the user has to be told.
    ParentReports,
    /// This signal asked us to stop.
    Stopped(i32),
    /// Every producer died without finishing: what was received is not all there was to be.
    ProducersLost(DeadProducers),
    /// The channel's memory holds what no participant can have written.
    Corrupt(Corruption),
    /// Something went wrong; one line for each thing.
    Wrong(Vec<String>),
}

impl Failure {
    /// What a shell reports for a process that dies of writing to a closed pipe: 128 + SIGPIPE.
    pub(crate) const READER_GONE: u8 = 141;

    /// For our parent only, which reports the cause instead.
    pub(crate) const PARENT_REPORTS: u8 = 3;

    /// The status to exit with.
    pub(crate) fn exit_status(&self) -> u8 {
        match *self {
            Self::ReaderGone => Self::READER_GONE,
            Self::ParentReports => Self::PARENT_REPORTS,
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
    pub(crate) fn print(&self) -> io::Result<()> {
        let text: String = self.lines().iter().map(|line| format!("ackcast: {line}\n")).collect();
        io::stderr().write_all(text.as_bytes())
    }

    /// What there is to say, a line for each thing.
    fn lines(&self) -> Vec<String> {
        match self {
            Self::ReaderGone | Self::ParentReports | Self::Stopped(_) => Vec::new(),
            Self::ProducersLost(lost) => vec![RecvError::ProducersLost(*lost).to_string()],
            Self::Corrupt(corruption) => vec![RecvError::Corrupt(*corruption).to_string()],
            Self::Wrong(lines) => lines.clone(),
        }
    }

    /// The failure of this process of the demo: its lines say whose they are.
    pub(crate) fn of(self, id: impl Display) -> Self {
        match self {
            Self::Wrong(lines) => Self::Wrong(lines.iter().map(|line| format!("{id}: {line}")).collect()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use ackcast::protocol::BlockedOn;

    const CORRUPTION: Corruption = Corruption::Count { published: 7 };

    /// The exit status and the lines of each failure. A new kind of failure does not compile here.
    fn expected(failure: &Failure) -> (u8, &[&str]) {
        match failure {
            Failure::ReaderGone => (141, &[]),
            Failure::ParentReports => (3, &[]),
            Failure::Stopped(_) => (143, &[]),
            Failure::ProducersLost(_) => {
                (3, &["every producer died without finishing (); every message that they published was received"])
            }
            Failure::Corrupt(_) => {
                (4, &["the segment is corrupt: 7 messages published: no channel can count another one"])
            }
            Failure::Wrong(_) => (1, &["first", "second"]),
        }
    }

    #[test]
    fn every_failure_has_its_status_and_its_lines() {
        for failure in [
            Failure::ReaderGone,
            Failure::ParentReports,
            Failure::Stopped(15),
            Failure::ProducersLost(DeadProducers::default()),
            Failure::Corrupt(CORRUPTION),
            Failure::Wrong(vec!["first".to_owned(), "second".to_owned()]),
        ] {
            let (status, lines) = expected(&failure);
            assert_eq!(
                (failure.exit_status(), failure.lines()),
                (status, lines.iter().map(|l| l.to_string()).collect())
            );
        }
    }

    /// The lines of a failure that has no status of its own.
    fn wrong(failure: Failure) -> Vec<String> {
        match failure {
            Failure::Wrong(lines) => lines,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn errors_that_a_user_can_act_on_have_a_status_of_their_own() {
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
    fn output_without_a_reader_is_no_error_and_another_fault_is() {
        let broken = io::Error::from(ErrorKind::BrokenPipe);
        assert!(matches!(Failure::from_output(&broken), Failure::ReaderGone));
        let full = io::Error::from_raw_os_error(libc::ENOSPC);
        assert_eq!(
            wrong(Failure::from_output(&full)),
            ["cannot write to stdout: No space left on device (os error 28)"]
        );
    }

    #[test]
    fn lines_of_a_child_say_whose_they_are() {
        let failure = Failure::Wrong(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(wrong(failure.of("consumer 2")), ["consumer 2: a", "consumer 2: b"]);
        assert!(matches!(Failure::ParentReports.of("consumer 2"), Failure::ParentReports));
    }
}
