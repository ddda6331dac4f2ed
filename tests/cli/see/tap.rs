//! `ackcast tap`: what it sees, what it misses, and how it ends.

use crate::descriptors::pipe;
use crate::process::{Process, Scratch, eventually};
use crate::setting::{Leftover, channel, run};
use ackcast::{Backend, Builder, Channel, Consumer, Producer};
use rustix::process::Signal;
use serde_json::Value;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::thread;

/// A `tap` whose output goes to a file.
struct Tapped {
    process: Process,
    path: PathBuf,
}

impl Tapped {
    /// Starts `tap`, and waits until it sees the channel.
    fn start(scratch: &Scratch, args: &[&str]) -> Self {
        let path = scratch.file("tapped");
        let stdout = File::create(&path).unwrap().into();
        let process = Process::new(&[&["tap", &scratch.name], args].concat(), Stdio::null(), stdout);
        let tapped = Self { process, path };
        tapped.process.polls(&scratch.name);
        tapped
    }

    fn lines(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.path).unwrap();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Sends so many messages at full speed, each of which proves that it is whole. Two consumers receive them.
fn send_fast(producer: &mut Producer, consumers: [Consumer; 2], count: u64) {
    thread::scope(|scope| {
        for mut consumer in consumers {
            scope.spawn(move || assert_eq!(consumer.iter().map(Result::unwrap).count() as u64, count));
        }
        for number in 0..count {
            if number % 5 == 0 {
                producer.loan().unwrap().fill(b'x'); // it leaves garbage in its slot
            }
            producer.send(text(number).as_bytes()).unwrap();
        }
        producer.finish().unwrap();
    });
}

/// A message of a length that follows from its number: the number, over and over.
fn text(number: u64) -> String {
    let times = 1 + number.wrapping_mul(0x9e37_79b9_7f4a_7c15) as usize % 40;
    format!("{number} ").repeat(times)
}

#[test]
fn tap_writes_no_torn_message() {
    for (slots, backend) in
        [(1, Backend::Futex), (2, Backend::Futex), (8, Backend::Futex), (1024, Backend::Futex), (8, Backend::RawSync)]
    {
        let scratch = Scratch::new(&format!("tap-{slots}-{backend:?}"));
        let set = |new: Builder| new.slots(slots).slot_size(512).backend(backend).consumers(2);
        let (_channel, mut producer, consumer) = channel(&scratch, set);
        let consumers = [consumer, Consumer::attach(&scratch.name).unwrap()];
        let mut tapped = Tapped::start(&scratch, &["--json"]);
        let count = 20_000;
        send_fast(&mut producer, consumers, count);
        let stderr = tapped.process.ends_with(0).stderr;
        let lines = tapped.lines();
        let mut last = None;
        for line in &lines {
            let sequence = line["sequence"].as_u64().unwrap();
            assert!(last < Some(sequence), "{sequence} after {last:?}");
            assert_eq!(line["text"], text(sequence), "a torn message");
            assert_eq!(line["length"].as_u64().unwrap() as usize, text(sequence).len());
            last = Some(sequence);
        }
        let missed = count - lines.len() as u64;
        println!("{slots} slots, {backend:?}: {} of {count}", lines.len());
        let said = if missed == 1 { "1 message".to_owned() } else { format!("{missed} messages") };
        let expected = if missed == 0 { String::new() } else { format!("ackcast: missed {said} in all\n") };
        assert_eq!(stderr, expected, "{slots} slots");
    }
}

/// Each message is sent when `tap` has written the one before.
#[test]
fn tap_misses_no_message_of_slow_stream() {
    for (slots, backend) in [(4, Backend::Futex), (8, Backend::Futex), (1024, Backend::RawSync)] {
        let scratch = Scratch::new(&format!("slow-{slots}"));
        let (_channel, mut producer, mut consumer) = channel(&scratch, |new| new.slots(slots).backend(backend));
        let mut tapped = Tapped::start(&scratch, &["--json"]);
        for number in 0..50 {
            producer.send(number.to_string().as_bytes()).unwrap();
            consumer.recv().unwrap(); // so no consumer keeps the message in the ring
            eventually("`tap` does not write the message", || tapped.lines().len() > number);
            let lines = tapped.lines();
            assert_eq!(
                (lines.len(), &lines[number]["text"]),
                (number + 1, &number.to_string().into()),
                "{slots} slots"
            );
        }
        producer.finish().unwrap();
        assert_eq!(tapped.process.ends_with(0).stderr, "");
    }
}

/// On a ring of one slot, `tap` sees the message that a consumer has not received yet, and misses the others.
#[test]
fn tap_says_how_many_messages_it_missed() {
    let scratch = Scratch::new("missed");
    let (_channel, mut producer, mut consumer) = channel(&scratch, |new| new.slots(1));
    let mut tapped = Tapped::start(&scratch, &["-v", "--json"]);
    tapped.process.kill(Signal::STOP);
    for _ in 0..100 {
        producer.send(b"unseen\n").unwrap();
        consumer.recv().unwrap();
    }
    producer.send(b"seen\n").unwrap();
    tapped.process.kill(Signal::CONT);
    eventually("`tap` does not see the message", || !tapped.lines().is_empty());
    assert_eq!(tapped.lines()[0]["text"], "seen\n");
    consumer.recv().unwrap();
    producer.finish().unwrap();
    let stderr = tapped.process.ends_with(0).stderr;
    assert_eq!(stderr, "ackcast: missed 100 messages\nackcast: missed 100 messages in all\n");
}

#[test]
fn tap_starts_with_oldest_message_on_request() {
    let scratch = Scratch::new("oldest");
    let (_channel, mut producer, mut consumer) = channel(&scratch, |new| new.slots(8));
    for number in 0..20 {
        producer.send(format!("{number}\n").as_bytes()).unwrap();
        consumer.recv().unwrap();
    }
    producer.finish().unwrap();
    let (said, stderr) = run(&["tap", &scratch.name, "--from", "oldest", "--hex"], 0);
    assert_eq!((&*said, &*stderr), ("31390a\n", ""), "END is message 20, so 19 alone is surely whole");
    assert_eq!(run(&["tap", &scratch.name], 0), (String::new(), String::new()));
}

#[test]
fn tap_prints_bytes_as_hex_where_they_are_no_text() {
    let scratch = Scratch::new("hex");
    let (_channel, mut producer, _consumer) = channel(&scratch, |new| new);
    producer.send(b"\xff\0").unwrap();
    producer.send("ü\"\n".as_bytes()).unwrap();
    producer.send(b"").unwrap();
    producer.finish().unwrap();
    let (said, _) = run(&["tap", &scratch.name, "--json", "--from", "oldest"], 0);
    let lines = [
        r#"{"sequence":0,"length":2,"hex":"ff00"}"#,
        r#"{"sequence":1,"length":4,"text":"ü\"\n"}"#,
        r#"{"sequence":2,"length":0,"text":""}"#,
    ];
    assert_eq!(said, lines.map(|line| line.to_owned() + "\n").concat());
    let (said, _) = run(&["tap", &scratch.name, "--hex", "--from", "oldest"], 0);
    assert_eq!(said, "ff00\nc3bc220a\n\n");
}

#[test]
fn tap_exits_with_3_when_producers_are_lost_or_channel_is_gone() {
    let scratch = Scratch::new("lost");
    let (own, mut producer, consumer) = channel(&scratch, |new| new);
    let mut tapped = Tapped::start(&scratch, &["--json"]);
    producer.send(b"last").unwrap();
    drop(producer);
    let stderr = tapped.process.ends_with(3).stderr;
    assert_eq!(stderr, "ackcast: every producer died without finishing\n");
    assert_eq!(tapped.lines()[0]["text"], "last");
    let mut tapped = {
        let _producer = Producer::attach(&scratch.name).unwrap();
        let tapped = Tapped::start(&scratch, &["--json"]);
        tapped.process.kill(Signal::STOP); // it sees the end only when all handles are gone
        tapped
    };
    drop((own, consumer));
    scratch.assert_nothing_left(); // although it is tapped
    tapped.process.kill(Signal::CONT);
    let stderr = tapped.process.ends_with(3).stderr;
    assert_eq!(stderr, "ackcast: every producer died without finishing\n");
    // Without a producer, it is the channel that is gone.
    let own = Channel::create(&scratch.name).build().unwrap();
    let mut tapped = Tapped::start(&scratch, &[]);
    drop(own);
    let stderr = tapped.process.ends_with(3).stderr;
    assert_eq!(stderr, format!("ackcast: no process uses channel {:?} any more\n", scratch.name));
}

#[test]
fn tap_ends_by_signal_and_without_reader() {
    let scratch = Scratch::new("ends");
    let (_channel, _producer, _consumer) = channel(&scratch, |new| new);
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut tapped = Tapped::start(&scratch, &[]);
        tapped.process.kill(signal);
        assert_eq!(tapped.process.ends_with(code).stderr, "");
    }
    let (reader, writer) = pipe();
    let mut tap = Process::new(&["tap", &scratch.name], Stdio::null(), writer.into());
    tap.polls(&scratch.name);
    drop(reader); // while no message comes
    assert_eq!(tap.ends_with(141).stderr, "");
}

/// README lists it as an exception: a truncation within a call is a SIGBUS.
#[test]
fn tap_ends_when_channel_is_truncated() {
    let scratch = Scratch::new("truncated");
    let (_channel, _producer, _consumer) = channel(&scratch, |new| new);
    let mut tapped = Tapped::start(&scratch, &[]);
    File::options().write(true).open(scratch.segment()).unwrap().set_len(0).unwrap();
    let ended = tapped.process.end();
    if ended.status.signal() != Some(libc::SIGBUS) {
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        assert!(ended.stderr.contains("it has 0 bytes, and needs "), "{ended:?}");
    }
    std::mem::forget((_channel, _producer, _consumer)); // their words are gone, too
}

#[test]
fn tap_reads_orphan() {
    let scratch = Scratch::new("orphan-tap");
    let (_channel, mut producer, _consumer) = channel(&scratch, |new| new);
    producer.send(b"left\n").unwrap();
    let name = format!("{}-copy", scratch.name);
    let _orphan = Leftover::orphan(&scratch, &name, |_| {});
    let (said, stderr) = run(&["tap", &name, "--from", "oldest"], 3);
    assert_eq!(said, "left\n");
    assert_eq!(stderr, "ackcast: every producer died without finishing\n");
}
