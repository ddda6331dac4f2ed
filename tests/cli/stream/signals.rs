//! SIGHUP, SIGINT and SIGTERM in each wait of `send` and `recv`.

use super::process::{Process, Scratch, eventually, same, seq};
use rustix::process::Signal;
use std::fs::File;
use std::io::Write;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

/// Sends the signal to a command that waits. The command must exit with this status.
fn stop(process: &mut Process, signal: Signal, code: i32) {
    eventually("the command does not start", || process.handles_signals());
    thread::sleep(Duration::from_millis(30)); // until then, the command has reached its wait
    process.kill(signal);
    assert_eq!(process.ends_with(code).stderr, "");
}

#[test]
fn signal_ends_wait_for_the_other_side() {
    for (signal, code) in [(Signal::HUP, 129), (Signal::INT, 130), (Signal::TERM, 143)] {
        let scratch = Scratch::new(&format!("alone-{code}"));
        stop(&mut scratch.recv("out").process, signal, code);
        let mut send = scratch.send(&[], b"line\n");
        eventually("`send` creates no channel", || scratch.segment().exists());
        stop(&mut send, signal, code);
        scratch.assert_nothing_left();
    }
}

/// nohup(1) starts a command with SIGHUP ignored. The command must not catch it then.
#[test]
fn hangup_stops_nothing_when_it_is_ignored_from_the_start() {
    let scratch = Scratch::new("nohup");
    let out = scratch.file("out");
    let args = ["recv", &scratch.name];
    let mut recv = Process::with_hangup(libc::SIG_IGN, &args, Stdio::null(), File::create(&out).unwrap().into());
    let mut send = Process::with_hangup(libc::SIG_IGN, &["send", &scratch.name], Stdio::piped(), Stdio::null());
    let mut stdin = send.stdin();
    stdin.write_all(b"1\n").unwrap();
    eventually("`recv` writes nothing", || std::fs::read(&out).unwrap() == b"1\n");
    send.kill(Signal::HUP);
    recv.kill(Signal::HUP);
    stdin.write_all(b"2\n").unwrap();
    drop(stdin);
    send.ends_with(0);
    recv.ends_with(0);
    assert_eq!(std::fs::read(&out).unwrap(), b"1\n2\n");
    scratch.assert_nothing_left();
}

#[test]
fn recv_exits_with_3_when_send_is_stopped() {
    for (args, sent) in [(&[][..], &b"line\npart of a"[..]), (&["--lines"], b"line\n")] {
        let scratch = Scratch::new(&format!("input-{}", args.len()));
        let mut recv = scratch.recv("out");
        let mut send = scratch.send_from(args, Stdio::piped());
        let mut stdin = send.stdin();
        stdin.write_all(b"line\npart of a").unwrap();
        recv.has_written(sent.len() as u64);
        stop(&mut send, Signal::INT, 130); // `send` waits in a read of stdin
        assert_eq!(recv.wrote(3), sent);
        scratch.assert_nothing_left();
    }
}

#[test]
fn other_recvs_get_all_lines_when_a_recv_is_stopped() {
    let scratch = Scratch::new("leaves");
    let mut idle = scratch.recv("idle");
    let mut stuck = scratch.recv_to_pipe(); // its pipe has no reader
    let mut last = scratch.recv("last");
    let mut send = scratch.send_from(&["--lines", "--consumers", "3", "--slots", "16"], Stdio::piped());
    let mut stdin = send.stdin();
    stdin.write_all(b"1\n").unwrap();
    idle.has_written(2);
    stop(&mut idle.process, Signal::TERM, 143);
    assert_eq!(idle.written(), b"1\n");
    let feeder = thread::spawn(move || stdin.write_all(&seq(30_000)[2..]).unwrap());
    last.has_written(32 << 10);
    eventually("the pipe never fills up", || {
        let before = last.written().len();
        thread::sleep(Duration::from_millis(200));
        last.written().len() == before // unchanged: `stuck` blocks the ring
    });
    stop(&mut stuck, Signal::INT, 130);
    feeder.join().unwrap();
    send.ends_with(0);
    same(&last.wrote(0), &seq(30_000));
    scratch.assert_nothing_left();
}
