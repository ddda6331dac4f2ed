//! `ackcast-bridge` without one of its remedies, for the tests that show why the remedy is there.
//!
//! The first argument is the remedy's name in `Mutant`. The others are those of `ackcast-bridge`.

use ackcast_bridge::command::Cli;
use ackcast_bridge::mutant::Mutant;
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args().collect();
    let name = if arguments.len() > 1 { arguments.remove(1) } else { String::new() };
    let Some(mutant) = Mutant::ALL.into_iter().find(|mutant| format!("{mutant:?}") == name) else {
        eprintln!("no remedy has the name {name:?}; the names are {:?}", Mutant::ALL);
        return ExitCode::from(2);
    };
    Cli::parse_from(arguments).run(Some(mutant))
}
