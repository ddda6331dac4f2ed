//! Options that the commands refuse, and sizes that they accept.

use super::process::{Process, Scratch, read};
use std::process::Stdio;

/// Runs the command, which must exit with this status. Returns its stdout and stderr.
#[track_caller]
pub fn run(args: &[&str], code: i32) -> (String, String) {
    let mut process = Process::new(args, Stdio::null(), Stdio::piped());
    let stdout = String::from_utf8(read(process.stdout(), None)).unwrap();
    (stdout, process.ends_with(code).stderr)
}

#[test]
fn wrong_option_is_refused_with_its_reason() {
    let size = "a size is a whole number of bytes with or without a unit, such as 4096, 64KiB or 1M";
    for (args, reason) in [
        (&["send", "t", "--slot-size", "1.5K"][..], "it has a fraction; a size is a whole number"),
        (&["send", "t", "--slot-size", "many"], size),
        (&["send", "t", "--slot-size", ""], size),
        (&["send", "t", "--slot-size", "0"], "is not in 1..=1073741824 bytes"),
        (&["send", "t", "--slot-size", "2GiB"], "is not in 1..=1073741824 bytes"),
        (&["send", "t", "--slot-size", "99999999999999999999"], "is not in 1..=1073741824 bytes"),
        (&["demo", "--slot-size", "39"], "39 is not in 40..=1073741824 bytes"),
        (&["send", "t", "--slots", "0"], "0 is not in 1..=1048576"),
        (&["send", "t", "--consumers", "65"], "65 is not in 0..=64"),
        (&["send", "t", "--producers", "0"], "0 is not in 1..=64"),
        (&["send", "t", "--backend", "pipe"], "[possible values: futex, raw-sync]"),
        (&["send", "t", "--timeout", "10"], "time unit needed"),
        (&["recv", "t", "--timeout", "soon"], "expected number"),
        (&["send", "t", "--lines", "--null"], "'--lines' cannot be used with '--null'"),
        (&["send", "t", "-0", "--frames"], "'--null' cannot be used with '--frames'"),
        (&["send", "t", "--frames", "--lines"], "'--frames' cannot be used with '--lines'"),
        (&["recv", "t", "--json", "--hex"], "'--json' cannot be used with '--hex'"),
        (&["recv", "t", "--lines", "-0"], "'--lines' cannot be used with '--null'"),
        (&["recv", "t", "--from", "-1"], "unexpected argument '-1'"),
        (&["recv", "t", "--from", "first"], "it must be oldest, newest, or a message's number"),
        (&["recv", "t", "--slots", "4"], "unexpected argument '--slots'"),
        (&["send", "t", "--keep"], "unexpected argument '--keep'"),
    ] {
        let (stdout, stderr) = run(args, 2);
        assert!(stdout.is_empty() && stderr.contains(reason), "{args:?}: {stderr}");
    }
}

#[test]
fn size_with_unit_is_the_size_of_the_slots() {
    for (size, bytes) in [("64KiB", 65_536), ("1M", 1_000_000), ("4096", 4096)] {
        let scratch = Scratch::new(&format!("size-{size}"));
        let mut send = scratch.send_from(&["--slot-size", size, "--consumers", "0"], Stdio::piped());
        super::process::eventually("`send` creates no channel", || scratch.segment().exists());
        let channel = ackcast::Channel::open(&ackcast::segment::Name::new(&scratch.name).unwrap()).unwrap();
        assert_eq!(channel.geometry().slot_size, bytes);
        drop(channel);
        drop(send.stdin());
        send.ends_with(0);
    }
}
