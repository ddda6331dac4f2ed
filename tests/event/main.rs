//! Handles for event loops: their descriptors are readable when they should be, and no call waits.
#![cfg(target_os = "linux")]

mod child;
#[path = "../fork/forked.rs"]
#[allow(dead_code)]
mod forked;
#[path = "../reexec/mod.rs"]
mod reexec;

use ackcast::segment::{Name, participants};
use ackcast::{
    Backend, BlockedOn, Channel, Consumer, EventConsumer, EventError, EventProducer, Finished, Producer, RecvError,
    SendError,
};
use forked::{Side, end, fork, wait_for_success};
use reexec::{HANG, Named, Process};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::AsFd;
use std::time::Duration;

const LAYERS: [Backend; 2] = [Backend::Futex, Backend::RawSync];
/// Messages of a stream.
pub const MESSAGES: u64 = 20_000;

fn name(test: &str, backend: Backend) -> Named {
    Named(format!("event-{test}-{backend:?}-{}", std::process::id()))
}

fn start(role: &str, channel: &str) -> Process {
    Process::start("child::entry", role, channel)
}

/// A channel of four slots.
fn channel(test: &str, backend: Backend) -> (Named, Channel) {
    let name = name(test, backend);
    let channel = Channel::create(&name).slots(4).slot_size(64).backend(backend).build().unwrap();
    (name, channel)
}

fn event_consumer(name: &str) -> EventConsumer {
    Consumer::attach(name).unwrap().into_event().unwrap()
}

fn event_producer(name: &str) -> EventProducer {
    Producer::attach(name).unwrap().into_event().unwrap()
}

/// Waits until the descriptor is readable, for at most this time.
pub fn is_readable(handle: &impl AsFd, time: Duration) -> bool {
    let time = Timespec::try_from(time).unwrap();
    let ready = rustix::io::retry_on_intr(|| poll(&mut [PollFd::new(handle, PollFlags::IN)], Some(&time)));
    ready.unwrap() == 1
}

fn readable_now(handle: &impl AsFd) -> bool {
    is_readable(handle, Duration::ZERO)
}

#[track_caller]
fn becomes_readable(handle: &impl AsFd) {
    assert!(is_readable(handle, HANG), "the descriptor does not become readable");
}

#[test]
fn consumer_descriptor_is_readable_until_nothing_is_found() {
    for backend in LAYERS {
        let (name, _channel) = channel("readable", backend);
        let (mut consumer, mut producer) = (event_consumer(&name), Producer::attach(&name).unwrap());
        assert!(readable_now(&consumer), "nothing was asked yet");
        assert_eq!(consumer.try_recv(), Ok(None));
        assert!(!readable_now(&consumer), "there is nothing");
        producer.send(b"first").unwrap();
        becomes_readable(&consumer);
        producer.send(b"second").unwrap();
        assert_eq!(consumer.try_recv(), Ok(Some(b"first".to_vec())));
        becomes_readable(&consumer);
        assert_eq!(consumer.try_recv(), Ok(Some(b"second".to_vec())));
        assert_eq!(consumer.try_recv(), Ok(None));
        // A caller may poll the handle without having seen the descriptor.
        producer.send_batch(&[b"third ", b"fourth"]).unwrap();
        assert_eq!(consumer.try_recv(), Ok(Some(b"third ".to_vec())));
        becomes_readable(&consumer);
        assert_eq!(consumer.try_recv(), Ok(Some(b"fourth".to_vec())));
        assert_eq!(consumer.try_recv(), Ok(None));
        producer.finish().unwrap();
        becomes_readable(&consumer);
        assert_eq!(consumer.try_recv(), Err(RecvError::Ended));
        becomes_readable(&consumer);
        assert_eq!(consumer.try_recv(), Err(RecvError::Ended));
    }
}

