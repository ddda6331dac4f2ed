//! `ackcast list`: the channels of this user.

use super::report::{Report, State};
use super::sample::Sampler;
use super::table::{age_of, columns, or_dash};
use crate::failure::Failure;
use crate::stdout::Stdout;
use crate::stop::Stop;
use ackcast::segment::{Holders, Name, OpenError, Unfinished, unfinished};
use ackcast::{Channel, HeaderFault};
use clap::Args;
use serde::Serialize;
use std::io;

const HELP: &str = "\
A channel is
  waiting         before its first message
  active          from its first message on
  ended           after its end, while a process still has it open
  producers lost  when every producer died without finishing
  orphaned        when no living process has it open; `ackcast clean` removes it
  unfinished      while its creator makes it
CONSUMERS and PRODUCERS are those that live, of the places for them.
`list` only reads: it disturbs no channel, and delays no removal. Channels of other users are not
listed.

Exit status:
  0    the channels are listed, even if there is none
  1    a failure; the message says which
  2    wrong usage";

/// The arguments of `ackcast list`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct List {
    /// Print a JSON array with an object for each channel
    #[arg(long)]
    json: bool,
}

/// A line of the list.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Listed {
    Whole(Box<Report>),
    /// A channel of which no more can be read.
    Part {
        name: String,
        state: State,
        why: Option<String>,
    },
}

/// Prints the channels.
pub(crate) fn run(list: &List) -> Result<(), Failure> {
    let stop = Stop::on_signals()?;
    let mut stdout = Stdout::new(&stop)?;
    let listed = listed()?;
    let text = if list.json {
        serde_json::to_string_pretty(&listed)? + "\n"
    } else if listed.is_empty() {
        "no channels\n".to_owned()
    } else {
        table(&listed)
    };
    stdout.write(text.as_bytes())?;
    stdout.flush()
}

/// All channels of this user. A channel that goes while it is looked at is left out.
fn listed() -> Result<Vec<Listed>, Failure> {
    let holders = Holders::scan();
    let mut all = Vec::new();
    for name in Channel::list().map_err(|error| Failure::Wrong(vec![cannot_list(&error)]))? {
        all.extend(whole(&name, &holders)?);
    }
    for one in unfinished()? {
        all.extend(part(&one)?);
    }
    Ok(all)
}

fn cannot_list(error: &io::Error) -> String {
    format!("cannot list the channels in /dev/shm: {error}; look at what the error names, and try again")
}

fn whole(name: &Name, holders: &Holders) -> Result<Option<Listed>, OpenError> {
    let report = || {
        let mut sampler = Sampler::open(name)?;
        let sample = sampler.sample()?;
        Ok(Report::new(&sampler, &sample, holders))
    };
    match report() {
        Ok(report) => Ok(Some(Listed::Whole(Box::new(report)))),
        Err(error) => unreadable(name, error, State::Unusable),
    }
}

fn part(unfinished: &Unfinished) -> Result<Option<Listed>, OpenError> {
    let name = unfinished.name();
    let state = match unfinished.is_being_made() {
        Ok(true) => State::Unfinished,
        Ok(false) => State::UnfinishedOrphan,
        Err(error) => return unreadable(name, error, State::UnfinishedOrphan),
    };
    Ok(Some(Listed::Part { name: name.to_string(), state, why: None }))
}

/// What to list of a channel that cannot be read: nothing if it is gone, or another user's, or no channel.
fn unreadable(name: &Name, error: OpenError, state: State) -> Result<Option<Listed>, OpenError> {
    match error {
        OpenError::NotFound { .. } | OpenError::NotOurs { .. } => Ok(None),
        OpenError::Unusable { fault: HeaderFault::NoFile { .. } | HeaderFault::Foreign { .. }, .. } => Ok(None),
        OpenError::Unusable { fault, .. } => {
            Ok(Some(Listed::Part { name: name.to_string(), state, why: Some(fault.to_string()) }))
        }
        error => Err(error),
    }
}

/// The list as a table.
pub(crate) fn table(all: &[Listed]) -> String {
    let head = ["NAME", "STATE", "RING", "CONSUMERS", "PRODUCERS", "PUBLISHED", "AGE"];
    let row = |one: &Listed| match one {
        Listed::Whole(report) => vec![
            report.name.clone(),
            report.state.text().to_owned(),
            format!("{} x {}", report.slots, report.slot_size),
            format!("{}/{}", report.living("consumer"), report.consumer_places),
            format!("{}/{}", report.living("producer"), report.producer_places),
            report.published.to_string(),
            age_of(report),
        ],
        Listed::Part { name, state, .. } => {
            let mut row = vec![name.clone(), state.text().to_owned()];
            row.resize_with(head.len(), || or_dash(None::<&str>));
            row
        }
    };
    let mut text = columns(&head, &[3, 4, 5], all.iter().map(row));
    for one in all {
        if let Listed::Part { name, why: Some(why), .. } = one {
            text += &format!("{name}: {why}\n");
        }
    }
    text
}
