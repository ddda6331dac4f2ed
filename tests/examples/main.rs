//! Each example of `examples/`, run as real processes: what it prints, how it exits, and what it leaves behind.
//!
//! `cargo test` builds the examples before it runs this target; `cargo test --test examples` alone does not.

mod outputs;
mod run;

use outputs::{array, event_loop, frames, late_reader, log_fan_out, meeting, monitor, ping_pong, supervisor, typed};
use run::{Ended, example, run, run_within};
use std::process::Command;
use std::time::Duration;

/// Runs an example, and checks its lines.
fn passes(name: &str, check: fn(&[String]) -> Result<(), String>) {
    let ended = run(&mut example(name)).unwrap_or_else(|fault| panic!("{name}: {fault}"));
    assert!(ended.status.success(), "{name}: {ended:?}");
    assert_eq!(ended.stderr, "", "{name}");
    check(&ended.lines).unwrap_or_else(|fault| panic!("{name}: {fault}: {ended:?}"));
}

#[test]
fn ping_pong_returns_every_ping() {
    passes("ping_pong", ping_pong);
}

#[test]
fn array_reaches_both_consumers_update_by_update() {
    passes("array", array);
}

#[test]
fn frames_reach_three_viewers() {
    passes("frames", frames);
}

#[test]
fn monitor_names_reader_that_is_stuck() {
    passes("monitor", monitor);
}

#[test]
fn supervisor_restarts_a_crashed_producer() {
    passes("supervisor", supervisor);
}

#[test]
fn late_reader_gets_the_events_from_before_it_came() {
    passes("late_reader", late_reader);
}

#[test]
fn log_fan_out_gives_each_reader_the_same_log() {
    passes("log_fan_out", log_fan_out);
}

#[test]
fn event_loop_forwards_every_reading() {
    passes("event_loop", event_loop);
}

#[cfg(feature = "tokio")]
#[test]
fn async_tasks_receive_every_message() {
    passes("async_tasks", outputs::async_tasks);
}

#[test]
fn meeting_needs_no_process_to_come_first() {
    passes("meeting", meeting);
}

#[test]
fn typed_refuses_the_old_display() {
    passes("typed", typed);
}

/// Built by `cargo build -p ackcast --features tracing --example tracing`.
#[cfg(feature = "tracing")]
#[test]
fn tracing_tells_of_two_deaths() {
    passes("tracing", outputs::tracing);
}

#[test]
fn example_fails_when_its_channel_is_missing() {
    // Each of them as one of its children, of a channel that does not exist.
    let children: &[(&str, &[&str])] = &[
        ("ping_pong", &["examples-none"]),
        ("array", &["1", "examples-none"]),
        ("frames", &["1", "examples-none"]),
        ("monitor", &["sensor", "examples-none"]),
        ("supervisor", &["consumer", "1", "examples-none"]),
        ("late_reader", &["monitor", "oldest", "1", "examples-none"]),
        ("log_fan_out", &["archive", "examples-none"]),
        ("event_loop", &["display", "examples-none"]),
        ("typed", &["display", "examples-none"]),
        ("typed", &["old display", "examples-none"]),
    ];
    for &(name, arguments) in children {
        let Ended { status, lines, stderr } = run(example(name).args(arguments)).unwrap();
        assert_eq!((status.code(), lines.len()), (Some(1), 0), "{name}: {stderr}");
        assert!(stderr.contains("NotFound"), "{name}: {stderr}");
    }
}

#[test]
fn run_reports_a_process_that_hangs() {
    let fault = run_within(Command::new("sleep").arg("600"), Duration::from_millis(100)).unwrap_err();
    assert_eq!(fault, "it still runs after 100ms");
}

#[test]
fn run_reports_a_segment_that_is_left_behind() {
    let fault = run(Command::new("sh").args(["-c", "touch /dev/shm/ackcast_examples-$$-left"])).unwrap_err();
    assert!(fault.starts_with("it left [\"ackcast_examples-") && fault.ends_with("-left\"]"), "{fault}");
}
