//! Input without options: `send` cuts it anywhere, and `recv` writes the same bytes.

use super::descriptors::pipe;
use super::process::{LIMIT, Process, Scratch, eventually, read, same, seq};
use ackcast::segment::{Name, participants};
use rand::rngs::SmallRng;
use rand::{Rng, RngCore, SeedableRng};
use rustix::process::Signal;
use std::fs::File;
use std::io::{Read, Write};
use std::process::{ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Random bytes.
fn noise(count: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; count];
    SmallRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}

/// Compares what comes with `expected`, byte for byte. Sends how much has come whenever it is a further 10 MB.
fn compare(mut from: ChildStdout, expected: Arc<Vec<u8>>) -> (thread::JoinHandle<usize>, mpsc::Receiver<usize>) {
    let (progress, receiver) = mpsc::channel();
    let comparer = thread::spawn(move || {
        let (mut at, mut chunk) = (0, vec![0; 1 << 17]);
        while let count @ 1.. = from.read(&mut chunk).unwrap() {
            assert!(expected.get(at..at + count) == Some(&chunk[..count]), "a byte after byte {at} differs");
            if (at + count) / 10_000_000 > at / 10_000_000 {
                let _ = progress.send(at + count);
            }
            at += count;
        }
        at
    });
    (comparer, receiver)
}

#[test]
fn random_bytes_arrive_when_a_reader_is_killed() {
    let scratch = Scratch::new("noise");
    let input = Arc::new(noise(100_000_000, 18));
    let mut recvs = [(); 3].map(|()| scratch.recv_to_pipe());
    let readers = recvs.each_mut().map(|recv| compare(recv.stdout(), Arc::clone(&input)));
    let mut send = scratch.send_from(&["--consumers", "3"], Stdio::piped());
    let (mut stdin, bytes) = (send.stdin(), Arc::clone(&input));
    let (rest, held) = mpsc::channel::<()>();
    let feeder = thread::spawn(move || {
        let (mut random, mut left) = (SmallRng::seed_from_u64(19), &bytes[..]);
        while !left.is_empty() {
            if left.len() < 30_000_000 {
                let _ = held.recv(); // until the kill; from then on, the other end is gone
            }
            let (piece, others) = left.split_at(random.random_range(1..200_000).min(left.len()));
            stdin.write_all(piece).unwrap();
            left = others;
        }
    });
    let [first, second, third] = readers;
    while second.1.recv_timeout(LIMIT).unwrap() < 30_000_000 {}
    recvs[1].kill(Signal::KILL);
    drop(rest);
    assert_eq!(recvs[1].end().status.code(), None);
    assert!(second.0.join().unwrap() < input.len(), "the command was not in the middle of its input");
    feeder.join().unwrap();
    assert_eq!(send.ends_with(0).stderr, "");
    for (recv, reader) in [(0, first), (2, third)] {
        assert_eq!(reader.0.join().unwrap(), input.len());
        recvs[recv].ends_with(0);
    }
    scratch.assert_nothing_left();
}

#[test]
fn bytes_arrive_whatever_the_slots_hold() {
    let without_newline = vec![b'x'; 300_000];
    let one_long_line = [&b"short\n"[..], &vec![b'y'; 300_000], b"\nlast"].concat();
    for (round, input) in [noise(300_000, 20), without_newline, one_long_line, b"\n".to_vec()].into_iter().enumerate() {
        for ring in [&[][..], &["--slots", "1", "--slot-size", "1"], &["--slots", "3", "--slot-size", "70001"]] {
            let input = if ring.contains(&"1") { &input[..input.len().min(3000)] } else { &input };
            let scratch = Scratch::new(&format!("slots-{round}-{}", ring.len() + usize::from(ring.contains(&"3"))));
            let mut recvs = scratch.three_recvs();
            let mut send = scratch.send(&[&["--consumers", "3"], ring].concat(), input);
            assert_eq!(send.ends_with(0).stderr, "");
            recvs.iter_mut().for_each(|recv| same(&recv.wrote(0), input));
            scratch.assert_nothing_left();
        }
    }
}

#[test]
fn lines_of_two_sends_do_not_mix() {
    let scratch = Scratch::new("mix");
    let lines = |letter: char| -> String {
        (0..100_000).map(|n| format!("{letter}{n}{}\n", letter.to_string().repeat(n % 90))).collect()
    };
    let (first, second) = (lines('a'), lines('b'));
    let files = [("first", &first), ("second", &second)].map(|(name, lines)| {
        std::fs::write(scratch.file(name), lines).unwrap();
        File::open(scratch.file(name)).unwrap()
    });
    let args = ["--producers", "2", "--slots", "4", "--slot-size", "1000"];
    let mut sends = files.map(|file| scratch.send_from(&args, file.into()));
    let name = Name::new(&scratch.name).unwrap();
    let both = || participants(&name).is_ok_and(|found| found.is_some_and(|users| users.len() == 2));
    eventually("not both `send` join", both);
    let mut recv = scratch.recv("out"); // both begin now
    sends.iter_mut().for_each(|send| assert_eq!(send.ends_with(0).stderr, ""));
    let text = String::from_utf8(recv.wrote(0)).unwrap();
    let of = |letter: char| text.split_inclusive('\n').filter(|line| line.starts_with(letter)).collect::<String>();
    same(of('a').as_bytes(), first.as_bytes());
    same(of('b').as_bytes(), second.as_bytes());
    // The twin: lines of both stand between each other's, so they could have mixed.
    let switches = text.lines().zip(text.lines().skip(1)).filter(|(line, next)| line[..1] != next[..1]).count();
    assert!(switches > 2, "{switches} switches");
    scratch.assert_nothing_left();
}

