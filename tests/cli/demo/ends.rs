//! Ends of `ackcast demo` by signals, deaths and a closed stdout. None leaves a process or a segment.

use crate::command::{Demo, Ended, LIMIT, processes_of, segments_of};
use ackcast::segment::{Name, participants, remove_if_dead};
use rustix::process::{Pid, Signal, kill_process};
use std::thread;
use std::time::{Duration, Instant};

/// A demo that would run for hours.
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

/// The kernel's letter for the state of this process: `T` is stopped, `Z` is ended and not reaped.
fn state(pid: u32) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(") ").unwrap().1.chars().next().unwrap()
}

/// Stops the process, and waits until it has stopped. A later signal might otherwise arrive first.
fn stop(pid: u32) {
    kill(pid, Signal::STOP);
    eventually("the process does not stop", || state(pid) == 'T');
}

fn wait_until_all_run(pid: u32) {
    eventually("the children do not start", || processes_of(pid).len() == 5);
}

/// Waits until the producers and the consumers of [`ENDLESS`] have joined the channel.
fn wait_until_all_have_joined(pid: u32) {
    let channel = || segments_of(pid).into_iter().find(|file| !file.ends_with("-reports"));
    let joined = |file: String| {
        let name = Name::new(file.strip_prefix(Name::PREFIX).unwrap()).unwrap();
        participants(&name).is_ok_and(|found| found.is_some_and(|all| all.len() == 5))
    };
    eventually("the children do not join", || channel().is_some_and(joined));
}

#[test]
fn signal_ends_demo_at_any_moment() {
    for (signal, status) in [(Signal::HUP, 129), (Signal::INT, 130), (Signal::TERM, 143)] {
        for backend in ["futex", "raw-sync"] {
            for delay in [1, 3, 7, 15, 60, 200, 1100] {
                let start = if delay == 1100 { "producers-first" } else { "together" };
                let args = ["--quiet", "--backend", backend, "--start", start];
                let demo = Demo::new(&[&ENDLESS[..], &args].concat());
                let pid = demo.pid();
                // A signal kills a demo that has no handlers yet. A demo with a segment has installed its handlers.
                eventually("the demo creates no segment", || !segments_of(pid).is_empty());
                thread::sleep(Duration::from_millis(delay));
                kill(pid, signal);
                let ended = demo.run(); // checks that no segment is left
                assert_eq!(ended.status.code(), Some(status), "{delay} ms: {ended:?}");
                assert_eq!(ended.stderr, "");
                assert_eq!(processes_of(pid), [""; 0]);
            }
        }
    }
}

#[test]
fn signal_to_process_group_is_no_failure_of_children() {
    for _ in 0..5 {
        let demo = Demo::new(&[&ENDLESS[..], &["--quiet"]].concat());
        let pid = demo.pid();
        wait_until_all_run(pid);
        // Ctrl-C signals the whole group. The parent is first here, so it has its signal before it reaps a child.
        kill(pid, Signal::INT);
        for child in children_of(pid) {
            let _ = kill_process(Pid::from_raw(child as i32).unwrap(), Signal::INT);
        }
        let ended = demo.run();
        assert_eq!((ended.status.code(), &*ended.stderr), (Some(130), ""));
    }
}

#[test]
fn killed_child_is_named_and_ends_demo() {
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
fn stopped_child_is_killed_when_demo_ends() {
    let demo = Demo::new(&[&ENDLESS[..], &["--quiet"]].concat());
    let pid = demo.pid();
    wait_until_all_run(pid);
    stop(children_of(pid)[0]);
    kill(pid, Signal::TERM);
    assert_eq!(demo.run().status.code(), Some(143));
    assert_eq!(processes_of(pid), [""; 0]);
}

#[test]
fn consumers_are_not_blamed_when_producers_die() {
    let demo = Demo::new(&[&ENDLESS[..], &["--quiet"]].concat());
    let pid = demo.pid();
    wait_until_all_have_joined(pid); // a producer that dies before it joins is lost to no consumer
    let (producers, consumers): (Vec<u32>, Vec<u32>) = children_of(pid).into_iter().partition(|child| {
        std::fs::read_to_string(format!("/proc/{child}/cmdline")).unwrap().contains("--role=producer\0")
    });
    assert_eq!((producers.len(), consumers.len()), (2, 3));
    stop(pid); // so that the parent stops no child before all have ended
    producers.iter().for_each(|&producer| kill(producer, Signal::KILL));
    // A producer's locks are released before it can be reaped. A consumer may therefore end before that.
    eventually("consumers do not notice the producers' deaths", || {
        [&*producers, &*consumers].concat().iter().all(|&child| state(child) == 'Z')
    });
    kill(pid, Signal::CONT);
    let Ended { status, lines, stderr } = demo.run();
    assert_eq!((status.code(), lines.len()), (Some(1), 0));
    assert!(stderr.contains("producer 1 failed") && stderr.contains("producer 2 failed"), "{stderr}");
    assert!(!stderr.contains("consumer"), "{stderr}");
}

#[test]
fn children_die_when_parent_is_killed() {
    let mut demo = Demo::new(&[&ENDLESS[..], &["--quiet"]].concat());
    let pid = demo.pid();
    wait_until_all_run(pid);
    kill(pid, Signal::KILL);
    eventually("the demo does not die", || !demo.runs());
    let left = segments_of(pid);
    assert!(!left.is_empty(), "segments are removed, but no process was left to remove them");
    for file in left {
        // A process is dead when its locks are released. Its command line in /proc is empty before that, because the
        // kernel frees memory before it closes files.
        let name = Name::new(file.strip_prefix(Name::PREFIX).unwrap()).unwrap();
        eventually("children outlive the parent", || remove_if_dead(&name).unwrap());
    }
    assert_eq!(processes_of(pid), [""; 0]);
    assert_eq!(demo.run().status.code(), None);
}

#[test]
fn demo_ends_silently_when_stdout_is_closed() {
    let mut demo = Demo::new(&ENDLESS);
    let pid = demo.pid();
    wait_until_all_run(pid);
    demo.close_stdout();
    let ended = demo.run();
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(141), ""));
    assert_eq!(processes_of(pid), [""; 0]);
}
