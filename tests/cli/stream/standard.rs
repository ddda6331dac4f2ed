//! A stdin or stdout that is closed, cannot be used, is non-blocking or is a terminal.

use super::descriptors::{pipe, terminal};
use super::process::{Process, Scratch, command, eventually, read, seq};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::OFlags;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
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

/// SIGXFSZ killed an earlier `recv` there. It left the name of the channel, unless another process removed it.
#[test]
fn commands_name_limit_when_stdout_is_a_file_too_large() {
    let scratch = Scratch::new("size");
    let stdout = |name: &str| File::create(scratch.file(name)).unwrap().into();
    let mut recv = Process::with_limit("-f 1", &["recv", &scratch.name], Stdio::null(), stdout("recv"));
    let mut send = scratch.send(&["--slots", "4"], &seq(10_000));
    let error = recv.ends_with(1).stderr;
    assert_eq!(error, "ackcast: cannot write to stdout: File too large (os error 27)\n");
    send.ends_with(0);
    scratch.assert_nothing_left();

    // A demo needs larger files for its segments.
    let args = ["demo", "--messages", "20000", "--slots", "64"];
    let mut demo = Process::with_limit("-f 2000", &args, Stdio::null(), stdout("demo"));
    let error = demo.ends_with(1).stderr;
    assert!(error.contains("cannot write to stdout: File too large (os error 27)"), "{error}");
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

/// Waits until the pipe or socket is full. A command that fails there has ended by then, or ends soon.
fn is_full(writer: OwnedFd) {
    let poll = |poll: &mut [PollFd<'_>]| rustix::event::poll(poll, Some(&Timespec::default())).unwrap();
    eventually("the command writes too little", || poll(&mut [PollFd::new(&writer, PollFlags::OUT)]) == 0);
}

/// Sets the flag of the open file. All descriptors of it share the flag.
fn set_nonblocking(fd: impl AsFd) {
    rustix::fs::fcntl_setfl(fd, OFlags::NONBLOCK).unwrap();
}

/// An earlier demo ended with "cannot write to stdout: Resource temporarily unavailable".
#[test]
fn demo_writes_all_lines_when_stdout_is_nonblocking() {
    let (reader, writer) = pipe();
    set_nonblocking(&writer);
    let args = ["demo", "--messages", "5000", "--slots", "64"];
    let mut demo = Process::new(&args, Stdio::null(), writer.try_clone().unwrap().into());
    is_full(writer);
    let text = String::from_utf8(read(reader, None)).unwrap();
    assert_eq!(demo.ends_with(0).stderr, "");
    let count = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!(["Producer wrote: ", "Consumer 1 read: ", "Consumer 2 read: "].map(count), [5000; 3]);
    assert!(text.ends_with("\nAll processes finished.\n"));
}

/// Both read from one non-blocking pipe. One of them often finds that the other has read what both were told of.
#[test]
fn sends_read_all_when_they_share_a_nonblocking_stdin() {
    let scratch = Scratch::new("shared");
    let mut recv = scratch.recv("out");
    let (reader, writer) = pipe();
    set_nonblocking(&reader);
    let stdin = || Stdio::from(reader.try_clone().unwrap());
    let mut sends = [(); 2].map(|()| scratch.send_from(&["--producers", "2"], stdin()));
    let mut writer = File::from(writer);
    for number in 0..2000 {
        let line = format!("{number}\n");
        writer.write_all(line.as_bytes()).unwrap(); // a single write: no `send` reads a part of a line
        eventually("no `send` reads", || rustix::io::ioctl_fionread(&reader).unwrap() == 0);
    }
    drop(writer);
    sends.iter_mut().for_each(|send| assert_eq!(send.ends_with(0).stderr, ""));
    let text = String::from_utf8(recv.wrote(0)).unwrap();
    let mut numbers: Vec<u32> = text.lines().map(|line| line.parse().unwrap()).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..2000));
    scratch.assert_nothing_left();
}

/// A failure's line must not be lost either.
#[test]
fn error_is_written_when_stderr_is_a_full_nonblocking_pipe() {
    let (reader, writer) = pipe();
    set_nonblocking(&writer);
    let mut filler = File::from(writer.try_clone().unwrap());
    while filler.write(&[b'x'; 4096]).is_ok() {}
    drop(filler);
    let mut demo = std::process::Command::new(command());
    demo.args(["demo", "--slots", "1048576", "--slot-size", "1073741824"]).stdout(Stdio::null()).stderr(writer);
    let mut child = demo.spawn().unwrap();
    drop(demo); // has the writer's end
    let state = || std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    eventually("the command neither waits nor ends", || [") S ", ") Z "].iter().any(|it| state().contains(it)));
    let text = String::from_utf8(read(reader, None)).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(text.trim_start_matches('x').starts_with("ackcast: 1048576 slots of"), "{}", text.trim_start_matches('x'));
}

/// Ctrl-D at the start of a line ends the input. After a part of a line, the first Ctrl-D hands over this part, and the
/// second ends the input. An earlier `send` needed a third.
#[test]
fn send_ends_when_a_terminal_ends_its_input_once() {
    for (typed, lines) in [("a\nb\n\x04", "a\nb\n"), ("a\nb\x04\x04", "a\nb"), ("\x04", "")] {
        let scratch = Scratch::new("terminal");
        let (mut keyboard, stdin) = terminal();
        let mut recv = scratch.recv("out");
        let mut send = scratch.send_from(&[], stdin.into());
        keyboard.write_all(typed.as_bytes()).unwrap();
        assert_eq!(send.ends_with(0).stderr, "", "{typed:?}");
        assert_eq!(recv.wrote(0), lines.as_bytes());
        scratch.assert_nothing_left();
    }
}
