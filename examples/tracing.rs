//! What the feature `tracing` tells: a consumer is killed, then the producer, and the others log what they notice.
//!
//! Each process installs a subscriber, as any program that uses `tracing` does. The documentation of the library has a
//! table of the events. No message makes one.
//!
//! ```console
//! $ cargo run --example tracing --features tracing
//!  INFO ackcast: created a channel channel="tracing-4711" slots=2 slot_size=1024
//!  INFO ackcast: a consumer has joined channel="tracing-4711" consumer=0 next=0
//!  INFO ackcast: a consumer has joined channel="tracing-4711" consumer=1 next=0
//!  INFO ackcast: a producer has joined channel="tracing-4711" producer=0
//!  WARN ackcast: a consumer is dead, and was evicted channel="tracing-4711" consumer=1
//!  WARN ackcast: every producer is dead channel="tracing-4711" producers=number 0 next=3
//!  INFO ackcast: a consumer has left channel="tracing-4711" consumer=0 next=3
//! ```

use ackcast::{Channel, Consumer, Producer, RecvError};
use std::error::Error;
use std::io::{self, Read};
use std::process::{self, Child, Command, Stdio};
use std::time::Duration;
use std::{env, iter};
use tracing_subscriber::filter::LevelFilter;

const LIMIT: Duration = Duration::from_secs(10);

fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_max_level(LevelFilter::DEBUG).without_time().with_ansi(false).init();
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["producer", name] => produce(name),
        ["consumer", name] => consume(name),
        _ => watch(&format!("tracing-{}", process::id())),
    }
}

/// Starts a process, and waits until it writes to its stderr.
fn start(role: &str, name: &str) -> io::Result<Child> {
    let mut command = Command::new(env::current_exe()?);
    let mut child = command.args([role, name]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if let Some(stderr) = &mut child.stderr {
        stderr.read_exact(&mut [0])?;
    }
    Ok(child)
}

fn watch(name: &str) -> Result<(), Box<dyn Error>> {
    let _channel = Channel::create(name).slots(2).consumers(2).build()?;
    let mut consumer = Consumer::attach(name)?;
    let mut dies = start("consumer", name)?;
    let mut producer = start("producer", name)?; // has sent a message
    dies.kill()?;
    dies.wait()?;
    let received = iter::from_fn(|| consumer.recv_timeout(LIMIT).ok()).take(3).count(); // the third needs a free slot
    producer.kill()?;
    producer.wait()?;
    match consumer.recv_timeout(LIMIT) {
        Err(RecvError::ProducersLost(_)) if received == 3 => Ok(()),
        other => Err(format!("{received} messages, and then {other:?}").into()),
    }
}

fn produce(name: &str) -> Result<(), Box<dyn Error>> {
    let mut producer = Producer::attach(name)?;
    for number in 0..3_u64 {
        producer.send_value(&number)?; // the first one waits for the consumers
        eprintln!("sent {number}");
    }
    wait_for_the_end()
}

fn consume(name: &str) -> Result<(), Box<dyn Error>> {
    let _consumer = Consumer::attach(name)?;
    eprintln!("attached");
    wait_for_the_end()
}

/// Waits until the parent kills this process, or has closed its end of the pipe.
fn wait_for_the_end() -> Result<(), Box<dyn Error>> {
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
