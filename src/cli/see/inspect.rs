//! `ackcast inspect`: a channel, and which participant waits for which.

use super::report::Report;
use super::sample::Sampler;
use super::table;
use crate::failure::Failure;
use crate::stdout::Stdout;
use crate::stop::Stop;
use ackcast::segment::{Holders, Name};
use clap::Args;
use std::time::Duration;

const HELP: &str = "\
`inspect` takes two samples, --interval apart. Rate and waiting times are what happened between them.
`held up by` names the consumer that the producers wait for, on a full ring, or the consumers that
the first message waits for. PID and COMMAND are known where /proc tells: not for processes of
other PID namespaces.
`inspect` only reads: it disturbs no channel, and delays no removal.

Exit status:
  0    the channel is printed
  1    a failure, such as a channel that does not exist; the message says which
  2    wrong usage";

/// The arguments of `ackcast inspect`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Inspect {
    /// The channel's name
    #[arg(value_parser = Name::new)]
    name: Name,

    /// Print a JSON object
    #[arg(long)]
    json: bool,

    /// Time between the two samples, such as 2s; 0s takes a single sample, without rate and waiting times
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = humantime::parse_duration)]
    interval: Duration,
}

/// Prints the channel.
pub(crate) fn run(inspect: &Inspect) -> Result<(), Failure> {
    let stop = Stop::on_signals()?;
    let mut stdout = Stdout::new(&stop)?;
    let mut sampler = Sampler::open(&inspect.name)?;
    let mut sample = sampler.sample()?;
    if !inspect.interval.is_zero() {
        stop.sleep(inspect.interval)?;
        sample = sampler.sample()?;
    }
    let report = Report::new(&sampler, &sample, &Holders::scan());
    let text = if inspect.json { serde_json::to_string_pretty(&report)? + "\n" } else { table::channel(&report) };
    stdout.write(text.as_bytes())?;
    stdout.flush()
}
