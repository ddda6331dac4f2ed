//! Arbitrary control words and slots, under participants that joined before and participants that join after.

use crate::scribble::{Scribble, scribble, targets};
use crate::stage::{BOUND, Reached, Scratch, config, within};
use ackcast::{Backend, Channel, Consumer, Producer, Start};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::cell::RefCell;
use std::time::Duration;

#[derive(Clone, Debug)]
struct Shape {
    slots: u32,
    slot_size: u32,
    start_with: u32,
    end_after: u32,
    retain: u32,
}

#[derive(Clone, Debug)]
enum Step {
    Scribble(Scribble),
    Receive { newcomer: bool, patience: u8 },
    Send { newcomer: bool, len: u8, patience: u8 },
    Loan { newcomer: bool, len: u8, patience: u8 },
    Finish { newcomer: bool, patience: u8 },
    Leave { newcomer: bool, producer: bool },
}

#[derive(Clone, Debug)]
struct Case {
    shape: Shape,
    /// The number of messages that were published before the first participant joined.
    history: u64,
    /// Where the consumer starts that joins after the words are overwritten.
    start: Start,
    /// The number of messages that are sent and received before the words are overwritten.
    before: u8,
    image: Vec<Scribble>,
    steps: Vec<Step>,
}

fn case() -> impl Strategy<Value = Case> {
    let shape = (1..4_u32, 1..100_u32, 0..3_u32, 1..3_u32, 0..4_u32).prop_map(
        |(slots, slot_size, start_with, end_after, retain)| Shape {
            slots,
            slot_size,
            start_with,
            end_after,
            retain: retain.min(slots - 1),
        },
    );
    let start = prop_oneof![
        3 => Just(Start::Newest),
        3 => Just(Start::Oldest),
        1 => (0..9_u64).prop_map(Start::Sequence),
        1 => any::<u64>().prop_map(Start::Sequence),
    ];
    let (newcomer, len, patience) = (any::<bool>(), 0..110_u8, 0..8_u8);
    let step = prop_oneof![
        3 => scribble().prop_map(Step::Scribble),
        3 => (newcomer, patience.clone()).prop_map(|(newcomer, patience)| Step::Receive { newcomer, patience }),
        2 => (newcomer, len.clone(), patience.clone())
            .prop_map(|(newcomer, len, patience)| Step::Send { newcomer, len, patience }),
        2 => (newcomer, len, patience.clone())
            .prop_map(|(newcomer, len, patience)| Step::Loan { newcomer, len, patience }),
        1 => (newcomer, patience).prop_map(|(newcomer, patience)| Step::Finish { newcomer, patience }),
        2 => (newcomer, any::<bool>()).prop_map(|(newcomer, producer)| Step::Leave { newcomer, producer }),
    ];
    let (image, steps) = (prop::collection::vec(scribble(), 1..6), prop::collection::vec(step, 0..12));
    let history = prop_oneof![
        4 => Just(0),
        1 => 0..u64::MAX >> 2,
        2 => (1..12_u64).prop_map(|below| (1 << 62) - below), // the count does not include the two highest bits
    ];
    (shape, history, start, 0..5_u8, image, steps).prop_map(|(shape, history, start, before, image, steps)| Case {
        shape,
        history,
        start,
        before,
        image,
        steps,
    })
}

/// At most 0.7 ms, so that each wait ends by its timeout.
fn timeout(patience: u8) -> Duration {
    Duration::from_micros(u64::from(patience) * 100)
}

/// Checks that a message fits its slot, and that every byte of it can be read.
fn check(message: &[u8], slot_size: u32) {
    assert!(message.len() <= slot_size as usize, "a message of {} bytes", message.len());
    std::hint::black_box(message.iter().fold(0, |sum, byte| sum ^ byte));
}

#[test]
#[should_panic(expected = "a message of 9 bytes")]
fn a_message_longer_than_a_slot_is_a_failure() {
    check(&[0; 9], 8);
}

impl Reached {
    fn receive(&mut self, consumer: &mut Consumer, slot_size: u32, patience: u8) {
        self.call("try_recv", || consumer.try_recv().map(|message| check(&message, slot_size)));
        self.call("recv", || consumer.recv_timeout(timeout(patience)).map(|message| check(&message, slot_size)));
        self.call("recv_ref", || {
            let message = consumer.recv_ref_timeout(timeout(patience))?;
            check(&message, slot_size);
            message.keep();
            Ok::<_, ackcast::RecvError>(())
        });
    }

    fn send(&mut self, producer: &mut Producer, len: usize, patience: u8) {
        self.call("try_send", || producer.try_send(&vec![7; len]));
        self.call("send", || producer.send_timeout(&vec![7; len], timeout(patience)));
    }

    fn loan(&mut self, producer: &mut Producer, slot_size: u32, len: usize, patience: u8) {
        self.call("loan", || {
            let mut loan = producer.loan_timeout(timeout(patience))?;
            assert_eq!(loan.len(), slot_size as usize);
            assert!(loan.copy_previous().is_none_or(|len| len <= slot_size as usize));
            loan.fill(9);
            loan.publish(len)
        });
    }

