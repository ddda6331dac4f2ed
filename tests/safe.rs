//! Safe code that misuses the API: each public constructor, and each guard forgotten, on both backends. A forgotten
//! value is at worst a leak: no slot has two writers, no message is lost, and no memory is unmapped under a lock.
//!
//! Under AddressSanitizer (it needs a nightly toolchain), without its search for leaks, because these tests leak:
//! `ASAN_OPTIONS=detect_leaks=0 RUSTFLAGS=-Zsanitizer=address cargo +nightly test -p ackcast
//! --target x86_64-unknown-linux-gnu --test safe`.
#![forbid(unsafe_code)]

use ackcast::layer::{Acquired, Deadline, Found, Layer, Lock, LockError, Participant, Poll, Signal};
use ackcast::layers::{Fences, Futex, LivenessLocks, RealLayer};
use ackcast::lock::WordLock;
use ackcast::protocol::{self, BlockedOn, Finished};
use ackcast::segment::{Handle, Name};
use ackcast::signal::WordSignal;
use ackcast::{Backend, Channel, Consumer, CreateError, Producer, RecvError, SendError};
use std::fs::File;
use std::mem::forget;
use std::sync::atomic::AtomicU32;
use std::thread;
use std::time::Duration;

const LAYERS: [Backend; 2] = [Backend::Futex, Backend::RawSync];
/// Upper bound on taking a free lock. A call that takes longer hangs.
const HANG: Duration = Duration::from_secs(30);

fn name(test: &str, backend: Backend) -> String {
    format!("safe-{test}-{backend:?}-{}", std::process::id())
}

/// Removes the name of a channel of which a handle was forgotten, because no last handle is dropped.
struct Removed(String);

impl Drop for Removed {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(format!("/dev/shm/ackcast.{}", self.0));
    }
}

fn waits_for_the_lock(result: Result<(), SendError>) -> bool {
    matches!(result, Err(SendError::TimedOut(BlockedOn::Lock { .. })))
}

#[test]
fn forgotten_loan_keeps_the_lock_with_its_producer() {
    for backend in LAYERS {
        for places in [1, 2] {
            let name = name(&format!("loan-{places}"), backend);
            let _channel =
                Channel::create(&name).backend(backend).consumers(0).places(places).slots(8).build().unwrap();
            let mut producer = Producer::attach(&name).unwrap();
            let mut consumer = Consumer::attach(&name).unwrap();
            let mut loan = producer.loan().unwrap();
            loan[0] = 1;
            forget(loan);
            let mut rival = (places > 1).then(|| Producer::attach(&name).unwrap());
            if let Some(rival) = &mut rival {
                assert!(waits_for_the_lock(rival.try_send(b"rival")), "one writer at a time");
            }
            producer.send_timeout(b"a", HANG).unwrap();
            forget(producer.loan().unwrap());
            forget(producer.loan().unwrap());
            producer.send_batch(&[b"b", b"c"]).unwrap();
            forget(producer.loan().unwrap());
            drop(producer); // releases the lock
            let mut next = match rival {
                Some(rival) => rival,
                None => Producer::attach(&name).unwrap(),
            };
            next.send_timeout(b"d", HANG).unwrap();
            assert_eq!(next.finish().unwrap(), Finished::Ended);
            let all: Vec<_> = consumer.iter().map(Result::unwrap).collect();
            assert_eq!(all, [b"a", b"b", b"c", b"d"]);
        }
    }
}

#[test]
fn forgotten_message_or_batch_is_received_again() {
    for backend in LAYERS {
        let name = name("message", backend);
        let _channel = Channel::create(&name).backend(backend).slots(4).build().unwrap();
        let mut producer = Producer::attach(&name).unwrap();
        let mut consumer = Consumer::attach(&name).unwrap();
        (0..4).for_each(|n| producer.send(&[n]).unwrap());
        forget(consumer.recv_ref().unwrap());
        let mut batch = consumer.recv_batch().unwrap();
        while batch.take().unwrap().is_some() {}
        forget(batch);
        let full = producer.try_send(b"full");
        let waits = SendError::TimedOut(BlockedOn::Acknowledgement { consumer: 0, message: 0 });
        assert_eq!(full, Err(waits), "the slot of a forgotten message is not free");
        assert_eq!((0..4).map(|_| consumer.recv().unwrap()[0]).collect::<Vec<_>>(), [0, 1, 2, 3]);
    }
}

#[test]
fn forgotten_handles_are_leaks() {
    for backend in LAYERS {
        let name = name("handles", backend);
        let _removed = Removed(name.clone());
        let channel = Channel::create(&name).backend(backend).consumers(0).places(2).slots(2).build().unwrap();
        let (producer, consumer) = (Producer::attach(&name).unwrap(), Consumer::attach(&name).unwrap());
        forget((producer, consumer));
        forget(channel);
        let mut producer = Producer::attach(&name).unwrap();
        let mut consumer = Consumer::attach(&name).unwrap();
        producer.send(b"a").unwrap();
        producer.send(b"b").unwrap();
        assert_eq!(consumer.recv().unwrap(), b"a");
        let waits = SendError::TimedOut(BlockedOn::Acknowledgement { consumer: 0, message: 0 });
        assert_eq!(producer.try_send(b"c"), Err(waits), "the forgotten consumer lives");
    }
}

