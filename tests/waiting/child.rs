//! The roles of re-executed processes.

use crate::interrupt::interrupt_each_millisecond;
use crate::reexec::{HANG, go, role};
use ackcast::{Channel, Consumer, Producer, RecvError};
use std::thread;
use std::time::{Duration, Instant};

/// Entry point of a child. In the parent, this test does nothing.
#[test]
fn entry() {
    let Some((role, channel)) = role() else { return };
    match role.as_str() {
        "producer" => send_two_laps(&channel),
        "producer under a 1 kHz timer" => {
            interrupt_each_millisecond();
            send_two_laps(&channel);
        }
        "victim" => {
            let mut consumer = Consumer::attach(&channel).unwrap();
            drop(consumer.recv_ref().unwrap());
            eprintln!("ready");
            let _ = consumer.recv_ref(); // parks until it is killed, or holds the next message
            go();
        }
        "fast" => {
            let mut consumer = Consumer::attach(&channel).unwrap();
            drop(consumer.recv_ref().unwrap());
            eprintln!("ready");
            while let Ok(mut batch) = consumer.recv_batch() {
                while batch.take().unwrap().is_some() {}
            }
        }
        "slow" => {
            let mut consumer = Consumer::attach(&channel).unwrap();
            drop(consumer.recv_ref().unwrap());
            eprintln!("ready");
            while let Ok(_message) = consumer.recv_ref() {
                thread::sleep(Duration::from_millis(3)); // its work
            }
        }
        "comes and goes" => {
            let mut consumer = Consumer::attach(&channel).unwrap();
            drop(consumer.recv_ref().unwrap());
            eprintln!("ready");
            drop(consumer);
            while Consumer::attach(&channel).is_ok() {}
        }
        "waits for a producer" => {
            let mut consumer = Consumer::attach(&channel).unwrap();
            interrupt_each_millisecond();
            eprintln!("ready");
            let end = consumer.recv_timeout(HANG);
            assert!(matches!(end, Err(RecvError::ProducersLost(_))), "{end:?}");
            eprintln!("lost");
        }
        "waits for the lock" => {
            let mut producer = Producer::attach(&channel).unwrap();
            interrupt_each_millisecond();
            eprintln!("ready");
            producer.send_timeout(b"mine now", HANG).unwrap();
            eprintln!("sent");
        }
        "holds the lock" => {
            let mut producer = Producer::attach(&channel).unwrap();
            let _loan = producer.loan().unwrap();
            eprintln!("ready");
            go();
        }
        other => panic!("no role {other:?}"),
    }
    std::process::exit(0);
}

/// Sends a message, which waits for both consumers. Then waits for the parent, and sends two laps of the ring. Prints
/// the time of the longest send in microseconds, and the slowest living consumer's acknowledgement when that send
/// returned.
fn send_two_laps(channel: &str) {
    let watched = Channel::open(&ackcast::segment::Name::new(channel).unwrap()).unwrap();
    let mut producer = Producer::attach(channel).unwrap();
    let message = vec![1; watched.geometry().slot_size as usize];
    producer.send(&message).unwrap();
    eprintln!("ready");
    go();
    let (mut longest, mut acked) = (Duration::ZERO, 0);
    for _ in 0..2 * watched.geometry().slots {
        let start = Instant::now();
        producer.send_timeout(&message, HANG).unwrap();
        if start.elapsed() > longest && watched.evicted() > 0 {
            longest = start.elapsed();
            acked = watched.acknowledged().into_iter().map(|(_, acked)| acked).min().unwrap_or(0);
        }
        if watched.evicted() > 0 {
            break;
        }
    }
    eprintln!("{} {acked}", longest.as_micros());
}
