//! `ackcast send`: sends lines from stdin.

use super::failure::Failure;
use super::input::{LineReader, Stdin};
use super::options::{Backend, MAX_PLACES};
use super::rendezvous;
use super::size;
use super::stop::{SIGNAL_CHECK_INTERVAL, Stop};
use ackcast::segment::Name;
use ackcast::{Channel, SendError};
use clap::{Args, value_parser};

const HELP: &str = "\
A message is a line with its newline. `recv` writes byte for byte what `send` reads.
`send` creates the channel. If the channel is in use, `send` joins it as a further producer, and the
options of the creator hold. If the channel is over, `send` waits until its last `recv` has left.
At most 64 `send` and 64 `recv` use a channel at a time.
`send` reads nothing before --consumers `recv` have joined, so each of them is told how it ends.
`send` exits when every line is sent. Each `recv` may then still have up to --slots lines to read.
If `send` is stopped or fails, it does not finish the channel, and `recv` exits with status 3.

Exit status:
  0    every line was sent; every living `recv` has received it or can still read it
  1    another failure, such as a line longer than a slot; all lines before it were sent
  2    wrong usage
  4    the channel's memory is corrupt
  129  stopped by SIGHUP (the terminal has closed)
  130  stopped by SIGINT (Ctrl-C)
  143  stopped by SIGTERM";

/// The arguments of `ackcast send`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Send {
    /// The channel's name
    #[arg(value_parser = Name::new)]
    name: Name,

    /// How many `recv` must join before `send` reads stdin, 0 to 64; a later `recv` gets only the lines after it
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(0..=64))]
    consumers: u32,

    /// How many `send` must finish before `recv` sees the end, 1 to 64; 1 is enough if their runs overlap
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(1..=64))]
    producers: u32,

    /// Number of slots in the ring; the slowest `recv` may be this many lines behind
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = value_parser!(u32).range(1..=1 << 20))]
    slots: u32,

    /// Bytes that a slot holds, such as 64KiB or 1M (K is 1000, KiB is 1024); the longest line fills a slot with its
    /// newline
    #[arg(long, value_name = "SIZE", default_value_t = 4096, value_parser = size::slot_size)]
    slot_size: u32,

    /// Backend of the channel
    #[arg(long, alias = "sync", value_name = "BACKEND", default_value = "futex")]
    pub(crate) backend: Backend,
}

/// Sends all lines of stdin.
pub(crate) fn run(send: &Send) -> Result<(), Failure> {
    let stop = Stop::on_signals()?; // before `build`, so that a signal leaves no segment behind
    let new = Channel::create(send.name.as_str())
        .consumers(send.consumers)
        .producers(send.producers)
        .places(MAX_PLACES) // also for `send` and `recv` that are not counted
        .slots(send.slots)
        .slot_size(send.slot_size)
        .backend(send.backend.into());
    let (mut producer, slot_size) = rendezvous::producer(&send.name, &new, &stop)?;
    // A `recv` that has joined is told of every failure. So `send` reads nothing, and fails at nothing, before they
    // join.
    retry_until_signal(&stop, || producer.loan_timeout(SIGNAL_CHECK_INTERVAL).map(drop))?;
    let mut lines = LineReader::new(Stdin::new(&stop)?, slot_size);
    loop {
        let line = lines.next();
        stop.check()?;
        // The line is read before `send_timeout` takes the write lock, so other producers do not wait for stdin.
        let Some(line) = line? else { break };
        retry_until_signal(&stop, || producer.send_timeout(line, SIGNAL_CHECK_INTERVAL))?;
    }
    retry_until_signal(&stop, || producer.finish_timeout(SIGNAL_CHECK_INTERVAL))?;
    Ok(())
}

/// Retries `attempt` while it times out. Ends when it succeeds or fails, or when a signal arrives.
fn retry_until_signal<T>(stop: &Stop, mut attempt: impl FnMut() -> Result<T, SendError>) -> Result<T, Failure> {
    loop {
        match attempt() {
            Err(SendError::TimedOut(_)) => stop.check()?,
            done => return done.map_err(Failure::from_send),
        }
    }
}
