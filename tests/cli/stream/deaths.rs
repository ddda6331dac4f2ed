//! kill -9.

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
const ARGS: [&str; 4] = ["--consumers", "3", "--slots", "16"];
/// So much of the input is enough to be in the middle.
const MIDDLE: u64 = 50_000;

/// Input that ends when it is told to: until then, the stream is not over, however slow the test is.
struct Held {
    rest: mpsc::Sender<()>,
    feeder: thread::JoinHandle<()>,
}

impl Held {
    /// Feeds all but the last byte; then the last one, once [`finish`](Held::finish) is called.
    fn feed(send: &mut Process, input: Vec<u8>) -> Self {
        let (mut stdin, (rest, held)) = (send.stdin(), mpsc::channel());
        let feeder = thread::spawn(move || {
            let (last, most) = input.split_last().unwrap();
            // It fails if `send` was killed: then there is nothing to finish.
            if stdin.write_all(most).is_ok() && held.recv().is_ok() {
                let _ = stdin.write_all(&[*last]);
            }
        });
        Self { rest, feeder }
    }

    fn finish(self) {
        let _ = self.rest.send(()); // it is gone if its input is
        self.feeder.join().unwrap();
    }
}

#[test]
fn a_recv_killed_in_the_middle_harms_nobody() {
    let scratch = Scratch::new("recv");
    let input = seq(LINES);
    let mut recvs = scratch.three_recvs();
    let mut send = scratch.send_from(&ARGS, Stdio::piped());
    let held = Held::feed(&mut send, input.clone());
    recvs[1].has_written(MIDDLE);
    recvs[1].process.kill(Signal::KILL);
    assert_eq!(recvs[1].process.end().status.code(), None);
    assert!(recvs[1].written().len() < input.len(), "not in the middle");
    held.finish();
    assert_eq!(send.ends_with(0).stderr, "");
    same(&recvs[0].wrote(0), &input);
    same(&recvs[2].wrote(0), &input);
    scratch.assert_nothing_left();
}

#[test]
fn recvs_drain_what_a_killed_send_has_sent_and_say_so() {
    let scratch = Scratch::new("send");
    let input = seq(LINES);
    let mut recvs = scratch.three_recvs();
    let mut send = scratch.send_from(&ARGS, Stdio::piped());
    let held = Held::feed(&mut send, input.clone());
    recvs[1].has_written(MIDDLE);
    send.kill(Signal::KILL);
    assert_eq!(send.end().status.code(), None);
    held.finish();
    let got = recvs[0].wrote(3);
    assert!(got.len() < input.len() && got.ends_with(b"\n"), "not in the middle");
    same(&got, &input[..got.len()]);
    for recv in &mut recvs[1..] {
        same(&recv.wrote(3), &got);
    }
    scratch.assert_nothing_left();
}

#[test]
fn a_send_killed_beside_another_harms_nobody() {
    let scratch = Scratch::new("other");
    let mut recv = scratch.recv("out");
    let mut first = scratch.send_from(&["--slots", "2"], Stdio::piped());
    let mut stdin = first.stdin();
    stdin.write_all(b"from the first\n").unwrap();
    recv.has_written(15);
    let mut second = scratch.send_from(&[], Stdio::piped());
    let held = Held::feed(&mut second, seq(LINES));
    recv.has_written(MIDDLE);
    second.kill(Signal::KILL);
    assert_eq!(second.end().status.code(), None);
    held.finish();
    stdin.write_all(b"again\n").unwrap();
    drop(stdin);
    first.ends_with(0);
    // Who was killed has not finished, but somebody has, and nobody else lives: that is END.
    let got = recv.wrote(0);
    assert!(got.starts_with(b"from the first\n1\n2\n") && got.ends_with(b"\nagain\n"));
    scratch.assert_nothing_left();
}

#[test]
fn a_recv_that_finds_the_channel_corrupt_says_what_it_found() {
    let scratch = Scratch::new("corrupt");
    let mut recv = scratch.recv("out");
    let mut send = scratch.send_from(&["--slots", "2"], Stdio::piped());
    let mut stdin = send.stdin();
    stdin.write_all(b"the only line\n").unwrap();
    recv.has_written(14);
    // Another process writes where none may: so many messages cannot be there.
    let geometry = Geometry { slots: 2, slot_size: 4096, consumers: 8, producers: 8, start_with: 1, end_after: 1 };
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
