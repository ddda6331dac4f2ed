//! Streams by handles for an event loop, which poll(2) waits for.

use crate::failure::Failure;
use crate::formula::Formula;
use crate::stream::{self, Check};
use crate::wire::Line;
use ackcast::{Consumer, EventConsumer, Producer};
use std::io;
use std::os::fd::{AsFd, AsRawFd as _};
use std::time::Duration;

type Answer = Result<Line, Failure>;

/// A wait for longer than that hangs.
const BOUND: Duration = Duration::from_secs(20);

/// Waits until the descriptor is readable.
fn wait(handle: &impl AsFd) -> io::Result<()> {
    let mut waited = libc::pollfd { fd: handle.as_fd().as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: `waited` is one descriptor, and lives until the call returns.
    match unsafe { libc::poll(&raw mut waited, 1, BOUND.as_millis() as i32) } {
        -1 => Err(io::Error::last_os_error()),
        0 => Err(io::ErrorKind::TimedOut.into()),
        _ => Ok(()),
    }
}

/// Attaches, receives all up to an error, and leaves.
pub fn consume(request: &Line, formula: &Formula) -> Answer {
    let mut check = Check::new(request, formula)?;
    let mut consumer = Consumer::attach(request.text("name")?)?.into_event()?;
    loop {
        let received = consumer.try_recv_ref().map(|message| message.map(|message| check.message(&message)).is_some());
        match received {
            Ok(true) => {}
            Ok(false) => {
                EventConsumer::wait_any(std::slice::from_mut(&mut consumer), BOUND)?;
            }
            Err(error) => return stream::ended(check, error.into()),
        }
    }
}

/// Attaches, sends `n` messages, finishes, and leaves.
pub fn produce(request: &Line, formula: &Formula) -> Answer {
    let mut producer = Producer::attach(request.text("name")?)?.into_event()?;
    let (who, n): (u32, u64) = (request.number("who")?, request.number("n")?);
    let lengths: crate::formula::Lengths = request.text("lengths")?.parse()?;
    let mut message = Vec::new();
    for sequence in 0..n {
        formula.message(who, sequence, lengths.of(who, sequence), &mut message);
        while !producer.try_send(&message)? {
            wait(&producer)?;
        }
    }
    while producer.try_finish()?.is_none() {
        wait(&producer)?;
    }
    Ok(Line::new("ok").with("n", n))
}
