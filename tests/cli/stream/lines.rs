//! `recv` writes byte for byte what `send` reads.

use super::descriptors::pipe;
use super::process::{LIMIT, Process, Scratch, eventually, read, same, seq};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;

/// Lines of many lengths, with empty lines, bytes that are no UTF-8, and a last line without newline.
fn bytes() -> Vec<u8> {
    let line = |n: usize| (0..n % 300).map(|k| (k * 7 + n) as u8).chain([b'\n']).collect::<Vec<_>>();
    let mut bytes: Vec<u8> = (0..3000).flat_map(line).collect();
    bytes.extend(b"\0\xff\xfe the last");
    bytes
}

#[test]
fn recvs_write_what_send_read_in_any_start_order() {
    for (round, (backend, send_first)) in
        [("futex", false), ("futex", true), ("raw-sync", false), ("raw-sync", true)].into_iter().enumerate()
    {
        let scratch = Scratch::new(&format!("bytes-{round}"));
        let args = ["--consumers", "3", "--slots", "4", "--backend", backend];
        let (mut send, mut recvs);
        if send_first {
            send = scratch.send(&args, &bytes());
            eventually("`send` creates no channel", || scratch.segment().exists());
            recvs = scratch.three_recvs();
        } else {
            recvs = scratch.three_recvs();
            eventually("`recv` does not start", || recvs.iter().all(|recv| recv.process.handles_signals()));
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
fn send_waits_for_recvs_when_input_is_empty() {
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
fn send_names_line_that_is_too_long() {
    let scratch = Scratch::new("long");
    let mut recv = scratch.recv("out");
    let mut send = scratch.send(&["--lines", "--slot-size", "8"], b"1234567\nlast fit\n12345678\nnever\n");
    let error = send.ends_with(1).stderr;
    assert!(error.starts_with("ackcast: line 2 has 9 bytes with its newline, a slot holds 8;"), "{error}");
    assert_eq!(recv.wrote(3), b"1234567\n"); // `send` has failed without finishing
    scratch.assert_nothing_left();
}

#[test]
fn commands_name_io_error_of_stdin_and_stdout() {
    let scratch = Scratch::new("full");
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut recv = Process::new(&["recv", &scratch.name], Stdio::null(), full.into());
    scratch.send(&[], b"line\n").ends_with(0);
    let error = recv.ends_with(1).stderr;
    assert_eq!(error, "ackcast: cannot write to stdout: No space left on device (os error 28)\n");
    scratch.assert_nothing_left();
}

/// An earlier `recv` found the channel only if its poll fell into the moment between creation and failure.
#[test]
fn recv_exits_with_3_when_send_fails_at_its_first_line() {
    let unreadable = "ackcast: cannot read stdin: Is a directory (os error 21)\n";
    let too_long = "ackcast: line 1 has 9 bytes with its newline, a slot holds 8;";
    for (round, (folder, expected)) in [(true, unreadable), (false, too_long)].into_iter().enumerate() {
        for send_first in [false, true] {
            let scratch = Scratch::new(&format!("first-{round}-{send_first}"));
            let start_send = || match folder {
                true => scratch.send_from(&[], File::open("/").unwrap().into()),
                false => scratch.send(&["--lines", "--slot-size", "8"], b"12345678\n"),
            };
            let early = send_first.then(start_send);
            if send_first {
                eventually("`send` creates no channel", || scratch.segment().exists());
            }
            let mut recv = scratch.recv("out");
            eventually("`recv` does not start", || recv.process.handles_signals());
            let mut send = early.unwrap_or_else(start_send);
            let error = send.ends_with(1).stderr;
            assert!(error.starts_with(expected), "{error}");
            assert_eq!(recv.wrote(3), b"");
            scratch.assert_nothing_left();
        }
    }
}

/// The buffer of `recv` holds 64 KiB.
#[test]
fn lines_arrive_whole_when_longer_than_the_buffer() {
    let scratch = Scratch::new("buffer");
    let line = |letter: u8, len: usize| [vec![letter; len], vec![b'\n']].concat();
    let input = [line(b'a', 10), line(b'b', 100_000), line(b'c', 65_535), line(b'd', 65_536)].concat();
    let mut recv = scratch.recv("out");
    scratch.send(&["--lines", "--slot-size", "200000"], &input).ends_with(0);
    same(&recv.wrote(0), &input);
    scratch.assert_nothing_left();
}

#[test]
fn recv_writes_line_before_the_next_is_sent() {
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
fn other_recvs_get_all_lines_when_a_reader_leaves() {
    let scratch = Scratch::new("reader");
    let mut recvs = [scratch.recv("first"), scratch.recv("second")];
    let mut gone = scratch.recv_to_pipe();
    let input = seq(40_000); // more than the pipe, the buffer and the ring hold
    let mut send = scratch.send(&["--lines", "--consumers", "3", "--slots", "16"], &input);
    read(gone.stdout(), Some(2)); // and closes it
    assert_eq!(gone.ends_with(141).stderr, "");
    send.ends_with(0);
    for recv in &mut recvs {
        same(&recv.wrote(0), &input);
    }
    scratch.assert_nothing_left();
}

/// An earlier `recv` noticed it only when it wrote the next line.
#[test]
fn recv_ends_when_its_reader_leaves_a_quiet_channel() {
    let scratch = Scratch::new("quiet");
    for kind in [Kind::Pipe, Kind::Socket] {
        let (reader, writer) = kind.pair();
        let mut alone = Process::new(&["recv", &scratch.name], Stdio::null(), writer);
        eventually("`recv` does not start", || alone.handles_signals());
        assert!(alone.runs()); // the twin: `recv` waits while the reader is there
        drop(reader);
        assert_eq!(alone.ends_with(141).stderr, "", "{kind:?}: no channel");

        let (reader, writer) = kind.pair();
        let mut recv = Process::new(&["recv", &scratch.name], Stdio::null(), writer);
        let mut send = scratch.send_from(&[], Stdio::piped());
        let mut stdin = send.stdin();
        stdin.write_all(b"line\n").unwrap();
        read(reader.try_clone().unwrap(), Some(5));
        assert!(recv.runs());
        drop(reader);
        assert_eq!(recv.ends_with(141).stderr, "", "{kind:?}: no line");
        drop(stdin);
        send.ends_with(0);
        scratch.assert_nothing_left();
    }
}

/// What stands between `recv` and its reader.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Pipe,
    Socket,
}

impl Kind {
    /// The reader's end, and the stdout of `recv`.
    fn pair(self) -> (File, Stdio) {
        let (reader, writer) = match self {
            Self::Pipe => pipe(),
            Self::Socket => {
                UnixStream::pair().map(|(reader, writer)| (OwnedFd::from(reader).into(), writer.into())).unwrap()
            }
        };
        (reader, writer.into())
    }
}
