//! Every step: the victim dies at its *k*-th operation, for every *k* there is, while the others live.

use crate::child::{MESSAGES, Process};
use ackcast::{Channel, Consumer, Producer, RecvError};
use std::collections::BTreeMap;
use std::io::Read;
use std::thread;
use std::time::Duration;

/// Longer than anything here takes: past this, a call hangs.
const HANG: Duration = Duration::from_secs(10);

/// How often every step is died at; `ACKCAST_CRASH_ROUNDS` overrides it.
fn rounds() -> usize {
    std::env::var("ACKCAST_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1)
}

/// Runs `case(k)`, which returns what the victim said, for all `k` up to the first that it survives.
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
    assert!(sites.len() > 15, "{what}: only {} sites", sites.len());
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
                Err(RecvError::ProducersLost) => thread::yield_now(), // a successor is on its way
                Err(error) => panic!("{error}"),
            }
        }
    })
}

/// C2: a dying producer's messages reach everybody or nobody, and a successor carries on.
fn producer_dies(slots: u32, k: usize) -> String {
    let name = format!("crash-producer-{slots}-{k}-{}", std::process::id());
    let _channel = Channel::create(&name).slots(slots).consumers(2).places(2).build().unwrap();
    let consumers = [receive_all(name.clone()), receive_all(name.clone())];
    let mut victim = Process::start("fused producer", &name, k);
    let said = said(&mut victim);
    let ended = Channel::open(&ackcast::segment::Name::new(&name).unwrap()).unwrap().published().ended;
    if !ended {
        let mut successor = Producer::attach(&name).unwrap();
        for i in 100..103_u64 {
            successor.send_timeout(&i.to_ne_bytes(), HANG).unwrap_or_else(|error| panic!("step {k}: {error}\n{said}"));
        }
        successor.finish_timeout(HANG).unwrap();
    }
    let received = consumers.map(|consumer| consumer.join().unwrap());
    assert_eq!(received[0], received[1], "step {k}: {said}");
    let (before, after): (Vec<u64>, Vec<u64>) = received[0].iter().partition(|&&i| i < 100);
    assert!(before.iter().copied().eq(0..before.len() as u64), "step {k}: {before:?}");
    assert!(before.len() as u64 <= MESSAGES);
    // A victim that died after it had published END needs no successor.
    assert_eq!(after, if ended { vec![] } else { vec![100, 101, 102] }, "step {k}: {said}");
    said
}

/// C1: whoever else dies, the survivor gets everything and the producer gets on.
fn consumer_dies(slots: u32, k: usize) -> String {
    let name = format!("crash-consumer-{slots}-{k}-{}", std::process::id());
    let channel = Channel::create(&name).slots(slots).consumers(1).places(2).build().unwrap();
    let survivor = receive_all(name.clone());
    let mut victim = Process::start("fused consumer", &name, k);
    let mut producer = Producer::attach(&name).unwrap();
    // Some messages before the victim joins, some while it is there, some after its death.
    let mut sent = 0_u64;
    while victim.0.try_wait().unwrap().is_none() && sent < 200 {
        producer.send_timeout(&sent.to_ne_bytes(), HANG).unwrap();
        sent += 1;
        thread::sleep(Duration::from_micros(100)); // pace: it is the victim's steps that matter
    }
    let ended = producer.finish_timeout(HANG).unwrap();
    assert_eq!(ended, ackcast::Finished::Ended);
    let said = said(&mut victim);
    assert!(survivor.join().unwrap().into_iter().eq(0..sent), "step {k}: {said}");
    drop(channel);
    said
}

#[test]
fn a_producer_may_die_at_any_step() {
    for slots in [1, 2] {
        every_step(&format!("producer, {slots} slots"), |k| producer_dies(slots, k));
    }
}

#[test]
fn a_consumer_may_die_at_any_step() {
    for slots in [1, 2] {
        every_step(&format!("consumer, {slots} slots"), |k| consumer_dies(slots, k));
    }
}
