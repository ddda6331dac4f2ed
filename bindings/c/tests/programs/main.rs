//! Programs in C and C++ against the library, in each build: static and shared; plain, under AddressSanitizer and
//! UndefinedBehaviorSanitizer, and under valgrind.
//!
//! Each program in each build is a test. A program's first line may say `native:` where it cannot run under valgrind.
//! Without a compiler or valgrind, the tests that need it are counted as ignored.

mod build;
mod install;
mod run;
mod symbols;

use build::{Language, Library, Tool};
use libtest_mimic::{Arguments, Failed, Trial};
use run::Outcome;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The status that no program produces, and why.
const EXCUSED: &[(&str, &str)] = &[
    ("ACKCAST_PANIC", "no call panics; a unit test of src/border.rs makes one panic"),
    ("ACKCAST_POISONED", "as ACKCAST_PANIC"),
    ("ACKCAST_RACES", "another process has to be stopped for 5 s at one instruction; the library tests it"),
    ("ACKCAST_OTHER", "for errors that a later version of the library adds"),
];

/// This package.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The sources in a folder of this package, in order.
fn sources(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut sources: Vec<_> = entries.filter(|file| Language::of(file).is_some()).collect();
    sources.sort();
    sources
}

/// A program that has to be well in each build.
fn programs() -> Vec<PathBuf> {
    [sources("tests/programs"), sources("examples")].concat()
}

fn name(source: &Path) -> &str {
    source.file_stem().unwrap().to_str().unwrap()
}

fn is_native(source: &Path) -> bool {
    fs::read_to_string(source).unwrap().lines().take(2).any(|line| line.contains("native:"))
}

fn well(source: &Path, library: Library, tool: Tool) -> Result<(), Failed> {
    let outcome = run::program(source, library, tool)?;
    outcome.expect_success()?;
    outcome.expect_no_leftovers()?;
    expect_output(source, &outcome)
}

/// An example prints what stands beside it in a file.
fn expect_output(source: &Path, outcome: &Outcome) -> Result<(), Failed> {
    let Ok(wanted) = fs::read_to_string(source.with_extension("out")) else { return Ok(()) };
    let sorted = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    // The processes of an example print in any order.
    if sorted(&wanted) == sorted(&outcome.stdout) {
        return Ok(());
    }
    Err(format!("it printed:\n{}\nwanted in any order:\n{wanted}", outcome.stdout).into())
}

/// A program that does what it must not: the tool says so.
fn caught(twin: &str, library: Library, tool: Tool, report: &str) -> Result<(), Failed> {
    let source = root().join("tests/programs/twins").join(twin).with_extension("c");
    let outcome = run::program(&source, library, tool)?;
    if !outcome.success && outcome.stderr.contains(report) {
        return Ok(());
    }
    Err(format!("{} did not say {report:?}: {outcome}", tool.name()).into())
}

/// A trial that is ignored, and so counted, where a tool is missing.
fn trial(name: String, tools: &[Tool], run: impl FnOnce() -> Result<(), Failed> + Send + 'static) -> Trial {
    let missing = tools.iter().find(|tool| !tool.is_there());
    if let Some(tool) = missing {
        eprintln!("skipped: {name}, because there is no {}", tool.command());
    }
    Trial::test(name, run).with_ignored_flag(missing.is_some())
}

fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for source in programs() {
        for library in [Library::Static, Library::Shared] {
            for tool in [Tool::Native, Tool::Sanitizers, Tool::Valgrind] {
                if tool == Tool::Valgrind && is_native(&source) {
                    continue;
                }
                let (title, source) = (name(&source).to_owned(), source.clone());
                let title = format!("{title}_is_well_{}_{}", library.name(), tool.name());
                trials.push(trial(title, &[tool], move || well(&source, library, tool)));
            }
        }
    }
    for (twin, sanitizers, valgrind) in [
        ("leak", "LeakSanitizer: detected memory leaks", "definitely lost"),
        ("use_after_free", "AddressSanitizer: SEGV", "Invalid read"),
        ("double_free", "AddressSanitizer: heap-use-after-free", "Invalid read"),
        ("overflow", "AddressSanitizer: heap-buffer-overflow", "Invalid write"),
    ] {
        for (tool, report) in [(Tool::Sanitizers, sanitizers), (Tool::Valgrind, valgrind)] {
            let title = format!("{twin}_is_caught_{}", tool.name());
            trials.push(trial(title, &[tool], move || caught(twin, Library::Static, tool, report)));
        }
    }
    trials.push(trial("every_status_is_produced".into(), &[Tool::Native], every_status_is_produced));
    trials.push(trial("every_function_is_called".into(), &[], symbols::every_function_is_called));
    trials.push(trial("shared_library_exports_the_header".into(), &[Tool::Nm], symbols::exports_are_the_header));
    trials.push(trial("library_survives_dlclose".into(), &[Tool::Native], install::survives_dlclose));
    trials.push(trial("header_compiles_in_each_standard".into(), &[Tool::Native], install::compiles_in_each_standard));
    trials.push(trial(
        "installed_library_is_found_by_pkg_config".into(),
        &[Tool::Native, Tool::Make, Tool::PkgConfig],
        install::is_found_by_pkg_config,
    ));
    trials
}

/// Each error code is met by some program.
fn every_status_is_produced() -> Result<(), Failed> {
    let mut produced = BTreeSet::new();
    for source in sources("tests/programs") {
        let outcome = run::program(&source, Library::Static, Tool::Native)?;
        outcome.expect_success()?;
        produced.extend(outcome.stdout.lines().filter_map(|line| line.strip_prefix("status ")).map(str::to_owned));
    }
    let excused = EXCUSED.iter().map(|(status, _)| (*status).to_owned()).collect::<BTreeSet<_>>();
    let known = symbols::statuses();
    let missing: Vec<_> = known.iter().filter(|name| !produced.contains(*name) && !excused.contains(*name)).collect();
    let needless: Vec<_> = excused.iter().filter(|name| produced.contains(*name) || !known.contains(*name)).collect();
    if missing.is_empty() && needless.is_empty() && known.len() > 60 {
        return Ok(());
    }
    Err(format!("of {} statuses, none produced {missing:?}, and need no excuse {needless:?}", known.len()).into())
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    libtest_mimic::run(&arguments, trials()).exit_code()
}