/// A line's rest that is late does not hold the line's beginning back.
#[test]
fn unfinished_line_arrives_when_the_input_pauses() {
    let scratch = Scratch::new("pause");
    let mut send = scratch.send_from(&[], Stdio::piped());
    let mut recv = scratch.recv_to_pipe();
    let (mut stdin, mut stdout) = (send.stdin(), recv.stdout());
    for piece in ["Password: ", "x", "\n", "line\nand a part"] {
        stdin.write_all(piece.as_bytes()).unwrap();
        let mut found = vec![0; piece.len()];
        let (sender, done) = mpsc::channel();
        stdout = thread::scope(|scope| {
            scope.spawn(|| {
                stdout.read_exact(&mut found).unwrap();
                sender.send(stdout).unwrap();
            });
            done.recv_timeout(LIMIT).unwrap()
        });
        assert_eq!(found, piece.as_bytes());
    }
    drop(stdin);
    send.ends_with(0);
    recv.ends_with(0);
    scratch.assert_nothing_left();
}

/// `yes | ackcast send t & ackcast recv t | head -1`. An earlier `send` went on for ever, without a `recv`.
#[test]
fn endless_send_ends_when_its_last_recv_leaves() {
    let scratch = Scratch::new("yes");
    let mut yes = Command::new("yes").stdout(Stdio::piped()).spawn().unwrap();
    let mut send = scratch.send_from(&[], yes.stdout.take().unwrap().into());
    let mut recv = scratch.recv_to_pipe();
    assert_eq!(read(recv.stdout(), Some(2)), b"y\n"); // and closes it
    assert_eq!(recv.ends_with(141).stderr, "");
    let ended = send.ends_with(141);
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    assert!(ended.stderr.starts_with("ackcast: every `recv` has left before the end of the input;"), "{ended:?}");
    eventually("`yes` does not end", || yes.try_wait().unwrap().is_some());
    scratch.assert_nothing_left();
}

/// The negative twin: with `--consumers 0`, no `recv` has to be there.
#[test]
fn send_goes_on_for_nobody_when_told_to() {
    let scratch = Scratch::new("no-recv");
    scratch.send(&["--consumers", "0"], &seq(100_000)).ends_with(0);
    scratch.assert_nothing_left();
}

/// No process reads from the pipe. `recv` must end at a signal all the same, and must leave the pipe blocking for others.
#[test]
fn signal_ends_write_to_a_full_pipe() {
    let scratch = Scratch::new("full-pipe");
    let (reader, writer) = pipe();
    let mut recv = Process::new(&["recv", &scratch.name], Stdio::null(), writer.try_clone().unwrap().into());
    let mut send = scratch.send(&[], &noise(1 << 20, 21));
    let full = || rustix::io::ioctl_fionread(&reader).unwrap() >= 60_000;
    eventually("the pipe is never full", full);
    thread::sleep(Duration::from_millis(30)); // until then, `recv` has reached its wait
    assert!(recv.runs());
    assert!(!rustix::fs::fcntl_getfl(&writer).unwrap().contains(rustix::fs::OFlags::NONBLOCK));
    recv.kill(Signal::TERM);
    assert_eq!(recv.ends_with(143).stderr, "");
    // All bytes fit the ring. So whether `send` has seen that `recv` has left is a matter of time.
    let ended = send.end();
    assert!(matches!(ended.status.code(), Some(0 | 141)), "{ended:?}");
    scratch.assert_nothing_left();
}

/// The shell's own redirection: a FIFO that is opened for reading and writing.
#[test]
fn bytes_arrive_through_a_named_pipe() {
    let scratch = Scratch::new("fifo");
    let fifo = scratch.file("fifo");
    let made = Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(made.success());
    let opened = File::options().read(true).write(true).open(&fifo).unwrap();
    let mut recv = Process::new(&["recv", &scratch.name], Stdio::null(), opened.try_clone().unwrap().into());
    let input = noise(500_000, 22);
    let mut send = scratch.send(&[], &input);
    same(&read(opened, Some(input.len())), &input);
    send.ends_with(0);
    recv.ends_with(0);
    scratch.assert_nothing_left();
}
