//! Consumers in event loops.

use crate::forked::{Side, end, fork, wait_for_success};
use crate::reexec::{HANG, Named};
use crate::{LAYERS, MESSAGES, becomes_readable, channel, event_consumer, name, readable_now, start};
use ackcast::segment::{Name, participants};
use ackcast::{Backend, Channel, EventConsumer, Producer, RecvError};

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
fn handle_is_refused_without_a_descriptor() {
    let (name, _channel) = channel("descriptors", Backend::Futex);
    let refused = start("without descriptors", &name);
    let (status, lines) = refused.end();
    assert!(status.success(), "{lines:?}");
    assert_eq!(participants(&Name::new(&name).unwrap()).unwrap(), Some(vec![]), "it has left");
}
