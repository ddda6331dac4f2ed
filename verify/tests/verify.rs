//! Runs everything that is checked, a test at a time: see [`ackcast_verify`].

use ackcast_verify::{finish, trials};
use libtest_mimic::{Arguments, Trial, run};
use std::process::ExitCode;

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

fn main() -> ExitCode {
    let (filters, others) = filters(std::env::args());
    let arguments = Arguments::from_iter(others);
    let is_wanted = |name: &str| {
        let fits = |filter: &String| if arguments.exact { name == filter } else { name.contains(filter) };
        filters.is_empty() || filters.iter().any(fits)
    };
    let wanted = trials().into_iter().filter(|trial| is_wanted(&trial.name));
    let tests = wanted.map(|trial| Trial::test(trial.name.clone(), move || trial.run().map_err(Into::into)));
    let conclusion = run(&arguments, tests.collect());
    finish(filters.is_empty() && conclusion.num_filtered_out == 0 && !conclusion.has_failed());
    conclusion.exit_code()
}
