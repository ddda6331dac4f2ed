//! `--timeout`: how long the commands wait for each other.

use super::process::{Process, Scratch, eventually, read, seq};
use ackcast::Channel;
use ackcast::segment::Name;
use rustix::process::Signal;
use std::io::Write;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

/// A ring that a few bytes fill.
const TINY: [&str; 4] = ["--slots", "1", "--slot-size", "4"];
const SOON: [&str; 2] = ["--timeout", "200ms"];

/// The command must give up, and say what it waited for.
#[track_caller]
fn gives_up(process: &mut Process, what: &str) {
    gives_up_after("200ms", process, what);
}

#[track_caller]
fn gives_up_after(time: &str, process: &mut Process, what: &str) {
    let ended = process.ends_with(124);
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    let start = format!("ackcast: gave up after {time} of waiting for {what}; ");
    assert!(ended.stderr.starts_with(&start), "{:?} instead of {start:?}", ended.stderr);
}

#[test]
fn timeout_ends_wait_for_the_other_side() {
    let scratch = Scratch::new("no-side");
    let channel = format!("a `send` of channel {:?}", scratch.name);
    gives_up(&mut scratch.recv_with("out", &SOON).process, &channel);
    gives_up(&mut scratch.send(&SOON, b"line\n"), "the first `recv`: 0 of 1 have joined");
    scratch.assert_nothing_left();
    let _other = scratch.recv("out");
    gives_up(
        &mut scratch.send(&[&["--consumers", "2"], &SOON[..]].concat(), b""),
        "the first `recv`: 1 of 2 have joined",
    );
}

#[test]
fn timeout_ends_wait_for_a_message() {
    let scratch = Scratch::new("no-message");
    let mut send = scratch.send_from(&["--timeout", "3s", "--consumers", "2"], Stdio::piped());
    let mut recv = scratch.recv_with("out", &["--timeout", "4s"]); // `send` starts within this time
    let mut stays = scratch.recv("stays");
    let mut stdin = send.stdin();
    stdin.write_all(b"line\n").unwrap();
    gives_up_after("4s", &mut recv.process, "message 1");
    assert_eq!(recv.written(), b"line\n");
    // The twin: for `send`, the wait for input does not count.
    assert!(send.runs() && stays.process.runs());
    stdin.write_all(b"next\n").unwrap();
    drop(stdin);
    send.ends_with(0);
    assert!(stays.wrote(0).ends_with(b"next\n"));
    scratch.assert_nothing_left();
}

/// Each message begins the time anew. All of them take longer than `--timeout`.
#[test]
fn timeout_counts_from_the_last_message() {
    let scratch = Scratch::new("steady");
    let mut recv = scratch.recv_with("out", &["--timeout", "3s"]);
    let mut send = scratch.send_from(&[], Stdio::piped());
    let (mut stdin, start) = (send.stdin(), Instant::now());
    for n in 1..=8 {
        stdin.write_all(b"1\n").unwrap();
        recv.has_written(n * 2);
        thread::sleep(Duration::from_millis(500));
    }
    assert!(start.elapsed() > Duration::from_secs(3));
    drop(stdin);
    send.ends_with(0);
    recv.process.ends_with(0);
}

#[test]
fn timeout_ends_wait_for_room_and_for_the_lock() {
    let scratch = Scratch::new("no-room");
    let mut recv = scratch.recv("out");
    let mut first = scratch.send_from(&TINY, Stdio::piped());
    let mut stdin = first.stdin();
    stdin.write_all(b"1\n").unwrap();
    recv.has_written(2);
    recv.process.kill(Signal::STOP);
    stdin.write_all(b"2\n").unwrap();
    let published = || Channel::open(&Name::new(&scratch.name).unwrap()).unwrap().published().count();
    eventually("the second line is not sent", || published() == 2);
    gives_up(&mut scratch.send(&SOON, b"joins\n"), "recv 0 to read message 1");
    gives_up(&mut scratch.send(&SOON, b""), "recv 0 to read message 1"); // END needs a slot, too
    // While it waits for room, the first `send` has the write lock. A stopped process keeps it.
    stdin.write_all(b"3\n").unwrap();
    let locked = |stderr: &str| stderr.contains("waiting for send 0, which has the write lock;");
    eventually("the first `send` never keeps the lock", || {
        first.kill(Signal::STOP);
        let ended = scratch.send(&SOON, b"joins\n").ends_with(124);
        first.kill(Signal::CONT);
        locked(&ended.stderr)
    });
    recv.process.kill(Signal::CONT);
    drop(stdin);
    first.ends_with(0);
    assert!(recv.wrote(0).starts_with(b"1\n2\n"));
    scratch.assert_nothing_left();
}

#[test]
fn timeout_ends_wait_for_channel_that_is_over() {
    let scratch = Scratch::new("still-over");
    let recv = scratch.recv("out");
    eventually("`recv` does not start", || recv.process.handles_signals());
    let mut send = scratch.send_from(&[], Stdio::piped());
    let mut stdin = send.stdin();
    stdin.write_all(b"1\n").unwrap();
    recv.has_written(2);
    recv.process.kill(Signal::STOP);
    drop(stdin);
    send.ends_with(0);
    let over = format!("the users of the last channel {:?}, which is over", scratch.name);
    gives_up(&mut scratch.send(&SOON, b""), &over);
    gives_up(&mut scratch.recv_with("late", &SOON).process, &format!("a `send` of channel {:?}", scratch.name));
    recv.process.kill(Signal::CONT);
}

/// The reader of stdout may take its time.
#[test]
fn timeout_does_not_count_wait_for_stdout() {
    let scratch = Scratch::new("slow-reader");
    let mut recv = Process::new(&["recv", &scratch.name, "--timeout", "300ms"], Stdio::null(), Stdio::piped());
    let stdout = recv.stdout();
    let input = seq(200_000);
    scratch.send(&[], &input).ends_with(0); // more than the pipe holds
    thread::sleep(Duration::from_millis(600));
    assert!(recv.runs());
    super::process::same(&read(stdout, None), &input);
    recv.ends_with(0);
}
