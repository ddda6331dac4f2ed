//! `ackcast recv`: writes received messages to stdout.

use super::failure::Failure;
use super::format::Format;
use super::rendezvous;
use super::stdout::Stdout;
use super::stop::Stop;
use super::waiting::{Patience, WaitFor, Waiting};
use ackcast::segment::Name;
use ackcast::{Consumer, RecvError, Start};
use clap::Args;

const HELP: &str = "\
`recv` waits for a channel of this name, and writes everything that is sent from then on. Without an
option, it writes byte for byte what `send` reads.
A channel is over when it has ended, or when every producer has died. `recv` does not join a channel
that is over, but waits for the next channel of this name. `recv` writes its buffer when no further
message is ready. If the reader closes stdout, `recv` leaves the channel, and the other `recv` go
on. `recv` notices this while it waits, too. At most 64 `recv` use a channel at a time.

Exit status:
  0    the end was received, and everything before it was written
  1    another failure; the message says which
  2    wrong usage
  3    every producer died or was stopped without finishing; everything that they sent was written
  4    the channel's memory is corrupt
  124  gave up: --timeout has passed without a channel, or without a message
  129  stopped by SIGHUP (the terminal has closed)
  130  stopped by SIGINT (Ctrl-C)
  141  the reader of stdout has closed it
  143  stopped by SIGTERM";

/// After so many bytes, a batch is acknowledged, so that `send` need not wait for the rest of it.
const BATCH_SIZE: u64 = 1 << 16;

/// The arguments of `ackcast recv`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Recv {
    /// The channel's name
    #[arg(value_parser = Name::new)]
    name: Name,

    #[command(flatten)]
    format: Format,

    /// Where to start: oldest (the oldest message that `send --retain` keeps), newest (the next message), or a message's
    /// number
    #[arg(long, value_name = "MESSAGE", default_value = "newest", value_parser = start)]
    from: Start,

    /// Stay for the next channel of this name when a channel is over; only a signal, --timeout, or the reader of stdout
    /// ends `recv`
    #[arg(long)]
    keep: bool,

    #[command(flatten)]
    patience: Patience,
}

/// Parses the value of `--from`.
fn start(text: &str) -> Result<Start, &'static str> {
    match text {
        "oldest" => Ok(Start::Oldest),
        "newest" => Ok(Start::Newest),
        number => number.parse().map(Start::Sequence).map_err(|_| "it must be oldest, newest, or a message's number"),
    }
}

/// Writes all received messages, up to END.
pub(crate) fn run(recv: &Recv) -> Result<(), Failure> {
    let stop = Stop::on_signals()?; // before `attach`, so that a signal does not kill a consumer
    let mut waiting = Waiting::new(&recv.patience, &stop);
    let mut stdout = Stdout::new(&stop)?;
    let ended = receive_channels(recv, &mut stdout, &mut waiting);
    rendezvous::leave(&recv.name);
    ended
}

/// Writes the messages of a channel, and with `--keep` those of the next channels.
fn receive_channels(recv: &Recv, stdout: &mut Stdout<'_>, waiting: &mut Waiting<'_>) -> Result<(), Failure> {
    loop {
        let mut consumer = rendezvous::consumer(&recv.name, recv.from, waiting, stdout)?;
        waiting.tell(|| format!("joined channel {:?} as recv {}", recv.name.as_str(), consumer.number()));
        let ended = receive(&mut consumer, recv.format, stdout, waiting);
        drop(consumer); // the next channel can come
        stdout.flush()?; // also after a failure: acknowledged messages are not sent again
        match ended {
            Ok(()) if recv.keep => waiting.tell(|| "the channel has ended".to_owned()),
            Err(Failure::ProducersLost(lost)) if recv.keep => {
                waiting.tell(|| RecvError::ProducersLost(lost).to_string());
            }
            ended => return ended,
        }
    }
}

/// Writes the messages of a channel, up to END.
fn receive(
    consumer: &mut Consumer,
    format: Format,
    stdout: &mut Stdout<'_>,
    waiting: &mut Waiting<'_>,
) -> Result<(), Failure> {
    loop {
        waiting.stop().check()?;
        let wait = stdout.flush_is_due_in().unwrap_or_else(|| waiting.step());
        match consumer.recv_batch_timeout(wait) {
            Ok(mut batch) => {
                let (mut messages, mut bytes) = (0, 0);
                while bytes < BATCH_SIZE {
                    let sequence = batch.sequence();
                    let Some(message) = batch.take().map_err(Failure::from_recv)? else { break };
                    format.write(stdout, sequence, message)?;
                    messages += 1;
                    bytes += message.len() as u64;
                }
                drop(batch); // acknowledges the messages
                waiting.passed(messages, bytes);
            }
            Err(RecvError::TimedOut { .. }) if stdout.flush_is_due_in().is_some() => stdout.flush()?,
            Err(RecvError::TimedOut { next }) => {
                stdout.check_reader()?;
                waiting.blocked(WaitFor::Message(next))?;
            }
            Err(RecvError::Ended) => return Ok(()),
            Err(error) => return Err(Failure::from_recv(error)),
        }
    }
}
