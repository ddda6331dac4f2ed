//! `--verbose`, `--progress` and `--keep`, and the warning of a `send` that joins: what the commands say meanwhile.

use super::descriptors::{pipe, terminal};
use super::process::{LIMIT, Process, Scratch, command, eventually, read, seq};
use rustix::process::Signal;
use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A ring that a few bytes fill.
const TINY: [&str; 4] = ["--slots", "1", "--slot-size", "4"];

#[test]
fn verbose_says_whom_a_long_wait_is_for() {
    let scratch = Scratch::new("verbose");
    let mut silent = scratch.recv("silent");
    let mut recv = scratch.recv_with("out", &["-v"]);
    recv.process.says(&format!("ackcast: waits for a `send` of channel {:?}\n", scratch.name));
    let mut send = scratch.send_from(&[&["-v", "--consumers", "3"], &TINY[..]].concat(), Stdio::piped());
    recv.process.says("ackcast: goes on after ");
    recv.process.says(&format!("ackcast: joined channel {:?} as recv ", scratch.name));
    send.says("ackcast: waits for the first `recv`: 2 of 3 have joined\n");
    let mut third = scratch.recv("third");
    send.says("ackcast: goes on after ");
    recv.process.says("ackcast: waits for message 0\n");
    let mut stdin = send.stdin();
    stdin.write_all(b"1\n").unwrap();
    recv.process.says("ackcast: goes on after ");
    third.has_written(2);
    third.process.kill(Signal::STOP);
    stdin.write_all(b"2\n3\n4\n5\n").unwrap();
    send.says("ackcast: waits for recv ");
    third.process.kill(Signal::CONT);
    assert!(send.says("ackcast: goes on after ").starts_with("ackcast: goes on after "));
    drop(stdin);
    send.ends_with(0);
    assert_eq!(silent.process.ends_with(0).stderr, ""); // the twin
    assert_eq!((recv.wrote(0), third.wrote(0)), (seq(5), seq(5)));
    scratch.assert_nothing_left();
}

/// Starts the command with a terminal for stderr. Returns the terminal's other end.
fn at_terminal(args: &[&str], stdin: Stdio) -> (std::process::Child, File) {
    let (screen, stderr) = terminal();
    let child = Command::new(command()).args(args).stdin(stdin).stdout(Stdio::null()).stderr(stderr).spawn().unwrap();
    (child, screen)
}

#[test]
fn terminal_is_told_of_the_other_side_unasked() {
    let scratch = Scratch::new("terminal-told");
    let (stdin, mut keyboard) = pipe();
    let (mut send, screen) = at_terminal(&["send", &scratch.name], stdin.into());
    let told = "ackcast: waits for the first `recv`: 0 of 1 have joined\r\n";
    assert_eq!(String::from_utf8(read(screen.try_clone().unwrap(), Some(told.len()))).unwrap(), told);
    let (mut recv, recv_screen) = at_terminal(&["recv", &scratch.name], Stdio::null());
    let over = "ackcast: goes on after ";
    assert_eq!(String::from_utf8(read(screen.try_clone().unwrap(), Some(over.len()))).unwrap(), over);
    thread::sleep(Duration::from_millis(1500)); // a quiet channel is nothing to tell
    File::from(keyboard.try_clone().unwrap()).write_all(b"line\n").unwrap();
    keyboard = pipe().1; // closes it
    eventually("the commands do not end", || send.try_wait().unwrap().is_some() && recv.try_wait().unwrap().is_some());
    drop(keyboard);
    assert_eq!(rustix::io::ioctl_fionread(&recv_screen).unwrap(), 0);
    scratch.assert_nothing_left();
}

