//! What goes in comes out, byte for byte.

use super::process::{LIMIT, Process, Scratch, same, seq};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;

/// Lines of many lengths, empty ones, no UTF-8, and a last one without newline.
fn bytes() -> Vec<u8> {
    let line = |n: usize| (0..n % 300).map(|k| (k * 7 + n) as u8).chain([b'\n']).collect::<Vec<_>>();
    let mut bytes: Vec<u8> = (0..3000).flat_map(line).collect();
    bytes.extend(b"\0\xff\xfe the last");
    bytes
}

#[test]
fn every_recv_writes_what_send_read_whoever_comes_first() {
    for (round, (backend, send_first)) in
        [("futex", false), ("futex", true), ("raw-sync", false), ("raw-sync", true)].into_iter().enumerate()
    {
        let scratch = Scratch::new(&format!("bytes-{round}"));
        let args = ["--consumers", "3", "--slots", "4", "--backend", backend];
        let (mut send, mut recvs);
        if send_first {
            send = scratch.send(&args, &bytes());
            super::process::eventually("no channel comes", || scratch.segment().exists());
            recvs = scratch.three_recvs();
        } else {
            recvs = scratch.three_recvs();
            super::process::eventually("they wait", || recvs.iter().all(|recv| recv.process.handles_signals()));
            send = scratch.send(&args, &bytes());
        }
        assert_eq!(send.ends_with(0).stderr, "");
        for recv in &mut recvs {
            same(&recv.wrote(0), &bytes());
        }
        scratch.assert_nothing_left();
    }
}

#[test]
fn no_input_is_the_end_alone_and_waits_for_recv_as_well() {
    let scratch = Scratch::new("empty");
    let mut send = scratch.send(&["--consumers", "2"], b"");
    let mut first = scratch.recv("first");
    thread::sleep(std::time::Duration::from_millis(50));
    assert!(send.runs() && first.process.runs());
    let mut second = scratch.recv("second");
    send.ends_with(0);
    assert_eq!((first.wrote(0), second.wrote(0)), (vec![], vec![]));
    scratch.assert_nothing_left();
}

#[test]
fn a_line_that_does_not_fit_is_named_and_what_came_before_arrives() {
    let scratch = Scratch::new("long");
    let mut recv = scratch.recv("out");
    let mut send = scratch.send(&["--slot-size", "8"], b"1234567\nlast fit\n12345678\nnever\n");
    let error = send.ends_with(1).stderr;
    assert!(error.starts_with("ackcast: line 2 has 9 bytes with its newline, a slot holds 8;"), "{error}");
    assert_eq!(recv.wrote(3), b"1234567\n"); // not all there was to be
    scratch.assert_nothing_left();
}

#[test]
fn recv_that_cannot_write_and_send_that_cannot_read_say_why() {
    let scratch = Scratch::new("full");
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut recv = Process::new(&["recv", &scratch.name], Stdio::null(), full.into());
    scratch.send(&[], b"line\n").ends_with(0);
    let error = recv.ends_with(1).stderr;
    assert_eq!(error, "ackcast: cannot write to stdout: No space left on device (os error 28)\n");
    let folder = File::open("/").unwrap();
    let error = scratch.send_from(&[], folder.into()).ends_with(1).stderr;
    assert_eq!(error, "ackcast: cannot read stdin: Is a directory (os error 21)\n");
    scratch.assert_nothing_left();
}

/// `recv` gathers 64 KiB before it writes.
#[test]
fn lines_longer_than_the_buffer_of_recv_arrive_whole() {
    let scratch = Scratch::new("buffer");
    let line = |letter: u8, len: usize| [vec![letter; len], vec![b'\n']].concat();
    let input = [line(b'a', 10), line(b'b', 100_000), line(b'c', 65_535), line(b'd', 65_536)].concat();
    let mut recv = scratch.recv("out");
    scratch.send(&["--slot-size", "200000"], &input).ends_with(0);
    same(&recv.wrote(0), &input);
    scratch.assert_nothing_left();
}

#[test]
fn a_line_is_written_when_it_comes_and_not_when_more_have() {
    let scratch = Scratch::new("interactive");
    let mut send = scratch.send_from(&[], Stdio::piped());
    let mut recv = scratch.recv_to_pipe();
    let (mut stdin, stdout) = (send.stdin(), recv.stdout());
    let (line, lines) = mpsc::channel();
    let reader =
        thread::spawn(move || BufReader::new(stdout).lines().for_each(|read| line.send(read.unwrap()).unwrap()));
    for n in 0..20 {
        writeln!(stdin, "line {n}").unwrap();
        assert_eq!(lines.recv_timeout(LIMIT).unwrap(), format!("line {n}"));
    }
    drop(stdin);
    send.ends_with(0);
    recv.ends_with(0);
    reader.join().unwrap();
    scratch.assert_nothing_left();
}

#[test]
fn a_recv_whose_reader_goes_away_leaves_and_the_others_go_on() {
    let scratch = Scratch::new("reader");
    let mut recvs = [scratch.recv("first"), scratch.recv("second")];
    let mut gone = scratch.recv_to_pipe();
    drop(gone.stdout());
    let mut send = scratch.send(&["--consumers", "3", "--slots", "16"], &seq(10_000));
    assert_eq!(gone.ends_with(141).stderr, "");
    send.ends_with(0);
    for recv in &mut recvs {
        same(&recv.wrote(0), &seq(10_000));
    }
    scratch.assert_nothing_left();
}
