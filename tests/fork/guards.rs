//! Guards that are held across a fork.

use crate::reexec::HANG;
use crate::{LAYERS, name, start};
use ackcast::{Channel, Consumer, Producer, SendError};

#[test]
fn loan_of_a_child_does_not_reach_the_message_of_its_parent() {
    for backend in LAYERS {
        let name = name("loan", backend);
        let _channel = Channel::create(&name).backend(backend).slots(2).build().unwrap();
        let mut consumer = Consumer::attach(&name).unwrap();
        let mut parent = start("child writes into a loan", &name);
        parent.says("child was told that it is inherited");
        assert!(consumer.try_recv().is_err(), "the child has published");
        parent.go();
        assert_eq!(consumer.recv_timeout(HANG).unwrap(), b"parent");
        assert_eq!(consumer.recv_timeout(HANG).unwrap(), b"and on");
    }
}

#[test]
fn message_dropped_by_a_child_stays_the_parents() {
    for backend in LAYERS {
        for role in ["child drops a message", "child drops a message, without /proc", "child drops a batch"] {
            let name = name("message", backend);
            let _channel = Channel::create(&name).backend(backend).build().unwrap();
            let mut producer = Producer::attach(&name).unwrap();
            let mut parent = start(role, &name);
            producer.send_timeout(b"one", HANG).unwrap();
            parent.says("child dropped it");
            let waits = producer.try_send(b"two");
            assert!(matches!(waits, Err(SendError::TimedOut(_))), "{role}: the child acknowledged: {waits:?}");
            parent.go();
            producer.send_timeout(b"two", HANG).unwrap();
            parent.says("received two");
        }
    }
}

/// Its handles would write into the memory that its parent shares with others.
#[test]
fn child_that_cannot_replace_the_mapping_is_aborted() {
    for backend in LAYERS {
        let name = name("shares", backend);
        let _channel = Channel::create(&name).backend(backend).build().unwrap();
        let mut consumer = Consumer::attach(&name).unwrap();
        let parent = start("child that may map nothing", &name);
        parent.says("child was aborted");
        assert_eq!(consumer.recv_timeout(HANG).unwrap(), b"of the parent");
    }
}

#[test]
fn child_without_a_copy_dies_before_it_acknowledges() {
    for backend in LAYERS {
        let name = name("nothing", backend);
        let _channel = Channel::create(&name).backend(backend).build().unwrap();
        let mut producer = Producer::attach(&name).unwrap();
        let parent = start("child touches a message, without memory", &name);
        producer.send_timeout(b"one", HANG).unwrap();
        parent.says("child died of it");
        producer.send_timeout(b"two", HANG).unwrap();
        parent.says("received two");
    }
}
