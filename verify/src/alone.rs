//! A check of the catalogue in a process of its own.
//!
//! loom maps and unmaps a stack for each participant of each execution, which is half of its time. The kernel
//! serialises the mappings of a process, and interrupts its other threads' cores for each. So two checks side by side
//! in the same process took as long as one after the other.

use crate::{catalogue::Entry, check::Report, progress};
use std::{
    env,
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
    thread,
};

/// The number of the check that [`one_check_by_hand`](crate::tests) runs.
pub const CHECK: &str = "ACKCAST_CHECK";
/// The schedule to run, if not the whole check.
pub const SCHEDULE: &str = "ACKCAST_SCHEDULE";

/// The executions and the time of a check that passed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Passed {
    pub executions: u64,
    pub seconds: f64,
}

impl Passed {
    pub const fn new(report: &Report) -> Self {
        Self { executions: report.executions, seconds: report.time.as_secs_f64() }
    }

    /// The line that the child process prints.
    pub fn line(self) -> String {
        format!("passed: {} executions in {} s", self.executions, self.seconds)
    }

    fn from_line(line: &str) -> Option<Self> {
        let (executions, seconds) = line.strip_prefix("passed: ")?.split_once(" executions in ")?;
        Some(Self { executions: executions.parse().ok()?, seconds: seconds.strip_suffix(" s")?.parse().ok()? })
    }
}

/// Runs this check of the catalogue in a child process.
///
/// # Panics
/// The check fails; the message has the child's output.
pub fn passes(number: usize, entry: Entry) -> Passed {
    let mut child = Command::new(env::current_exe().expect("the test binary is a file"))
        .args(["--exact", "tests::one_check_by_hand", "--nocapture", "--test-threads=1"])
        .env(CHECK, number.to_string())
        .env_remove(SCHEDULE)
        .env(progress::FORWARD, "1")
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
    progress::begin(|| format!("{} {:?}", entry.case, entry.checker));
    let (mut passed, mut said) = (None, String::new());
    for line in BufReader::new(stdout).lines().map(|line| line.expect("the output is text")) {
        if let Some(executions) = progress::forwarded(&line) {
            progress::tick(executions);
        } else {
            passed = passed.or_else(|| Passed::from_line(&line));
            said += &line;
            said.push('\n');
        }
    }
    progress::end();
    let status = child.wait().expect("the child can be waited for");
    let errors = errors.join().expect("the reader does not panic").expect("the output is text");
    match passed {
        Some(passed) if status.success() => passed,
        _ => panic!("check {number}, {}, in a process of its own: {status}\n{said}{errors}", entry.case),
    }
}

#[test]
fn line_of_a_passed_check_is_parsed() {
    let passed = Passed { executions: 477_756, seconds: 69.35 };
    assert_eq!(Passed::from_line(&passed.line()), Some(passed));
    for other in ["", "passed: many executions in 1 s", "passed: 1 executions in 1"] {
        assert_eq!(Passed::from_line(other), None, "{other}");
    }
}