#[test]
fn forgotten_loan_of_another_thread_is_a_leak() {
    for backend in LAYERS {
        let elsewhere = &name("elsewhere", backend);
        // Mapped before the other one, so that it does not lie where the other one was.
        let _elsewhere = Channel::create(elsewhere).backend(backend).consumers(0).build().unwrap();
        let mut mapped = Producer::attach(elsewhere).unwrap();
        let name = name("thread", backend);
        let _channel = Channel::create(&name).backend(backend).consumers(0).places(2).slots(4).build().unwrap();
        let mut producer = Producer::attach(&name).unwrap();
        let mut rival = Producer::attach(&name).unwrap();
        let producer = thread::spawn(move || {
            forget(producer.loan().unwrap());
            producer
        });
        let mut producer = producer.join().unwrap();
        // The thread is gone. pthread gives its lock to the next owner. A lock word stays with its producer.
        let sent = producer.send_timeout(b"a", HANG);
        assert!(sent.is_ok(), "{backend:?}: {sent:?}");
        drop(producer);
        rival.send_timeout(b"b", HANG).unwrap();
        forget(rival.loan().unwrap());
        let rival = thread::spawn(move || drop(rival));
        rival.join().unwrap();
        drop(_channel);
        // pthread writes to this thread's list of locks, and the forgotten one is on it.
        mapped.send_timeout(b"c", HANG).unwrap();
    }
}

#[test]
fn forgotten_guards_of_the_protocol_are_leaks() {
    let name = name("protocol", Backend::Futex);
    let _channel = Channel::create(&name).consumers(0).places(4).slots(4).build().unwrap();
    let handle = Handle::open(&Name::new(&name).unwrap()).unwrap();
    let [first, second, third] = [(); 3].map(|()| handle.channel::<Futex>().unwrap());
    let mut producer = protocol::Producer::join(first).unwrap();
    let mut rival = protocol::Producer::join(second).unwrap();
    let mut consumer = protocol::Consumer::join(third).unwrap();
    assert_ne!(producer.participant().number, rival.participant().number, "two participants of one handle");
    forget(producer.lock(Deadline::Now).unwrap());
    forget(producer.reserve(Deadline::Now).unwrap());
    forget(producer.reserve(Deadline::Now).unwrap().copy(b"never published").unwrap());
    assert!(waits_for_the_lock(rival.send(b"rival", Deadline::Now)), "one writer at a time");
    producer.send(b"a", Deadline::Now).unwrap();
    rival.send(b"b", Deadline::Now).unwrap();
    forget(consumer.receive(Deadline::Now).unwrap());
    forget(consumer.receive_batch(Deadline::Now).unwrap());
    for expected in [b"a", b"b"] {
        assert_eq!(&*consumer.receive(Deadline::Now).unwrap(), expected);
    }
    forget(handle);
    drop((producer, rival, consumer));
    let _removed = Removed(name);
}

#[test]
fn panic_in_a_guards_scope_leaves_the_channel_usable() {
    for backend in LAYERS {
        let name = name("panic", backend);
        let _channel = Channel::create(&name).backend(backend).consumers(0).places(2).slots(4).build().unwrap();
        let mut producer = Producer::attach(&name).unwrap();
        let panics = thread::spawn(move || {
            let _loan = producer.loan().unwrap();
            std::panic::resume_unwind(Box::new(()));
        });
        assert!(panics.join().is_err());
        let mut producer = Producer::attach(&name).unwrap();
        producer.send_timeout(b"a", HANG).unwrap();
    }
}

#[test]
fn impossible_size_is_refused_before_memory_is_touched() {
    let name = name("sizes", Backend::Futex);
    let builds = [
        Channel::create(&name).slot_size(u32::MAX),
        Channel::create(&name).slots(u32::MAX),
        Channel::create(&name).slots(0),
        Channel::create(&name).slots(1 << 20).slot_size(1 << 30),
        Channel::create(&name).places(0),
        Channel::create(&name).consumers(u32::MAX),
        Channel::create(&name).producers(0),
    ];
    for builder in builds {
        let built = builder.clone().build();
        assert!(matches!(built, Err(CreateError::Layout(_))), "{builder:?}: {built:?}");
    }
}

/// Lock, signal and layer, on words of no channel.
#[test]
fn primitives_without_a_channel_guard_nothing() {
    let layer = Futex::new(LivenessLocks::open(|| Ok(File::open("/dev/null").unwrap())).unwrap(), Fences::Symmetric, 1);
    assert!(layer.is_alive(0).is_ok_and(|alive| !alive), "no participant has a number of this file");
    let (me, other) = (Participant { number: 0, generation: 1 }, Participant { number: 1, generation: u32::MAX });
    let lock = WordLock::<Futex>::new(AtomicU32::new(0));
    lock.release(&layer, me); // no participant holds it
    assert_eq!(lock.acquire(&layer, me, Deadline::Now), Ok(Acquired::Clean));
    assert_eq!(lock.acquire(&layer, other, Deadline::Now), Ok(Acquired::OwnerDied), "its number is not claimed");
    assert!(!lock.inherit(&layer, me) && lock.inherit(&layer, other));
    let corrupt = WordLock::<Futex>::new(AtomicU32::new(u32::MAX));
    let taken = corrupt.acquire(&layer, me, Deadline::Now);
    assert!(matches!(taken, Ok(Acquired::OwnerDied) | Err(LockError::Busy { .. })), "{taken:?}");
    let signal = WordSignal::<Futex>::new(AtomicU32::new(u32::MAX));
    signal.reset(&layer);
    assert_eq!(signal.wait(&layer, Deadline::Now, |_: Poll| None::<Found<()>>), None);
    Signal::notify_all(&layer, std::iter::once(&signal));
}

#[test]
fn consumer_without_a_producer_waits_for_its_deadline() {
    for backend in LAYERS {
        let name = name("alone", backend);
        let _channel = Channel::create(&name).backend(backend).build().unwrap();
        let mut consumer = Consumer::attach(&name).unwrap();
        assert_eq!(consumer.recv_timeout(Duration::ZERO), Err(RecvError::TimedOut { next: 0 }));
    }
}