#[test]
fn progress_ends_with_the_totals() {
    let scratch = Scratch::new("progress");
    let mut recv = scratch.recv_with("out", &["--progress"]);
    let said = scratch.send(&["--lines", "--progress"], &seq(1000)).ends_with(0).stderr;
    assert!(said.starts_with("ackcast: 1,000 messages, 3.89 kB in ") && said.ends_with("/s\n"), "{said:?}");
    let said = recv.process.ends_with(0).stderr;
    assert!(said.starts_with("ackcast: 1,000 messages, 3.89 kB in "), "{said:?}");

    let (mut send, screen) = at_terminal(&["send", &scratch.name, "--progress", "--consumers", "0"], Stdio::null());
    let start = Instant::now();
    while send.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < LIMIT);
        thread::sleep(Duration::from_millis(2));
    }
    let (mut screen, mut shown, mut buffer) = (screen, Vec::new(), [0; 4096]);
    // Reads up to the end: EIO, when the last program has closed the terminal.
    while let Ok(count @ 1..) = screen.read(&mut buffer) {
        shown.extend_from_slice(&buffer[..count]);
    }
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.contains("ackcast: 0 messages, 0 B in "), "{shown:?}");
    scratch.assert_nothing_left();
}

#[test]
fn recv_stays_for_the_next_channel_when_told_to_keep() {
    let scratch = Scratch::new("keep");
    let mut recv = scratch.recv_with("out", &["--keep", "-v", "--timeout", "60s"]);
    scratch.send(&[], b"first\n").ends_with(0);
    recv.process.says("ackcast: the channel has ended\n");
    let mut killed = scratch.send_from(&[], Stdio::piped());
    let mut stdin = killed.stdin();
    stdin.write_all(b"second\n").unwrap();
    recv.has_written(13);
    killed.kill(Signal::KILL);
    recv.process.says("ackcast: every producer died without finishing (number 0);");
    scratch.send(&[], b"third\n").ends_with(0);
    recv.process.says("ackcast: the channel has ended\n");
    recv.process.kill(Signal::TERM);
    assert_eq!(recv.wrote(143), b"first\nsecond\nthird\n");
    scratch.assert_nothing_left();
}

#[test]
fn kept_recv_ends_by_timeout_or_with_its_reader() {
    let scratch = Scratch::new("keep-ends");
    let mut recv = scratch.recv_with("out", &["--keep", "--timeout", "200ms"]);
    let ended = recv.process.ends_with(124);
    assert!(ended.stderr.contains("waiting for a `send` of channel"), "{ended:?}");
    let (reader, writer) = pipe();
    let mut recv = Process::new(&["recv", &scratch.name, "--keep"], Stdio::null(), writer.into());
    scratch.send(&[], b"line\n").ends_with(0);
    assert_eq!(read(reader, Some(5)), b"line\n"); // and closes it
    assert_eq!(recv.ends_with(141).stderr, "");
    scratch.assert_nothing_left();
}

#[test]
fn joining_send_warns_of_each_option_that_differs() {
    let scratch = Scratch::new("warn");
    let mut recv = scratch.recv("out");
    let mut first = scratch.send_from(&[&["--producers", "1"], &TINY[..]].concat(), Stdio::piped());
    let mut stdin = first.stdin();
    stdin.write_all(b"1\n").unwrap();
    recv.has_written(2);
    let other =
        ["--slots", "5", "--slot-size", "1KiB", "--consumers", "0", "--producers", "2", "--backend", "raw-sync"];
    let warning = "ackcast: warning: the channel exists, and its options hold: --slots 1 instead of 5, \
                   --slot-size 4 instead of 1024, --consumers 1 instead of 0, --producers 1 instead of 2, \
                   --backend futex instead of raw-sync\n";
    assert_eq!(scratch.send(&other, b"2\n").ends_with(0).stderr, warning);
    // The twin: what is the same, or not given, is no difference.
    let same = ["--slots", "1", "--slot-size", "4B", "--consumers", "1", "--producers", "1", "--backend", "futex"];
    assert_eq!(scratch.send(&same, b"3\n").ends_with(0).stderr, "");
    assert_eq!(scratch.send(&[], b"4\n").ends_with(0).stderr, "");
    drop(stdin);
    assert_eq!(first.ends_with(0).stderr, "");
    assert_eq!(recv.wrote(0), b"1\n2\n3\n4\n");
    scratch.assert_nothing_left();
}
