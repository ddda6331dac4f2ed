//! The typed API on real segments, with threads for processes (each handle is its own participant).

use ackcast::layer::Deadline;
use ackcast::layers::{Futex, LivenessLocks, RealLayer};
use ackcast::protocol::Storage;
use ackcast::protocol::{self, BlockedOn};
use ackcast::segment::{Handle, Name, Segment};
use ackcast::{Backend, BatchError, Channel, Consumer, Finished, Producer, RecvError, SendError};
use std::fs::File;
use std::thread;
use std::time::{Duration, Instant};

const LAYERS: [Backend; 2] = [Backend::Futex, Backend::RawSync];

fn name(test: &str, backend: Backend) -> String {
    format!("test-{test}-{backend:?}-{}", std::process::id())
}

#[test]
fn every_consumer_gets_every_message_in_order() {
    for backend in LAYERS {
        // On a short ring, each message waits for the scheduler: a busy machine takes milliseconds for each.
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
            assert!(Producer::attach(name).is_err(), "the last one out removes the name");
        }
    }
}

#[test]
fn a_guard_protects_its_slot_until_dropped() {
    for backend in LAYERS {
        let name = &name("guard", backend);
        let _channel = Channel::create(name).backend(backend).build().unwrap();
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

/// The verification target's `consumer_gets_every_message` on real memory: short rounds, many times, so
/// that every start and every end meets every other.
#[test]
fn everyone_gets_everything_thousands_of_times() {
    const TIME: Duration = Duration::from_secs(1);
    /// However long they take.
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
                    "{producers}×{consumers} on {slots} slots, {backend:?}: {rounds} rounds in {:?}",
                    start.elapsed()
                );
            }
        }
    }
}

#[test]
fn a_loan_says_which_message_it_will_be_and_shows_the_one_before() {
    for backend in LAYERS {
        for slots in [1, 2] {
            let name = &name(&format!("loan-{slots}"), backend);
            let builder = Channel::create(name).slots(slots).slot_size(8).consumers(0).backend(backend);
            let _channel = builder.build().unwrap();
            let mut producer = Producer::attach(name).unwrap();
            let mut loan = producer.loan().unwrap();
            assert_eq!((loan.sequence(), loan.copy_previous()), (0, None), "there is none before the first");
            assert_eq!(*loan, [0; 8]);
            loan.copy_from_slice(b"one, all");
            assert_eq!(*loan, *b"one, all", "it can be read, too");
            loan.publish(3).unwrap();
            let mut loan = producer.loan().unwrap();
            // In its own slot, the message before has no end any more.
            assert_eq!((loan.sequence(), loan.copy_previous()), (1, Some(if slots == 1 { 8 } else { 3 })));
            assert_eq!(loan[..3], *b"one");
            loan[..3].copy_from_slice(b"two");
            drop(loan);
            let mut loan = producer.loan().unwrap();
            loan.copy_previous().unwrap();
            let before: &[u8] = if slots == 1 { b"two" } else { b"one" };
            assert_eq!((loan.sequence(), &loan[..3]), (1, before), "nothing was published");
        }
    }
}

#[test]
fn a_channel_says_who_has_acknowledged_how_much() {
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
        assert_eq!(channel.acknowledged(), [(0, 2), (1, 0), (2, 3)], "what is being read is not acknowledged");
        drop(message);
        drop(late);
        drop(first);
        assert_eq!(channel.acknowledged(), [(1, 1)]);
        assert_eq!((channel.evicted(), channel.takeovers()), (0, 0), "nobody died");
    }
}

#[test]
fn what_is_lent_says_where_in_the_order_it_is() {
    for backend in LAYERS {
        let name = &name("debug", backend);
        let channel = Channel::create(name).slots(4).backend(backend).build().unwrap();
        let mut consumer = Consumer::attach(name).unwrap();
        let mut producer = Producer::attach(name).unwrap();
        producer.send_batch(&["a", "bc"]).unwrap();
        assert!(format!("{:?}", producer.loan().unwrap()).contains("FreeSlot { sequence: 2 }"));
        assert_eq!(consumer.recv().unwrap(), b"a");
        assert!(format!("{:?}", consumer.recv_ref().unwrap()).contains("Message { sequence: 1, len: 2 }"));
        producer.send(b"d").unwrap();
        producer.send(b"e").unwrap();
        let mut batch = consumer.recv_batch().unwrap();
        assert_eq!((batch.sequence(), batch.take()), (2, Ok(Some(&b"d"[..]))));
        assert_eq!(batch.sequence(), 3);
        assert!(format!("{batch:?}").contains("Batch { sequence: 3, taken: 1 }"));
        drop(batch);
        assert_eq!(channel.acknowledged(), [(0, 3)], "what was taken, and no more");
        drop(consumer.recv_batch().unwrap());
        assert_eq!(channel.acknowledged(), [(0, 3)], "nothing was taken");
        assert_eq!(consumer.recv().unwrap(), b"e");
    }
}

