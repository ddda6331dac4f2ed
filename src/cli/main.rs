//! The `ackcast` command: its subcommands and its exit status.

mod array;
mod child;
mod children;
mod clean;
mod demo;
mod division;
mod failure;
mod format;
mod input;
mod job;
mod meter;
mod options;
mod output;
mod pages;
mod progress;
mod recv;
mod rendezvous;
mod report;
mod ring;
mod see;
mod send;
mod size;
mod standard;
mod stdout;
mod stop;
mod strings;
mod summary;
mod waiting;
mod work;

use clap::{CommandFactory, Parser, Subcommand};
use clean::Clean;
use job::Job;
use options::Demo;
use pages::{Completions, ManPage};
use recv::Recv;
use see::{inspect, list, tap, top};
use send::Send;
use std::process::ExitCode;

/// Acknowledged broadcast over shared memory, between processes of the same machine.
#[derive(Debug, Parser)]
#[command(name = "ackcast", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sends messages from producer processes to consumer processes and proves that all arrived.
    Demo(Demo),
    /// Sends stdin to every `ackcast recv` of the same name.
    Send(Send),
    /// Writes what an `ackcast send` of the same name reads to stdout.
    Recv(Recv),
    /// Lists the channels of this user.
    List(list::List),
    /// Shows a channel: its participants, and which of them waits for which.
    Inspect(inspect::Inspect),
    /// Shows the channels again and again, with their rates.
    Top(top::Top),
    /// Writes the messages of a channel to stdout; no `send` waits for it, so it may miss some.
    Tap(tap::Arguments),
    /// Removes channels from /dev/shm if all their users are dead, and no other file.
    Clean(Clean),
    /// Prints completions of this command for a shell.
    Completions(Completions),
    /// Prints the man page of this command, or of a subcommand.
    Man(ManPage),
    /// Runs a child process of a demo. Only `demo` starts it.
    #[command(hide = true)]
    DemoChild(Job),
}

/// Runs the command. The exit status is 0 only if the command succeeded.
fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Demo(demo) => demo::run(&demo),
        Command::Send(send) => send::run(&send),
        Command::Recv(recv) => recv::run(&recv),
        Command::List(list) => list::run(&list),
        Command::Inspect(inspect) => inspect::run(&inspect),
        Command::Top(top) => top::run(&top),
        Command::Tap(tap) => tap::run(&tap),
        Command::Clean(clean) => clean::run(&clean),
        Command::Completions(shell) => pages::completions(&shell, &Cli::command()),
        Command::Man(page) => pages::man(&page, Cli::command()),
        Command::DemoChild(job) => child::run(&job),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // The exit status reports the failure even if stderr cannot be written.
            let _ = failure.print();
            ExitCode::from(failure.exit_status())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use options::Backend;
    use std::path::Path;

    #[test]
    fn clap_finds_no_contradiction_in_options() {
        Cli::command().debug_assert();
    }

    #[test]
    fn job_survives_its_command_line() {
        for job in job::examples() {
            let args = job.to_args();
            let parsed = Cli::try_parse_from(std::iter::once("ackcast".to_owned()).chain(args)).unwrap();
            assert!(matches!(parsed.command, Command::DemoChild(parsed) if parsed == job));
        }
    }

    #[test]
    fn sync_is_alias_of_backend() {
        for option in ["--backend", "--sync"] {
            let parsed = |args: &[&str]| Cli::try_parse_from([args, &[option, "raw-sync"]].concat()).unwrap().command;
            assert!(matches!(parsed(&["ackcast", "demo"]), Command::Demo(demo) if demo.backend == Backend::RawSync));
            assert!(
                matches!(parsed(&["ackcast", "send", "t"]), Command::Send(send) if send.backend == Some(Backend::RawSync))
            );
        }
    }

    /// Without an explicit name, clap prints the name of the package, `ackcast-cli`.
    #[test]
    fn version_names_the_command() {
        assert_eq!(Cli::command().render_version(), format!("ackcast {}\n", env!("CARGO_PKG_VERSION")));
    }

    /// Cargo finds tests only in the package's own folder `tests`. The command's tests are in another folder.
    #[test]
    fn every_test_file_is_in_the_manifest() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let manifest = std::fs::read_to_string(package.join("Cargo.toml")).unwrap();
        let missing = |path: &Path| !manifest.contains(&format!("path = \"../../{}\"\n", path.display()));
        let entries = package.join("../../tests/cli").read_dir().unwrap().map(|entry| entry.unwrap());
        let paths = entries.map(|entry| match entry.file_type().unwrap().is_dir() {
            true => Path::new("tests/cli").join(entry.file_name()).join("main.rs"),
            false => Path::new("tests/cli").join(entry.file_name()),
        });
        let targets: Vec<_> = paths.filter(|path| package.join("../..").join(path).exists()).collect();
        assert!(!targets.is_empty());
        let missing: Vec<_> = targets.iter().filter(|path| missing(path)).collect();
        assert!(missing.is_empty(), "src/cli/Cargo.toml has no `[[test]]` for {missing:?}");
    }
}
