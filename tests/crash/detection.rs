//! How soon the others notice a death, and that nothing else counts as a death. Times are printed, not asserted:
//! `cargo test --test crash detection -- --nocapture --test-threads=1`.

use crate::child::{HANG, Process};
use ackcast::{Backend, Channel, Consumer, Producer, RecvError, SendError};
use std::time::{Duration, Instant};

/// Longer than a waiter needs to find out that nothing happens.
const SILENCE: Duration = Duration::from_millis(200);
const LAYERS: [Backend; 2] = [Backend::Futex, Backend::RawSync];

fn name(test: &str, backend: Backend) -> String {
    format!("detect-{test}-{backend:?}-{}", std::process::id())
}

/// Starts a child and waits until it is ready.
fn start(role: &str, channel: &str) -> Process {
    let mut child = Process::start(role, channel, 0);
    child.expect("ready");
    child
}

/// Runs `case` several times and prints the time from the kill to its return.
fn report(what: &str, backend: Backend, case: impl Fn(usize) -> Duration) {
    let mut times: Vec<Duration> = (0..9).map(case).collect();
    times.sort();
    println!("{what}, {backend:?}: noticed after {:?} (median), {:?} (worst of {})", times[4], times[8], times.len());
}

#[test]
fn a_consumer_killed_while_the_producer_waits_for_it_is_evicted() {
    for backend in LAYERS {
        report("consumer killed holding a message", backend, |i| {
            let name = name(&format!("consumer-{i}"), backend);
            let channel = Channel::create(&name).backend(backend).build().unwrap();
            let mut child = start("idle consumer", &name);
            let mut producer = Producer::attach(&name).unwrap();
            producer.send_timeout(b"held", HANG).unwrap();
            child.expect("received");
            assert!(matches!(producer.try_send(b"next"), Err(SendError::TimedOut(_))));
            let sender = std::thread::spawn(move || {
                producer.send_timeout(b"next", HANG).unwrap();
                (Instant::now(), producer)
            });
            // The child is reaped later: a zombie counts as dead.
            let killed = Instant::now();
            child.0.kill().unwrap();
            let (noticed, producer) = sender.join().unwrap();
            assert_eq!(channel.evicted(), 1);
            drop(producer);
            noticed - killed
        });
    }
}

#[test]
fn a_producer_killed_inside_the_write_lock_is_succeeded() {
    for backend in LAYERS {
        report("producer killed holding the lock", backend, |i| {
            let name = name(&format!("lock-{i}"), backend);
            let _channel = Channel::create(&name).consumers(0).places(2).backend(backend).build().unwrap();
            let mut consumer = Consumer::attach(&name).unwrap();
            let mut producer = Producer::attach(&name).unwrap();
            let mut child = start("lock holder", &name);
            let late = producer.send_timeout(b"late", Duration::from_millis(30)).unwrap_err();
            assert!(late.to_string().contains("for the write lock"), "{late}");
            let sender = std::thread::spawn(move || {
                producer.send_timeout(b"whole", HANG).unwrap();
                Instant::now()
            });
            let killed = Instant::now();
            child.0.kill().unwrap();
            let noticed = sender.join().unwrap();
            assert_eq!(consumer.recv_timeout(HANG).unwrap(), b"whole", "the half message was never there");
            noticed - killed
        });
    }
}

#[test]
fn producers_that_all_died_are_reported_after_draining() {
    for backend in LAYERS {
        report("the only producer killed", backend, |i| {
            let name = name(&format!("lost-{i}"), backend);
            let _channel = Channel::create(&name).backend(backend).build().unwrap();
            let mut consumer = Consumer::attach(&name).unwrap();
            let mut child = start("idle producer", &name);
            let receiver = std::thread::spawn(move || {
                assert_eq!(consumer.recv_timeout(HANG).unwrap(), 1_u64.to_ne_bytes());
                let Err(RecvError::ProducersLost(lost)) = consumer.recv_timeout(HANG) else { panic!("not lost") };
                assert_eq!(lost.producers().collect::<Vec<_>>(), [0], "the error lists the lost producers");
                let noticed = Instant::now();
                // The loss is no end: messages of a successor are received.
                let mut successor = Producer::attach(consumer.name().as_str()).unwrap();
                successor.send_timeout(b"two", HANG).unwrap();
                assert_eq!(consumer.recv_timeout(HANG).unwrap(), b"two");
                noticed
            });
            let killed = Instant::now();
            child.0.kill().unwrap();
            receiver.join().unwrap() - killed
        });
    }
}

