//! How fast ackcast is, beside the limit of shared memory and beside its peers. The README says more.

mod child;
mod clock;
mod instructions;
mod machine_speed;
mod measurement;
mod message;
mod opening;
mod participants;
mod reading;
mod report;
mod results;
mod run;
mod scaling;
mod script;
mod transport;
mod work;
mod workload;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use results::Results;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use workload::{Placement, Workload};

/// Measures ackcast beside the limit of shared memory and beside its peers, in separate processes,
/// losslessly, every message verified. Takes about twelve minutes.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Action>,
    /// Two minutes instead of twelve: fewer and shorter rounds.
    #[arg(long)]
    quick: bool,
    /// Only participants whose names contain one of these strings.
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    only: Vec<String>,
    /// Only these workloads.
    #[arg(long, value_delimiter = ',', value_enum, value_name = "NAMES")]
    workloads: Vec<Workload>,
    /// Only these placements of workloads with two processes; the others have one placement, free.
    #[arg(long, value_delimiter = ',', value_enum, value_name = "NAMES", default_values_t = [Placement::Free, Placement::Pinned])]
    placement: Vec<Placement>,
    /// Writes every reading of every round to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Measures nothing, and makes the page of the readings in this file, which `--json` has written.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["only", "workloads", "quick", "json"])]
    from: Option<PathBuf>,
    /// Writes docs/tables/performance.md and its plot even though not everything is measured.
    #[arg(long)]
    write: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Messages a second and latency of ours, against consumers, slots and sizes.
    Scaling {
        /// One short round instead of three.
        #[arg(long)]
        quick: bool,
        /// Writes it to docs/tables/scaling.md, and the plot beside it.
        #[arg(long)]
        write: bool,
    },
    /// Instructions for a message: what the abstraction costs beside the same protocol written out by hand.
    Instructions {
        /// Writes it to docs/tables/instructions.md.
        #[arg(long)]
        write: bool,
    },
    /// Time and memory of creating a channel, attaching and leaving; what joins cost a stream.
    Opening {
        /// One short round instead of seven.
        #[arg(long)]
        quick: bool,
        /// Writes it to docs/tables/opening.md.
        #[arg(long)]
        write: bool,
        /// A process of the measurement.
        #[arg(long, hide = true)]
        task: Option<String>,
    },
    /// What valgrind runs for it.
    #[command(hide = true)]
    Counted { subject: instructions::Subject, way: instructions::Way, messages: u64 },
    /// A process of a measurement.
    #[command(hide = true)]
    Child { role: String },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match &arguments.command {
        Some(Action::Child { role }) => child::main(role),
        Some(Action::Scaling { quick, write }) => scaling::main(*quick, write.then(tables).as_deref()),
        Some(Action::Instructions { write }) => instructions::main(write.then(tables).as_deref()),
        Some(Action::Opening { quick, write, task }) => {
            opening::main(*quick, task.as_deref(), write.then(tables).as_deref())
        }
        Some(Action::Counted { subject, way, messages }) => instructions::counted(*subject, *way, *messages),
        None => benchmark(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn benchmark(arguments: &Arguments) -> Result<()> {
    let results = match &arguments.from {
        Some(file) => serde_json::from_slice(&std::fs::read(file).with_context(|| file.display().to_string())?)?,
        None => measured(arguments)?,
    };
    let page = report::page(&results);
    print!("{page}");
    if let Some(file) = &arguments.json {
        std::fs::write(file, serde_json::to_vec_pretty(&results)?)?;
    }
    let everything = arguments.from.is_none()
        && !arguments.quick
        && arguments.only.is_empty()
        && arguments.workloads.is_empty()
        && arguments.placement.len() == 2;
    if everything || arguments.write {
        report::write(&results, &page, &tables())?;
    }
    let corrupt = results.corrupt();
    ensure!(corrupt.is_empty(), "wrong data: {}", corrupt.join("; "));
    Ok(())
}

/// What is measured, as the arguments say.
fn measured(arguments: &Arguments) -> Result<Results> {
    let mut entries = participants::all();
    if !arguments.only.is_empty() {
        entries.extend(participants::broken());
        entries.retain(|entry| arguments.only.iter().any(|only| entry.name.contains(only.as_str())));
    }
    ensure!(!entries.is_empty(), "no participant has such a name");
    let workloads = if arguments.workloads.is_empty() { &Workload::ALL[..] } else { &arguments.workloads };
    let plan = if arguments.quick { run::QUICK } else { run::FULL };
    Ok(run::run(&entries, workloads, &arguments.placement, &plan))
}

/// Where the project's generated tables are.
fn tables() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/tables")
}
