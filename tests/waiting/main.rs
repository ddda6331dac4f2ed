//! A waiter notices a death in time, however often it is woken, interrupted, or finds progress that does not suffice.
//! Real processes, real kills. (`verify/src/self_checks/interference.rs` has the property of the wait loop itself.)
//!
//! Figures: `ACKCAST_WAIT_ROUNDS=50 cargo test --release --test waiting -- --nocapture --test-threads=1`.
#![cfg(target_os = "linux")]

mod child;
#[path = "../interrupt/mod.rs"]
mod interrupt;
#[path = "../reexec/mod.rs"]
mod reexec;

use ackcast::{Backend, Channel};
use reexec::Process;

const LAYERS: [Backend; 2] = [Backend::Futex, Backend::RawSync];
const SLOTS: u32 = 1024;

fn start(role: &str, channel: &str) -> Process {
    Process::start("child::entry", role, channel)
}

fn rounds() -> usize {
    std::env::var("ACKCAST_WAIT_ROUNDS").map_or(3, |rounds| rounds.parse().expect("ACKCAST_WAIT_ROUNDS is a number"))
}

/// Kills a consumer while it waits. Returns the longest later send, in microseconds, and the other consumer's
/// acknowledgement when that send returned.
fn send_past_a_dead_consumer(producer: &str, other: &str, backend: Backend, round: usize) -> (u64, u64) {
    let name =
        format!("waiting-{}-{}-{backend:?}-{round}-{}", producer.len(), other.replace(' ', "-"), std::process::id());
    let _channel = Channel::create(&name).backend(backend).slots(SLOTS).slot_size(64).consumers(2).build().unwrap();
    let other = start(other, &name);
    let mut victim = start("victim", &name);
    let mut producer = start(producer, &name);
    for process in [&other, &victim, &producer] {
        process.says("ready");
    }
    victim.kill();
    producer.go();
    let said = producer.line();
    let (longest, acked) = said.split_once(' ').unwrap_or_else(|| panic!("the producer did not go on: {said}"));
    (longest.parse().unwrap(), acked.parse().unwrap())
}

/// Runs all rounds. A consumer that does not drain must not have acknowledged an eighth of the ring by then.
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
        let mut producer = start("holds the lock", &name);
        // The producer waits for the first consumer before it has a slot.
        let consumer = start("waits for a producer", &name);
        consumer.says("ready");
        producer.says("ready");
        producer.kill();
        consumer.says("lost");
    }
}

#[test]
fn producer_under_a_timer_of_1_khz_takes_a_dead_owners_lock() {
    for backend in LAYERS {
        let name = format!("waiting-lock-{backend:?}-{}", std::process::id());
        let _channel = Channel::create(&name).backend(backend).consumers(0).producers(2).build().unwrap();
        let mut owner = start("holds the lock", &name);
        owner.says("ready");
        let producer = start("waits for the lock", &name);
        producer.says("ready");
        owner.kill();
        producer.says("sent");
    }
}
