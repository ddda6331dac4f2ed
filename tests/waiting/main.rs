//! A participant that waits notices a death in time, however often it is woken, interrupted, or finds news that do not
//! suffice: real processes, real kills. (`verify/interference.rs` has the property of the wait loop itself.)
//!
//! Figures: `ACKCAST_WAIT_ROUNDS=50 cargo test --release --test waiting -- --nocapture --test-threads=1`.
#![cfg(target_os = "linux")]

mod child;
#[path = "../interrupt/mod.rs"]
mod interrupt;

use ackcast::{Backend, Channel};
use child::Process;
use std::time::Duration;

/// Longer than anything here takes: past this, something hangs.
const HANG: Duration = Duration::from_secs(30);
const LAYERS: [Backend; 2] = [Backend::Futex, Backend::RawSync];
const SLOTS: u32 = 1024;

fn rounds() -> usize {
    std::env::var("ACKCAST_WAIT_ROUNDS").map_or(3, |rounds| rounds.parse().expect("ACKCAST_WAIT_ROUNDS is a number"))
}

/// One of two consumers is killed while it waits. The longest send from then on, in microseconds, and how far the other
/// consumer was when it returned.
fn send_past_a_dead_consumer(producer: &str, other: &str, backend: Backend, round: usize) -> (u64, u64) {
    let name =
        format!("waiting-{}-{}-{backend:?}-{round}-{}", producer.len(), other.replace(' ', "-"), std::process::id());
    let _channel = Channel::create(&name).backend(backend).slots(SLOTS).slot_size(64).consumers(2).build().unwrap();
    let mut other = Process::start(other, &name);
    let mut victim = Process::start("victim", &name);
    let mut producer = Process::start(producer, &name);
    for process in [&mut other, &mut victim, &mut producer] {
        assert_eq!(process.line(), "ready");
    }
    victim.kill();
    producer.go();
    let said = producer.line();
    let (longest, acked) = said.split_once(' ').unwrap_or_else(|| panic!("the producer did not go on: {said}"));
    (longest.parse().unwrap(), acked.parse().unwrap())
}

/// In all rounds; the other consumer must not have drained an eighth of the ring meanwhile.
fn goes_on(producer: &str, other: &str, drains: bool) {
    for backend in LAYERS {
        let mut sends: Vec<_> = (0..rounds()).map(|i| send_past_a_dead_consumer(producer, other, backend, i)).collect();
        sends.sort_unstable();
        let (median, worst) = (sends[sends.len() / 2].0, sends[sends.len() - 1].0);
        println!(
            "{backend:?}, {producer}, other consumer {other}: longest send {median} µs, worst of {} {worst} µs",
            rounds()
        );
        if !drains {
            let most = sends.iter().map(|&(_, acked)| acked).max().unwrap();
            assert!(most < u64::from(SLOTS) / 8, "the send lasted until the other had drained {most} of {SLOTS} slots");
        }
    }
}

#[test]
fn producer_goes_on_beside_a_fast_consumer() {
    goes_on("producer", "fast", true);
}

#[test]
fn producer_goes_on_beside_a_slow_consumer() {
    goes_on("producer", "slow", false);
}

#[test]
fn producer_goes_on_beside_a_consumer_that_comes_and_goes() {
    goes_on("producer", "comes and goes", true);
}

#[test]
fn producer_goes_on_under_a_timer_of_1_khz() {
    goes_on("producer under a 1 kHz timer", "slow", false);
}

#[test]
fn consumer_under_a_timer_of_1_khz_is_told_of_the_loss() {
    for backend in LAYERS {
        let name = format!("waiting-lost-{backend:?}-{}", std::process::id());
        let _channel = Channel::create(&name).backend(backend).producers(2).build().unwrap();
        let mut producer = Process::start("holds the lock", &name);
        // It waits for the first consumer before it has a slot.
        let mut consumer = Process::start("waits for a producer", &name);
        assert_eq!(consumer.line(), "ready");
        assert_eq!(producer.line(), "ready");
        producer.kill();
        assert_eq!(consumer.line(), "lost");
    }
}

#[test]
fn producer_under_a_timer_of_1_khz_takes_a_dead_owners_lock() {
    for backend in LAYERS {
        let name = format!("waiting-lock-{backend:?}-{}", std::process::id());
        let _channel = Channel::create(&name).backend(backend).consumers(0).producers(2).build().unwrap();
        let mut owner = Process::start("holds the lock", &name);
        assert_eq!(owner.line(), "ready");
        let mut producer = Process::start("waits for the lock", &name);
        assert_eq!(producer.line(), "ready");
        owner.kill();
        assert_eq!(producer.line(), "sent");
    }
}
