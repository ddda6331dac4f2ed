//! SIGINT and SIGTERM, wherever they meet the command.

use super::process::{Process, Scratch, eventually, same, seq};
use rustix::process::Signal;
use std::io::Write;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

/// Stops it, and it ends.
fn stop(process: &mut Process, signal: Signal, code: i32) {
    eventually("it starts", || process.handles_signals());
    thread::sleep(Duration::from_millis(30)); // where it then is, it waits
    process.kill(signal);
    assert_eq!(process.ends_with(code).stderr, "");
}

#[test]
fn whoever_waits_for_the_other_side_can_be_stopped() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let scratch = Scratch::new(&format!("alone-{code}"));
        stop(&mut scratch.recv("out").process, signal, code);
        let mut send = scratch.send(&[], b"line\n");
        eventually("no channel comes", || scratch.segment().exists());
        stop(&mut send, signal, code);
        scratch.assert_nothing_left();
    }
}

#[test]
fn a_send_that_is_stopped_has_not_finished() {
    let scratch = Scratch::new("input");
    let mut recv = scratch.recv("out");
    let mut send = scratch.send_from(&[], Stdio::piped());
    let mut stdin = send.stdin();
    stdin.write_all(b"line\npart of a").unwrap();
    recv.has_written(5);
    stop(&mut send, Signal::INT, 130); // in its read
    assert_eq!(recv.wrote(3), b"line\n");
    scratch.assert_nothing_left();
}

#[test]
fn a_recv_that_is_stopped_leaves_and_the_others_go_on() {
    let scratch = Scratch::new("leaves");
    let mut idle = scratch.recv("idle");
    let mut stuck = scratch.recv_to_pipe(); // nobody reads it
    let mut last = scratch.recv("last");
    let mut send = scratch.send_from(&["--consumers", "3", "--slots", "16"], Stdio::piped());
    let mut stdin = send.stdin();
    stdin.write_all(b"1\n").unwrap();
    idle.has_written(2);
    stop(&mut idle.process, Signal::TERM, 143);
    assert_eq!(idle.written(), b"1\n");
    let feeder = thread::spawn(move || stdin.write_all(&seq(30_000)[2..]).unwrap());
    last.has_written(32 << 10);
    eventually("the pipe takes no end of lines", || {
        let before = last.written().len();
        thread::sleep(Duration::from_millis(200));
        last.written().len() == before // as the other one is stuck
    });
    stop(&mut stuck, Signal::INT, 130);
    feeder.join().unwrap();
    send.ends_with(0);
    same(&last.wrote(0), &seq(30_000));
    scratch.assert_nothing_left();
}
