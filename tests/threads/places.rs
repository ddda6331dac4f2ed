//! Places, the lock and liveness: which participants are in the way, and what a leaver frees.

use crate::{LAYERS, name};
use ackcast::layer::Deadline;
use ackcast::layers::{Futex, LivenessLocks, RealLayer};
use ackcast::protocol::{self, BlockedOn, Storage};
use ackcast::segment::{Handle, Name, Segment};
use ackcast::{Backend, Channel, Consumer, Finished, Producer, RecvError, SendError};
use std::fs::File;
use std::thread;

#[test]
fn channel_reports_what_each_consumer_acknowledged() {
    for backend in LAYERS {
        let name = &name("acknowledged", backend);
        let channel = Channel::create(name).slots(4).consumers(2).places(8).backend(backend).build().unwrap();
        assert_eq!(channel.acknowledged(), []);
        let [mut first, mut second] = [(); 2].map(|()| Consumer::attach(name).unwrap());
        let mut producer = Producer::attach(name).unwrap();
        producer.send_batch(&["a", "b", "c"]).unwrap();
        assert_eq!(channel.acknowledged(), [(0, 0), (1, 0)]);
        assert_eq!((first.recv().unwrap(), first.recv().unwrap()), (b"a".to_vec(), b"b".to_vec()));
        let late = Consumer::attach(name).unwrap();
        let message = second.recv_ref().unwrap();
        assert_eq!(
            channel.acknowledged(),
            [(0, 2), (1, 0), (2, 3)],
            "a message that is being read is not acknowledged"
        );
        drop(message);
        drop(late);
        drop(first);
        assert_eq!(channel.acknowledged(), [(1, 1)]);
        assert_eq!((channel.evicted(), channel.takeovers()), (0, 0), "no participant died");
    }
}

#[test]
fn errors_name_the_lock_owner_and_the_lost_producers() {
    for backend in LAYERS {
        let name = &name("named", backend);
        let _channel =
            Channel::create(name).slots(2).producers(3).consumers(0).places(8).backend(backend).build().unwrap();
        let mut consumer = Consumer::attach(name).unwrap();
        let [mut first, mut second, third] = [(); 3].map(|()| Producer::attach(name).unwrap());
        let loan = second.loan().unwrap();
        let holder = if backend == Backend::Futex { "producer 1" } else { "another producer" };
        let said = first.try_send(b"a").unwrap_err().to_string();
        assert_eq!(said, format!("gave up waiting for the write lock, held by {holder}"));
        drop(loan);
        assert_eq!(second.finish().unwrap(), Finished::OthersRemain);
        drop((first, second, third));
        let Err(RecvError::ProducersLost(lost)) = consumer.recv() else { panic!("two producers did not finish") };
        assert_eq!((lost.producers().collect::<Vec<_>>(), lost.is_empty()), (vec![0, 2], false));
        assert_eq!(lost.to_string(), "number 0, 2");
    }
}

/// A consumer, and a second descriptor of the file with its lock. Releasing the lock there makes the consumer dead to
/// all others, while this process still has it.
fn mortal(handle: &Handle) -> (protocol::Consumer<Futex, Segment<Futex>>, LivenessLocks) {
    let path = format!("/dev/shm/ackcast.{}", handle.name());
    let file = File::options().read(true).write(true).open(path).unwrap();
    let lock = LivenessLocks::open(|| Ok(file.try_clone().unwrap())).unwrap();
    let other = handle.channel::<Futex>().unwrap();
    // SAFETY: only a place is taken from it, and the handle lives longer.
    let storage = unsafe { other.storage() }.clone();
    let layer = Futex::new(LivenessLocks::open(|| Ok(file)).unwrap(), handle.fences(), 1);
    // SAFETY: the storage is that of the geometry, and the layer has a description of its own.
    let channel = unsafe { protocol::Channel::new(layer, storage, handle.geometry()) };
    (protocol::Consumer::join(channel).unwrap(), lock)
}

