//! Children: the test binary in some role.

use crate::reexec::{HANG, go, role, say};
use ackcast::{Backend, Channel, Consumer, Producer};

/// The backend that a channel's name tells.
pub fn backend_of(name: &str) -> Backend {
    if name.contains("RawSync") { Backend::RawSync } else { Backend::Futex }
}

/// Entry point of a child. In the parent, this test does nothing.
#[test]
fn entry() {
    let Some((role, name)) = role() else { return };
    match role.as_str() {
        "consumer" => {
            let consumer = Consumer::wait_for(&name, HANG).unwrap();
            say(&format!("attached {}", consumer.number()));
            go();
            drop(consumer);
        }
        "reader" => {
            let mut consumer = Consumer::wait_for(&name, HANG).unwrap();
            say("attached");
            while go() {
                consumer.recv_timeout(HANG).unwrap();
                say("received");
            }
        }
        "producer" => {
            let mut producer = Producer::wait_for(&name, HANG).unwrap();
            producer.send_timeout(b"a", HANG).unwrap();
            say("sent");
            go();
        }
        "creator" => create(&name),
        "churn" => churn(&name),
        role => panic!("{role}"),
    }
}

/// In each round, creates or opens the channel that all creators of the round share, and joins it.
fn create(name: &str) {
    say("ready");
    for round in 0.. {
        if !go() {
            return;
        }
        let name = format!("{name}.{round}");
        let channel = Channel::create(&name).backend(backend_of(&name)).places(16).open_or_create().unwrap();
        let consumer = Consumer::attach(&name).unwrap();
        say(&consumer.number().to_string());
        go();
        drop((channel, consumer));
        say("left");
    }
}

/// Creates or opens the channel and leaves it at once, again and again.
fn churn(name: &str) {
    for count in 0.. {
        match Channel::create(name).backend(backend_of(name)).places(16).open_or_create() {
            Ok(channel) => drop(channel),
            Err(error) => return say(&format!("failed: {error}")),
        }
        if count % 100 == 99 {
            say("a hundred");
        }
    }
}
