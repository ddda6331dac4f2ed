//! `Producer::wait_until_drained`, with consumers that are slow, leave and die.

use crate::reexec::{HANG, Process};
use crate::{LAYERS, SOON, name, start};
use ackcast::layers::{Futex, RawSync};
use ackcast::protocol::{ConsumerEntry, Corruption};
use ackcast::segment::Layout;
use ackcast::{Backend, Channel, Consumer, DrainError, Producer};
use std::os::unix::fs::FileExt;
use std::thread;

/// A reader process that has received so many messages.
fn reader(name: &str, messages: usize) -> Process {
    let mut reader = start("reader", name);
    reader.says("attached");
    receive(&mut reader, messages);
    reader
}

fn receive(reader: &mut Process, messages: usize) {
    for _ in 0..messages {
        reader.go();
        reader.says("received");
    }
}

/// Sends three messages to `readers` processes. Each has received one.
fn sent(name: &str, backend: Backend, readers: u32) -> (Channel, Producer, Vec<Process>) {
    let channel = Channel::create(name).backend(backend).slots(8).consumers(readers).places(4).build().unwrap();
    let mut readers: Vec<_> = (0..readers).map(|_| reader(name, 0)).collect();
    let mut producer = Producer::attach(name).unwrap();
    producer.send_batch(&["one", "two", "three"]).unwrap();
    readers.iter_mut().for_each(|reader| receive(reader, 1));
    (channel, producer, readers)
}

#[test]
fn drain_ends_when_every_consumer_has_everything() {
    for backend in LAYERS {
        let name = name("drain", backend);
        let (channel, mut producer, mut readers) = sent(&name, backend, 2);
        receive(&mut readers[1], 2);
        assert_eq!(channel.wait_until_drained(SOON), producer.wait_until_drained(SOON));
        let error = producer.wait_until_drained(SOON).unwrap_err();
        assert_eq!(error, DrainError::TimedOut { consumer: 0, acknowledged: 1, published: 3, behind: 1 });
        receive(&mut readers[0], 2);
        let drained = producer.wait_until_drained(HANG).unwrap();
        assert_eq!((drained.received, drained.gone), (2, 0));
        // END is a message, too.
        producer.finish().unwrap();
        let error = producer.wait_until_drained(SOON).unwrap_err();
        assert!(matches!(error, DrainError::TimedOut { acknowledged: 3, published: 4, behind: 2, .. }), "{error}");
        readers.iter_mut().for_each(Process::go);
        readers.into_iter().for_each(|reader| drop(reader.end()));
        let drained = producer.wait_until_drained(HANG).unwrap();
        assert_eq!((drained.received, drained.gone), (0, 0), "no consumer is attached");
    }
}

#[test]
fn consumer_that_dies_or_leaves_is_counted_as_gone() {
    for backend in LAYERS {
        for dies in [true, false] {
            let name = name(&format!("gone-{dies}"), backend);
            let (_channel, producer, mut readers) = sent(&name, backend, 2);
            receive(&mut readers[1], 2);
            let drained = thread::scope(|scope| {
                let drained = scope.spawn(|| producer.wait_until_drained(HANG));
                if dies {
                    readers[0].kill();
                } else {
                    drop(readers.remove(0).end());
                }
                drained.join().unwrap().unwrap()
            });
            // The call may begin after the consumer has gone. It knows a dead one all the same.
            let gone = if dies { 1..=1 } else { 0..=1 };
            assert!(drained.received == 1 && gone.contains(&drained.gone), "{drained:?}");
        }
    }
}

#[test]
fn impossible_acknowledgement_is_corruption() {
    for backend in LAYERS {
        let name = name("corrupt", backend);
        let channel = Channel::create(&name).backend(backend).slots(4).build().unwrap();
        let (_consumer, mut producer) = (Consumer::attach(&name).unwrap(), Producer::attach(&name).unwrap());
        producer.send(b"a").unwrap();
        let (layout, acked) = match backend {
            Backend::RawSync => {
                (Layout::new::<RawSync>(&channel.geometry()), std::mem::offset_of!(ConsumerEntry<RawSync>, acked))
            }
            _ => (Layout::new::<Futex>(&channel.geometry()), std::mem::offset_of!(ConsumerEntry<Futex>, acked)),
        };
        let file = std::fs::File::options().write(true).open(name.path()).unwrap();
        file.write_all_at(&99_u64.to_ne_bytes(), (layout.unwrap().consumers + acked) as u64).unwrap();
        let drained = producer.wait_until_drained(HANG);
        let acknowledgement = Corruption::Acknowledgement { consumer: 0, acked: 99, published: 1 };
        assert_eq!(drained, Err(DrainError::Corrupt(acknowledgement)));
    }
}

#[test]
fn next_sequence_counts_published_messages() {
    let name = name("next", Backend::Futex);
    let _channel = Channel::create(&name).consumers(0).slots(8).places(2).build().unwrap();
    let (mut first, second) = (Producer::attach(&name).unwrap(), Producer::attach(&name).unwrap());
    first.send_batch(&["a", "b"]).unwrap();
    drop(first.loan().unwrap());
    assert_eq!((first.next_sequence(), second.next_sequence()), (2, 2));
    assert_eq!(first.loan().unwrap().sequence(), 2);
}