    fn finish(&mut self, producer: &mut Producer, patience: u8) {
        self.call("finish", || producer.finish_timeout(timeout(patience)));
    }
}

fn run(backend: Backend, case: &Case, scratch: &Scratch) -> Reached {
    let mut reached = Reached::default();
    let Shape { slots, slot_size, start_with, end_after, retain } = case.shape;
    let builder = Channel::create(&scratch.0).backend(backend).slots(slots).slot_size(slot_size).retain(retain);
    let channel = builder.consumers(start_with).producers(end_after).places(2).build().unwrap();
    let targets = targets(&channel);
    scratch.write(targets[0].0, &case.history.to_ne_bytes()); // `published`
    let (mut consumers, mut producers) = ([None, None], [None, None]);
    consumers[0] = Some(Consumer::attach(&scratch.0).unwrap());
    producers[0] = Some(Producer::attach(&scratch.0).unwrap());
    for _ in 0..case.before {
        let _ = producers[0].as_mut().unwrap().try_send(b"m");
        let _ = consumers[0].as_mut().unwrap().try_recv();
    }
    case.image.iter().for_each(|scribble| scribble.write(scratch, &targets));
    // Participants that joined before, and participants that join now.
    reached.call("attach consumer", || Consumer::attach_at(&scratch.0, case.start).map(|it| consumers[1] = Some(it)));
    reached.call("attach producer", || Producer::attach(&scratch.0).map(|it| producers[1] = Some(it)));
    for step in &case.steps {
        match *step {
            Step::Scribble(ref scribble) => scribble.write(scratch, &targets),
            Step::Receive { newcomer, patience } => {
                if let Some(consumer) = &mut consumers[usize::from(newcomer)] {
                    reached.receive(consumer, slot_size, patience);
                }
            }
            Step::Send { newcomer, len, patience } => {
                if let Some(producer) = &mut producers[usize::from(newcomer)] {
                    reached.send(producer, len.into(), patience);
                }
            }
            Step::Loan { newcomer, len, patience } => {
                if let Some(producer) = &mut producers[usize::from(newcomer)] {
                    reached.loan(producer, slot_size, len.into(), patience);
                }
            }
            Step::Finish { newcomer, patience } => {
                if let Some(producer) = &mut producers[usize::from(newcomer)] {
                    reached.finish(producer, patience);
                }
            }
            Step::Leave { newcomer, producer: true } => producers[usize::from(newcomer)] = None,
            Step::Leave { newcomer, producer: false } => consumers[usize::from(newcomer)] = None,
        }
    }
    // At last, each participant makes every call.
    for consumer in consumers.iter_mut().flatten() {
        reached.receive(consumer, slot_size, 2);
    }
    for producer in producers.iter_mut().flatten() {
        reached.send(producer, 1, 2);
        reached.loan(producer, slot_size, 1, 2);
        reached.finish(producer, 2);
    }
    let _ = (channel.published(), channel.acknowledged(), channel.evicted(), channel.takeovers());
    drop((consumers, producers, channel));
    assert!(!scratch.path().exists(), "the last handle removes the name, whatever the words say");
    reached
}

fn every_call_returns(backend: Backend) -> Reached {
    let reached = RefCell::new(Reached::default());
    let result = TestRunner::new(config(800)).run(&case(), |case| {
        let scratch = Scratch::new(&format!("words-{backend:?}")); // owned here: a thread that hangs removes nothing
        let theirs = scratch.clone();
        reached.borrow_mut().add(within(BOUND, move || run(backend, &case, &theirs)));
        Ok(())
    });
    result.unwrap();
    reached.into_inner()
}

const MUST: [&str; 25] = [
    "attach consumer: Ok",
    "attach consumer: Join",
    "attach producer: Ok",
    "attach producer: Join",
    "try_recv: Ok",
    "try_recv: TimedOut",
    "recv: Ok",
    "recv: TimedOut",
    "recv: Ended",
    "recv: ProducersLost(DeadProducers(",
    "recv: Corrupt(Published",
    "recv: Corrupt(Slot",
    "recv_ref: Ok",
    "try_send: Ok",
    "try_send: TimedOut(Acknowledgement",
    "send: Ok",
    "send: TooLong",
    "send: Ended",
    "send: TimedOut(Start",
    "send: Corrupt(Acknowledgement",
    "send: Corrupt(Count",
    "loan: Ok",
    "loan: Corrupt(Acknowledgement",
    "finish: Ok",
    "finish: Corrupt(Acknowledgement",
];

#[test]
fn every_call_returns_on_futexes() {
    let reached = every_call_returns(Backend::Futex);
    reached.must(&MUST);
    reached.must(&["send: TimedOut(Lock"]); // the lock's word can be overwritten
}

#[test]
fn every_call_returns_on_raw_sync() {
    every_call_returns(Backend::RawSync).must(&MUST);
}
