//! Children: this test binary, re-executed as an ordinary process in some role.

use crate::HANG;
use crate::interrupt::interrupt_each_millisecond;
use ackcast::{Channel, Consumer, Producer, RecvError};
use std::io::{BufRead, BufReader, Lines, Read};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const ROLE: &str = "ACKCAST_WAITING_ROLE";
const CHANNEL: &str = "ACKCAST_WAITING_CHANNEL";

/// A process of this binary in some role, killed and reaped in any case.
pub struct Process {
    child: Child,
    says: Lines<BufReader<ChildStderr>>,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Process {
    pub fn start(role: &str, channel: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["child::entry", "--exact", "--nocapture", "--test-threads=1"])
            .env(ROLE, role)
            .env(CHANNEL, channel);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let says = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, says }
    }

    /// The next line that it says.
    pub fn line(&mut self) -> String {
        self.says.next().expect("it is still there").unwrap()
    }

    /// Lets it go on.
    pub fn go(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Kills and reaps it: its locks are gone then.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where a child's life begins; in the parent, a test of nothing.
#[test]
fn entry() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let channel = std::env::var(CHANNEL).unwrap();
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).unwrap();
    thread::spawn(|| {
        thread::sleep(2 * HANG);
        std::process::exit(1); // the parent shall not wait for ever
    });
    match role.as_str() {
        "producer" => send_two_laps(&channel),
        "producer under a 1 kHz timer" => {
            interrupt_each_millisecond();
            send_two_laps(&channel);
        }
        "victim" => {
            let mut consumer = Consumer::attach(&channel).unwrap();
            drop(consumer.recv_ref().unwrap());
            eprintln!("ready");
            let _ = consumer.recv_ref(); // parks until it is killed, or holds the next message
            wait_for_parent();
        }
        "fast" => {
            let mut consumer = Consumer::attach(&channel).unwrap();
            drop(consumer.recv_ref().unwrap());
            eprintln!("ready");
            while let Ok(mut batch) = consumer.recv_batch() {
                while batch.take().unwrap().is_some() {}
            }
        }
        "slow" => {
            let mut consumer = Consumer::attach(&channel).unwrap();
            drop(consumer.recv_ref().unwrap());
            eprintln!("ready");
            while let Ok(_message) = consumer.recv_ref() {
                thread::sleep(Duration::from_millis(3)); // its work
            }
        }
        "comes and goes" => {
            let mut consumer = Consumer::attach(&channel).unwrap();
            drop(consumer.recv_ref().unwrap());
            eprintln!("ready");
            drop(consumer);
            while Consumer::attach(&channel).is_ok() {}
        }
        "waits for a producer" => {
            let mut consumer = Consumer::attach(&channel).unwrap();
            interrupt_each_millisecond();
            eprintln!("ready");
            let end = consumer.recv_timeout(HANG);
            assert!(matches!(end, Err(RecvError::ProducersLost(_))), "{end:?}");
            eprintln!("lost");
        }
        "waits for the lock" => {
            let mut producer = Producer::attach(&channel).unwrap();
            interrupt_each_millisecond();
            eprintln!("ready");
            producer.send_timeout(b"mine now", HANG).unwrap();
            eprintln!("sent");
        }
        "holds the lock" => {
            let mut producer = Producer::attach(&channel).unwrap();
            let _loan = producer.loan().unwrap();
            eprintln!("ready");
            wait_for_parent();
        }
        other => panic!("no role {other:?}"),
    }
    std::process::exit(0);
}

fn wait_for_parent() {
    let _ = std::io::stdin().read(&mut [0]);
}

/// Sends a message, which waits for both consumers, and when it may go on two laps of the ring. Says how long the
/// longest of these sends took in microseconds, and how far the slowest consumer that lives was when it returned.
fn send_two_laps(channel: &str) {
    let watched = Channel::open(&ackcast::segment::Name::new(channel).unwrap()).unwrap();
    let mut producer = Producer::attach(channel).unwrap();
    let message = vec![1; watched.geometry().slot_size as usize];
    producer.send(&message).unwrap();
    eprintln!("ready");
    wait_for_parent();
    let (mut longest, mut acked) = (Duration::ZERO, 0);
    for _ in 0..2 * watched.geometry().slots {
        let start = Instant::now();
        producer.send_timeout(&message, HANG).unwrap();
        if start.elapsed() > longest && watched.evicted() > 0 {
            longest = start.elapsed();
            acked = watched.acknowledged().into_iter().map(|(_, acked)| acked).min().unwrap_or(0);
        }
        if watched.evicted() > 0 {
            break;
        }
    }
    eprintln!("{} {acked}", longest.as_micros());
}
