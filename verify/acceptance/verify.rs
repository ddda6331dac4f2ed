//! Runs everything that is checked, a test at a time: see [`ackcast_verify`].

use ackcast_verify::{finish, first_look, report::counterexample::parse, trials};
use libtest_mimic::{Arguments, Failed, Trial, run};
use std::{
    process::ExitCode,
    sync::{Mutex, PoisonError},
};

/// The options whose value is an argument of its own.
const WITH_VALUE: [&str; 6] = ["--skip", "--test-threads", "--logfile", "--color", "--format", "-Z"];

/// The filters among the arguments, and the other arguments. libtest-mimic takes one filter, and Cargo hands all filters
/// of a command to each target.
fn filters(arguments: impl Iterator<Item = String>) -> (Vec<String>, Vec<String>) {
    let mut is_value = true; // the program's name
    arguments.partition(|argument| {
        let is_filter = !is_value && !argument.starts_with('-');
        is_value = !is_value && WITH_VALUE.contains(&argument.as_str());
        is_filter
    })
}

/// The counterexamples of failed tests: how many steps each has, and its text.
static COUNTEREXAMPLES: Mutex<Vec<(usize, String)>> = Mutex::new(Vec::new());

/// What the runner prints of a failure: nothing of a counterexample, of which the shortest one is shown alone.
fn failed(text: String) -> Failed {
    match parse(&text) {
        Some((_, steps)) => {
            COUNTEREXAMPLES.lock().unwrap_or_else(PoisonError::into_inner).push((steps, text));
            Failed::without_message()
        }
        None => text.into(),
    }
}

fn main() -> ExitCode {
    let (filters, others) = filters(std::env::args());
    let arguments = Arguments::from_iter(others);
    let is_wanted = |name: &str| {
        let fits = |filter: &String| if arguments.exact { name == filter } else { name.contains(filter) };
        filters.is_empty() || filters.iter().any(fits)
    };
    // A run of everything begins with the shortest counterexample, if there is one.
    let first = if filters.is_empty() && !arguments.list { first_look() } else { None };
    if let Some(text) = &first {
        println!("\n{text}");
    }
    let wanted = trials().into_iter().filter(|trial| is_wanted(&trial.name));
    let tests = wanted.map(|trial| Trial::test(trial.name.clone(), move || trial.run().map_err(failed)));
    let conclusion = run(&arguments, tests.collect());
    finish(filters.is_empty() && conclusion.num_filtered_out == 0 && !conclusion.has_failed());
    let mut all = std::mem::take(&mut *COUNTEREXAMPLES.lock().unwrap_or_else(PoisonError::into_inner));
    all.sort();
    if let (None, Some((_, shortest))) = (&first, all.first()) {
        println!("{shortest}");
    }
    let more = all.len().saturating_sub(1);
    if more > 0 {
        println!(
            "{more} more checks fail. Their names are above: `cargo test --test verify -- --exact NAME` shows one.\n"
        );
    }
    conclusion.exit_code()
}
