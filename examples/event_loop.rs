//! One thread serves two channels and a timer by poll(2), and forwards what it receives to a third channel.
//!
//! It shows what an event loop needs: descriptors that are readable when a call will not wait. The program starts
//! itself again as two sensors and a display.
//!
//! ```console
//! $ cargo run --release --example event_loop
//! display: 200 readings, those of each sensor in order
//! loop: forwarded 200 readings of 2 sensors
//! ```

use ackcast::{Channel, Consumer, EventConsumer, Producer, RecvError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::error::Error;
use std::process::{Child, Command};
use std::time::Duration;
use std::{env, process, thread};

const SENSORS: u8 = 2;
/// Readings of each sensor.
const READINGS: u8 = 100;
/// The timer. Nothing happens for longer only if a process hangs.
const TIMER: Timespec = Timespec { tv_sec: 20, tv_nsec: 0 };

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match &arguments[..] {
        [] => serve(&format!("event-loop-{}", process::id())),
        [role, channel] if role == "display" => display(channel),
        [sensor, channel] => sense(sensor.parse()?, channel),
        _ => Err("usage: event_loop".into()),
    }
}

/// The event loop.
fn serve(name: &str) -> Result<(), Box<dyn Error>> {
    let names: Vec<_> = (0..SENSORS).map(|sensor| format!("{name}-{sensor}")).collect();
    let create = |name: &String| Channel::create(name).slots(8).slot_size(2).build();
    let _channels = names.iter().map(create).collect::<Result<Vec<_>, _>>()?;
    let _output = Channel::create(name).slots(2).slot_size(2).build()?;
    let mut output = Producer::attach(name)?.into_event()?;
    let mut inputs = Vec::new();
    for name in &names {
        inputs.push(Consumer::attach(name)?.into_event()?);
    }
    let mut children = vec![start("display", name)?];
    for (sensor, name) in names.iter().enumerate() {
        children.push(start(&sensor.to_string(), name)?);
    }

    let (mut forwarded, mut pending) = (0, None::<Vec<u8>>);
    while !inputs.is_empty() || pending.is_some() {
        // A reading that was received and not sent yet: nothing is read before it is out.
        if let Some(reading) = pending.take() {
            if output.try_send(&reading)? {
                forwarded += 1;
            } else {
                pending = Some(reading);
                sleep(&[PollFd::new(&output, PollFlags::IN)])?;
            }
            continue;
        }
        pending = next(&mut inputs)?;
        if pending.is_none() && !inputs.is_empty() {
            let fds: Vec<_> = inputs.iter().map(|input| PollFd::new(input, PollFlags::IN)).collect();
            sleep(&fds)?;
        }
    }
    while output.try_finish()?.is_none() {
        sleep(&[PollFd::new(&output, PollFlags::IN)])?;
    }
    for mut child in children {
        if !child.wait()?.success() {
            return Err("a child failed".into());
        }
    }
    println!("loop: forwarded {forwarded} readings of {SENSORS} sensors");
    Ok(())
}

/// The next reading that is there. Inputs that have ended go. The inputs take turns.
fn next(inputs: &mut Vec<EventConsumer>) -> Result<Option<Vec<u8>>, RecvError> {
    for _ in 0..inputs.len() {
        let mut input = inputs.remove(0);
        match input.try_recv() {
            Ok(Some(reading)) => {
                inputs.push(input);
                return Ok(Some(reading));
            }
            Ok(None) => inputs.push(input),
            Err(RecvError::Ended) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Sleeps until one of the descriptors is readable.
fn sleep(fds: &[PollFd<'_>]) -> Result<(), Box<dyn Error>> {
    match poll(&mut fds.to_vec(), Some(&TIMER))? {
        0 => Err("nothing happens any more".into()),
        _ => Ok(()),
    }
}

fn start(role: &str, channel: &str) -> Result<Child, std::io::Error> {
    Command::new(env::current_exe()?).args([role, channel]).spawn()
}

/// A sensor: sends its readings, with pauses.
fn sense(sensor: u8, channel: &str) -> Result<(), Box<dyn Error>> {
    let mut producer = Producer::attach(channel)?;
    for reading in 0..READINGS {
        producer.send(&[sensor, reading])?;
        if reading % 10 == 0 {
            thread::sleep(Duration::from_millis(2));
        }
    }
    producer.finish()?;
    Ok(())
}

/// The display: checks the readings of each sensor.
fn display(channel: &str) -> Result<(), Box<dyn Error>> {
    let mut next = [0; SENSORS as usize];
    for message in Consumer::attach(channel)?.iter() {
        let message = message?;
        let [sensor, reading] = message[..] else { return Err("a reading has two bytes".into()) };
        if reading != next[sensor as usize] {
            return Err(format!("reading {reading} of sensor {sensor} is out of order").into());
        }
        next[sensor as usize] += 1;
    }
    let all: u32 = next.iter().map(|&count| u32::from(count)).sum();
    println!("display: {all} readings, those of each sensor in order");
    Ok(())
}
