//! `ackcast send`: lines in.

use super::failure::Failure;
use super::input::{Lines, Stdin};
use super::options::Backend;
use super::rendezvous;
use super::stop::{SIGNAL_CHECK_INTERVAL, Stop};
use ackcast::segment::Name;
use ackcast::{Channel, SendError};
use clap::{Args, value_parser};

const HELP: &str = "\
A message is a line with its newline; what `recv` writes is byte for byte what `send` reads.
`send` creates the channel. If it exists and is in use, `send` joins it as one more producer, and
takes the options from whoever created it. If it is over and being read to its end, `send` waits
until that is done. It exits once everything is sent; the last --slots lines may still be on their
way to stdout then. If it is stopped, or fails, it does not finish: `recv` exits with status 3.

Exit status:
  0    everything was sent, and every living `recv` got it, or is about to
  1    something else went wrong, such as a line longer than a slot; all lines before it were sent
  2    wrong usage
  4    the channel's memory is corrupt
  130  stopped by SIGINT (Ctrl-C)
  143  stopped by SIGTERM";

/// What `ackcast send` is told.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Send {
    /// The channel's name
    #[arg(value_parser = Name::new)]
    name: Name,

    /// How many `recv` the first line waits for, 0 to 64; one that comes later gets what is sent
    /// from then on
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(0..=64))]
    consumers: u32,

    /// How many `send` have to finish before `recv` sees the end, 1 to 64; those that run at the
    /// same time need not be counted
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(1..=64))]
    producers: u32,

    /// Length of the ring: by how many lines the slowest `recv` may be behind
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = value_parser!(u32).range(1..=1 << 20))]
    slots: u32,

    /// Bytes that a slot holds: the length of the longest line, newline included
    #[arg(long, value_name = "BYTES", default_value_t = 4096, value_parser = value_parser!(u32).range(1..=1 << 30))]
    slot_size: u32,

    /// What the channel is built on
    #[arg(long, alias = "sync", value_name = "BACKEND", default_value = "futex")]
    pub(crate) backend: Backend,
}

/// Sends all of stdin.
pub(crate) fn run(send: &Send) -> Result<(), Failure> {
    let stop = Stop::on_signals()?; // first: from here on, nothing we create is left behind
    let new = Channel::create(send.name.as_str())
        .consumers(send.consumers)
        .producers(send.producers)
        .places(send.consumers.max(send.producers).max(8)) // for those that come uncounted, too
        .slots(send.slots)
        .slot_size(send.slot_size)
        .backend(send.backend.into());
    let (mut producer, slot_size) = rendezvous::producer(&send.name, &new, &stop)?;
    let mut lines = Lines::new(Stdin::new(&stop)?, slot_size);
    loop {
        let line = lines.next();
        stop.check()?;
        // Read before the slot is taken: other producers do not wait for our input.
        let Some(line) = line? else { break };
        retry_until_signal(&stop, || producer.send_timeout(line, SIGNAL_CHECK_INTERVAL))?;
    }
    retry_until_signal(&stop, || producer.finish_timeout(SIGNAL_CHECK_INTERVAL))?;
    Ok(())
}

/// Tries until it is done or failed, or a signal comes.
fn retry_until_signal<T>(stop: &Stop, mut attempt: impl FnMut() -> Result<T, SendError>) -> Result<T, Failure> {
    loop {
        match attempt() {
            Err(SendError::TimedOut(_)) => stop.check()?,
            done => return done.map_err(Failure::from_send),
        }
    }
}
