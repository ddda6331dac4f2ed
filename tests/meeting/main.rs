//! Participants that find each other, in either order, and a producer that waits until everything was received.
#![cfg(target_os = "linux")]

mod child;
mod creators;
mod drain;
#[path = "../reexec/mod.rs"]
mod reexec;

use ackcast::segment::HeaderFault;
use ackcast::{AttachError, Backend, Channel, Consumer, CreateError, OpenError, Producer, Unjoinable, WaitForError};
use reexec::{HANG, Named, Process};
use std::time::{Duration, Instant};

const LAYERS: [Backend; 2] = [Backend::Futex, Backend::RawSync];
/// A wait that is meant to time out.
const SOON: Duration = Duration::from_millis(30);

fn name(test: &str, backend: Backend) -> Named {
    Named(format!("meeting-{test}-{backend:?}-{}", std::process::id()))
}

fn start(role: &str, channel: &str) -> Process {
    Process::start("child::entry", role, channel)
}

/// Why a wait that is too short gave up.
#[track_caller]
fn last<P: std::fmt::Debug>(waited: Result<P, WaitForError>) -> Unjoinable {
    match waited {
        Err(WaitForError::TimedOut { last, .. }) => last,
        other => panic!("{other:?}"),
    }
}

/// Creates a channel. A process that waits for it may be polling the one before, and so be the last to leave that one.
fn create(name: &str, backend: Backend) -> Channel {
    let end = Instant::now() + HANG;
    loop {
        match Channel::create(name).backend(backend).build() {
            Err(CreateError::AlreadyExists { .. }) if Instant::now() < end => std::thread::yield_now(),
            created => return created.unwrap(),
        }
    }
}

#[test]
fn consumer_and_producer_wait_for_a_channel() {
    for backend in LAYERS {
        let name = name("none", backend);
        let (consumer, producer) = (start("consumer", &name), start("producer", &name));
        assert_eq!(last(Consumer::wait_for(&name, SOON)), Unjoinable::NotFound);
        assert_eq!(last(Producer::wait_for(&name, Duration::ZERO)), Unjoinable::NotFound);
        let channel = Channel::create(&name).backend(backend).build().unwrap();
        consumer.says("attached 0");
        producer.says("sent");
        assert_eq!(channel.published().count(), 1);
    }
}

#[test]
fn consumer_joins_no_channel_that_has_ended() {
    for backend in LAYERS {
        let name = name("ended", backend);
        let channel = Channel::create(&name).backend(backend).slots(2).build().unwrap();
        let mut reader = Consumer::attach(&name).unwrap();
        let mut producer = Producer::attach(&name).unwrap();
        producer.send(b"old").unwrap();
        producer.finish().unwrap();
        assert_eq!(channel.is_over(), Ok(true));
        drop((channel, producer));
        assert_eq!(last(Consumer::wait_for(&name, SOON)), Unjoinable::Ended);
        assert_eq!(last(Producer::wait_for(&name, SOON)), Unjoinable::Ended);
        let next = start("consumer", &name);
        assert_eq!(reader.recv().unwrap(), b"old");
        drop(reader); // removes the name, or the next poll does
        let channel = create(&name, backend);
        next.says("attached 0");
        assert_eq!(channel.acknowledged().len(), 1);
    }
}

#[test]
fn successor_joins_a_channel_of_dead_producers() {
    for backend in LAYERS {
        let name = name("lost", backend);
        let channel = Channel::create(&name).backend(backend).slots(4).build().unwrap();
        let mut reader = Consumer::attach(&name).unwrap();
        let mut dies = start("producer", &name);
        dies.says("sent");
        assert_eq!(last(Producer::wait_for(&name, SOON)), Unjoinable::Full { role: "producer", capacity: 1 });
        let waits = start("producer", &name);
        assert_eq!(channel.is_over(), Ok(false));
        dies.kill();
        waits.says("sent");
        assert_eq!((reader.recv().unwrap(), reader.recv().unwrap()), (b"a".to_vec(), b"a".to_vec()));
        drop(waits);
        // Consumers wait for a producer that lives.
        assert_eq!(channel.is_over(), Ok(true));
        assert_eq!(last(Consumer::wait_for(&name, SOON)), Unjoinable::ProducersLost);
        let late = start("consumer", &name);
        let _successor = Producer::wait_for(&name, HANG).unwrap();
        late.says("attached 1");
    }
}

#[test]
fn consumer_waits_for_a_place() {
    for backend in LAYERS {
        let name = name("full", backend);
        let _channel = Channel::create(&name).backend(backend).places(1).build().unwrap();
        let mut first = start("consumer", &name);
        first.says("attached 0");
        assert_eq!(last(Consumer::wait_for(&name, SOON)), Unjoinable::Full { role: "consumer", capacity: 1 });
        let second = start("consumer", &name);
        first.kill();
        second.says("attached 0");
    }
}

/// How many page faults this thread has made.
fn page_faults() -> i64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: `usage` is writable.
    assert_eq!(unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) }, 0);
    // SAFETY: the call has succeeded, so it has initialised `usage`.
    unsafe { usage.assume_init() }.ru_minflt
}

#[test]
fn poll_of_a_full_channel_enters_no_slots() {
    let name = name("pages", Backend::Futex);
    let _channel = Channel::create(&name).slots(64).slot_size(1 << 20).places(1).build().unwrap();
    let _only = (Consumer::attach(&name).unwrap(), Producer::attach(&name).unwrap());
    let before = page_faults();
    assert!(matches!(last(Consumer::wait_for(&name, SOON)), Unjoinable::Full { role: "consumer", capacity: 1 }));
    assert!(matches!(last(Producer::wait_for(&name, SOON)), Unjoinable::Full { role: "producer", capacity: 1 }));
    let polls = page_faults() - before;
    Consumer::attach(&name).unwrap_err();
    let attach = page_faults() - before - polls;
    assert!(polls < attach / 2, "{polls} faults in all polls, {attach} in one attempt to attach");
}

#[test]
fn abandoned_channel_is_waited_out() {
    let name = name("abandoned", Backend::Futex);
    let mut creator = start("creator", &name);
    creator.says("ready");
    creator.go();
    creator.says("0");
    creator.kill();
    let name = Named(format!("{}.0", name.0));
    assert!(name.path().exists(), "the dead creator's file is left");
    assert_eq!(last(Consumer::wait_for(&name, SOON)), Unjoinable::Abandoned);
    let next = start("consumer", &name);
    let _channel = Channel::create(&name).build().unwrap();
    next.says("attached 0");
}

#[test]
fn error_that_does_not_pass_ends_the_wait() {
    let name = name("foreign", Backend::Futex);
    let start = Instant::now();
    assert!(matches!(Consumer::wait_for("a/b", HANG), Err(WaitForError::Attach(AttachError::Name(_)))));
    std::fs::create_dir(name.path()).unwrap();
    let waited = Producer::wait_for(&name, HANG);
    std::fs::remove_dir(name.path()).unwrap();
    let Err(WaitForError::Attach(AttachError::Open(OpenError::Unusable { fault, .. }))) = waited else {
        panic!("{waited:?}")
    };
    assert!(matches!(fault, HeaderFault::NoFile { .. }), "{fault}");
    assert!(start.elapsed() < HANG);
}
