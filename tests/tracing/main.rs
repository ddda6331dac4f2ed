//! The events of the feature `tracing`: what each says, and that no message makes one. Deaths are real.
//!
//! `cargo test -p ackcast --features tracing --test tracing`
#![cfg(target_os = "linux")]

mod child;
mod log;
#[path = "../reexec/mod.rs"]
mod reexec;

use ackcast::layers::{Futex, RawSync};
use ackcast::protocol::Control;
use ackcast::segment::Layout;
use ackcast::{Backend, Channel, Consumer, Finished, Producer, RecvError, SendError};
use log::logged;
use reexec::{HANG, Named, Process};
use std::os::unix::fs::FileExt;

const LAYERS: [Backend; 2] = [Backend::Futex, Backend::RawSync];

fn name(test: &str, backend: Backend) -> Named {
    Named(format!("tracing-{test}-{backend:?}-{}", std::process::id()))
}

fn start(role: &str, channel: &str) -> Process {
    Process::start("child::entry", role, channel)
}

#[test]
fn life_of_a_channel_is_logged() {
    for backend in LAYERS {
        let name = name("life", backend);
        let (events, ()) = logged(&name, || {
            let channel = Channel::create(&name).backend(backend).slots(4).slot_size(8).build().unwrap();
            let (mut consumer, mut producer) = (Consumer::attach(&name).unwrap(), Producer::attach(&name).unwrap());
            producer.send(b"a").unwrap();
            let late = Consumer::attach(&name).unwrap();
            assert_eq!(consumer.recv().unwrap(), b"a");
            assert_eq!(producer.finish().unwrap(), Finished::Ended);
            assert_eq!(consumer.recv(), Err(RecvError::Ended));
            assert_eq!(consumer.recv(), Err(RecvError::Ended));
            drop((channel, producer, late, consumer));
        });
        assert_eq!(
            events,
            [
                "INFO created a channel slots=4 slot_size=8",
                "INFO a consumer has joined consumer=0 next=0",
                "INFO a producer has joined producer=0",
                "INFO a consumer has joined consumer=1 next=1",
                "INFO published END messages=2",
                "DEBUG received END consumer=0",
                "INFO a producer has left producer=0",
                "INFO a consumer has left consumer=1 next=1",
                "INFO a consumer has left consumer=0 next=2",
            ]
        );
    }
}

#[test]
fn messages_are_not_logged() {
    for backend in LAYERS {
        let name = name("messages", backend);
        let _channel = Channel::create(&name).backend(backend).slots(4).build().unwrap();
        let (mut consumer, mut producer) = (Consumer::attach(&name).unwrap(), Producer::attach(&name).unwrap());
        let (events, ()) = logged(&name, || {
            for n in 0..100 {
                producer.send(&[n]).unwrap();
                producer.send_batch(&[[0]]).unwrap();
                assert!(matches!(producer.try_send(&[0; 2000]), Err(SendError::TooLong { .. })));
                consumer.recv().unwrap();
                assert_eq!(consumer.recv_batch().unwrap().take().unwrap(), Some(&[0][..]));
                assert!(matches!(consumer.try_recv(), Err(RecvError::TimedOut { .. })));
            }
        });
        assert_eq!(events, [""; 0]);
    }
}

#[test]
fn dead_consumer_is_logged_by_the_producer() {
    for backend in LAYERS {
        let name = name("consumer", backend);
        let _channel = Channel::create(&name).backend(backend).build().unwrap();
        let mut dies = start("consumer", &name);
        dies.says("attached");
        let mut producer = Producer::attach(&name).unwrap();
        producer.send_timeout(b"fills the ring", HANG).unwrap();
        dies.kill();
        let (events, ()) = logged(&name, || producer.send_timeout(b"takes its slot", HANG).unwrap());
        assert_eq!(events, ["WARN a consumer is dead, and was evicted consumer=0"]);
    }
}

/// The eviction is told under the write lock.
#[test]
fn panic_of_a_subscriber_leaves_the_channel_usable() {
    for backend in LAYERS {
        let name = name("panic", backend);
        let _channel = Channel::create(&name).backend(backend).places(2).build().unwrap();
        let mut dies = start("consumer", &name);
        dies.says("attached");
        let (mut producer, mut other) = (Producer::attach(&name).unwrap(), Producer::attach(&name).unwrap());
        producer.send_timeout(b"fills the ring", HANG).unwrap();
        dies.kill();
        let panics = || log::panicking(&name, || producer.send_timeout(b"evicts", HANG));
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics));
        assert!(panicked.is_err(), "{panicked:?}");
        other.send_timeout(b"of another producer", HANG).unwrap();
        producer.send_timeout(b"of the same", HANG).unwrap();
    }
}

