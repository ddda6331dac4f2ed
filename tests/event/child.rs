//! The roles of re-executed processes.

use crate::reexec::{go, role};
use crate::{HANG, MESSAGES, is_readable};
use ackcast::{Channel, Consumer, EventError, Producer, RecvError};
use std::mem::MaybeUninit;
use std::time::Duration;

/// A message of a numbered producer.
pub fn encode(producer: u64, number: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&producer.to_ne_bytes());
    bytes[8..].copy_from_slice(&number.to_ne_bytes());
    bytes
}

/// Who sent a message, and its number.
pub fn decode(message: &[u8]) -> (u64, u64) {
    let (producer, number) = message.split_at(8);
    (u64::from_ne_bytes(producer.try_into().unwrap()), u64::from_ne_bytes(number.try_into().unwrap()))
}

/// Entry point of a child. In the parent, this test does nothing.
#[test]
fn entry() {
    let Some((role, channel)) = role() else { return };
    match role.as_str() {
        "producer" => stream(&channel),
        "attached producer" => {
            let _producer = Producer::attach(&channel).unwrap();
            eprintln!("ready");
            go();
        }
        "idle consumer" => {
            let mut consumer = Consumer::attach(&channel).unwrap().into_event().unwrap();
            assert_eq!(consumer.try_recv(), Ok(None));
            eprintln!("asked");
            go();
        }
        "counting consumer" => count_sleeps(&channel),
        "dropper" => drop_handles(&channel),
        "event producer 0" => send_in_event_loop(&channel, 0),
        "event producer 1" => send_in_event_loop(&channel, 1),
        "numbered producer 2" => {
            let mut producer = Producer::attach(&channel).unwrap();
            for number in 0..MESSAGES {
                producer.send(&encode(2, number)).unwrap();
            }
            producer.finish().unwrap();
        }
        "without descriptors" => be_refused(&channel),
        other => panic!("no role {other:?}"),
    }
    std::process::exit(0);
}

/// Sends numbers. Most come densely; some come after the consumer has had time to find nothing.
fn stream(channel: &str) {
    let mut producer = Producer::attach(channel).unwrap();
    for number in 0..MESSAGES {
        producer.send(&number.to_ne_bytes()).unwrap();
        if number % 64 == 0 {
            std::thread::yield_now();
        }
        if number % 1024 == 0 {
            std::thread::sleep(Duration::from_millis(1)); // the input of the test, not synchronisation
        }
    }
    producer.finish().unwrap();
}

fn send_in_event_loop(channel: &str, which: u64) {
    let mut producer = Producer::attach(channel).unwrap().into_event().unwrap();
    for number in 0..MESSAGES {
        while !producer.try_send(&encode(which, number)).unwrap() {
            assert!(is_readable(&producer, HANG), "no room, and no sign of it");
        }
    }
    while producer.try_finish().unwrap().is_none() {
        assert!(is_readable(&producer, HANG), "no room for END, and no sign of it");
    }
}

/// How often the threads of this process have slept.
fn process_sleeps() -> i64 {
    let mut usage = MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: `usage` is writable.
    assert_eq!(unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) }, 0);
    // SAFETY: the call has succeeded, so it has initialised `usage`.
    unsafe { usage.assume_init() }.ru_nvcsw
}

/// Prints how often this process slept in each idle second, up to END.
fn count_sleeps(channel: &str) {
    let mut consumer = Consumer::attach(channel).unwrap().into_event().unwrap();
    loop {
        let before = process_sleeps();
        match consumer.try_recv() {
            Ok(None) => {}
            Err(RecvError::Ended) => return,
            other => panic!("{other:?}"),
        }
        if !is_readable(&consumer, Duration::from_secs(1)) {
            eprintln!("{}", process_sleeps() - before);
        }
    }
}

/// Drops consumers in each state, many times. No bell's thread is left.
fn drop_handles(name: &str) {
    let _channel = Channel::create(name).slots(4).build().unwrap();
    let mut producer = Producer::attach(name).unwrap();
    for round in 0..200_u32 {
        let mut consumer = Consumer::attach(name).unwrap().into_event().unwrap();
        if round % 4 > 0 {
            assert_eq!(consumer.try_recv(), Ok(None));
        }
        if round % 4 > 1 {
            producer.send(b"message").unwrap();
        }
        if round % 4 > 2 {
            assert!(consumer.try_recv().unwrap().is_some());
        }
        drop(consumer);
        // A thread that was joined may be in /proc for a moment more.
        let end = std::time::Instant::now() + HANG;
        while bells() > 0 {
            assert!(std::time::Instant::now() < end, "round {round}: a thread is left");
            std::thread::yield_now();
        }
    }
}

/// The number of bells' threads in this process.
fn bells() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let names = tasks.map(|task| std::fs::read_to_string(task.path().join("comm")).unwrap_or_default());
    names.filter(|name| name.trim() == "ackcast-bell").count()
}

/// No descriptor is left, then one, then two: the handle is refused with an error each time.
fn be_refused(channel: &str) {
    let spare = |count: usize| {
        let files: Vec<_> = std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect();
        files.into_iter().skip(count).collect::<Vec<_>>()
    };
    rustix::process::setrlimit(
        rustix::process::Resource::Nofile,
        rustix::process::Rlimit { current: Some(64), maximum: Some(64) },
    )
    .unwrap();
    for count in [0, 1] {
        let consumer = Consumer::attach(channel).unwrap();
        let _taken = spare(count);
        match consumer.into_event() {
            Err(EventError::Open(error)) => eprintln!("{error}"),
            other => panic!("{count} descriptors suffice: {other:?}"),
        }
    }
}
