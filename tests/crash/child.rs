//! Children: this test binary, re-executed as an ordinary process that attaches by name.

use crate::killer::{Killer, die, light_fuse};
use ackcast::layer::Deadline;
use ackcast::protocol;
use ackcast::segment::{Handle, Name};
use ackcast::{Consumer, Producer, RecvError};
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A call that takes longer hangs. A busy machine needs seconds for what takes milliseconds elsewhere.
pub const HANG: Duration = Duration::from_secs(60);
const ROLE: &str = "ACKCAST_CRASH_ROLE";
const CHANNEL: &str = "ACKCAST_CRASH_CHANNEL";
const NUMBER: &str = "ACKCAST_CRASH_NUMBER";

/// A child process. Dropping it kills and reaps it.
#[derive(Debug)]
pub struct Process(pub Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    /// Starts a child in this role.
    pub fn start(role: &str, channel: &str, number: usize) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["child::entry", "--exact", "--nocapture", "--test-threads=1"]);
        command.env(ROLE, role).env(CHANNEL, channel).env(NUMBER, number.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    /// Waits for the child's next line on standard error, and checks it.
    pub fn expect(&mut self, line: &str) {
        let said = self.0.stderr.as_mut().unwrap();
        let mut found = Vec::new();
        let mut byte = [0];
        while said.read(&mut byte).unwrap() == 1 && byte != *b"\n" {
            found.push(byte[0]);
        }
        assert_eq!(String::from_utf8_lossy(&found), line);
    }

    /// Kills and reaps the child.
    pub fn kill(mut self) {
        self.0.kill().unwrap();
        self.wait();
    }

    /// Waits for the child's end, for at most [`HANG`].
    pub fn wait(&mut self) -> std::process::ExitStatus {
        let end = Instant::now() + HANG;
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "a child hangs");
            std::thread::sleep(Duration::from_micros(300));
        }
    }
}

/// Entry point of a child. In the parent, this test does nothing.
#[test]
fn entry() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let channel = std::env::var(CHANNEL).unwrap();
    let number = std::env::var(NUMBER).unwrap().parse().unwrap();
    // The child dies with its parent: a test that fails must not leave children behind.
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).unwrap();
    if !role.starts_with("soak") && !role.starts_with("storm") {
        // The child ends after `HANG`, because the parent may be waiting for its next line.
        std::thread::spawn(|| {
            std::thread::sleep(HANG);
            eprintln!("the child still runs after {HANG:?}");
            std::process::exit(1);
        });
    }
    match role.as_str() {
        "fused producer" => fused_producer(&channel, number, false),
        "fused batch producer" => fused_producer(&channel, number, true),
        "fused consumer" => fused_consumer(&channel, number),
        "lock holder" => hold_lock(&channel),
        "idle consumer" => idle_consumer(&channel),
        "consumer with a child" => {
            let consumer = Consumer::attach(&channel).unwrap();
            let mut sleeper = Command::new("sleep");
            sleeper.arg("20").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            drop(sleeper.spawn().unwrap()); // outlives this process, and ends by itself
            idle(consumer);
        }
        "idle producer" => idle_producer(&channel),
        "heavy producer" => crate::release::heavy_producer(&channel, number),
        "soak producer" => crate::soak::producer(&channel, number),
        "soak consumer" => crate::soak::consumer(&channel),
        "storm producer" => crate::storm::roles::producer(&channel, number),
        "storm consumer" => crate::storm::roles::consumer(&channel, number),
        other => panic!("no role {other:?}"),
    }
    std::process::exit(0);
}

/// The number of messages that a fused child sends or receives.
pub const MESSAGES: u64 = 3;

/// Sends `MESSAGES` numbers, in a batch or separately, and finishes. The fuse kills the process at operation `k`.
fn fused_producer(channel: &str, k: usize, together: bool) {
    let handle = Handle::open(&Name::new(channel).unwrap()).unwrap();
    light_fuse(k);
    let mut producer = protocol::Producer::join(handle.channel::<Killer>().unwrap()).unwrap();
    let messages: Vec<_> = (0..MESSAGES).map(u64::to_ne_bytes).collect();
    if together {
        producer.send_batch(&messages, Deadline::Never).unwrap();
    } else {
        messages.iter().for_each(|message| producer.send(message, Deadline::Never).unwrap());
    }
    producer.finish(Deadline::Never).unwrap();
    drop(producer);
    eprintln!("lived");
}

/// Receives `MESSAGES` messages, from the oldest retained one on, and leaves. The fuse kills the process at operation `k`.
fn fused_consumer(channel: &str, k: usize) {
    let handle = Handle::open(&Name::new(channel).unwrap()).unwrap();
    light_fuse(k);
    let channel = handle.channel::<Killer>().unwrap();
    let mut consumer = protocol::Consumer::join_at(channel, protocol::Start::Oldest).unwrap();
    for _ in 0..MESSAGES {
        match consumer.receive(Deadline::Never) {
            Err(RecvError::ProducersLost(_)) => break,
            message => drop(message.unwrap()),
        }
    }
    drop(consumer);
    eprintln!("lived");
}

/// Writes half a message under the write lock, reports it, and dies when the parent says so.
fn hold_lock(channel: &str) {
    let mut producer = Producer::attach(channel).unwrap();
    let mut loan = producer.loan().unwrap();
    loan[..4].copy_from_slice(b"half");
    eprintln!("ready");
    wait_for_parent();
    die();
}

fn idle_consumer(channel: &str) {
    idle(Consumer::attach(channel).unwrap());
}

/// Receives a message and keeps it until the parent closes standard input or kills this process.
fn idle(mut consumer: Consumer) {
    eprintln!("ready");
    // Parks in `recv` until the parent publishes or kills this process.
    let message = consumer.recv_ref();
    eprintln!("received");
    wait_for_parent(); // holding the message: it is not acknowledged
    drop(message);
}

fn idle_producer(channel: &str) {
    let mut producer = Producer::attach(channel).unwrap();
    producer.send(&1_u64.to_ne_bytes()).unwrap();
    eprintln!("ready");
    wait_for_parent();
}

/// Sleeps until the parent closes standard input or kills this process.
pub fn wait_for_parent() {
    let _ = std::io::stdin().read(&mut [0]);
}