#[test]
fn message_is_acknowledged_when_it_is_dropped() {
    for backend in LAYERS {
        let (name, channel) = channel("acknowledged", backend);
        let (mut consumer, mut producer) = (event_consumer(&name), Producer::attach(&name).unwrap());
        let acknowledged = || channel.acknowledged()[0].1;
        assert_eq!(consumer.try_recv(), Ok(None));
        producer.send(b"message").unwrap();
        assert_eq!((consumer.is_ready(), acknowledged()), (Ok(true), 0));
        consumer.try_recv_ref().unwrap().unwrap().keep();
        assert_eq!(acknowledged(), 0);
        let message = consumer.try_recv_ref().unwrap().unwrap();
        assert_eq!((acknowledged(), message.sequence()), (0, 0));
        drop(message);
        assert_eq!(acknowledged(), 1);
    }
}

/// Three channels, each with a producer in a process of its own. Some messages come alone, and some densely.
#[test]
fn consumer_of_several_channels_gets_every_message() {
    for backend in LAYERS {
        let names = ["a", "b", "c"].map(|channel| name(&format!("several-{channel}"), backend));
        let build = |name: &Named| Channel::create(name).slots(8).slot_size(8).backend(backend).build().unwrap();
        let _channels = names.each_ref().map(build);
        let mut consumers: Vec<_> = names.iter().map(|name| event_consumer(name)).collect();
        let producers = names.each_ref().map(|name| start("producer", name));
        let (mut next, mut ended) = ([0_u64; 3], 0);
        while !consumers.is_empty() {
            let found = EventConsumer::wait_any(&mut consumers, HANG).unwrap().expect("a message comes");
            let consumer = &mut consumers[found];
            let which = names.iter().position(|name| **name == *consumer.name().as_str()).unwrap();
            match consumer.try_recv() {
                Ok(Some(message)) => {
                    assert_eq!(message, next[which].to_ne_bytes());
                    next[which] += 1;
                }
                Err(RecvError::Ended) => {
                    drop(consumers.remove(found));
                    ended += 1;
                }
                other => panic!("it is ready, but: {other:?}"),
            }
            let more = usize::from(!consumers.is_empty());
            consumers.rotate_left(more);
        }
        assert_eq!((next, ended), ([MESSAGES; 3], 3));
        for producer in producers {
            assert!(producer.end().0.success());
        }
    }
}

#[test]
fn consumer_descriptor_tells_of_lost_producers() {
    for backend in LAYERS {
        let (name, _channel) = channel("lost", backend);
        let mut consumer = event_consumer(&name);
        let mut producer = start("attached producer", &name);
        producer.says("ready");
        assert_eq!(consumer.try_recv(), Ok(None));
        producer.kill();
        becomes_readable(&consumer);
        assert!(matches!(consumer.try_recv(), Err(RecvError::ProducersLost(_))));
        becomes_readable(&consumer);
        // Another producer may come.
        let mut producer = Producer::attach(&name).unwrap();
        producer.send(b"message").unwrap();
        assert_eq!(consumer.try_recv(), Ok(Some(b"message".to_vec())));
    }
}

#[test]
fn producer_goes_on_without_killed_event_consumer() {
    for backend in LAYERS {
        let name = name("evicted", backend);
        let channel = Channel::create(&name).slots(4).consumers(0).backend(backend).build().unwrap();
        let mut consumer = start("idle consumer", &name);
        consumer.says("asked");
        let mut producer = Producer::attach(&name).unwrap();
        consumer.kill();
        for _ in 0..6 {
            producer.send_timeout(b"message", HANG).unwrap();
        }
        assert_eq!(channel.evicted(), 1);
    }
}

#[test]
fn idle_consumer_takes_no_processor_time() {
    for backend in LAYERS {
        let (name, _channel) = channel("idle", backend);
        let consumer = start("counting consumer", &name);
        let mut producer = Producer::attach(&name).unwrap();
        // The first seconds may have liveness checks, and a busy machine may make single seconds longer.
        let quiet = (0..20).any(|_| {
            let sleeps: i64 = consumer.line().parse().unwrap();
            println!("{backend:?}: the process slept {sleeps} times in an idle second");
            sleeps < 20
        });
        assert!(quiet, "the handle does not sleep");
        producer.finish().unwrap();
        assert!(consumer.end().0.success());
    }
}

