//! A `recv` that comes late, and starts at a message that `send --retain` keeps.

use super::options::run;
use super::process::{Process, Scratch, eventually, read};
use ackcast::Watch;
use ackcast::segment::Name;
use std::io::Write;
use std::process::Stdio;

/// A `send` that has sent five lines and keeps the last three. It reads more until its stdin is closed.
fn sender(test: &str) -> (Scratch, Process, std::process::ChildStdin) {
    let scratch = Scratch::new(test);
    let options = ["--lines", "--consumers", "0", "--slots", "8", "--retain", "3"];
    let mut send = scratch.send_from(&options, Stdio::piped());
    let mut stdin = send.stdin();
    stdin.write_all(b"0\n1\n2\n3\n4\n").unwrap();
    let name = Name::new(&scratch.name).unwrap();
    let published = || Watch::open(&name).and_then(|watch| watch.stats()).map_or(0, |stats| stats.published.count());
    eventually("`send` sends five lines", || published() == 5);
    (scratch, send, stdin)
}

#[test]
fn late_recv_starts_where_it_asks() {
    let (scratch, mut send, mut stdin) = sender("late");
    let mut recvs = [("oldest", &b"2\n3\n4\n5\n"[..]), ("4", b"4\n5\n"), ("5", b"5\n"), ("newest", b"5\n")]
        .map(|(from, expected)| (scratch.recv_with(from, &["--from", from]), expected));
    for (recv, _) in &recvs {
        recv.process.polls(&scratch.name);
    }
    stdin.write_all(b"5\n").unwrap();
    drop(stdin);
    send.ends_with(0);
    for (recv, expected) in &mut recvs {
        assert_eq!(recv.wrote(0), *expected);
    }
    scratch.assert_nothing_left();
}

#[test]
fn recv_is_told_which_messages_are_retained() {
    let (scratch, mut send, stdin) = sender("late-refused");
    for asked in ["1", "6"] {
        let (_, stderr) = run(&["recv", &scratch.name, "--from", asked], 1);
        let expected = format!("message {asked} is not retained: a consumer can start at messages 2 to 5 now\n");
        assert!(stderr.ends_with(&expected), "{stderr}");
    }
    drop(stdin);
    send.ends_with(0);
    scratch.assert_nothing_left();
}

#[test]
fn retained_messages_must_leave_a_slot() {
    let scratch = Scratch::new("late-slots");
    let mut send = scratch.send_from(&["--lines", "--slots", "4", "--retain", "4"], Stdio::null());
    let stderr = send.ends_with(1).stderr;
    assert!(stderr.contains("messages to retain is 4; it must be 0 to 3"), "{stderr}");
    scratch.assert_nothing_left();
}

#[test]
fn recv_starts_with_the_next_message_by_default() {
    let (scratch, mut send, stdin) = sender("late-default");
    let mut recv = scratch.recv_to_pipe();
    recv.polls(&scratch.name);
    drop(stdin);
    send.ends_with(0);
    assert_eq!(read(recv.stdout(), None), b"");
    recv.ends_with(0);
}
