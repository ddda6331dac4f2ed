//! A check of the catalogue in a process of its own.
//!
//! loom maps a stack for each participant of each execution and unmaps it again, and that is half of its time.
//! Threads of one process take turns at mapping, and interrupt each other's cores for it: two checks side by side
//! in one process took as long as one after the other.

use crate::{catalogue::Entry, check::Report, progress};
use std::{
    env,
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
    thread,
};

/// The number of the check that [`one_check_by_hand`](crate::tests) runs.
pub const CHECK: &str = "ACKCAST_CHECK";
/// The one of its schedules, if not all of it.
pub const SCHEDULE: &str = "ACKCAST_SCHEDULE";

/// What a check that passed took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Passed {
    pub executions: u64,
    pub seconds: f64,
}

impl Passed {
    pub const fn new(report: &Report) -> Self {
        Self { executions: report.executions, seconds: report.time.as_secs_f64() }
    }

    /// The line by which the child says so.
    pub fn line(self) -> String {
        format!("passed: {} executions in {} s", self.executions, self.seconds)
    }

    fn from_line(line: &str) -> Option<Self> {
        let (executions, seconds) = line.strip_prefix("passed: ")?.split_once(" executions in ")?;
        Some(Self { executions: executions.parse().ok()?, seconds: seconds.strip_suffix(" s")?.parse().ok()? })
    }
}

/// Runs this check of the catalogue.
///
/// # Panics
/// It fails, with all that it says.
pub fn passes(number: usize, entry: Entry) -> Passed {
    let mut child = Command::new(env::current_exe().expect("we are a file"))
        .args(["--exact", "tests::one_check_by_hand", "--nocapture", "--test-threads=1"])
        .env(CHECK, number.to_string())
        .env_remove(SCHEDULE)
        .env(progress::FORWARD, "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("we can be started again");
    let (stdout, mut stderr) = (child.stdout.take().expect("it is piped"), child.stderr.take().expect("it is piped"));
    let errors = thread::spawn(move || {
        let mut errors = String::new();
        stderr.read_to_string(&mut errors).map(|_| errors)
    });
    progress::begin(|| format!("{} {:?}", entry.case, entry.checker));
    let (mut passed, mut said) = (None, String::new());
    for line in BufReader::new(stdout).lines().map(|line| line.expect("it says text")) {
        if let Some(executions) = progress::forwarded(&line) {
            progress::tick(executions);
        } else {
            passed = passed.or_else(|| Passed::from_line(&line));
            said += &line;
            said.push('\n');
        }
    }
    progress::end();
    let status = child.wait().expect("it is our child");
    let errors = errors.join().expect("reading is all it does").expect("it says text");
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
