//! The other processes: a producer at full speed, a consumer that stays, and readers that come and go.

use crate::reexec::{HANG, go, role, say};
use ackcast::{Consumer, Producer, RecvError, Start};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The bytes of message `number`: its number, 1 to 8 times.
pub fn message(number: u64) -> Vec<u8> {
    number.to_ne_bytes().repeat(1 + number as usize % 8)
}

/// Fails unless these are the bytes of message `number`.
#[track_caller]
pub fn check(number: u64, bytes: &[u8]) {
    assert_eq!(bytes, message(number), "message {number}");
}

/// Entry point of a child. In the parent, this test does nothing.
#[test]
fn entry() {
    let Some((role, name)) = role() else { return };
    match role.as_str() {
        "producer" => produce(&name),
        "stays" => stay(&name),
        "joiner" => come_and_go(&name),
        role => panic!("no role {role}"),
    }
}

fn produce(name: &str) {
    let mut producer = Producer::attach(name).unwrap();
    say("ready");
    let over = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&over);
    std::thread::spawn(move || {
        go();
        told.store(true, Relaxed);
    });
    let mut number = 0;
    while !over.load(Relaxed) {
        producer.send_timeout(&message(number), HANG).unwrap();
        number += 1;
    }
    producer.finish_timeout(HANG).unwrap();
    say(&format!("sent {number}"));
}

fn stay(name: &str) {
    let mut consumer = Consumer::attach(name).unwrap();
    say("ready");
    let mut number = 0;
    loop {
        match consumer.recv_ref_timeout(HANG) {
            Ok(message) => check(number, &message),
            Err(RecvError::Ended) => break,
            Err(error) => panic!("{error}"),
        }
        number += 1;
    }
    say(&format!("received {number}"));
}

fn come_and_go(name: &str) {
    let mut said = false;
    loop {
        let mut consumer = Consumer::attach_at(name, Start::Oldest).unwrap();
        let message = consumer.recv_ref_timeout(HANG).unwrap();
        check(message.sequence(), &message);
        if !said {
            say("ready");
            said = true;
        }
    }
}
