//! Ends of `ackcast demo` other than its own: nothing is left behind.

mod command;

use ackcast::segment::{Name, remove_if_dead};
use command::{Demo, Ended, LIMIT, processes_of, segments_of};
use rustix::process::{Pid, Signal, kill_process};
use std::thread;
use std::time::{Duration, Instant};

/// Would run for hours.
const ENDLESS: [&str; 6] = ["--messages", "1000000000", "--producers", "2", "--consumers", "3"];

fn kill(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid as i32).unwrap(), signal).unwrap();
}

fn eventually(what: &str, mut true_: impl FnMut() -> bool) {
    let start = Instant::now();
    while !true_() {
        assert!(start.elapsed() < LIMIT, "{what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// The process numbers of the demo's children.
fn children_of(pid: u32) -> Vec<u32> {
    let tasks = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    tasks.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

/// The kernel's letter for what this process does: stopped is `T`, ended and not reaped is `Z`.
fn state(pid: u32) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(") ").unwrap().1.chars().next().unwrap()
}

/// Stops it. A signal that is sent before it has stopped may come first.
fn stop(pid: u32) {
    kill(pid, Signal::STOP);
    eventually("it does not stop", || state(pid) == 'T');
}

fn wait_until_all_run(pid: u32) {
    eventually("the children do not come", || processes_of(pid).len() == 5);
}

#[test]
fn a_signal_ends_everything_at_any_moment() {
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        for backend in ["futex", "raw-sync"] {
            for delay in [1, 3, 7, 15, 60, 200, 1100] {
                let start = if delay == 1100 { "producers-first" } else { "together" };
                let args = ["--quiet", "--backend", backend, "--start", start];
                let demo = Demo::new(&[&ENDLESS[..], &args].concat());
                let pid = demo.pid();
                // Before it has installed its handlers a signal just kills it, as it kills anybody.
                eventually("no segment comes", || !segments_of(pid).is_empty());
                thread::sleep(Duration::from_millis(delay));
                kill(pid, signal);
                let ended = demo.run(); // looks for segments
                assert_eq!(ended.status.code(), Some(status), "{delay} ms: {ended:?}");
                assert_eq!(ended.stderr, "");
                assert_eq!(processes_of(pid), [""; 0]);
            }
        }
    }
}

#[test]
fn a_signal_to_the_whole_group_is_no_failure_of_the_children() {
    for _ in 0..5 {
        let demo = Demo::new(&[&ENDLESS[..], &["--quiet"]].concat());
        let pid = demo.pid();
        wait_until_all_run(pid);
        // As Ctrl-C does: we first, while no child can be reaped before we have it.
        kill(pid, Signal::INT);
        for child in children_of(pid) {
            let _ = kill_process(Pid::from_raw(child as i32).unwrap(), Signal::INT);
        }
        let ended = demo.run();
        assert_eq!((ended.status.code(), &*ended.stderr), (Some(130), ""));
    }
}

#[test]
fn a_killed_child_is_named_and_ends_the_demo() {
    for role in ["producer", "consumer"] {
        let demo = Demo::new(&[&ENDLESS[..], &["--quiet"]].concat());
        let pid = demo.pid();
        wait_until_all_run(pid);
        let is_victim = |child: &u32| {
            let line = std::fs::read_to_string(format!("/proc/{child}/cmdline")).unwrap();
            line.contains(&format!("--role={role}\0--number=2"))
        };
        kill(children_of(pid).into_iter().find(is_victim).unwrap(), Signal::KILL);
        let Ended { status, lines, stderr } = demo.run();
        assert_eq!((status.code(), lines.len()), (Some(1), 0));
        assert!(stderr.contains(&format!("ackcast: {role} 2 failed (signal: 9 (SIGKILL))")), "{stderr}");
        assert_eq!(processes_of(pid), [""; 0]);
    }
}

#[test]
fn a_child_that_is_stopped_is_killed() {
    let demo = Demo::new(&[&ENDLESS[..], &["--quiet"]].concat());
    let pid = demo.pid();
    wait_until_all_run(pid);
    stop(children_of(pid)[0]);
    kill(pid, Signal::TERM);
    assert_eq!(demo.run().status.code(), Some(143));
    assert_eq!(processes_of(pid), [""; 0]);
}

#[test]
fn consumers_that_lost_their_producers_are_not_blamed() {
    let demo = Demo::new(&[&ENDLESS[..], &["--quiet"]].concat());
    let pid = demo.pid();
    wait_until_all_run(pid);
    let (producers, consumers): (Vec<u32>, Vec<u32>) = children_of(pid).into_iter().partition(|child| {
        std::fs::read_to_string(format!("/proc/{child}/cmdline")).unwrap().contains("--role=producer\0")
    });
    assert_eq!((producers.len(), consumers.len()), (2, 3));
    stop(pid); // so that it stops nobody until all have ended
    producers.iter().for_each(|&producer| kill(producer, Signal::KILL));
    // A consumer may have ended before the last producer can be reaped: it has released its locks before.
    eventually("consumers do not notice", || {
        [&*producers, &*consumers].concat().iter().all(|&child| state(child) == 'Z')
    });
    kill(pid, Signal::CONT);
    let Ended { status, lines, stderr } = demo.run();
    assert_eq!((status.code(), lines.len()), (Some(1), 0));
    assert!(stderr.contains("producer 1 failed") && stderr.contains("producer 2 failed"), "{stderr}");
    assert!(!stderr.contains("consumer"), "{stderr}");
}

#[test]
fn children_die_with_a_parent_that_can_do_nothing() {
    let mut demo = Demo::new(&[&ENDLESS[..], &["--quiet"]].concat());
    let pid = demo.pid();
    wait_until_all_run(pid);
    kill(pid, Signal::KILL);
    eventually("it does not die", || !demo.runs());
    let left = segments_of(pid);
    assert!(!left.is_empty(), "no process was left to remove them");
    for file in left {
        // A death is the release of the locks. /proc is empty before that: memory is freed before files are closed.
        let name = Name::new(file.strip_prefix(Name::PREFIX).unwrap()).unwrap();
        eventually("children outlive it", || remove_if_dead(&name).unwrap());
    }
    assert_eq!(processes_of(pid), [""; 0]);
    assert_eq!(demo.run().status.code(), None);
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let mut demo = Demo::new(&ENDLESS);
    let pid = demo.pid();
    wait_until_all_run(pid);
    demo.close_stdout();
    let ended = demo.run();
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(141), ""));
    assert_eq!(processes_of(pid), [""; 0]);
}
