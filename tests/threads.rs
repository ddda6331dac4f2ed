//! The typed API on real segments, with threads for processes (each handle is its own participant).

use ackcast::{Channel, Consumer, Producer, RecvError, SendError, Sync};
use std::thread;
use std::time::{Duration, Instant};

const LAYERS: [Sync; 2] = [Sync::Futex, Sync::RawSync];

fn name(test: &str, sync: Sync) -> String {
    format!("test-{test}-{sync:?}-{}", std::process::id())
}

#[test]
fn every_consumer_gets_every_message_in_order() {
    for sync in LAYERS {
        for (slots, producers, consumers) in [(1, 1, 2), (4, 3, 3), (64, 2, 5)] {
            let name = &name("order", sync);
            let messages = if sync == Sync::Futex { 20_000_u64 } else { 2_000 };
            let channel = Channel::create(name).slots(slots).consumers(consumers).producers(producers).sync(sync);
            let channel = channel.build().unwrap();
            thread::scope(|scope| {
                let readers: Vec<_> = (0..consumers)
                    .map(|_| {
                        scope.spawn(move || {
                            let mut consumer = Consumer::attach(name).unwrap();
                            consumer.iter().map(|message| message.unwrap()).collect::<Vec<_>>()
                        })
                    })
                    .collect();
                for producer in 0..u64::from(producers) {
                    scope.spawn(move || {
                        let mut handle = Producer::attach(name).unwrap();
                        for i in 0..messages {
                            handle.send_value(&[producer, i]).unwrap();
                        }
                        handle.finish().unwrap();
                    });
                }
                let mut received = readers.into_iter().map(|reader| reader.join().unwrap());
                let first = received.next().unwrap();
                assert_eq!(first.len() as u64, messages * u64::from(producers));
                assert!(received.all(|other| other == first));
            });
            drop(channel);
            assert!(Producer::attach(name).is_err(), "the last one out removes the name");
        }
    }
}

#[test]
fn a_guard_protects_its_slot_until_dropped() {
    for sync in LAYERS {
        let name = &name("guard", sync);
        let _channel = Channel::create(name).sync(sync).build().unwrap();
        let mut consumer = Consumer::attach(name).unwrap();
        let mut producer = Producer::attach(name).unwrap();
        producer.send(b"one").unwrap();
        let message = consumer.recv_ref().unwrap();
        assert!(matches!(producer.try_send(b"two"), Err(SendError::TimedOut(_))));
        let late = producer.send_timeout(b"two", Duration::from_millis(20)).unwrap_err();
        assert_eq!(late.to_string(), "gave up waiting for consumer 0 to acknowledge message 0");
        assert_eq!(&*message, b"one");
        message.keep();
        assert_eq!(consumer.recv().unwrap(), b"one");
        producer.try_send(b"").unwrap();
        assert_eq!(consumer.recv().unwrap(), b"");
        assert_eq!(consumer.try_recv(), Err(RecvError::TimedOut { next: 2 }));
        producer.finish().unwrap();
        assert_eq!(consumer.recv(), Err(RecvError::Ended));
        assert_eq!(producer.send(b"late"), Err(SendError::Ended));
    }
}

/// The verification target's `everyone_gets_everything` on real memory: short rounds, many times, so
/// that every start and every end meets every other.
#[test]
fn everyone_gets_everything_thousands_of_times() {
    const TIME: Duration = Duration::from_secs(1);
    const MESSAGES: u8 = 3;
    for sync in LAYERS {
        for (producers, consumers) in [(1, 2), (2, 1), (2, 2)] {
            for slots in [1, 2] {
                let name = &name("rounds", sync);
                let start = Instant::now();
                let mut rounds = 0;
                while rounds < 400 && start.elapsed() < TIME {
                    let channel = Channel::create(name).slots(slots).slot_size(2).consumers(consumers);
                    let _channel = channel.producers(producers).sync(sync).build().unwrap();
                    thread::scope(|scope| {
                        let readers: Vec<_> = (0..consumers)
                            .map(|_| {
                                let mut consumer = Consumer::attach(name).unwrap();
                                scope.spawn(move || consumer.iter().map(Result::unwrap).collect::<Vec<_>>())
                            })
                            .collect();
                        for p in 0..producers as u8 {
                            let mut producer = Producer::attach(name).unwrap();
                            scope.spawn(move || {
                                for m in 0..MESSAGES {
                                    producer.send(&[p, m]).unwrap();
                                }
                                producer.finish().unwrap();
                            });
                        }
                        let seen: Vec<_> = readers.into_iter().map(|reader| reader.join().unwrap()).collect();
                        assert!(seen.iter().all(|other| *other == seen[0]), "S2: one order: {seen:?}");
                        for p in 0..producers as u8 {
                            let of_p: Vec<_> = seen[0].iter().filter(|message| message[0] == p).cloned().collect();
                            let sent: Vec<_> = (0..MESSAGES).map(|m| vec![p, m]).collect();
                            assert_eq!(of_p, sent, "S1: all of it, once, in order");
                        }
                    });
                    rounds += 1;
                }
                println!(
                    "{producers}×{consumers} on {slots} slots, {sync:?}: {rounds} rounds in {:?}",
                    start.elapsed()
                );
                assert!(rounds >= 20, "only {rounds} rounds in {:?}", start.elapsed());
            }
        }
    }
}
