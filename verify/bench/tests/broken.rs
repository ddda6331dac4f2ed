//! The benchmark notices participants that are wrong.

use std::process::{Command, Output};

fn run(participant: &str) -> Output {
    let mut benchmark = Command::new(env!("CARGO_BIN_EXE_ackcast-bench"));
    benchmark.args(["--quick", "--workloads", "fan", "--only", participant]).output().unwrap()
}

#[test]
fn a_lost_message_fails_the_run() {
    let output = run("broken-loses");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("wrong data: message 128"), "{output:?}");
}

#[test]
fn hanging_participant_is_killed_and_named() {
    let output = run("broken-hangs");
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("not measured: broken-hangs, Fan: hangs"), "{output:?}");
}
