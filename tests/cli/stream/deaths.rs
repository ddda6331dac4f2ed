//! `send` and `recv` killed by SIGKILL, and a corrupt channel.

use super::process::{Process, Scratch, same, seq};
use ackcast::layers::Futex;
use ackcast::protocol::{Control, Geometry};
use ackcast::segment::Layout;
use rustix::process::Signal;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;

const LINES: u32 = 20_000;
/// With --lines, the ring holds few bytes, so no `recv` is far ahead of the others.
const ARGS: [&str; 5] = ["--lines", "--consumers", "3", "--slots", "16"];
/// After this many bytes of output, the command is in the middle of its input.
const MIDDLE: u64 = 50_000;

/// Input that lacks its last byte until [`finish`](HeldInput::finish). The stream cannot end before.
struct HeldInput {
    rest: mpsc::Sender<()>,
    feeder: thread::JoinHandle<()>,
}

impl HeldInput {
    /// Starts a thread that writes `input` without its last byte. The thread writes the last byte on `finish`.
    fn feed(send: &mut Process, input: Vec<u8>) -> Self {
        let (mut stdin, (rest, held)) = (send.stdin(), mpsc::channel());
        let feeder = thread::spawn(move || {
            let (last, most) = input.split_last().unwrap();
            // The write fails if `send` was killed.
            if stdin.write_all(most).is_ok() && held.recv().is_ok() {
                let _ = stdin.write_all(&[*last]);
            }
        });
        Self { rest, feeder }
    }

    fn finish(self) {
        let _ = self.rest.send(()); // fails if the thread has ended, because `send` was killed
        self.feeder.join().unwrap();
    }
}

#[test]
fn other_recvs_get_all_lines_when_a_recv_is_killed() {
    let scratch = Scratch::new("recv");
    let input = seq(LINES);
    let mut recvs = scratch.three_recvs();
    let mut send = scratch.send_from(&ARGS, Stdio::piped());
    let held = HeldInput::feed(&mut send, input.clone());
    recvs[1].has_written(MIDDLE);
    recvs[1].process.kill(Signal::KILL);
    assert_eq!(recvs[1].process.end().status.code(), None);
    assert!(recvs[1].written().len() < input.len(), "the command was not in the middle of its input");
    held.finish();
    assert_eq!(send.ends_with(0).stderr, "");
    same(&recvs[0].wrote(0), &input);
    same(&recvs[2].wrote(0), &input);
    scratch.assert_nothing_left();
}

#[test]
fn recvs_drain_and_exit_with_3_when_send_is_killed() {
    let scratch = Scratch::new("send");
    let input = seq(LINES);
    let mut recvs = scratch.three_recvs();
    let mut send = scratch.send_from(&ARGS, Stdio::piped());
    let held = HeldInput::feed(&mut send, input.clone());
    recvs[1].has_written(MIDDLE);
    send.kill(Signal::KILL);
    assert_eq!(send.end().status.code(), None);
    held.finish();
    let got = recvs[0].wrote(3);
    assert!(got.len() < input.len() && got.ends_with(b"\n"), "the command was not in the middle of its input");
    same(&got, &input[..got.len()]);
    for recv in &mut recvs[1..] {
        same(&recv.wrote(3), &got);
    }
    scratch.assert_nothing_left();
}

#[test]
fn recv_sees_end_when_a_send_of_two_is_killed() {
    let scratch = Scratch::new("other");
    let mut recv = scratch.recv("out");
    let mut first = scratch.send_from(&["--slots", "2"], Stdio::piped());
    let mut stdin = first.stdin();
    stdin.write_all(b"from the first\n").unwrap();
    recv.has_written(15);
    let mut second = scratch.send_from(&["--lines"], Stdio::piped());
    let held = HeldInput::feed(&mut second, seq(LINES));
    recv.has_written(MIDDLE);
    second.kill(Signal::KILL);
    assert_eq!(second.end().status.code(), None);
    held.finish();
    stdin.write_all(b"again\n").unwrap();
    drop(stdin);
    first.ends_with(0);
    // The killed `send` has not finished. The first `send` has, and no other producer lives, so END is published.
    let got = recv.wrote(0);
    assert!(got.starts_with(b"from the first\n1\n2\n") && got.ends_with(b"\nagain\n"));
    scratch.assert_nothing_left();
}

#[test]
fn recv_exits_with_4_when_channel_is_corrupt() {
    let scratch = Scratch::new("corrupt");
    let mut recv = scratch.recv("out");
    let mut send = scratch.send_from(&["--slots", "2", "--slot-size", "4096"], Stdio::piped());
    let mut stdin = send.stdin();
    stdin.write_all(b"the only line\n").unwrap();
    recv.has_written(14);
    // The test overwrites `published`. A ring of 2 slots cannot have 1000 messages that `recv` has not read.
    let geometry =
        Geometry { slots: 2, slot_size: 4096, consumers: 64, producers: 64, start_with: 1, end_after: 1, retain: 0 };
    let published = Layout::new::<Futex>(&geometry).unwrap().control + std::mem::offset_of!(Control<Futex>, published);
    let segment = File::options().write(true).open(scratch.segment()).unwrap();
    segment.write_all_at(&1000_u64.to_ne_bytes(), published as u64).unwrap();
    let end = recv.process.end();
    assert_eq!(end.status.code(), Some(4));
    assert!(end.stderr.contains("the segment is corrupt: 1000 messages published"), "{}", end.stderr);
    same(&recv.written(), b"the only line\n");
    drop(stdin);
    send.end();
}
