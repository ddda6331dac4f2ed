//! A supervisor restarts a producer that crashes. The consumers get every number, once and in order.
//!
//! The producer aborts twice on purpose: with a number that is written and not published, and with the write lock in
//! its hands between two numbers. What was not published was never there. `Loan::sequence` tells the successor where
//! its predecessor stopped. `RecvError::ProducersLost` is not final: a consumer that calls `recv` again gets what the
//! successor sends. (docs/crash.md says what holds when a process dies at any step.)
//!
//! ```console
//! $ cargo run --example supervisor
//! supervisor: producer 1 died (signal: 6 (SIGABRT)), starting another one
//! consumer 1: no producer lives after 10 numbers, waiting for a successor
//! consumer 2: no producer lives after 10 numbers, waiting for a successor
//! supervisor: producer 2 died (signal: 6 (SIGABRT)), starting another one
//! consumer 2: no producer lives after 20 numbers, waiting for a successor
//! consumer 1: no producer lives after 20 numbers, waiting for a successor
//! consumer 1: got numbers 0 to 29
//! consumer 2: got numbers 0 to 29
//! supervisor: producer 3 has finished
//! ```

use ackcast::{Channel, Consumer, Producer, RecvError};
use std::error::Error;
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use std::{env, io, process, thread};

const NUMBERS: u64 = 30;
const CONSUMERS: u32 = 2;
/// The supervisor gives up after this many producers.
const STARTS: u32 = 5;
/// Pause before a restart, so that a producer that always crashes does not take all of a core.
const BACKOFF: Duration = Duration::from_millis(50);
/// A consumer gives up when no producer has come for so long.
const LIMIT: Duration = Duration::from_secs(10);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["producer", number, name] => produce(number.parse()?, name),
        ["consumer", number, name] => consume(number, name),
        _ => supervise(&format!("supervisor-{}", process::id())),
    }
}

fn supervise(name: &str) -> Result<(), Box<dyn Error>> {
    let _channel = Channel::create(name).slots(4).consumers(CONSUMERS).build()?;
    let start = |role: &str, number: u32| -> io::Result<Child> {
        Command::new(env::current_exe()?).args([role, &number.to_string(), name]).spawn()
    };
    let consumers = (1..=CONSUMERS).map(|number| start("consumer", number)).collect::<Result<Vec<_>, _>>()?;

    let mut producer = 1;
    loop {
        let status = start("producer", producer)?.wait()?;
        if status.success() {
            break;
        }
        if producer == STARTS {
            return Err(format!("{STARTS} producers died").into());
        }
        println!("supervisor: producer {producer} died ({status}), starting another one");
        producer += 1;
        thread::sleep(BACKOFF);
    }
    for mut consumer in consumers {
        if !consumer.wait()?.success() {
            return Err("a consumer failed".into());
        }
    }
    println!("supervisor: producer {producer} has finished");
    Ok(())
}

fn produce(number: u32, name: &str) -> Result<(), Box<dyn Error>> {
    let mut producer = Producer::attach(name)?;
    loop {
        let mut loan = producer.loan()?;
        let next = loan.sequence(); // where the predecessor stopped
        if next == NUMBERS {
            break;
        }
        loan[..8].copy_from_slice(&next.to_ne_bytes());
        if number == 1 && next == 10 {
            process::abort(); // it is written, and no consumer ever sees it
        }
        loan.publish(8)?;
        if number == 2 && next == 19 {
            process::abort(); // it is published, and every consumer gets it
        }
    }
    producer.finish()?;
    Ok(())
}

fn consume(number: &str, name: &str) -> Result<(), Box<dyn Error>> {
    let mut consumer = Consumer::attach(name)?;
    let (mut next, mut lost) = (0_u64, None::<Instant>);
    loop {
        match consumer.recv_ref_timeout(LIMIT) {
            Ok(message) if *message == next.to_ne_bytes() => (next, lost) = (next + 1, None),
            Ok(message) => return Err(format!("{message:?} in place of {next}").into()),
            Err(RecvError::Ended) => break,
            Err(RecvError::ProducersLost(_)) => match lost {
                None => {
                    println!("consumer {number}: no producer lives after {next} numbers, waiting for a successor");
                    lost = Some(Instant::now());
                }
                Some(since) if since.elapsed() > LIMIT => return Err("no successor has come".into()),
                Some(_) => {} // the call waits for some milliseconds before it says so again
            },
            Err(error) => return Err(error.into()),
        }
    }
    println!("consumer {number}: got numbers 0 to {}", next - 1);
    Ok(())
}
