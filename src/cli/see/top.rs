//! `ackcast top`: the channels, again and again.

use super::report::Report;
use super::sample::Sampler;
use super::table::{self, columns, or_dash};
use super::words::{cut, duration, rate};
use crate::failure::Failure;
use crate::stdout::Stdout;
use crate::stop::Stop;
use ackcast::Channel;
use ackcast::segment::{Holders, Name, OpenError};
use clap::{Args, value_parser};
use rustix::termios::tcgetwinsize;
use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::time::Duration;

const HELP: &str = "\
On a terminal, `top` redraws in place until Ctrl-C. Elsewhere it prints a table after another.
LAG is of the consumer that is farthest behind, of the number of slots.
`top` with names shows their participants, too.
`top` only reads: it disturbs no channel, and delays no removal.

Exit status:
  0    all tables of -n or --once are printed
  1    a failure; the message says which
  2    wrong usage
  129  stopped by SIGHUP (the terminal has closed)
  130  stopped by SIGINT (Ctrl-C)
  141  the reader of stdout has closed it
  143  stopped by SIGTERM";

/// The shortest time between two tables: a look through /proc takes some milliseconds.
const MIN_INTERVAL: Duration = Duration::from_millis(50);
/// Clears a terminal, and puts the cursor into its first line.
const CLEAR: &str = "\x1b[2J\x1b[H";
/// Puts the cursor into the first line.
const HOME: &str = "\x1b[H";
/// Clears the rest of a line.
const CLEAR_LINE: &str = "\x1b[K";
/// Clears everything below.
const CLEAR_BELOW: &str = "\x1b[J";

/// The arguments of `ackcast top`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Top {
    /// The channels to show, with their participants; all channels of this user if none is named
    #[arg(value_name = "NAME", value_parser = Name::new)]
    names: Vec<Name>,

    /// Time between two tables, such as 500ms; at least 50ms
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = humantime::parse_duration)]
    interval: Duration,

    /// Print N tables and end
    #[arg(short = 'n', value_name = "N", value_parser = value_parser!(u64).range(1..))]
    count: Option<u64>,

    /// Print a single table, as -n 1; rates need two
    #[arg(long, conflicts_with = "count")]
    once: bool,
}

/// Prints tables until a signal comes, or as many as the user has asked for.
pub(crate) fn run(top: &Top) -> Result<(), Failure> {
    let stop = Stop::on_signals()?;
    let mut stdout = Stdout::new(&stop)?;
    let count = if top.once { Some(1) } else { top.count };
    let redraws = count.is_none() && io::stdout().is_terminal();
    let mut samplers = Samplers::default();
    if redraws {
        stdout.write(CLEAR.as_bytes())?;
    }
    for number in 1.. {
        let text = samplers.text(&top.names)?;
        let text = if redraws { redrawn(&text) } else { text };
        stdout.write(text.as_bytes())?;
        stdout.flush()?;
        if count == Some(number) {
            break;
        }
        if !redraws {
            stdout.write(b"\n")?;
        }
        stop.sleep(top.interval.max(MIN_INTERVAL))?;
        stdout.check_reader()?;
    }
    Ok(())
}

/// The channels that `top` has seen, each with its last sample.
#[derive(Debug, Default)]
struct Samplers(BTreeMap<Name, Sampler>);

impl Samplers {
    /// The next table.
    fn text(&mut self, names: &[Name]) -> Result<String, Failure> {
        let shown = if names.is_empty() { Channel::list()? } else { names.to_vec() };
        self.0.retain(|name, _| shown.contains(name));
        let holders = Holders::scan();
        let (mut reports, mut unknown) = (Vec::new(), Vec::new());
        for name in &shown {
            match self.report(name, &holders) {
                Ok(report) => reports.push(report),
                Err(OpenError::NotFound { .. }) if names.is_empty() => {} // it went meanwhile
                Err(error) => unknown.push(error.to_string()),
            }
        }
        let mut text =
            if reports.is_empty() && unknown.is_empty() { "no channels\n".to_owned() } else { overview(&reports) };
        if !names.is_empty() {
            for report in &reports {
                text += &format!("\n{}\n{}", report.name, table::participants(report));
            }
        }
        for error in unknown {
            text += &format!("{error}\n");
        }
        Ok(text)
    }

    /// A sample of the channel that has this name now.
    fn report(&mut self, name: &Name, holders: &Holders) -> Result<Report, OpenError> {
        if let Some(sampler) = self.0.get_mut(name) {
            let sample = sampler.sample()?;
            if !sample.stats.removed {
                return Ok(Report::new(sampler, &sample, holders));
            }
            self.0.remove(name); // another channel may have the name now
        }
        let mut sampler = Sampler::open(name)?;
        let sample = sampler.sample()?;
        let report = Report::new(&sampler, &sample, holders);
        self.0.insert(name.clone(), sampler);
        Ok(report)
    }
}

/// A line for each channel.
fn overview(reports: &[Report]) -> String {
    let head = ["NAME", "STATE", "RATE", "PUBLISHED", "LAG", "CONSUMERS", "PRODUCERS", "HELD UP", "BY"];
    let row = |report: &Report| {
        let lag = report.participants.iter().filter_map(|one| one.lag).max();
        let held = report.held_up_by.as_ref();
        let time = held
            .and_then(|held| held.seconds)
            .filter(|&time| time > 0.0)
            .map(|time| duration(Duration::from_secs_f64(time)));
        let by = held.map(|held| match held.consumer {
            Some(consumer) => format!("consumer {consumer}"),
            None => "first consumers".to_owned(),
        });
        vec![
            report.name.clone(),
            report.state.text().to_owned(),
            or_dash(report.rate.map(rate)),
            report.published.to_string(),
            format!("{}/{}", lag.unwrap_or_default(), report.slots),
            format!("{}/{}", report.living("consumer"), report.consumer_places),
            format!("{}/{}", report.living("producer"), report.producer_places),
            or_dash(time),
            or_dash(by),
        ]
    };
    columns(&head, &[2, 3, 4, 5, 6, 7], reports.iter().map(row))
}

/// The text in the place of what the terminal shows: no more lines and columns than it has.
fn redrawn(text: &str) -> String {
    let size = tcgetwinsize(io::stdout()).ok();
    let (rows, columns) = size.map_or((24, 80), |size| (size.ws_row.into(), size.ws_col.into()));
    let (rows, columns): (usize, usize) = (if rows == 0 { 24 } else { rows }, if columns == 0 { 80 } else { columns });
    let mut screen = HOME.to_owned();
    // The last line stays empty: a newline there would scroll.
    for line in text.lines().take(rows.saturating_sub(1)) {
        screen += &format!("{}{CLEAR_LINE}\n", cut(line, columns));
    }
    screen + CLEAR_BELOW
}