#[test]
fn a_batch_is_sent_up_to_what_no_slot_holds() {
    for backend in LAYERS {
        let name = &name("long", backend);
        let _channel = Channel::create(name).slots(4).slot_size(2).backend(backend).build().unwrap();
        let mut consumer = Consumer::attach(name).unwrap();
        let mut producer = Producer::attach(name).unwrap();
        let error = SendError::TooLong { len: 3, slot_size: 2 };
        assert_eq!(producer.send_batch(&["a", "bc", "def", "g"]), Err(BatchError { sent: 2, error }));
        let mut batch = consumer.try_recv_batch().unwrap();
        for expected in [Some(&b"a"[..]), Some(b"bc"), None] {
            assert_eq!(batch.take(), Ok(expected));
        }
    }
}

#[test]
fn a_batch_written_in_place_is_whole_and_ends_where_its_writer_says() {
    for backend in LAYERS {
        let name = &name("written", backend);
        let _channel = Channel::create(name).slots(4).slot_size(2).backend(backend).build().unwrap();
        let mut consumer = Consumer::attach(name).unwrap();
        let mut producer = Producer::attach(name).unwrap();
        let mut numbers = 0..;
        let mut write = |bytes: &mut [u8]| {
            bytes.fill(numbers.next()?);
            Some(bytes.len())
        };
        producer.send_written(3, &mut write).unwrap();
        let mut batch = consumer.try_recv_batch().unwrap();
        for expected in [Some(&[0, 0][..]), Some(&[1, 1]), Some(&[2, 2]), None] {
            assert_eq!(batch.take(), Ok(expected));
        }
        drop(batch);
        let mut lengths = [2, 1, 3, 2].into_iter();
        let error = SendError::TooLong { len: 3, slot_size: 2 };
        assert_eq!(producer.send_written(4, |_| lengths.next()), Err(BatchError { sent: 2, error }));
        assert_eq!(lengths.next(), Some(2), "what comes after the error was not asked for");
        producer.send_written(4, |_| lengths.next()).unwrap();
        let mut batch = consumer.try_recv_batch().unwrap();
        assert_eq!(batch.take().unwrap().map(<[u8]>::len), Some(2));
        assert_eq!(batch.take().unwrap().map(<[u8]>::len), Some(1));
        assert_eq!(batch.take(), Ok(None), "there were none left");
    }
}

/// The steps that the typed API takes all at once.
#[test]
fn the_protocols_own_handles_say_how_far_they_are() {
    let name = &name("steps", Backend::Futex);
    let _channel = Channel::create(name).slots(4).places(8).build().unwrap();
    // A segment's handle of its own for each, as in processes: who shares one cannot tell whether the other lives.
    let handles = [(); 3].map(|()| Handle::open(&Name::new(name).unwrap()).unwrap());
    let [first, second, third] = handles.each_ref().map(|handle| handle.channel::<Futex>().unwrap());
    let mut consumer = protocol::Consumer::join(first).unwrap();
    let mut producer = protocol::Producer::join(second).unwrap();
    let held = producer.lock(Deadline::Now).unwrap();
    assert_eq!(format!("{held:?}"), "WriteGuard { published: Published { count: 0, ended: false, lengths: Fixed } }");
    let mut prepared = held.free_slot(Deadline::Now).unwrap().copy(b"a").unwrap();
    let one = |letter| {
        move |bytes: &mut [u8]| {
            bytes[0] = letter;
            Some(1)
        }
    };
    let prepared_one = "Prepared { published: Published { count: 1, ended: false, lengths: Variable } }";
    assert_eq!(format!("{prepared:?}"), prepared_one);
    assert_eq!(prepared.extend(|bytes| Some(bytes.len() + 1)), 0, "no slot has room for it");
    assert_eq!(prepared.extend(|_| None), 0, "there is no more");
    assert_eq!(format!("{prepared:?}"), prepared_one);
    let mut letters = b"bcde".iter();
    assert_eq!(prepared.extend(|bytes| one(*letters.next()?)(bytes)), 3, "the fourth has no slot");
    assert_eq!(letters.as_slice(), b"e", "and is not asked for");
    assert_eq!(consumer.receive(Deadline::Now).err(), Some(RecvError::TimedOut { next: 0 }), "nothing is published");
    let held = prepared.publish();
    assert_eq!(
        format!("{held:?}"),
        "WriteGuard { published: Published { count: 4, ended: false, lengths: Variable } }"
    );
    drop(held);
    for (n, expected) in (0..).zip([b"a", b"b", b"c", b"d"]) {
        assert_eq!(consumer.next(), n);
        let message = consumer.receive(Deadline::Now).unwrap();
        assert_eq!((message.sequence(), &*message), (n, &expected[..]));
    }
    assert_eq!(consumer.next(), 4);
    assert_eq!(protocol::Consumer::join(third).unwrap().next(), 4, "who comes starts where the channel is");
}