/// The thread that waits in the place of a producer evicts the consumer, and tells of it.
#[test]
fn panic_of_a_subscriber_does_not_stop_an_event_loop() {
    let name = name("panic-event", Backend::Futex);
    let _channel = Channel::create(&name).build().unwrap();
    let mut dies = start("consumer", &name);
    dies.says("attached");
    let producer = start("event producer", &name);
    producer.says("waits");
    dies.kill();
    producer.says("panicked");
    producer.says("1 descriptor is readable: Ok(true)");
    assert!(producer.end().0.success());
}

#[test]
fn dead_owner_is_logged_by_its_successor() {
    for backend in LAYERS {
        for places in [1, 2] {
            let name = name(&format!("owner-{places}"), backend);
            let _channel =
                Channel::create(&name).backend(backend).consumers(0).slots(4).places(places).build().unwrap();
            let mut dies = start("producer", &name);
            dies.says("holds a loan");
            dies.kill();
            let (events, ()) = logged(&name, || {
                let mut producer = Producer::attach(&name).unwrap();
                producer.send_timeout(b"a", HANG).unwrap();
                drop(producer);
            });
            assert_eq!(
                events.iter().filter(|event| !event.contains("joined")).collect::<Vec<_>>(),
                [
                    "WARN took the write lock over from a dead producer producer=0",
                    "WARN a producer has left without finishing producer=0",
                ],
                "{events:?}"
            );
        }
    }
}

#[test]
fn loss_of_all_producers_is_logged_once() {
    for backend in LAYERS {
        let name = name("lost", backend);
        let _channel = Channel::create(&name).backend(backend).slots(4).places(2).build().unwrap();
        let mut consumer = Consumer::attach(&name).unwrap();
        let mut dies = start("producer", &name);
        dies.says("holds a loan");
        dies.kill();
        let (events, ()) = logged(&name, || {
            for _ in 0..3 {
                assert!(matches!(consumer.recv_timeout(HANG), Err(RecvError::ProducersLost(_))));
            }
            let mut successor = Producer::attach(&name).unwrap();
            successor.send_timeout(b"a", HANG).unwrap();
            drop(successor);
            consumer.recv_timeout(HANG).unwrap();
            assert!(matches!(consumer.recv_timeout(HANG), Err(RecvError::ProducersLost(_))));
        });
        let lost: Vec<_> = events.iter().filter(|event| event.contains("every producer is dead")).collect();
        assert_eq!(
            lost,
            [
                "WARN every producer is dead producers=number 0 next=0",
                "WARN every producer is dead producers=number 0 next=1",
            ],
            "{events:?}"
        );
    }
}

#[test]
fn corruption_is_logged() {
    for backend in LAYERS {
        let name = name("corrupt", backend);
        let channel = Channel::create(&name).backend(backend).build().unwrap();
        let mut consumer = Consumer::attach(&name).unwrap();
        let geometry = channel.geometry();
        let published = match backend {
            Backend::RawSync => {
                Layout::new::<RawSync>(&geometry).unwrap().control + std::mem::offset_of!(Control<RawSync>, published)
            }
            _ => Layout::new::<Futex>(&geometry).unwrap().control + std::mem::offset_of!(Control<Futex>, published),
        };
        let file = std::fs::File::options().write(true).open(name.path()).unwrap();
        file.write_all_at(&77_u64.to_ne_bytes(), published as u64).unwrap();
        let (events, ()) = logged(&name, || {
            assert!(matches!(consumer.try_recv(), Err(RecvError::Corrupt(_))));
        });
        assert_eq!(
            events,
            [
                "ERROR the channel is corrupt corruption=77 messages published, but message 0 is not acknowledged and there \
              are 1 slots"
            ]
        );
    }
}

#[test]
fn child_of_a_fork_logs_nothing_of_its_parents_handles() {
    for backend in LAYERS {
        let name = name("fork", backend);
        let forks = start("forks", &name);
        forks.says("the child logged 0 events");
        assert!(forks.end().0.success());
    }
}
