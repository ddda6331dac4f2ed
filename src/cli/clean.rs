//! `ackcast clean`: removes what only dead processes used.

use super::failure::Failure;
use super::output::Output;
use ackcast::segment::{Name, OpenError, Unfinished, list, participants, remove_if_dead, unfinished};
use clap::Args;

const HELP: &str = "\
Says of each channel what became of it, and of each one whose creator has not finished it. What is in
use, belongs to somebody else or is no channel is left, and that is no error: `clean` may be run at any
time, by hand or by a timer.

Exit status:
  0    everything that only the dead held is gone
  1    something went wrong
  2    wrong usage";

/// What `ackcast clean` is told.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Clean {
    /// The channels to look at; without any, all of this machine
    #[arg(value_name = "NAME", value_parser = Name::new)]
    names: Vec<Name>,

    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

/// Removes, or says what it would.
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

/// Says what became of a file. What is gone since it was listed is not worth a line.
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

/// What became of this unfinished one, or would.
fn clean_unfinished(unfinished: &Unfinished, dry_run: bool) -> Result<String, OpenError> {
    let name = unfinished.name();
    let abandoned = if dry_run { unfinished.is_abandoned()? } else { unfinished.remove_if_abandoned()? };
    Ok(match abandoned {
        true if dry_run => format!("{name}: unfinished: would be removed"),
        true => format!("{name}: unfinished: removed"),
        false => format!("{name}: unfinished: left: its creator is making it"),
    })
}

/// What became of this one, or would.
fn clean_channel(name: &Name, dry_run: bool) -> Result<String, OpenError> {
    if !dry_run && remove_if_dead(name)? {
        return Ok(format!("{name}: removed"));
    }
    Ok(match participants(name)? {
        Some(living) if living.is_empty() => format!("{name}: left: somebody has it open"),
        Some(living) if living.len() == 1 => format!("{name}: left: in use by 1 participant"),
        Some(living) => format!("{name}: left: in use by {} participants", living.len()),
        None if dry_run => format!("{name}: would be removed"),
        None => format!("{name}: left: whoever used it left just now"), // and removes it
    })
}
