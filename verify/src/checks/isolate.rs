//! A test in a process of its own.
//!
//! loom maps and unmaps a stack for each participant of each execution, which is half of its time. The kernel
//! serialises the mappings of a process, and interrupts its other threads' cores for each. So two checks side by side
//! in the same process took as long as one after the other.

use crate::report::{
    counterexample::{MARK, parse},
    progress, tables,
};
use std::{
    env,
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
    thread,
};

/// The line that says that the child has run the test, and that it passed.
const PASSED: &str = "passed in a process of its own";

/// Runs a test of this binary in a child process: `body` runs there. Its rows go to the report, and its progress to
/// the terminal.
///
/// # Errors
/// The test fails; the text has the child's output.
pub fn run(name: &str, body: impl FnOnce()) -> Result<(), String> {
    if progress::is_child() {
        println!(); // ends the line in which the test harness prints the test's name
        body();
        println!("{PASSED}");
        return Ok(());
    }
    let mut child = Command::new(env::current_exe().expect("the test binary is a file"))
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(progress::FORWARD, "1")
        .env("RUST_BACKTRACE", "0") // the counterexample says where it failed
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the test binary can be started again");
    let (stdout, mut stderr) =
        (child.stdout.take().expect("the output is piped"), child.stderr.take().expect("the output is piped"));
    let errors = thread::spawn(move || {
        let mut errors = String::new();
        stderr.read_to_string(&mut errors).map(|_| errors)
    });
    progress::begin(|| name.to_owned());
    let (mut passed, mut said) = (false, String::new());
    for line in BufReader::new(stdout).lines().map(|line| line.expect("the output is text")) {
        if let Some(executions) = progress::forwarded(&line) {
            progress::tick(executions);
        } else if !tables::take_over(&line) {
            passed |= line == PASSED;
            said += &line;
            said.push('\n');
        }
    }
    progress::end();
    let status = child.wait().expect("the child can be waited for");
    let errors = errors.join().expect("the reader does not panic").expect("the output is text");
    if passed && status.success() {
        return Ok(());
    }
    // The failure's text is on the standard error; a test harness repeats it on the standard output.
    // shuttle writes lines of its own to the standard error, which nothing can switch off.
    let counterexample = errors.match_indices(MARK).map(|(place, _)| errors[place..].trim());
    if let Some(text) = counterexample.into_iter().find(|text| parse(text).is_some()) {
        return Err(text.to_owned());
    }
    let output = if errors.trim().is_empty() { said } else { errors };
    Err(format!("in a process of its own: {status}\n{output}"))
}

/// Runs in the child process of the test below alone.
#[test]
fn test_that_fails_in_a_child_process() {
    if progress::is_child() {
        panic!("the counterexample");
    }
}

#[test]
fn failed_child_process_fails_its_test() {
    let this = "checks::isolate::test_that_fails_in_a_child_process";
    let said = run(this, || unreachable!("the body runs in the child")).expect_err("the child panics");
    assert!(said.contains("the counterexample") && said.contains("exit status: 101"), "{said}");
    let said = run("checks::isolate::no_such_test", || {}).expect_err("the child runs no test");
    assert!(said.contains("exit status: 0") && said.contains("0 passed"), "{said}");
}
