//! Words and slots that change at random moments, while participants join, leave, send and receive.

use crate::scribble::{Scribble, scribble, targets};
use crate::stage::{BOUND, Reached, Scratch, config, within};
use ackcast::{Backend, Channel, Consumer, Producer};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

const SLOT_SIZE: u32 = 24;
const TIMEOUT: Duration = Duration::from_micros(300);

fn consume(name: &str, stop: &AtomicBool) -> Reached {
    let mut reached = Reached::default();
    while !stop.load(Relaxed) {
        let mut consumer = None;
        reached.call("attach consumer", || Consumer::attach(name).map(|it| consumer = Some(it)));
        let Some(mut consumer) = consumer else { continue };
        for _ in 0..20 {
            reached.call("recv", || {
                let message = consumer.recv_ref_timeout(TIMEOUT)?;
                assert!(message.len() <= SLOT_SIZE as usize);
                std::hint::black_box(message.iter().fold(0, |sum, byte| sum ^ byte));
                Ok::<_, ackcast::RecvError>(())
            });
            reached.call("try_recv", || consumer.try_recv());
        }
    }
    reached
}

fn produce(name: &str, stop: &AtomicBool) -> Reached {
    let mut reached = Reached::default();
    for round in 0.. {
        if stop.load(Relaxed) {
            break;
        }
        let mut producer = None;
        reached.call("attach producer", || Producer::attach(name).map(|it| producer = Some(it)));
        let Some(mut producer) = producer else {
            thread::yield_now(); // the channel has ended, until a scribble revokes that
            continue;
        };
        for i in 0..20 {
            reached.call("send", || producer.send_timeout(&[i; 24], TIMEOUT));
            reached.call("try_send", || producer.try_send(&[i; 3]));
            reached.call("loan", || producer.loan_timeout(TIMEOUT)?.publish(5));
        }
        if round % 4 == 0 {
            reached.call("finish", || producer.finish_timeout(TIMEOUT));
        }
    }
    reached
}

fn storm(backend: Backend, slots: u32, scribbles: &[(Scribble, u16)], scratch: &Scratch) -> Reached {
    let builder = Channel::create(&scratch.0).backend(backend).slots(slots).slot_size(SLOT_SIZE);
    let channel = builder.consumers(0).places(4).build().unwrap();
    let targets = targets(&channel);
    let stop = AtomicBool::new(false);
    let (name, stop_) = (scratch.0.as_str(), &stop);
    let mut all = Reached::default();
    thread::scope(|scope| {
        let workers = [consume, consume, produce, produce].map(|work| scope.spawn(move || work(name, stop_)));
        for (scribble, pause) in scribbles {
            scribble.write(scratch, &targets);
            thread::sleep(Duration::from_micros((*pause).into()));
        }
        stop.store(true, Relaxed);
        workers.into_iter().for_each(|worker| all.add(worker.join().unwrap()));
    });
    drop(channel);
    assert!(!scratch.path().exists());
    all
}

fn every_call_returns(backend: Backend) {
    let reached = RefCell::new(Reached::default());
    let scribbles = prop::collection::vec((scribble(), 0..800_u16), 100..400);
    let result = TestRunner::new(config(16)).run(&(1..4_u32, scribbles), |(slots, scribbles)| {
        // The pauses are 400 of at most 0.8 ms. The scheduler may add the rest.
        let scratch = Scratch::new(&format!("storm-{backend:?}"));
        let theirs = scratch.clone();
        reached.borrow_mut().add(within(2 * BOUND, move || storm(backend, slots, &scribbles, &theirs)));
        Ok(())
    });
    result.unwrap();
    reached.into_inner().must(&[
        "recv: Ok",
        "recv: TimedOut",
        "recv: Corrupt(Published",
        "recv: Corrupt(Slot",
        "send: Ok",
        "send: Corrupt(Acknowledgement",
        "send: TimedOut(Acknowledgement",
    ]);
}

#[test]
fn every_call_returns_on_futexes() {
    every_call_returns(Backend::Futex);
}

#[test]
fn every_call_returns_on_raw_sync() {
    every_call_returns(Backend::RawSync);
}
