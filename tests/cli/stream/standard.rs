//! A stdin or stdout that is closed, or cannot be used.

use super::process::{Process, Scratch};
use std::io::Write;
use std::process::Stdio;

const CLOSED: &str = "it was closed when the command started; open it, on /dev/null if need be\n";

/// Earlier commands wrote to /dev/null then, and exited with 0.
#[test]
fn commands_refuse_stdout_when_it_is_closed() {
    let scratch = Scratch::new("closed");
    let mut recv = scratch.recv("out");
    let mut send = scratch.send_from(&[], Stdio::piped());
    let mut stdin = send.stdin();
    stdin.write_all(b"line\n").unwrap();
    recv.has_written(5);
    for args in [&["recv", &scratch.name][..], &["demo"], &["demo", "--quiet"], &["clean", "--dry-run"]] {
        let error = Process::redirected(">&-", args).ends_with(1).stderr;
        assert_eq!(error, format!("ackcast: cannot write to stdout: {CLOSED}"), "{args:?}");
    }
    // `send` writes nothing to stdout.
    let mut joined = Process::redirected(">&- </dev/null", &["send", &scratch.name]);
    assert_eq!(joined.ends_with(0).stderr, "");
    drop(stdin);
    send.ends_with(0);
    assert_eq!(recv.wrote(0), b"line\n");
    scratch.assert_nothing_left();
}

/// The negative twin of the test above: /dev/null is a stdout like any other, also if it can be read.
#[test]
fn recv_writes_to_dev_null_when_told_to() {
    for redirection in [">/dev/null", "1<>/dev/null"] {
        let scratch = Scratch::new("null");
        let mut recv = Process::redirected(redirection, &["recv", &scratch.name]);
        scratch.send(&[], b"line\n").ends_with(0);
        assert_eq!(recv.ends_with(0).stderr, "");
        scratch.assert_nothing_left();
    }
}

#[test]
fn recv_names_error_when_stdout_is_only_for_reading() {
    let scratch = Scratch::new("reading");
    let mut recv = Process::redirected("1</dev/null", &["recv", &scratch.name]);
    scratch.send(&[], b"line\n").ends_with(0);
    let error = recv.ends_with(1).stderr;
    assert_eq!(error, "ackcast: cannot write to stdout: Bad file descriptor (os error 9)\n");
    scratch.assert_nothing_left();
}

/// An earlier `send` took a closed stdin for an empty one, and finished the channel.
#[test]
fn send_refuses_stdin_when_it_is_closed() {
    let scratch = Scratch::new("closed-in");
    let mut recv = scratch.recv("out");
    let mut send = Process::redirected("<&-", &["send", &scratch.name]);
    assert_eq!(send.ends_with(1).stderr, format!("ackcast: cannot read stdin: {CLOSED}"));
    assert_eq!(recv.wrote(3), b"");
    scratch.assert_nothing_left();
}