#[test]
fn errors_name_who_is_in_the_way_and_who_is_lost() {
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
        let Err(RecvError::ProducersLost(lost)) = consumer.recv() else { panic!("two did not finish") };
        assert_eq!((lost.producers().collect::<Vec<_>>(), lost.is_empty()), (vec![0, 2], false));
        assert_eq!(lost.to_string(), "number 0, 2");
    }
}

/// A consumer with a second descriptor of the file that has its lock: by giving the lock up there, it is dead to all
/// others, and still here.
fn mortal(handle: &Handle) -> (protocol::Consumer<Futex, Segment<Futex>>, LivenessLocks) {
    let path = format!("/dev/shm/ackcast.{}", handle.name());
    let file = File::options().read(true).write(true).open(path).unwrap();
    let lock = LivenessLocks::open(|| Ok(file.try_clone().unwrap())).unwrap();
    let other = handle.channel::<Futex>().unwrap();
    // SAFETY: only its place is taken, by a handle that lives longer.
    let storage = unsafe { other.storage() }.clone();
    let layer = Futex::new(LivenessLocks::open(|| Ok(file)).unwrap(), handle.fences(), 1);
    // SAFETY: the storage is that of the geometry, and the layer has a description of its own.
    let channel = unsafe { protocol::Channel::new(layer, storage, handle.geometry()) };
    (protocol::Consumer::join(channel).unwrap(), lock)
}

#[test]
fn whether_a_consumer_lives_is_asked_only_where_that_matters() {
    let open = |name: &str| Handle::open(&Name::new(name).unwrap()).unwrap();
    let producer = |handle: &Handle| protocol::Producer::join(handle.channel::<Futex>().unwrap()).unwrap();

    // The first message waits for nobody, and nobody is in its way.
    let name = &name("asked", Backend::Futex);
    let channel = Channel::create(name).slots(2).consumers(0).places(8).build().unwrap();
    let handle = open(name);
    let ((dead, lock), mut sends) = (mortal(&handle), producer(&handle));
    lock.release(0);
    sends.send(b"a", Deadline::Now).unwrap();
    assert_eq!(channel.evicted(), 0, "it waits for nobody");
    sends.send(b"b", Deadline::Now).unwrap();
    assert_eq!(channel.evicted(), 0, "there is room");
    sends.send(b"c", Deadline::Now).unwrap();
    assert_eq!(channel.evicted(), 1, "the dead one was in the way");
    drop((channel, handle, dead, sends));

    // It waits for one who is there, not for one who has been.
    let channel = Channel::create(name).slots(2).places(8).build().unwrap();
    let handle = open(name);
    let ((dead, lock), mut sends) = (mortal(&handle), producer(&handle));
    lock.release(0);
    let nobody = SendError::TimedOut(BlockedOn::Start { joined: 0, wanted: 1 });
    assert_eq!(sends.send(b"a", Deadline::Now), Err(nobody));
    assert_eq!(channel.evicted(), 1);

    // Later, only who is in the way is looked at. The dead one, of which the writer hears first, is not.
    assert_eq!(lock.claim(0), Ok(true), "the next one takes another number");
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
    assert_eq!(channel.evicted(), 1, "neither was in the way");
}

#[test]
fn who_leaves_gives_its_place_back_even_if_its_segment_stays_open() {
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
        assert!(channel.producers_lost().unwrap(), "it went without finishing");
    }
}

/// Whether somebody holds the write lock: what its word says.
fn is_held<S: Storage<Futex>>(channel: &protocol::Channel<Futex, S>) -> bool {
    // SAFETY: it only looks.
    let control = unsafe { channel.storage() }.control();
    !format!("{:?}", control.lock.0).contains("word: 0 ")
}

#[test]
fn who_has_the_only_place_keeps_the_lock_until_it_goes() {
    for places in [1, 2] {
        let name = &name(&format!("keeps-{places}"), Backend::Futex);
        let _channel = Channel::create(name).consumers(0).slots(4).places(places).build().unwrap();
        let [first, second, third] = [(); 3].map(|()| Handle::open(&Name::new(name).unwrap()).unwrap());
        let observer = first.channel::<Futex>().unwrap();
        let mut producer = protocol::Producer::join(second.channel::<Futex>().unwrap()).unwrap();
        assert!(!is_held(&observer), "it has sent nothing");
        producer.send(b"one", Deadline::Now).unwrap();
        assert_eq!(is_held(&observer), places == 1);
        producer.send(b"two", Deadline::Now).unwrap();
        drop(producer);
        assert!(!is_held(&observer), "it is gone");
        let mut producer = protocol::Producer::join(third.channel::<Futex>().unwrap()).unwrap();
        producer.send(b"three", Deadline::Now).unwrap();
        assert_eq!((is_held(&observer), observer.takeovers()), (places == 1, 0));
        producer.finish(Deadline::Now).unwrap();
        assert!(!is_held(&observer), "it has finished");
    }
}

/// pthread's locks belong to threads, so this one is given back even if nobody else can want it.
#[test]
fn a_producer_on_raw_sync_may_move_to_another_thread_at_any_time() {
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
