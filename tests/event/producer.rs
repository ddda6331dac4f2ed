//! Producers in event loops.

use crate::child;
use crate::forked::{Side, end, fork, wait_for_success};
use crate::reexec::HANG;
use crate::{MESSAGES, becomes_readable, channel, event_consumer, event_producer, name, readable_now, start};
use ackcast::segment::{Name, participants};
use ackcast::{
    Backend, BlockedOn, Channel, Consumer, EventError, EventProducer, Finished, Producer, RecvError, SendError,
};

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
