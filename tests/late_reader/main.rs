//! Consumers that attach at a retained message: real processes, both backends.

#[path = "../reexec/mod.rs"]
mod reexec;

mod child;
mod start;

use ackcast::{Backend, Channel, Consumer, Producer, RecvError, Start};
use child::{check, message};
use reexec::{HANG, Named, Process};
use std::time::{Duration, Instant};

const BACKENDS: [Backend; 2] = [Backend::Futex, Backend::RawSync];
const SLOTS: u32 = 16;
const RETAIN: u32 = 12;

/// A channel name of one test.
fn named(test: &str, backend: Backend) -> Named {
    Named(format!("late-{test}-{backend:?}-{}", std::process::id()))
}

/// Starts a process in this role, and waits until it has attached.
fn start(role: &str, name: &str) -> Process {
    let process = Process::start("child::entry", role, name);
    process.says("ready");
    process
}

/// Ends the producer, and checks that the consumer that was there from the beginning got every message.
fn ends_well(mut producer: Process, stays: Process) {
    producer.go();
    let (status, said) = producer.end();
    assert!(status.success(), "{said:?}");
    let (status, received) = stays.end();
    assert!(status.success(), "{received:?}");
    let sent = said.iter().find_map(|line| line.strip_prefix("sent ")).expect("the producer says how many");
    assert!(received.iter().any(|line| line.strip_prefix("received ") == Some(sent)), "{said:?}, {received:?}");
}

/// While a producer runs at full speed, each of 200 late readers gets a gapless part that begins where it was promised.
#[test]
fn late_reader_gets_each_message_from_its_start_on() {
    for backend in BACKENDS {
        let name = named("joins", backend);
        let channel = Channel::create(&name).slots(SLOTS).slot_size(64).retain(RETAIN).backend(backend);
        let channel = channel.build().unwrap();
        let (stays, producer) = (start("stays", &name), start("producer", &name));
        let (mut back, end) = (0, Instant::now() + 3 * HANG);
        for round in 0..200_u64 {
            assert!(Instant::now() < end, "a join hangs");
            let before = channel.published().count();
            let mut late = Consumer::attach_at(&name, Start::Oldest).unwrap();
            let after = channel.published().count();
            let message = late.recv_ref_timeout(HANG).unwrap();
            let first = message.sequence();
            let [earliest, latest] = [before, after].map(|count| count.saturating_sub(RETAIN.into()));
            assert!((earliest..=latest).contains(&first), "{first} is not in {earliest} to {latest}");
            check(first, &message);
            drop(message);
            back += u64::from(first < before);
            for next in first + 1..first + 1 + round {
                let message = late.recv_ref_timeout(HANG).unwrap();
                assert_eq!(message.sequence(), next);
                check(next, &message);
            }
        }
        assert!(back > 0, "some reader got a message that was published before it came");
        ends_well(producer, stays);
    }
}

/// Late readers that are killed at any moment delay no participant, and spoil nothing.
#[test]
fn killed_late_reader_holds_nobody_up() {
    for backend in BACKENDS {
        let name = named("kills", backend);
        let channel = Channel::create(&name).slots(SLOTS).slot_size(64).retain(RETAIN).backend(backend);
        let channel = channel.build().unwrap();
        let (stays, producer) = (start("stays", &name), start("producer", &name));
        for round in 0..20_u32 {
            let mut joiner = start("joiner", &name);
            // It attaches and leaves all the time, so it dies in the middle of either.
            let moment = Instant::now() + Duration::from_micros(u64::from(round * 97));
            while Instant::now() < moment {
                std::hint::spin_loop();
            }
            joiner.kill();
        }
        // The channel goes on by more than a ring.
        let (seen, end) = (channel.published().count(), Instant::now() + HANG);
        while channel.published().count() < seen + 2 * u64::from(SLOTS) {
            assert!(Instant::now() < end, "a dead reader holds the producer up");
            std::thread::yield_now();
        }
        let mut late = Consumer::attach_at(&name, Start::Oldest).unwrap();
        let message = late.recv_ref_timeout(HANG).unwrap();
        check(message.sequence(), &message);
        drop(message);
        drop(late);
        ends_well(producer, stays);
    }
}

/// What a killed producer has published is there for a late reader, and its successor's messages follow without a gap.
#[test]
fn late_reader_outlives_a_killed_producer() {
    for backend in BACKENDS {
        let name = named("heir", backend);
        let channel = Channel::create(&name).slots(SLOTS).slot_size(64).retain(RETAIN).consumers(0).backend(backend);
        let channel = channel.build().unwrap();
        let mut dies = start("producer", &name);
        let end = Instant::now() + HANG;
        while channel.published().count() < 1000 {
            assert!(Instant::now() < end, "the producer hangs");
            std::thread::yield_now();
        }
        dies.kill();
        let published = channel.published().count();
        let mut late = Consumer::attach_at(&name, Start::Oldest).unwrap();
        for next in published - u64::from(RETAIN)..published {
            let message = late.recv_ref_timeout(HANG).unwrap();
            assert_eq!(message.sequence(), next);
            check(next, &message);
        }
        assert!(matches!(late.recv_timeout(HANG), Err(RecvError::ProducersLost(_))));
        let mut heir = Producer::attach(&name).unwrap();
        heir.send_timeout(&message(published), HANG).unwrap();
        check(published, &late.recv_ref_timeout(HANG).unwrap());
        assert_eq!(late.try_recv(), Err(RecvError::TimedOut { next: published + 1 }));
    }
}

/// Negative twins: the judgements notice another message, a torn message and another length.
#[test]
fn check_notices_a_wrong_payload() {
    let notices = |bytes: Vec<u8>| std::panic::catch_unwind(move || check(7, &bytes)).is_err();
    assert!(!notices(message(7)));
    assert!(notices(message(8)) && notices(message(15)));
    let mut torn = message(7);
    torn[9] ^= 1;
    assert!(notices(torn));
    assert!(notices(message(7)[..8].to_vec()));
}
