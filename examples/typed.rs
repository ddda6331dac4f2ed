//! A channel of values: written in place, read in place, and refused to a program that has another idea of them.
//!
//! The station sends readings to a display. A display of last year expects the temperature in degrees Fahrenheit. Its
//! readings have the same size, but another version. So it is told at once, and shows nothing wrong.
//!
//! ```console
//! $ cargo run --example typed
//! old display: channel "typed-4711" has messages of type "Reading" (16 bytes, alignment 8, version 2), not "Reading"
//! (16 bytes, alignment 8, version 1); ask for the type of the channel
//! display: 100 readings, 20.0 °C to 29.9 °C
//! station: 1 display has received everything
//! ```

use ackcast::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
use ackcast::{AttachError, Channel, RecvError, RecvTypedError, Typed, TypedConsumer, TypedProducer};
use std::error::Error;
use std::process::{self, Child, Command};
use std::time::Duration;
use std::{env, io};

/// What the station measures.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[zerocopy(crate = "ackcast::zerocopy")]
#[repr(C)]
struct Reading {
    number: u64,
    /// In degrees Celsius.
    temperature: f64,
}

impl Typed for Reading {
    const NAME: &'static str = "Reading";
    const VERSION: u32 = 2;
}

/// The reading as a display of last year has it.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[zerocopy(crate = "ackcast::zerocopy")]
#[repr(C)]
struct OldReading {
    number: u64,
    /// In degrees Fahrenheit.
    temperature: f64,
}

impl Typed for OldReading {
    const NAME: &'static str = "Reading";
    const VERSION: u32 = 1;
}

const READINGS: u64 = 100;
const LIMIT: Duration = Duration::from_secs(10);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["display", name] => display(name),
        ["old display", name] => old_display(name),
        _ => station(&format!("typed-{}", process::id())),
    }
}

fn station(name: &str) -> Result<(), Box<dyn Error>> {
    let _channel = Channel::create(name).slots(16).of::<Reading>().build()?;
    let start = |role| -> io::Result<Child> { Command::new(env::current_exe()?).args([role, name]).spawn() };
    let displays = [start("old display")?, start("display")?];

    let mut producer = TypedProducer::<Reading>::attach(name)?;
    for number in 0..READINGS {
        let mut reading = producer.loan()?; // in the slot; the first one waits for the display
        reading.number = number;
        reading.temperature = 20.0 + number as f64 / 10.0;
        reading.publish()?;
    }
    let drained = producer.wait_until_drained(LIMIT)?;
    producer.finish()?;
    for mut display in displays {
        if !display.wait()?.success() {
            return Err("a display failed".into());
        }
    }
    println!("station: {} display has received everything", drained.received);
    Ok(())
}

fn display(name: &str) -> Result<(), Box<dyn Error>> {
    let mut consumer = TypedConsumer::<Reading>::attach(name)?;
    let (mut count, mut coldest, mut hottest) = (0, f64::INFINITY, f64::NEG_INFINITY);
    loop {
        match consumer.recv_ref() {
            Ok(reading) if reading.number == count => {
                coldest = coldest.min(reading.temperature);
                hottest = hottest.max(reading.temperature);
                count += 1;
            }
            Ok(reading) => return Err(format!("{reading:?} in place of number {count}").into()),
            Err(RecvTypedError::Recv(RecvError::Ended)) => break,
            Err(error) => return Err(error.into()),
        }
    }
    println!("display: {count} readings, {coldest:.1} °C to {hottest:.1} °C");
    Ok(())
}

fn old_display(name: &str) -> Result<(), Box<dyn Error>> {
    match TypedConsumer::<OldReading>::attach(name) {
        Err(AttachError::Type(error)) => println!("old display: {error}"),
        Err(error) => return Err(error.into()),
        Ok(_) => return Err("it has attached, and would show a wrong temperature".into()),
    }
    Ok(())
}
