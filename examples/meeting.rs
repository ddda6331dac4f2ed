//! Processes that start in any order, and a producer that knows when everything was received.
//!
//! Each process may be the first. So each calls `open_or_create`: one of them creates the channel, and the others open
//! it. `wait_for` waits until a channel can be joined. `wait_until_drained` returns when every consumer has
//! acknowledged everything.
//!
//! ```console
//! $ cargo run --example meeting
//! planner: 2 workers have done 10 jobs
//! worker 2: done 10 jobs
//! worker 1: done 10 jobs
//! planner: every worker knows that it was the last job
//! ```

use ackcast::{Builder, Channel, Consumer, Producer, RecvError, RecvValueError};
use std::error::Error;
use std::process::{Child, Command};
use std::time::Duration;
use std::{env, io, process};

const JOBS: u64 = 10;
const WORKERS: u32 = 2;
/// A process gives up when the others do not come within this time.
const LIMIT: Duration = Duration::from_secs(10);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["planner", name] => plan(name),
        ["worker", number, name] => work(number, name),
        _ => start_all(&format!("meeting-{}", process::id())),
    }
}

/// The same in each process: a channel with other settings is an error.
fn settings(name: &str) -> Builder {
    Channel::create(name).slots(4).consumers(WORKERS)
}

/// Starts all processes. None of them waits until another one is there.
fn start_all(name: &str) -> Result<(), Box<dyn Error>> {
    let start = |arguments: &[&str]| -> io::Result<Child> {
        Command::new(env::current_exe()?).args(arguments).arg(name).spawn()
    };
    let children = [start(&["worker", "1"])?, start(&["planner"])?, start(&["worker", "2"])?];
    for mut child in children {
        if !child.wait()?.success() {
            return Err("a process failed".into());
        }
    }
    Ok(())
}

fn plan(name: &str) -> Result<(), Box<dyn Error>> {
    let _channel = settings(name).open_or_create()?;
    let mut producer = Producer::wait_for(name, LIMIT)?;
    for job in producer.next_sequence()..JOBS {
        producer.send_value(&job)?; // the first one waits for the workers
    }
    let drained = producer.wait_until_drained(LIMIT)?;
    println!("planner: {} workers have done {JOBS} jobs", drained.received);
    producer.finish()?;
    producer.wait_until_drained(LIMIT)?; // END is a message, too
    println!("planner: every worker knows that it was the last job");
    Ok(())
}

fn work(number: &str, name: &str) -> Result<(), Box<dyn Error>> {
    let _channel = settings(name).open_or_create()?;
    let mut consumer = Consumer::wait_for(name, LIMIT)?;
    let mut done = 0;
    loop {
        match consumer.recv_value::<u64>() {
            Ok(job) if job == done => done += 1,
            Ok(job) => return Err(format!("job {job} in place of {done}").into()),
            Err(RecvValueError::Recv(RecvError::Ended)) => break,
            Err(error) => return Err(error.into()),
        }
    }
    println!("worker {number}: done {done} jobs");
    Ok(())
}
