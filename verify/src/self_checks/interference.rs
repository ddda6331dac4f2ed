//! A wait whose sleeps end early checks liveness in time, and keeps its deadline (L2, per wait; `src/timer.rs`):
//!
//! - no sleep begins when the liveness check is due, or the deadline has passed, time spent spinning included;
//! - no sleep may last beyond either.
//!
//! The layer is an adversary with a clock. For each sleep it chooses the duration and the end: a wake at once, a wake
//! or a notification just before the check is due, a sleep until its time is up, a request to check liveness. Every
//! sequence of [`SLEEPS`] sleeps is tried on the shipping text of lock, signal and protocol. The words do not change:
//! `explore/progress` has every change that does not satisfy a wait, for ever, and how many steps a check takes.

mod adversary;
mod words;

use self::{adversary::*, words::*};
use crate::checks::panics::panic_message;
use ackcast::layer::{Clock, Deadline, Found, Layer, Lock, LockError, Park, Parked, Participant, Poll, Signal};
use ackcast::lock::WordLock;
use ackcast::protocol::{Consumer, Producer, RecvError, SendError};
use ackcast::signal::WordSignal;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;

#[test]
fn lock_checks_its_owner_in_time_under_interference() {
    let owner = Participant { number: 0, generation: 1 };
    let me = Participant { number: 1, generation: 1 };
    let mut in_time = 0;
    for deadline in DEADLINES {
        each_sequence(|sleeps| {
            let (layer, lock) = (AdversaryLayer::default(), WordLock::<AdversaryLayer>::new(AtomicU32::new(0)));
            assert!(lock.acquire(&layer, owner, Deadline::Now).is_ok());
            let deadline = layer.begin(sleeps, deadline);
            assert_eq!(lock.acquire(&layer, me, deadline), Err(LockError::Busy { owner: Some(0) }));
            in_time += usize::from(layer.0.slept.get() <= SLEEPS);
        });
    }
    assert!(in_time > 0, "no wait came to its deadline");
}

#[test]
fn signal_checks_liveness_in_time_under_interference() {
    for deadline in DEADLINES {
        each_sequence(|sleeps| {
            let (layer, signal) = (AdversaryLayer::default(), WordSignal::<AdversaryLayer>::new(AtomicU32::new(0)));
            let deadline = layer.begin(sleeps, deadline);
            let mut last = Poll::Words;
            let found = signal.wait(&layer, deadline, |poll| {
                if poll == Poll::WordsAndLiveness {
                    layer.check();
                }
                last = poll;
                None::<Found<()>>
            });
            assert_eq!((found, last), (None, Poll::WordsAndLiveness), "the last poll checks liveness");
        });
    }
}

/// An earlier wait loop: it checks liveness only after a sleep that was not interrupted.
fn check_after_undisturbed_sleep(layer: &AdversaryLayer) {
    let word = AtomicU32::new(0);
    loop {
        let until = layer.now() + layer.liveness_interval(layer.now());
        match layer.park(&word, 0, until) {
            Parked::Stopped => return,
            Parked::Woken if layer.now() < until => {} // polls the words only
            _ => layer.check(),
        }
    }
}

#[test]
fn check_after_undisturbed_sleeps_only_is_noticed() {
    let said = panic_message(|| {
        each_sequence(|sleeps| {
            let layer = AdversaryLayer::default();
            layer.begin(sleeps, None);
            check_after_undisturbed_sleep(&layer);
        });
    });
    assert!(said.contains("longer than to the liveness check"), "{said}");
}

/// Consumer 1 lives and acknowledges nothing.
#[test]
fn room_wait_checks_the_binding_consumer_in_time() {
    for deadline in DEADLINES {
        each_sequence(|sleeps| {
            let words = words();
            let (layer, channel) = channel(&words, GEOMETRY);
            let mut producer = Producer::join(channel).unwrap();
            join(&words, 0);
            join(&words, 1);
            (0..GEOMETRY.slots).for_each(|_| producer.send(&[0; 8], Deadline::Now).unwrap());
            words.consumers[0].acked.0.store(4, SeqCst);
            let deadline = layer.begin(sleeps, deadline);
            let sent = producer.send(&[0; 8], deadline);
            assert!(matches!(sent, Err(SendError::TimedOut(_))), "{sent:?}");
        });
    }
}

/// Consumer 1 is dead: the first liveness check evicts it, and the send succeeds.
#[test]
fn dead_consumer_is_evicted_in_time_under_interference() {
    each_sequence(|sleeps| {
        let words = words();
        let (layer, channel) = channel(&words, GEOMETRY);
        let mut producer = Producer::join(channel).unwrap();
        join(&words, 0);
        join(&words, 1);
        (0..GEOMETRY.slots).for_each(|_| producer.send(&[0; 8], Deadline::Now).unwrap());
        words.consumers[0].acked.0.store(4, SeqCst);
        layer.0.dead.set(0b10);
        let began = layer.now();
        let deadline = layer.begin(sleeps, None);
        match producer.send(&[0; 8], deadline) {
            Ok(()) => assert_eq!(producer.channel().evicted(), 1),
            Err(error) => assert!(layer.now() < began + TICK * INTERVAL, "{error} {:?} after the start", layer.now()),
        }
    });
}

/// The producer lives and publishes nothing.
#[test]
fn data_wait_checks_the_producers_in_time() {
    for deadline in DEADLINES {
        each_sequence(|sleeps| {
            let words = words();
            let (_, of_producer) = channel(&words, GEOMETRY);
            let _producer = Producer::join(of_producer).unwrap();
            let (layer, of_consumer) = channel(&words, GEOMETRY);
            let mut consumer = Consumer::join(of_consumer).unwrap();
            let deadline = layer.begin(sleeps, deadline);
            let received = consumer.receive(deadline).map(drop);
            assert_eq!(received, Err(RecvError::TimedOut { next: 0 }));
        });
    }
}

/// Negative twin: with a clock that stands still, the shipping text violates the property.
#[test]
fn stopped_clock_is_noticed() {
    let owner = Participant { number: 0, generation: 1 };
    let me = Participant { number: 1, generation: 1 };
    let lock = panic_message(|| {
        each_sequence(|sleeps| {
            let (layer, lock) = (AdversaryLayer::default(), WordLock::<AdversaryLayer>::new(AtomicU32::new(0)));
            assert!(lock.acquire(&layer, owner, Deadline::Now).is_ok());
            layer.begin(sleeps, None);
            layer.0.stopped.set(true);
            let _ = lock.acquire(&layer, me, Deadline::Never);
        });
    });
    let signal = panic_message(|| {
        each_sequence(|sleeps| {
            let (layer, signal) = (AdversaryLayer::default(), WordSignal::<AdversaryLayer>::new(AtomicU32::new(0)));
            layer.begin(sleeps, None);
            layer.0.stopped.set(true);
            signal.wait(&layer, Deadline::Never, |_| None::<Found<()>>);
        });
    });
    for said in [lock, signal] {
        assert!(said.contains("after the liveness check was due"), "{said}");
    }
}