#[test]
fn handle_that_is_dropped_leaves_no_thread() {
    // In a process of its own: other tests have bells, too.
    let (status, lines) = start("dropper", &name("dropped", Backend::Futex)).end();
    assert!(status.success(), "{lines:?}");
}

#[test]
fn forked_child_has_neither_descriptor_nor_handle() {
    for backend in LAYERS {
        let (name, _channel) = channel("fork", backend);
        let (mut consumer, mut producer) = (event_consumer(&name), Producer::attach(&name).unwrap());
        assert_eq!(consumer.try_recv(), Ok(None));
        match fork() {
            Side::Child => end(|| {
                assert_eq!(consumer.try_recv(), Err(RecvError::Inherited));
                drop(consumer);
            }),
            Side::Parent(child) => wait_for_success(child),
        }
        assert!(!readable_now(&consumer));
        producer.send(b"message").unwrap();
        becomes_readable(&consumer);
        assert_eq!(consumer.try_recv(), Ok(Some(b"message".to_vec())));
    }
}

#[test]
fn forked_child_has_no_waiting_producer() {
    let (name, channel) = channel("fork-producer", Backend::Futex);
    let (mut consumer, mut producer) = (Consumer::attach(&name).unwrap(), event_producer(&name));
    while producer.try_send(b"message").unwrap() {}
    match fork() {
        Side::Child => end(|| {
            producer.give_up();
            assert_eq!(producer.try_send(b"in the child"), Err(SendError::Inherited));
            drop(producer);
        }),
        Side::Parent(child) => wait_for_success(child),
    }
    consumer.recv().unwrap();
    becomes_readable(&producer);
    assert_eq!((producer.try_send(b"message"), channel.published().count()), (Ok(true), 5));
}

#[test]
fn producer_descriptor_is_readable_when_a_slot_is_free() {
    let (name, _channel) = channel("room", Backend::Futex);
    let (mut consumer, mut producer) = (Consumer::attach(&name).unwrap(), event_producer(&name));
    assert!(readable_now(&producer));
    for _ in 0..4 {
        assert_eq!(producer.try_send(b"message"), Ok(true));
    }
    for _ in 0..100 {
        assert_eq!(producer.try_send(b"message"), Ok(false));
        assert!(!readable_now(&producer), "there is no room");
        consumer.recv().unwrap();
        becomes_readable(&producer);
        let mut loan = producer.try_loan().unwrap().expect("there is room");
        loan[..7].copy_from_slice(b"message");
        loan.publish(7).unwrap();
    }
    assert_eq!(producer.try_finish(), Ok(None));
    for _ in 0..4 {
        assert_eq!(consumer.recv().unwrap(), b"message");
    }
    becomes_readable(&producer);
    assert_eq!(producer.try_finish(), Ok(Some(Finished::Ended)));
    assert_eq!(producer.try_send(b"late"), Err(SendError::Ended));
}

#[test]
fn producer_that_waits_for_consumers_is_told_of_the_last() {
    let name = name("start", Backend::Futex);
    let _channel = Channel::create(&name).slots(2).consumers(2).build().unwrap();
    let mut producer = event_producer(&name);
    let _first = Consumer::attach(&name).unwrap();
    assert_eq!(producer.try_send(b"message"), Ok(false));
    let mut second = Consumer::attach(&name).unwrap();
    becomes_readable(&producer);
    assert_eq!(producer.try_send(b"message"), Ok(true));
    assert_eq!(second.recv().unwrap(), b"message");
}

