//! The command line.

use crate::failure::Failure;
use crate::head::Kind;
use crate::incoming::In;
use crate::mutant::Mutant;
use crate::outgoing::Out;
use clap::{Parser, Subcommand};
use std::io::IsTerminal;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

const HELP: &str = "\
Environment: RUST_LOG=info tells what the bridge does; warn is the default.

Exit status:
  0    END was carried, and on the receiving side the readers have everything
  1    another failure; the message says which
  2    wrong usage
  3    every producer of the source died without finishing; everything that they sent was carried
  4    the channel's memory is corrupt
  124  --timeout has passed without a channel, a server or a stream
  141  every reader of the receiving channel has left; the stream keeps the rest
  129, 130, 143  stopped by SIGHUP, SIGINT, SIGTERM";

/// Carries a channel of ackcast to other machines, over NATS JetStream.
#[derive(Debug, Parser)]
#[command(name = "ackcast-bridge", version, max_term_width = 100, after_help = HELP)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Carries a channel of this machine into a stream.
    Out(Box<Out>),
    /// Carries a stream into a channel of this machine.
    In(Box<In>),
}

impl Cli {
    /// Runs the command. A mutant leaves a remedy out, for a test.
    pub fn run(mut self, mutant: Option<Mutant>) -> ExitCode {
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
        let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(std::io::stderr().is_terminal());
        log.with_writer(std::io::stderr).init();
        match &mut self.command {
            Command::Out(out) => out.job.set_mutant(mutant),
            Command::In(args) => args.job.set_mutant(mutant),
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let done = runtime.map_err(Failure::from).and_then(|runtime| runtime.block_on(self.carry()));
        match done {
            Ok(Kind::Lost) => {
                eprintln!("ackcast-bridge: every producer of the source died without finishing");
                ExitCode::from(3)
            }
            Ok(_) => ExitCode::SUCCESS,
            Err(failure) => {
                if !matches!(failure, Failure::Stopped(_)) {
                    eprintln!("ackcast-bridge: {failure}");
                }
                ExitCode::from(failure.exit_status())
            }
        }
    }

    async fn carry(&self) -> Result<Kind, Failure> {
        let [mut hangup, mut interrupt, mut terminate] =
            [signal(SignalKind::hangup())?, signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?];
        let work = async {
            match &self.command {
                Command::Out(out) => out.run().await,
                Command::In(args) => args.run().await,
            }
        };
        tokio::select! {
            done = work => done,
            _ = hangup.recv() => Err(Failure::Stopped(1)),
            _ = interrupt.recv() => Err(Failure::Stopped(2)),
            _ = terminate.recv() => Err(Failure::Stopped(15)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn clap_finds_no_contradiction_in_options() {
        Cli::command().debug_assert();
    }
}
