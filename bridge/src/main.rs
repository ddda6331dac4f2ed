//! The command `ackcast-bridge`.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    ackcast_bridge::command::Cli::parse().run(None)
}
