//! What the abstraction costs, in instructions per message, counted by valgrind. Three implementations are compared:
//! the protocol (generic, on the futex layer), the typed API above it, and the handwritten protocol.
//!
//! A thread fills half the ring and drains it, again and again, so that it never waits. Each case is counted with some
//! messages and with twice as many. The difference is the cost of the messages alone.

mod handwritten;
mod side;
mod work;

pub use work::counted;

use crate::report::write_table;
use crate::results::Machine;
use crate::run::progress;
use ackcast::Channel;
use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use std::fmt::Write;
use std::io::ErrorKind::NotFound;
use std::path::Path;
use std::process::Command;
use work::{LAP, name};

/// How messages are passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Way {
    Copied,
    InPlace,
    Batches,
}

/// The implementation whose instructions are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Subject {
    /// No channel: the messages are made, copied in the ways that copy, and checked.
    NoChannel,
    Handwritten,
    Protocol,
    Api,
}

const WAYS: [(Way, &str); 3] = [
    (Way::Copied, "one by one, copied in and out"),
    (Way::InPlace, "one by one, in place"),
    (Way::Batches, "64 together, copied in, read in place"),
];

/// Messages of the shorter run.
const MESSAGES: u64 = 32 * LAP;
/// The part by which the protocol may exceed the handwritten protocol.
const ALLOWED: f64 = 0.05;

/// Instructions per message, for each [`Subject`].
#[derive(Clone, Copy)]
struct Counted {
    no_channel: f64,
    handwritten: f64,
    protocol: f64,
    api: f64,
}

impl Counted {
    /// The instructions above those of the handwritten protocol, as a part of the latter.
    fn more(self, count: f64) -> f64 {
        count / self.handwritten - 1.0
    }

    /// As `more`, without the cost of making, copying and checking the messages, which is the same for all subjects.
    fn more_for_the_channel(self, count: f64) -> f64 {
        (count - self.no_channel) / (self.handwritten - self.no_channel) - 1.0
    }

    fn free_of_cost(self) -> bool {
        self.more(self.protocol) <= ALLOWED
    }
}

/// Counts, prints a table, and writes it if it is told where the tables are.
pub fn main(tables: Option<&Path>) -> Result<()> {
    let count = |way| {
        Ok(Counted {
            no_channel: count(Subject::NoChannel, way)?,
            handwritten: count(Subject::Handwritten, way)?,
            protocol: count(Subject::Protocol, way)?,
            api: count(Subject::Api, way)?,
        })
    };
    let counted = WAYS.iter().map(|(way, _)| count(*way)).collect::<Result<Vec<_>>>()?;
    progress("");
    let page = page(&counted)?;
    print!("{page}");
    if let Some(tables) = tables {
        write_table(tables, "instructions", "What the abstraction costs", &page)?;
    }
    Ok(())
}

fn page(counted: &[Counted]) -> Result<String> {
    let (machine, name) = (Machine::here(), name());
    let fences = Channel::create(&name).build()?.fences();
    let mut page = format!("{}; {:?} fences.\n\n", machine.processor, fences);
    page += "| instructions for a message | no channel | by hand | the protocol | the typed API |\n";
    page += "| --- | ---: | ---: | ---: | ---: |\n";
    for ((_, title), counted) in WAYS.iter().zip(counted) {
        let Counted { no_channel, handwritten, protocol, api } = *counted;
        let beside = |count| {
            let (more, channel) = (counted.more(count), counted.more_for_the_channel(count));
            format!("{count:.1} ({:+.1} %; {:+.0} %)", 100.0 * more, 100.0 * channel)
        };
        writeln!(page, "| {title} | {no_channel:.1} | {handwritten:.1} | {} | {} |", beside(protocol), beside(api))?;
    }
    page += "\nIn brackets: how much more than by hand; and how much more without what there is without a channel.\n";
    let met = if counted.iter().all(|counted| counted.free_of_cost()) { "met" } else { "not met" };
    writeln!(page, "\nGoal: the protocol at most {:.0} % more than by hand: {met}.", 100.0 * ALLOWED)?;
    Ok(page)
}

/// Instructions per message.
fn count(subject: Subject, way: Way) -> Result<f64> {
    progress(&format!("{subject:?}, {way:?}"));
    let (once, twice) = (callgrind(subject, way, MESSAGES)?, callgrind(subject, way, 2 * MESSAGES)?);
    Ok((twice as f64 - once as f64) / MESSAGES as f64)
}

/// Runs this program under callgrind.
fn callgrind(subject: Subject, way: Way, messages: u64) -> Result<u64> {
    let name = |value: &dyn ValueName| value.name();
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["counted", &name(&subject), &name(&way), &messages.to_string()])
        .output();
    let output = match output {
        Err(error) if error.kind() == NotFound => {
            bail!("there is no valgrind here; on Debian, install the package: apt install valgrind")
        }
        output => output.context("valgrind")?,
    };
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{subject:?}, {way:?} under valgrind: {said}");
    collected(&said).with_context(|| format!("valgrind counted nothing: {said}"))
}

/// The number of instructions that callgrind reports.
fn collected(said: &str) -> Option<u64> {
    let line = said.lines().find_map(|line| line.split_once("Collected : "));
    line?.1.trim().parse().ok()
}

/// The value's name on the command line.
trait ValueName {
    fn name(&self) -> String;
}

impl<T: ValueEnum> ValueName for T {
    fn name(&self) -> String {
        self.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_copy_is_counted() {
        // Counted for batches: 64 further bytes are four loads and four stores of 16 bytes.
        let counted = Counted { no_channel: 62.0, handwritten: 107.2, protocol: 110.0, api: 130.0 };
        let twice = Counted { protocol: counted.handwritten + 8.0, ..counted };
        assert!(counted.free_of_cost());
        assert!(!twice.free_of_cost());
        assert!(page(&[counted; 3]).unwrap().contains(": met."));
        assert!(page(&[counted, twice, counted]).unwrap().contains(": not met."));
    }

    #[test]
    fn valgrind_output_is_parsed() {
        assert_eq!(collected("==1== Events    : Ir\n==1== Collected : 127063\n==1== \n"), Some(127_063));
        assert_eq!(collected("==1== Collected : \n"), None);
        assert_eq!(collected(""), None);
    }
}