#[test]
fn producer_that_has_given_up_does_not_keep_the_lock() {
    let name = name("give-up", Backend::Futex);
    let _channel = Channel::create(&name).slots(4).places(2).build().unwrap();
    let (mut consumer, mut asks) = (Consumer::attach(&name).unwrap(), event_producer(&name));
    let mut other = Producer::attach(&name).unwrap();
    let fill = |asks: &mut EventProducer| {
        for _ in 0..4 {
            while !asks.try_send(b"message").unwrap() {
                becomes_readable(asks); // its thread may still be on the way back
            }
        }
        assert_eq!(asks.try_send(b"message"), Ok(false), "the ring is full");
    };
    for round in 0..20 {
        fill(&mut asks);
        if round % 2 == 0 {
            consumer.recv().unwrap(); // the thread gets the lock and the slot before the handle gives up
            becomes_readable(&asks);
            let error = other.try_send(b"other").unwrap_err();
            assert!(matches!(error, SendError::TimedOut(BlockedOn::Lock { .. })), "{error}");
            asks.give_up();
        } else {
            asks.give_up();
            consumer.recv().unwrap();
        }
        other.send_timeout(b"other", HANG).unwrap();
        while consumer.try_recv().is_ok() {}
    }
    // An error gives the lock back, too.
    fill(&mut asks);
    consumer.recv().unwrap();
    becomes_readable(&asks);
    assert_eq!(asks.try_send(&[0; 2000]), Err(SendError::TooLong { len: 2000, slot_size: 1024 }));
    other.send_timeout(b"other", HANG).unwrap();
}

#[test]
fn producer_that_is_dropped_while_it_waits_leaves() {
    let (name, _channel) = channel("leaves", Backend::Futex);
    let (mut consumer, mut producer) = (Consumer::attach(&name).unwrap(), event_producer(&name));
    while producer.try_send(b"message").unwrap() {}
    drop(producer);
    for _ in 0..4 {
        consumer.recv_timeout(HANG).unwrap();
    }
    assert!(matches!(consumer.recv_timeout(HANG), Err(RecvError::ProducersLost(_))));
    let mut next = Producer::attach(&name).unwrap();
    next.send_timeout(b"next", HANG).unwrap();
    assert_eq!(consumer.recv_timeout(HANG).unwrap(), b"next");
}

#[test]
fn producer_of_raw_sync_is_refused() {
    let (name, _channel) = channel("refused", Backend::RawSync);
    let error = Producer::attach(&name).unwrap().into_event().unwrap_err();
    assert!(matches!(&error, EventError::LockOfThread { .. }), "{error}");
    assert!(error.to_string().contains("create the channel on the futex backend"), "{error}");
    // It has left its place.
    assert_eq!(participants(&Name::new(&name).unwrap()).unwrap(), Some(vec![]));
}

/// Two producers in event loops, in processes of their own, and one that waits by itself.
#[test]
fn producers_in_event_loops_lose_nothing() {
    let name = name("producers", Backend::Futex);
    let _channel = Channel::create(&name).slots(8).slot_size(16).producers(3).build().unwrap();
    let mut consumer = event_consumer(&name);
    let producers = ["event producer 0", "event producer 1", "numbered producer 2"].map(|role| start(role, &name));
    let mut next = [0_u64; 3];
    loop {
        match consumer.try_recv() {
            Ok(None) => becomes_readable(&consumer),
            Ok(Some(message)) => {
                let (which, number) = child::decode(&message);
                assert_eq!(number, next[which as usize], "of producer {which}");
                next[which as usize] += 1;
            }
            Err(RecvError::Ended) => break,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(next, [MESSAGES; 3]);
    for producer in producers {
        assert!(producer.end().0.success());
    }
}

#[test]
fn handle_is_refused_without_a_descriptor() {
    let (name, _channel) = channel("descriptors", Backend::Futex);
    let refused = start("without descriptors", &name);
    let (status, lines) = refused.end();
    assert!(status.success(), "{lines:?}");
    assert_eq!(participants(&Name::new(&name).unwrap()).unwrap(), Some(vec![]), "it has left");
}
