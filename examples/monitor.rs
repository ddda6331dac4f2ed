//! A monitor watches a channel whose reader is stuck. It names the process that the producers wait for, and
//! reads what is in the ring. It is not attached, so no producer waits for it, and it keeps no name.
//!
//! ```console
//! $ cargo run --example monitor
//! monitor: the producers wait for consumer 0, process 4711, which is 4 messages behind
//! monitor: in the ring: reading 0, reading 1, reading 2, reading 3
//! monitor: the reader goes on
//! reader: 10 readings
//! monitor: 11 messages with END, and no consumer is behind
//! ```

use ackcast::segment::Holders;
use ackcast::{BlockedOn, Channel, Consumer, Producer, Tapped, Watch};
use std::error::Error;
use std::io::{Read, stdin};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, process, thread};

const READINGS: u32 = 10;
/// The monitor looks this often.
const INTERVAL: Duration = Duration::from_millis(5);
/// The monitor gives up after this time.
const LIMIT: Duration = Duration::from_secs(20);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["sensor", name] => measure(name),
        ["reader", name] => read(name),
        _ => monitor(&format!("monitor-{}", process::id())),
    }
}

fn monitor(name: &str) -> Result<(), Box<dyn Error>> {
    let channel = Channel::create(name).slots(4).build()?;
    let watch = Watch::open(channel.name())?;
    let start = |role: &str| -> std::io::Result<Child> {
        Command::new(env::current_exe()?).args([role, name]).stdin(Stdio::piped()).spawn()
    };
    let (mut sensor, mut reader) = (start("sensor")?, start("reader")?);

    let end = Instant::now() + LIMIT;
    let (number, lag) = loop {
        let stats = watch.stats()?;
        if let Some(BlockedOn::Acknowledgement { consumer, .. }) = stats.blocked_on() {
            break (consumer, stats.slowest().map_or(0, |slowest| slowest.lag));
        }
        if Instant::now() > end {
            return Err("no consumer is behind".into());
        }
        thread::sleep(INTERVAL);
    };
    let holders = Holders::scan().of(&watch)?;
    let holder = holders.iter().find(|holder| holder.participants.contains(&number)).ok_or("/proc does not tell")?;
    assert_eq!(holder.pid, reader.id());
    println!(
        "monitor: the producers wait for consumer {number}, process {}, which is {lag} messages behind",
        holder.pid
    );

    let mut tap = watch.tap()?;
    tap.rewind();
    let mut waiting = Vec::new();
    while let Tapped::Message { bytes, .. } = tap.poll()? {
        waiting.push(String::from_utf8_lossy(bytes).into_owned());
    }
    println!("monitor: in the ring: {}", waiting.join(", "));

    println!("monitor: the reader goes on");
    drop(reader.stdin.take());
    for child in [&mut sensor, &mut reader] {
        if !child.wait()?.success() {
            return Err("a child failed".into());
        }
    }
    let stats = tap.watch().stats()?;
    assert!(stats.published.ended() && stats.consumers.is_empty());
    println!("monitor: {} messages with END, and no consumer is behind", stats.published.count());
    Ok(())
}

fn measure(name: &str) -> Result<(), Box<dyn Error>> {
    let mut producer = Producer::attach(name)?;
    for number in 0..READINGS {
        producer.send(format!("reading {number}").as_bytes())?;
    }
    producer.finish()?;
    Ok(())
}

/// Attaches, and reads nothing before its stdin is closed.
fn read(name: &str) -> Result<(), Box<dyn Error>> {
    let mut consumer = Consumer::attach(name)?;
    stdin().read_to_end(&mut Vec::new())?;
    let count = consumer.iter().collect::<Result<Vec<_>, _>>()?.len();
    println!("reader: {count} readings");
    Ok(())
}
