//! Each consumer receives every message, once and in the producers' order.

use crate::{LAYERS, name};
use ackcast::{Backend, Channel, Consumer, Producer};
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn every_consumer_gets_every_message_in_order() {
    for backend in LAYERS {
        // On a short ring, each message waits for the scheduler. A busy machine takes milliseconds per message.
        for (slots, producers, consumers, most) in [(1, 1, 2, 2_000_u64), (4, 3, 3, 5_000), (64, 2, 5, 20_000)] {
            let name = &name("order", backend);
            let messages = if backend == Backend::Futex { most } else { most / 10 };
            let channel = Channel::create(name).slots(slots).consumers(consumers).producers(producers).backend(backend);
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
            assert!(Producer::attach(name).is_err(), "the last handle removes the name");
        }
    }
}

/// A scenario of the verification target on real memory. The rounds are short and many, so that every start and every
/// end meets every other.
#[test]
fn consumers_get_every_message_in_many_short_rounds() {
    const TIME: Duration = Duration::from_secs(1);
    /// This many rounds run, however long they take.
    const FEWEST: u32 = 20;
    const MESSAGES: u8 = 3;
    for backend in LAYERS {
        for (producers, consumers) in [(1, 2), (2, 1), (2, 2)] {
            for slots in [1, 2] {
                let name = &name("rounds", backend);
                let start = Instant::now();
                let mut rounds = 0;
                while rounds < FEWEST || rounds < 400 && start.elapsed() < TIME {
                    let channel = Channel::create(name).slots(slots).slot_size(2).consumers(consumers);
                    let _channel = channel.producers(producers).backend(backend).build().unwrap();
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
                        assert!(seen.iter().all(|other| *other == seen[0]), "S2: the orders differ: {seen:?}");
                        for p in 0..producers as u8 {
                            let of_p: Vec<_> = seen[0].iter().filter(|message| message[0] == p).cloned().collect();
                            let sent: Vec<_> = (0..MESSAGES).map(|m| vec![p, m]).collect();
                            assert_eq!(of_p, sent, "S1: all messages, once, in order");
                        }
                    });
                    rounds += 1;
                }
                println!(
                    "{producers}×{consumers} on {slots} slots, {backend:?}: {rounds} rounds in {:?}",
                    start.elapsed()
                );
            }
        }
    }
}
