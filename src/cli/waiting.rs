//! The waits of `send` and `recv` for each other. Each wait ends with a signal, and after `--timeout`. A long wait is
//! reported on stderr.

use super::failure::Failure;
use super::meter::Meter;
use super::standard;
use super::stop::Stop;
use ackcast::BlockedOn;
use ackcast::segment::Name;
use clap::Args;
use rustix::event::PollFlags;
use std::fmt::{self, Display, Formatter};
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// The longest wait in the channel. After it, the command checks for a signal.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// A wait that lasts longer than this is reported.
const LONG: Duration = Duration::from_secs(1);

/// The options of every wait.
#[derive(Debug, Args)]
pub(crate) struct Patience {
    /// Give up after this time without progress, such as 10s; waits for stdin and stdout do not count
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    timeout: Option<Duration>,

    /// Say on stderr what a wait of more than a second is for; at a terminal, the other side is named without it
    #[arg(short, long)]
    verbose: bool,

    /// Show messages, bytes and rate on stderr: all the time at a terminal, otherwise at the end
    #[arg(long)]
    progress: bool,
}

/// What a command waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum WaitFor<'n> {
    /// A `send` that creates the channel.
    Channel(&'n Name),
    /// The last user of a channel that is over leaves it.
    Leaving(&'n Name),
    /// A message.
    Message(u64),
    /// What blocks a `send`.
    Peer(BlockedOn),
}

impl WaitFor<'_> {
    /// Whether the wait is reported at a terminal without `--verbose`. A quiet channel is nothing to report.
    const fn concerns_other_side(&self) -> bool {
        !matches!(self, Self::Message(_))
    }

    const fn cure(&self) -> &'static str {
        match self {
            Self::Channel(_) => "start a `send` of this name",
            Self::Leaving(_) => "let its `recv` read to the end, or stop them",
            Self::Message(_) => "see what the `send` waits for",
            Self::Peer(BlockedOn::Start { .. }) => "start more `recv`, or fewer --consumers",
            Self::Peer(BlockedOn::Acknowledgement { .. }) => "let its reader read, or stop it",
            Self::Peer(_) => "let it go on, or stop it",
        }
    }
}

impl Display for WaitFor<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channel(name) => write!(f, "a `send` of channel {:?}", name.as_str()),
            Self::Leaving(name) => write!(f, "the users of the last channel {:?}, which is over", name.as_str()),
            Self::Message(number) => write!(f, "message {number}"),
            Self::Peer(BlockedOn::Start { joined, wanted }) => {
                write!(f, "the first `recv`: {joined} of {wanted} have joined")
            }
            Self::Peer(BlockedOn::Acknowledgement { consumer, message }) => {
                write!(f, "recv {consumer} to read message {message}")
            }
            Self::Peer(BlockedOn::Lock { owner: Some(owner) }) => write!(f, "send {owner}, which has the write lock"),
            Self::Peer(BlockedOn::Lock { owner: None }) => f.write_str("another `send`, which has the write lock"),
            Self::Peer(other) => f.write_str(other.to_string().trim_start_matches("for ")),
        }
    }
}

/// The waits of a command.
#[derive(Debug)]
pub(crate) struct Waiting<'s> {
    stop: &'s Stop,
    timeout: Option<Duration>,
    verbose: bool,
    at_terminal: bool,
    meter: Option<Meter>,
    /// When the current wait began. `None` after progress.
    since: Option<Instant>,
    notice: Option<Notice>,
}

/// What the current wait is for.
#[derive(Debug)]
struct Notice {
    text: String,
    since: Instant,
    said: bool,
}

impl<'s> Waiting<'s> {
    pub(crate) fn new(patience: &Patience, stop: &'s Stop) -> Self {
        Self {
            stop,
            timeout: patience.timeout,
            verbose: patience.verbose,
            at_terminal: io::stderr().is_terminal(),
            meter: patience.progress.then(Meter::new),
            since: None,
            notice: None,
        }
    }

    /// The request to stop.
    pub(crate) const fn stop(&self) -> &'s Stop {
        self.stop
    }

    /// How long the next attempt may wait. The first call after progress begins a wait.
    pub(crate) fn step(&mut self) -> Duration {
        let since = *self.since.get_or_insert_with(Instant::now);
        let left = self.timeout.map(|timeout| timeout.saturating_sub(since.elapsed()));
        left.map_or(CHECK_INTERVAL, |left| left.min(CHECK_INTERVAL))
    }

    /// An attempt has waited in vain.
    ///
    /// # Errors
    /// [`Failure::Stopped`] if a signal has arrived, and [`Failure::GaveUp`] if the wait lasts longer than `--timeout`.
    pub(crate) fn blocked(&mut self, on: WaitFor<'_>) -> Result<(), Failure> {
        self.stop.check()?;
        let now = Instant::now();
        let waited = now.saturating_duration_since(*self.since.get_or_insert(now));
        if let Some(timeout) = self.timeout.filter(|timeout| waited >= *timeout) {
            let time = humantime::format_duration(timeout);
            return Err(Failure::GaveUp(format!("gave up after {time} of waiting for {on}; {}", on.cure())));
        }
        if self.verbose || (self.at_terminal && on.concerns_other_side()) {
            let text = on.to_string();
            let notice = match self.notice.take().filter(|notice| notice.text == text) {
                Some(notice) => notice,
                None => Notice { text, since: now, said: false },
            };
            let long = now.saturating_duration_since(notice.since) >= LONG;
            if long && !notice.said {
                self.say(&format!("waits for {}", notice.text));
            }
            self.notice = Some(Notice { said: long, ..notice });
        }
        Ok(())
    }

    /// Messages have passed. The wait is over.
    pub(crate) fn passed(&mut self, messages: u64, bytes: u64) {
        self.over();
        if let Some(meter) = &mut self.meter {
            meter.add(messages, bytes);
        }
    }

    /// The wait is over.
    pub(crate) fn over(&mut self) {
        let since = self.since.take();
        if let Some(Notice { said: true, .. }) = self.notice.take() {
            let time = Duration::from_secs(since.map_or(0, |since| since.elapsed().as_secs()));
            self.say(&format!("goes on after {}", humantime::format_duration(time)));
        }
    }

    /// Says something on stderr, if `--verbose`.
    pub(crate) fn tell(&self, text: impl FnOnce() -> String) {
        if self.verbose {
            self.say(&text());
        }
    }

    /// Says something on stderr. A stderr that cannot be written is no reason to fail.
    pub(crate) fn say(&self, text: &str) {
        let line = format!("ackcast: {text}\n");
        let write = || {
            let ready = || self.stop.ready(io::stderr().as_fd(), PollFlags::OUT);
            let _ = standard::write_all(io::stderr().as_fd(), line.as_bytes(), libc::PIPE_BUF, ready);
        };
        match &self.meter {
            Some(meter) => meter.suspend(write),
            None => write(),
        }
    }
}