#[test]
fn producer_checks_only_consumers_that_block_it() {
    let open = |name: &str| Handle::open(&Name::new(name).unwrap()).unwrap();
    let producer = |handle: &Handle| protocol::Producer::join(handle.channel::<Futex>().unwrap()).unwrap();

    // The first message waits for no consumer, and no consumer blocks it.
    let name = &name("asked", Backend::Futex);
    let channel = Channel::create(name).slots(2).consumers(0).places(8).build().unwrap();
    let handle = open(name);
    let ((dead, lock), mut sends) = (mortal(&handle), producer(&handle));
    lock.release(0);
    sends.send(b"a", Deadline::Now).unwrap();
    assert_eq!(channel.evicted(), 0, "the producer waits for no consumer");
    sends.send(b"b", Deadline::Now).unwrap();
    assert_eq!(channel.evicted(), 0, "a slot is free");
    sends.send(b"c", Deadline::Now).unwrap();
    assert_eq!(channel.evicted(), 1, "the dead consumer blocked the producer");
    drop((channel, handle, dead, sends));

    // The first message waits for a living consumer. A dead consumer does not count.
    let channel = Channel::create(name).slots(2).places(8).build().unwrap();
    let handle = open(name);
    let ((dead, lock), mut sends) = (mortal(&handle), producer(&handle));
    lock.release(0);
    let missing = SendError::TimedOut(BlockedOn::Start { joined: 0, wanted: 1 });
    assert_eq!(sends.send(b"a", Deadline::Now), Err(missing));
    assert_eq!(channel.evicted(), 1);

    // Later, the producer checks only the consumer that blocks it. The dead consumer comes first, and is not checked.
    assert_eq!(lock.claim(0), Ok(true), "the next consumer takes another number");
    let mut lives = protocol::Consumer::join(handle.channel::<Futex>().unwrap()).unwrap();
    drop((dead, lock));
    sends.send(b"a", Deadline::Now).unwrap();
    sends.send(b"b", Deadline::Now).unwrap();
    let (mut dead, lock) = mortal(&handle);
    lock.release(0);
    assert_eq!((dead.participant().number, lives.participant().number), (0, 1));
    let full = SendError::TimedOut(BlockedOn::Acknowledgement { consumer: 1, message: 0 });
    assert_eq!(sends.send(b"c", Deadline::Now), Err(full));
    for _ in 0..2 {
        lives.receive(Deadline::Now).unwrap();
    }
    sends.send(b"c", Deadline::Now).unwrap();
    dead.receive(Deadline::Now).unwrap();
    assert_eq!(channel.evicted(), 1, "no dead consumer blocked the producer");
}

#[test]
fn leaver_frees_its_place_while_its_segment_stays_open() {
    let name = &name("places", Backend::Futex);
    let channel = Channel::create(name).places(1).build().unwrap();
    let open = || Handle::open(&Name::new(name).unwrap()).unwrap();
    let (here, there) = (open(), open());
    for handle in [&here, &there] {
        let consumer = protocol::Consumer::join(handle.channel::<Futex>().unwrap()).unwrap();
        let producer = protocol::Producer::join(handle.channel::<Futex>().unwrap()).unwrap();
        assert!(Consumer::attach(name).is_err() && Producer::attach(name).is_err(), "all places are taken");
        assert!(!channel.producers_lost().unwrap());
        drop((consumer, producer));
        assert!(channel.producers_lost().unwrap(), "the producer left without finishing");
    }
}

/// Whether the write lock's word names an owner.
fn is_held<S: Storage<Futex>>(channel: &protocol::Channel<Futex, S>) -> bool {
    // SAFETY: the storage is only read.
    let control = unsafe { channel.storage() }.control();
    !format!("{:?}", control.lock.0).contains("word: 0 ")
}

#[test]
fn producer_with_the_only_place_keeps_the_lock() {
    for places in [1, 2] {
        let name = &name(&format!("keeps-{places}"), Backend::Futex);
        let _channel = Channel::create(name).consumers(0).slots(4).places(places).build().unwrap();
        let [first, second, third] = [(); 3].map(|()| Handle::open(&Name::new(name).unwrap()).unwrap());
        let observer = first.channel::<Futex>().unwrap();
        let mut producer = protocol::Producer::join(second.channel::<Futex>().unwrap()).unwrap();
        assert!(!is_held(&observer), "the producer has sent nothing");
        producer.send(b"one", Deadline::Now).unwrap();
        assert_eq!(is_held(&observer), places == 1);
        producer.send(b"two", Deadline::Now).unwrap();
        drop(producer);
        assert!(!is_held(&observer), "the producer has left");
        let mut producer = protocol::Producer::join(third.channel::<Futex>().unwrap()).unwrap();
        producer.send(b"three", Deadline::Now).unwrap();
        assert_eq!((is_held(&observer), observer.takeovers()), (places == 1, 0));
        producer.finish(Deadline::Now).unwrap();
        assert!(!is_held(&observer), "the producer has finished");
    }
}

/// pthread's locks belong to threads. So a producer on raw_sync releases the lock even if it has the only place.
#[test]
fn raw_sync_producer_may_move_to_another_thread() {
    let name = &name("moves", Backend::RawSync);
    let _channel = Channel::create(name).consumers(0).slots(4).backend(Backend::RawSync).build().unwrap();
    let mut producer = Producer::attach(name).unwrap();
    producer.try_send(b"here").unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            producer.try_send(b"there").unwrap();
            drop(producer);
            Producer::attach(name).unwrap().try_send(b"and its successor").unwrap();
        });
    });
}
