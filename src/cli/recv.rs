//! `ackcast recv`: writes received lines to stdout.

use super::failure::Failure;
use super::rendezvous;
use super::stdout::Stdout;
use super::stop::{SIGNAL_CHECK_INTERVAL, Stop};
use ackcast::segment::Name;
use ackcast::{Consumer, RecvError};
use clap::Args;

const HELP: &str = "\
`recv` waits for a channel of this name, and writes every line that is sent from then on.
A channel is over when it has ended, or when every producer has died. `recv` does not join a channel
that is over, but waits for the next channel of this name. `recv` writes its buffer when no further
line is ready. If the reader closes stdout, `recv` leaves the channel, and the other `recv` go on.
`recv` notices this while it waits, too. At most 64 `recv` use a channel at a time.

Exit status:
  0    the end was received, and every line before it was written
  1    another failure; the message says which
  2    wrong usage
  3    every producer died or was stopped without finishing; every line that they sent was written
  4    the channel's memory is corrupt
  129  stopped by SIGHUP (the terminal has closed)
  130  stopped by SIGINT (Ctrl-C)
  141  the reader of stdout has closed it
  143  stopped by SIGTERM";

/// The arguments of `ackcast recv`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Recv {
    /// The channel's name
    #[arg(value_parser = Name::new)]
    name: Name,
}

/// Writes all received lines, up to END.
pub(crate) fn run(recv: &Recv) -> Result<(), Failure> {
    let stop = Stop::on_signals()?; // before `attach`, so that a signal does not kill a consumer
    let mut stdout = Stdout::new(&stop)?;
    let mut consumer = rendezvous::consumer(&recv.name, &stop, &stdout)?;
    let ended = receive(&mut consumer, &mut stdout, &stop);
    stdout.flush()?; // also after a failure: acknowledged lines are not sent again
    ended
}

fn receive(consumer: &mut Consumer, stdout: &mut Stdout<'_>, stop: &Stop) -> Result<(), Failure> {
    let mut idle = false;
    loop {
        stop.check()?;
        let received = if idle { consumer.recv_ref_timeout(SIGNAL_CHECK_INTERVAL) } else { consumer.try_recv_ref() };
        match received {
            Ok(message) => {
                stdout.write(&message)?;
                idle = false;
            }
            Err(RecvError::TimedOut { .. }) => {
                stdout.flush()?;
                stdout.check_reader()?;
                idle = true;
            }
            Err(RecvError::Ended) => return Ok(()),
            Err(error) => return Err(Failure::from_recv(error)),
        }
    }
}
