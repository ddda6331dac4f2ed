//! `ackcast recv`: lines out.

use super::failure::Failure;
use super::rendezvous;
use super::stdout::Stdout;
use super::stop::{SIGNAL_CHECK_INTERVAL, Stop};
use ackcast::segment::Name;
use ackcast::{Consumer, RecvError};
use clap::Args;

const HELP: &str = "\
`recv` waits until there is a channel of this name, and writes every line that is sent from then on.
A channel that is over, and only being read to its end by others, is none: `recv` waits for the next.
Lines are written as soon as there is no next one to be had at once. If stdout is closed, `recv`
leaves, and the others go on without it.

Exit status:
  0    the end was received, and everything before it was written
  1    something else went wrong
  2    wrong usage
  3    every producer died or was stopped without finishing; all that they sent was written
  4    the channel's memory is corrupt
  130  stopped by SIGINT (Ctrl-C)
  141  nobody reads our stdout any more, as after SIGPIPE
  143  stopped by SIGTERM";

/// What `ackcast recv` is told.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Recv {
    /// The channel's name
    #[arg(value_parser = Name::new)]
    name: Name,
}

/// Writes all that is received, up to END.
pub(crate) fn run(recv: &Recv) -> Result<(), Failure> {
    let stop = Stop::on_signals()?; // first: from here on, we leave in order
    let mut stdout = Stdout::new(&stop)?;
    let mut consumer = rendezvous::consumer(&recv.name, &stop)?;
    let ended = receive(&mut consumer, &mut stdout, &stop);
    stdout.flush()?; // however it ended: what we acknowledged is nobody else's to deliver
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
                idle = true;
            }
            Err(RecvError::Ended) => return Ok(()),
            Err(error) => return Err(Failure::from_recv(error)),
        }
    }
}
