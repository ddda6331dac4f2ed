//! `ackcast clean`: removes the channels that only dead processes used.

use super::failure::Failure;
use super::output::Output;
use ackcast::segment::{Name, OpenError, Unfinished, list, participants, remove_if_dead, unfinished};
use clap::Args;

const HELP: &str = "\
`clean` prints a line for each channel, unfinished channels included. It leaves channels in use,
files of other users, and files that are no channel. None of these is an error, so `clean` may run
at any time, by hand or by a timer.

Exit status:
  0    every channel that only dead processes held is removed
  1    an operation failed; the message says which
  2    wrong usage";

/// The arguments of `ackcast clean`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Clean {
    /// The channels to clean; all channels of this machine if none is named
    #[arg(value_name = "NAME", value_parser = Name::new)]
    names: Vec<Name>,

    /// Print what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
}

/// Removes the dead channels, or prints their names on a dry run.
pub(crate) fn run(clean: &Clean) -> Result<(), Failure> {
    let mut output = Output::new(false)?;
    let listed = clean.names.is_empty();
    let names = if listed { list()? } else { clean.names.clone() };
    let mut failed = Vec::new();
    for name in &names {
        match clean_channel(name, clean.dry_run) {
            Err(OpenError::NotFound { .. }) if !listed => output.line(format!("{name}: there is no such channel"))?,
            found => print_outcome(&mut output, name, found, &mut failed)?,
        }
    }
    for unfinished in unfinished()?.iter().filter(|it| listed || names.contains(it.name())) {
        print_outcome(&mut output, unfinished.name(), clean_unfinished(unfinished, clean.dry_run), &mut failed)?;
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure::Wrong(failed)) }
}

/// Prints the outcome for a channel. A channel that was removed after it was listed gets no line.
fn print_outcome(
    output: &mut Output,
    name: &Name,
    found: Result<String, OpenError>,
    failed: &mut Vec<String>,
) -> Result<(), Failure> {
    match found {
        Ok(line) => output.line(line)?,
        Err(OpenError::NotFound { .. }) => {}
        Err(error @ (OpenError::Unusable { .. } | OpenError::NotOurs { .. })) => {
            output.line(format!("{name}: left: {error}"))?;
        }
        Err(error) => failed.push(error.to_string()),
    }
    Ok(())
}

/// Removes an unfinished channel if its creator is dead. Returns the line to print.
fn clean_unfinished(unfinished: &Unfinished, dry_run: bool) -> Result<String, OpenError> {
    let name = unfinished.name();
    let abandoned = if dry_run { unfinished.is_abandoned()? } else { unfinished.remove_if_abandoned()? };
    Ok(match abandoned {
        true if dry_run => format!("{name}: unfinished: would be removed"),
        true => format!("{name}: unfinished: removed"),
        false => format!("{name}: unfinished: left: its creator is making it"),
    })
}

/// Removes a channel if every user of it is dead. Returns the line to print.
fn clean_channel(name: &Name, dry_run: bool) -> Result<String, OpenError> {
    if !dry_run && remove_if_dead(name)? {
        return Ok(format!("{name}: removed"));
    }
    Ok(match participants(name)? {
        Some(users) if users.is_empty() => format!("{name}: left: a process has it open"),
        Some(users) if users.len() == 1 => format!("{name}: left: in use by 1 participant"),
        Some(users) => format!("{name}: left: in use by {} participants", users.len()),
        None if dry_run => format!("{name}: would be removed"),
        None => format!("{name}: left: its last user closed it just now"), // that user removes the name
    })
}
