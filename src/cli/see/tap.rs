//! `ackcast tap`: what passes in a channel. No participant waits for it.

use crate::failure::Failure;
use crate::format::Format;
use crate::standard;
use crate::stdout::Stdout;
use crate::stop::Stop;
use ackcast::segment::Name;
use ackcast::{Tap, TapError, Tapped, Watch};
use clap::{Args, ValueEnum};
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

const HELP: &str = "\
`tap` writes the messages that are sent from now on, as `recv` does. No `send` waits for `tap`, so
`tap` may miss messages. At its end it says on stderr how many it missed. What it writes is whole:
no message is written that a `send` had begun to overwrite.
No `send` wakes `tap`, which polls every 2 ms. So on a ring of few slots it misses messages
when several come at once. On a ring of less than 4 slots, it sees only the messages that some
`recv` has not received yet.

Exit status:
  0    the end came
  1    a failure, such as a channel that does not exist; the message says which
  2    wrong usage
  3    every producer died without finishing, or no process uses the channel any more
  4    the channel's memory is corrupt
  129  stopped by SIGHUP (the terminal has closed)
  130  stopped by SIGINT (Ctrl-C)
  141  the reader of stdout has closed it
  143  stopped by SIGTERM";

/// Time between two looks while no message comes. Bounds how many messages a small ring can take unseen.
const POLL_INTERVAL: Duration = Duration::from_millis(2);
/// Time between two checks whether the channel is over, and whether stdout has a reader.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// The arguments of `ackcast tap`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Arguments {
    /// The channel's name
    #[arg(value_parser = Name::new)]
    name: Name,

    #[command(flatten)]
    format: Format,

    /// Where to start: at the oldest message that is still in the ring, or at the next message
    #[arg(long, value_name = "MESSAGE", default_value = "newest")]
    from: Origin,

    /// Say on stderr at once how many messages were missed
    #[arg(short, long)]
    verbose: bool,
}

/// Where a tap starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Origin {
    Oldest,
    Newest,
}

/// Writes what passes, up to END.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let stop = Stop::on_signals()?;
    let mut stdout = Stdout::new(&stop)?;
    let mut tap = Watch::open(&arguments.name)?.tap()?;
    if arguments.from == Origin::Oldest {
        tap.rewind();
    }
    let ended = watch(&mut tap, arguments, &mut stdout, &stop);
    let flushed = stdout.flush();
    let missed = tap.missed();
    if missed > 0 {
        say(&format!("missed {} in all", messages(missed)));
    }
    flushed.and(ended)
}

fn watch(tap: &mut Tap, arguments: &Arguments, stdout: &mut Stdout<'_>, stop: &Stop) -> Result<(), Failure> {
    let mut checked = Instant::now();
    // Whether the channel was over at the last check. What came before that is read once more.
    let mut over = None;
    loop {
        stop.check()?;
        match tap.poll().map_err(failure)? {
            Tapped::Message { sequence, bytes } => arguments.format.write(stdout, sequence, bytes)?,
            Tapped::Missed { messages: count } => {
                if arguments.verbose {
                    say(&format!("missed {}", messages(count)));
                }
            }
            Tapped::Ended => return Ok(()),
            Tapped::Empty => {
                if let Some(failure) = over.take() {
                    return Err(failure);
                }
                stdout.flush()?;
                if checked.elapsed() >= CHECK_INTERVAL {
                    stdout.check_reader()?;
                    over = is_over(tap)?;
                    checked = Instant::now();
                    if over.is_some() {
                        continue;
                    }
                }
                stop.sleep(POLL_INTERVAL)?;
            }
        }
    }
}

/// Why no further message comes, if so.
fn is_over(tap: &Tap) -> Result<Option<Failure>, Failure> {
    let stats = tap.watch().stats()?;
    Ok(if stats.producers_lost {
        Some(Failure::Over("every producer died without finishing".to_owned()))
    } else if !stats.in_use {
        Some(Failure::Over(format!("no process uses channel {:?} any more", tap.watch().name())))
    } else {
        None
    })
}

fn failure(error: TapError) -> Failure {
    match error {
        TapError::Corrupt(corruption) => Failure::Corrupt(corruption),
        other => other.into(),
    }
}

fn messages(count: u64) -> String {
    format!("{count} message{}", if count == 1 { "" } else { "s" })
}

/// Writes a line to stderr. The exit status tells of the end even if stderr cannot be written.
fn say(text: &str) {
    let _ = standard::write_whole(io::stderr().as_fd(), format!("ackcast: {text}\n").as_bytes());
}
