//! The benchmark notices participants that are wrong.

use std::process::{Command, Output};

fn run(participant: &str, workload: &str) -> Output {
    let mut benchmark = Command::new(env!("CARGO_BIN_EXE_ackcast-bench"));
    benchmark.args(["--quick", "--workloads", workload, "--only", participant]).output().unwrap()
}

#[track_caller]
fn assert_message_128_is_missed(output: &Output) {
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("wrong data: message 128 of producer 0"), "{output:?}");
}

#[test]
fn a_lost_message_fails_the_run() {
    assert_message_128_is_missed(&run("broken-loses", "fan"));
}

#[test]
fn a_lost_message_among_several_producers_fails_the_run() {
    assert_message_128_is_missed(&run("broken-several-loses", "two-to-one"));
}

#[test]
fn hanging_participant_is_killed_and_named() {
    let output = run("broken-hangs", "fan");
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("not measured: broken-hangs, Fan: hangs"), "{output:?}");
}
