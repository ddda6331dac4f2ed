//! A service writes its events to a channel. A monitor that comes later gets the last ones first, and then all others.
//!
//! `retain` says how many messages are kept for late readers. `Consumer::attach_at` starts at one of them: at the
//! oldest, or at a number that the monitor has kept. Here a monitor stops, and the next one goes on where it stopped.
//! The service waits for no monitor that is not there.
//!
//! ```console
//! $ cargo run --example late_reader
//! service: sent events 0 to 99, and no monitor was there
//! monitor: events 92 to 95, as many as it wanted
//! monitor: events 96 to 102, and the end
//! monitor: message 0 is not retained: a consumer can start at messages 95 to 104 now
//! ```

use ackcast::{AttachError, Channel, Consumer, JoinError, Producer, RecvError, Start};
use std::error::Error;
use std::process::Command;
use std::{env, process};

/// Events that are kept for late readers.
const RETAINED: u32 = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["monitor", "oldest", most, name] => monitor(Start::Oldest, most.parse()?, name),
        ["monitor", first, most, name] => monitor(Start::Sequence(first.parse()?), most.parse()?, name),
        _ => serve(&format!("late-reader-{}", process::id())),
    }
}

fn serve(name: &str) -> Result<(), Box<dyn Error>> {
    let _channel = Channel::create(name).slots(16).slot_size(32).consumers(0).retain(RETAINED).build()?;
    let mut producer = Producer::attach(name)?;
    for event in 0..100 {
        producer.send(format!("event {event}").as_bytes())?;
    }
    println!("service: sent events 0 to 99, and no monitor was there");
    run_monitor("oldest", "4", name)?;
    for event in 100..103 {
        producer.send(format!("event {event}").as_bytes())?;
    }
    producer.finish()?;
    run_monitor("96", "1000", name)?; // the channel has ended, and still keeps its last events
    run_monitor("0", "1000", name)
}

/// Runs a monitor, in a process of its own, to its end.
fn run_monitor(first: &str, most: &str, name: &str) -> Result<(), Box<dyn Error>> {
    let status = Command::new(env::current_exe()?).args(["monitor", first, most, name]).status()?;
    if status.success() { Ok(()) } else { Err(format!("the monitor failed: {status}").into()) }
}

/// Receives up to `most` events from `start` on.
fn monitor(start: Start, most: usize, name: &str) -> Result<(), Box<dyn Error>> {
    let mut consumer = match Consumer::attach_at(name, start) {
        Err(AttachError::Join { error: error @ JoinError::NotRetained { .. }, .. }) => {
            println!("monitor: {error}");
            return Ok(());
        }
        attached => attached?,
    };
    let (mut first, mut last) = (None, 0);
    let mut end = "as many as it wanted";
    for _ in 0..most {
        match consumer.recv_ref() {
            Ok(message) => {
                last = message.sequence();
                if *message != *format!("event {last}").as_bytes() {
                    return Err(format!("{message:?} in place of event {last}").into());
                }
                first = first.or(Some(last));
            }
            Err(RecvError::Ended) => {
                end = "and the end";
                break;
            }
            Err(error) => return Err(error.into()),
        }
    }
    println!("monitor: events {} to {last}, {end}", first.unwrap_or(last));
    Ok(())
}
