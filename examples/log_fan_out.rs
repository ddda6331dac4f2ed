//! Three services log into one channel. Three readers of different speeds get every line, in the same order.
//!
//! A channel has one total order, over all its producers. Each reader prints a digest of the lines in its order, so
//! equal digests are equal logs. A ring of 64 lines keeps the services going while the slow reader is busy. When it is
//! full they wait: no line is dropped.
//!
//! ```console
//! $ cargo run --example log_fan_out
//! archive: 300 lines, digest c655c696871c0f7e
//! alerts: 300 lines, digest c655c696871c0f7e, 30 of them errors
//! dashboard: 300 lines, digest c655c696871c0f7e
//! ```

use ackcast::{Channel, Consumer, Producer, RecvError};
use std::error::Error;
use std::hash::{DefaultHasher, Hasher};
use std::process::{Child, Command};
use std::time::Duration;
use std::{env, io, process, thread};

const SERVICES: [&str; 3] = ["web", "database", "mail"];
const READERS: [&str; 3] = ["archive", "alerts", "dashboard"];
/// Lines that each service logs.
const LINES: u32 = 100;
/// Every tenth line of a service is an error.
const ERRORS: u32 = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [service, name] if SERVICES.contains(&service) => log(service, name),
        [reader, name] if READERS.contains(&reader) => read(reader, name),
        _ => start(&format!("log-fan-out-{}", process::id())),
    }
}

fn start(name: &str) -> Result<(), Box<dyn Error>> {
    let (services, readers) = (SERVICES.len() as u32, READERS.len() as u32);
    let _channel = Channel::create(name).slots(64).slot_size(128).producers(services).consumers(readers).build()?;
    let start = |role: &&str| -> io::Result<Child> { Command::new(env::current_exe()?).args([role, name]).spawn() };
    let children = READERS.iter().chain(&SERVICES).map(start).collect::<Result<Vec<_>, _>>()?;
    for mut child in children {
        if !child.wait()?.success() {
            return Err("a service or a reader failed".into());
        }
    }
    Ok(())
}

fn log(service: &str, name: &str) -> Result<(), Box<dyn Error>> {
    let mut log = Producer::attach(name)?;
    for line in 1..=LINES {
        let level = if line % ERRORS == 0 { "error" } else { "info" };
        log.send(format!("{level} {service}: request {line}").as_bytes())?;
    }
    log.finish()?; // the last of the three ends the channel
    Ok(())
}

fn read(reader: &str, name: &str) -> Result<(), Box<dyn Error>> {
    let mut log = Consumer::attach(name)?;
    let (mut lines, mut errors, mut digest) = (0, 0, DefaultHasher::new());
    loop {
        let line = match log.recv_ref() {
            Ok(line) => line,
            Err(RecvError::Ended) => break,
            Err(error) => return Err(error.into()),
        };
        lines += 1;
        errors += u32::from(line.starts_with(b"error"));
        digest.write(&line);
        drop(line); // acknowledged: the time that the dashboard takes now is not the services'
        if reader == "dashboard" {
            thread::sleep(Duration::from_micros(200));
        }
    }
    let found = if reader == "alerts" { format!(", {errors} of them errors") } else { String::new() };
    println!("{reader}: {lines} lines, digest {:016x}{found}", digest.finish());
    Ok(())
}
