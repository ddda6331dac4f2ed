//! Handles for event loops: their descriptors are readable when they should be, and no call waits.
#![cfg(target_os = "linux")]

mod child;
mod consumer;
#[path = "../fork/forked.rs"]
mod forked;
mod producer;
#[path = "../reexec/mod.rs"]
mod reexec;

use ackcast::{Backend, Channel, Consumer, EventConsumer, EventProducer, Producer};
use reexec::{HANG, Named, Process};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::AsFd;
use std::time::Duration;

const LAYERS: [Backend; 2] = [Backend::Futex, Backend::RawSync];
/// Messages of a stream.
pub const MESSAGES: u64 = 20_000;

fn name(test: &str, backend: Backend) -> Named {
    Named(format!("event-{test}-{backend:?}-{}", std::process::id()))
}

fn start(role: &str, channel: &str) -> Process {
    Process::start("child::entry", role, channel)
}

/// A channel of four slots.
fn channel(test: &str, backend: Backend) -> (Named, Channel) {
    let name = name(test, backend);
    let channel = Channel::create(&name).slots(4).slot_size(64).backend(backend).build().unwrap();
    (name, channel)
}

fn event_consumer(name: &str) -> EventConsumer {
    Consumer::attach(name).unwrap().into_event().unwrap()
}

fn event_producer(name: &str) -> EventProducer {
    Producer::attach(name).unwrap().into_event().unwrap()
}

/// Waits until the descriptor is readable, for at most this time.
pub fn is_readable(handle: &impl AsFd, time: Duration) -> bool {
    let time = Timespec::try_from(time).unwrap();
    let ready = rustix::io::retry_on_intr(|| poll(&mut [PollFd::new(handle, PollFlags::IN)], Some(&time)));
    ready.unwrap() == 1
}

fn readable_now(handle: &impl AsFd) -> bool {
    is_readable(handle, Duration::ZERO)
}

#[track_caller]
fn becomes_readable(handle: &impl AsFd) {
    assert!(is_readable(handle, HANG), "the descriptor does not become readable");
}