#[test]
fn a_death_after_a_long_silence_is_noticed_as_soon() {
    for backend in LAYERS {
        report("the only producer killed after a long silence", backend, |i| {
            let name = name(&format!("silence-{i}"), backend);
            let _channel = Channel::create(&name).backend(backend).build().unwrap();
            let mut consumer = Consumer::attach(&name).unwrap();
            let mut child = start("idle producer", &name);
            assert_eq!(consumer.recv_timeout(HANG).unwrap(), 1_u64.to_ne_bytes());
            // A waiter that has waited this long relies on being told of a death (`tests/watch/` shows that).
            assert!(matches!(consumer.recv_timeout(SILENCE), Err(RecvError::TimedOut { .. })));
            let receiver = std::thread::spawn(move || {
                assert!(matches!(consumer.recv_timeout(HANG), Err(RecvError::ProducersLost(_))));
                Instant::now()
            });
            std::thread::sleep(SILENCE / 10); // by then the receiver most likely sleeps again
            let killed = Instant::now();
            child.0.kill().unwrap();
            receiver.join().unwrap() - killed
        });
    }
}

#[test]
fn a_stopped_consumer_is_waited_for_and_named() {
    for backend in LAYERS {
        let name = name("stopped", backend);
        let channel = Channel::create(&name).backend(backend).build().unwrap();
        let mut child = start("idle consumer", &name);
        let pid = rustix::process::Pid::from_child(&child.0);
        let mut producer = Producer::attach(&name).unwrap();
        producer.send_timeout(b"one", HANG).unwrap();
        child.expect("received");
        rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
        let late = producer.send_timeout(b"two", Duration::from_millis(100)).unwrap_err();
        assert_eq!(late.to_string(), "gave up waiting for consumer 0 to acknowledge message 0");
        assert_eq!(channel.evicted(), 0);
        rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
    }
}

#[test]
fn a_grandchild_does_not_keep_a_dead_consumer_alive() {
    // Descriptors are close-on-exec: a process that the consumer has started holds no lock for it.
    for backend in LAYERS {
        let name = name("grandchild", backend);
        let channel = Channel::create(&name).backend(backend).build().unwrap();
        let mut child = start("consumer with a child", &name);
        let mut producer = Producer::attach(&name).unwrap();
        producer.send_timeout(b"held", HANG).unwrap();
        child.expect("received");
        child.kill();
        producer.send_timeout(b"next", HANG).unwrap();
        assert_eq!(channel.evicted(), 1);
    }
}

#[test]
fn a_consumer_killed_while_parked_leaves_no_cost_behind() {
    // A parked consumer that dies leaves one word that says PARKED. The first message after its death pays for the
    // eviction and one wake. The other messages pay nothing.
    for backend in LAYERS {
        let name = name("parked", backend);
        let channel = Channel::create(&name).consumers(0).backend(backend).build().unwrap();
        let mut producer = Producer::attach(&name).unwrap();
        let mut cost = || {
            let mut rounds: Vec<_> = (0..21)
                .map(|_| {
                    let start = Instant::now();
                    (0..1000_u32).for_each(|i| producer.send_timeout(&i.to_ne_bytes(), HANG).unwrap());
                    start.elapsed() / 1000
                })
                .collect();
            rounds.sort();
            rounds[10]
        };
        let before = cost();
        let child = start("idle consumer", &name);
        while channel.acknowledged().is_empty() {
            std::thread::yield_now();
        }
        child.kill();
        let after = cost();
        println!(
            "a message, {backend:?}: {before:?} before a parked consumer was killed, {after:?} after (medians of 21 × 1000)"
        );
        assert_eq!(channel.evicted(), 1);
        assert_eq!(channel.acknowledged(), []);
    }
}
