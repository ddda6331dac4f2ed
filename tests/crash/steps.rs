//! The victim dies at its *k*-th operation, for every *k* there is, while the others live.

use crate::child::{HANG, MESSAGES, Process};
use ackcast::{Channel, Consumer, Producer, RecvError};
use std::collections::BTreeMap;
use std::io::Read;
use std::thread;
use std::time::{Duration, Instant};

/// How often each step is repeated. `ACKCAST_CRASH_ROUNDS` overrides it.
fn rounds() -> usize {
    std::env::var("ACKCAST_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1)
}

/// Runs `case(k)`, which returns the victim's output, for all `k` up to the first that the victim survives.
fn every_step(what: &str, case: impl Fn(usize) -> String) {
    let mut sites = BTreeMap::<String, usize>::new();
    for _ in 0..rounds() {
        for k in 0.. {
            assert!(k < 1000, "{what}: the victim never gets to its end");
            let said = case(k);
            if said.contains("lived") {
                break;
            }
            let site = said.lines().find_map(|line| line.strip_prefix("died at ")).unwrap_or_else(|| panic!("{said}"));
            *sites.entry(site.to_owned()).or_default() += 1;
        }
    }
    let deaths: usize = sites.values().sum();
    println!("{what}: {deaths} deaths at {} sites", sites.len());
    for (site, count) in &sites {
        println!("  {count:4} × {site}");
    }
    let unknown: Vec<_> = sites.keys().filter(|site| !crate::table::is_known(site)).collect();
    assert!(unknown.is_empty(), "not in docs/crash.md's table (tests/crash/table.rs): {unknown:?}");
    // How many further sites the victim meets depends on which participant waits for which.
    assert!(sites.len() >= 10, "{what}: only {} sites", sites.len());
}

/// Checks that the name is removed after all participants have left or died.
fn expect_gone(name: &str) {
    assert!(!std::path::Path::new(&format!("/dev/shm/ackcast.{name}")).exists(), "{name} is left over");
}

fn said(victim: &mut Process) -> String {
    victim.wait();
    let mut text = String::new();
    victim.0.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    text
}

fn receive_all(name: String) -> thread::JoinHandle<Vec<u64>> {
    let mut consumer = Consumer::attach(&name).unwrap();
    thread::spawn(move || {
        let mut received = Vec::new();
        loop {
            match consumer.recv_timeout(HANG) {
                Ok(message) => received.push(u64::from_ne_bytes(message.try_into().unwrap())),
                Err(RecvError::Ended) => return received,
                Err(RecvError::ProducersLost(_)) => thread::yield_now(), // a successor is on its way
                Err(error) => panic!("{error}"),
            }
        }
    })
}

/// What the victim finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// Only the consumers.
    Calm,
    /// Only the consumers, in a channel with one place for a producer, so that the victim keeps the lock.
    Alone,
    /// As `Alone`, and the victim sends all its messages in a batch.
    AloneWithABatch,
    /// A rival that takes the lock as often as it can.
    Rival,
    /// A dead consumer that holds message 0, and a dead owner of the lock: to be taken over (C3).
    DeadOwner,
    /// As `DeadOwner`, and the victim gets the dead owner's number (C3).
    DeadPredecessor,
}

/// Leaves a dead consumer that holds message 0, and a dead owner of the lock.
fn kill_some(name: &str, same_number: bool) {
    let mut consumer = Process::start("idle consumer", name, 0);
    consumer.expect("ready");
    let mut first = Producer::attach(name).unwrap();
    first.send_timeout(&0_u64.to_ne_bytes(), HANG).unwrap();
    consumer.expect("received");
    if same_number {
        drop(first);
        hold_and_die(name);
    } else {
        hold_and_die(name); // under the number after that of `first`
        drop(first);
    }
    consumer.kill();
}

fn hold_and_die(name: &str) {
    let mut holder = Process::start("lock holder", name, 0);
    holder.expect("ready");
    holder.kill();
}

/// C2: each message of a dying producer reaches all consumers or none, and a successor carries on.
fn producer_dies(slots: u32, before: Before, k: usize) -> String {
    let name = format!("crash-producer-{slots}-{before:?}-{k}-{}", std::process::id());
    let builder = Channel::create(&name).slots(slots).consumers(2);
    let alone = matches!(before, Before::Alone | Before::AloneWithABatch);
    let channel = if alone { builder } else { builder.places(3) }.build().unwrap();
    let consumers = [receive_all(name.clone()), receive_all(name.clone())];
    let mut rival = None;
    match before {
        Before::Calm | Before::Alone | Before::AloneWithABatch => {}
        Before::Rival => {
            let mut producer = Producer::attach(&name).unwrap();
            rival = Some(thread::spawn(move || {
                for i in 1000..1050_u64 {
                    let mut loan = producer.loan_timeout(HANG).unwrap();
                    loan[..8].copy_from_slice(&i.to_ne_bytes());
                    thread::sleep(Duration::from_micros(50)); // so that the victim meets a lock that is taken
                    loan.publish(8).unwrap();
                }
            }));
        }
        Before::DeadOwner | Before::DeadPredecessor => kill_some(&name, before == Before::DeadPredecessor),
    }
    let role = if before == Before::AloneWithABatch { "fused batch producer" } else { "fused producer" };
    let mut victim = Process::start(role, &name, k);
    let said = said(&mut victim);
    if let Some(rival) = rival {
        rival.join().unwrap();
    }
    let ended = Channel::open(&ackcast::segment::Name::new(&name).unwrap()).unwrap().published().ended();
    if !ended {
        let mut successor = Producer::attach(&name).unwrap();
        for i in 100..103_u64 {
            successor.send_timeout(&i.to_ne_bytes(), HANG).unwrap_or_else(|error| panic!("step {k}: {error}\n{said}"));
        }
        successor.finish_timeout(HANG).unwrap();
    }
    let received = consumers.map(|consumer| consumer.join().unwrap());
    assert_eq!(received[0], received[1], "step {k}: {said}");
    let mut all = received[0].as_slice();
    if matches!(before, Before::DeadOwner | Before::DeadPredecessor) {
        assert_eq!(all[0], 0, "what came before");
        all = &all[1..];
    }
    let part = |from: u64, to: u64| all.iter().copied().filter(|i| (from..to).contains(i)).collect::<Vec<_>>();
    let of_victim = part(0, 100);
    assert!(of_victim.iter().copied().eq(0..of_victim.len() as u64), "step {k}: {of_victim:?}");
    assert!(of_victim.len() as u64 <= MESSAGES);
    if before == Before::Rival {
        assert!(part(1000, 2000).into_iter().eq(1000..1050), "step {k}: {said}");
    }
    // A victim that died after it had published END needs no successor.
    assert_eq!(part(100, 1000), if ended { vec![] } else { vec![100, 101, 102] }, "step {k}: {said}");
    drop(channel);
    expect_gone(&name);
    said
}

/// C1: when a consumer dies, the survivor receives every message and the producer makes progress.
fn consumer_dies(slots: u32, retain: u32, k: usize) -> String {
    let name = format!("crash-consumer-{slots}-{retain}-{k}-{}", std::process::id());
    let channel = Channel::create(&name).slots(slots).retain(retain).consumers(1).places(2).build().unwrap();
    let survivor = receive_all(name.clone());
    let mut victim = Process::start("fused consumer", &name, k);
    let mut producer = Producer::attach(&name).unwrap();
    // Some messages are sent before the victim joins, some while it is attached, however long it takes to start.
    let (mut sent, start) = (0_u64, Instant::now());
    while victim.0.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < HANG, "step {k}: the victim hangs");
        producer.send_timeout(&sent.to_ne_bytes(), HANG).unwrap();
        sent += 1;
        thread::sleep(Duration::from_micros(100)); // limits the rate: the victim's steps matter
    }
    let ended = producer.finish_timeout(HANG).unwrap();
    assert_eq!(ended, ackcast::Finished::Ended);
    let said = said(&mut victim);
    assert!(survivor.join().unwrap().into_iter().eq(0..sent), "step {k}: {said}");
    drop((producer, channel));
    expect_gone(&name);
    said
}

/// C1 after the producers' death: the survivor is told of the loss, and goes on with a successor.
fn consumer_dies_after_the_producer(k: usize) -> String {
    let name = format!("crash-lost-{k}-{}", std::process::id());
    let channel = Channel::create(&name).consumers(0).places(2).build().unwrap();
    let survivor = receive_all(name.clone());
    let mut producer = Process::start("idle producer", &name, 0);
    producer.expect("ready");
    producer.kill();
    let mut victim = Process::start("fused consumer", &name, k);
    let said = said(&mut victim);
    let mut successor = Producer::attach(&name).unwrap();
    successor.send_timeout(&7_u64.to_ne_bytes(), HANG).unwrap();
    successor.finish_timeout(HANG).unwrap();
    assert_eq!(survivor.join().unwrap(), [1, 7], "step {k}: {said}");
    drop((successor, channel));
    expect_gone(&name);
    said
}

#[test]
fn a_producer_may_die_at_any_step() {
    for slots in [1, 2] {
        every_step(&format!("producer, {slots} slots"), |k| producer_dies(slots, Before::Calm, k));
    }
}

#[test]
fn a_producer_that_keeps_the_lock_may_die_at_any_step() {
    for before in [Before::Alone, Before::AloneWithABatch] {
        every_step(&format!("producer, {before:?}"), |k| producer_dies(2, before, k));
    }
}

#[test]
fn a_producer_may_die_at_any_step_beside_a_rival() {
    every_step("producer beside a rival", |k| producer_dies(2, Before::Rival, k));
}

#[test]
fn a_producer_may_die_at_any_step_of_recovery() {
    for before in [Before::DeadOwner, Before::DeadPredecessor] {
        // With one slot, the dead owner could not get past the consumer that holds message 0.
        every_step(&format!("producer, {before:?}"), |k| producer_dies(2, before, k));
    }
}

#[test]
fn a_consumer_may_die_at_any_step() {
    for slots in [1, 2] {
        every_step(&format!("consumer, {slots} slots"), |k| consumer_dies(slots, 0, k));
    }
}

#[test]
fn a_late_reader_may_die_at_any_step() {
    for (slots, retain) in [(2, 1), (3, 2)] {
        every_step(&format!("consumer, {retain} retained of {slots} slots"), |k| consumer_dies(slots, retain, k));
    }
}

#[test]
fn a_consumer_may_die_at_any_step_after_the_producers() {
    every_step("consumer, producers dead", consumer_dies_after_the_producer);
}
