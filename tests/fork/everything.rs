//! A child that tries every operation on every handle that it has inherited.

use crate::forked::{Side, end, fork, wait_for_success};
use crate::reexec::say;
use ackcast::layers::{Futex, RawSync};
use ackcast::segment::{Handle, Name, OpenError};
use ackcast::{
    Backend, BatchError, Channel, Consumer, DrainError, Producer, RecvError, RecvValueError, SendError, Tap, TapError,
    Wait, Watch,
};
use std::fs::File;
use std::os::unix::fs::FileTypeExt;
use std::time::Duration;

const SOON: Duration = Duration::from_millis(1);

pub fn try_in_a_child(name: &str) {
    let backend = if name.contains("RawSync") { Backend::RawSync } else { Backend::Futex };
    let channel = Channel::create(name).backend(backend).slots(4).places(4).build().unwrap();
    let (mut producer, mut consumer) = (Producer::attach(name).unwrap(), Consumer::attach(name).unwrap());
    let handle = Handle::open(&Name::new(name).unwrap()).unwrap();
    let watcher = Watch::open(channel.name()).unwrap();
    let mut tap = Watch::open(channel.name()).unwrap().tap().unwrap();
    producer.send(b"one").unwrap();
    match fork() {
        Side::Child => end(move || {
            let files: Vec<_> = (0..32).map(|_| File::open("/dev/null").unwrap()).collect();
            send(&mut producer);
            receive(&mut consumer);
            watch(&channel);
            watch_unattached(&watcher, &mut tap, name);
            participate(&handle);
            drop((channel, consumer, producer, handle, watcher, tap));
            for file in &files {
                // The parent's descriptors had some of these numbers.
                assert!(file.metadata().unwrap().file_type().is_char_device(), "a drop has closed another file");
            }
            take_part(name);
        }),
        Side::Parent(child) => wait_for_success(child),
    }
    assert_eq!((channel.published().count(), channel.acknowledged()), (2, vec![(0, 0)]));
    assert_eq!(consumer.recv().unwrap(), b"one");
    assert_eq!(consumer.recv().unwrap(), b"of the child");
    producer.finish().unwrap();
    assert_eq!(consumer.recv(), Err(RecvError::Ended));
    say("child is done");
}

fn send(producer: &mut Producer) {
    let inherited = || Err(SendError::Inherited);
    producer.set_wait(Wait::Park);
    assert_eq!(producer.send(b""), inherited());
    assert_eq!(producer.try_send(b""), inherited());
    assert_eq!(producer.send_timeout(b"", SOON), inherited());
    assert_eq!(producer.send_value(&1_u32), inherited());
    let batch = Err(BatchError { sent: 0, error: SendError::Inherited });
    assert_eq!(producer.send_batch(&[b"", b""]), batch);
    assert_eq!(producer.send_batch_timeout(&[b"", b""], SOON), batch);
    assert_eq!(producer.send_written(2, |_| Some(0)), batch);
    assert_eq!(producer.loan().map(drop), inherited());
    assert_eq!(producer.try_loan().map(drop), inherited());
    assert_eq!(producer.loan_timeout(SOON).map(drop), inherited());
    assert_eq!(producer.finish().map(drop), inherited());
    assert_eq!(producer.wait_until_drained(SOON), Err(DrainError::Inherited));
    assert!(DrainError::Inherited.to_string().contains("before a fork"));
    assert_eq!(producer.finish_timeout(SOON).map(drop), inherited());
    assert!(SendError::Inherited.to_string().contains("before a fork"));
}

fn receive(consumer: &mut Consumer) {
    let inherited = RecvError::Inherited;
    consumer.set_wait(Wait::Park);
    assert_eq!(consumer.recv(), Err(inherited));
    assert_eq!(consumer.recv_into(&mut Vec::new()), Err(inherited));
    assert_eq!(consumer.try_recv(), Err(inherited));
    assert_eq!(consumer.recv_timeout(SOON), Err(inherited));
    assert_eq!(consumer.recv_ref().map(drop), Err(inherited));
    assert_eq!(consumer.try_recv_ref().map(drop), Err(inherited));
    assert_eq!(consumer.recv_ref_timeout(SOON).map(drop), Err(inherited));
    assert_eq!(consumer.recv_batch().map(drop), Err(inherited));
    assert_eq!(consumer.try_recv_batch().map(drop), Err(inherited));
    assert_eq!(consumer.recv_batch_timeout(SOON).map(drop), Err(inherited));
    let value = consumer.recv_value::<u32>();
    assert!(matches!(value, Err(RecvValueError::Recv(RecvError::Inherited))), "{value:?}");
    assert_eq!(consumer.iter().next(), Some(Err(inherited)));
    assert!(inherited.to_string().contains("before a fork"));
}

/// The channel's figures may be old. The child cannot find out any more whether the producers live.
fn watch(channel: &Channel) {
    assert_eq!((channel.published().count(), channel.evicted(), channel.takeovers()), (1, 0, 0));
    assert_eq!(channel.acknowledged(), [(0, 0)]);
    assert_eq!(channel.producers_lost().map_err(|error| error.errno), Err(libc::EBADF));
    let stats = channel.stats();
    assert!(matches!(stats, Err(OpenError::Inherited { .. })), "{stats:?}");
}

/// A watcher of the parent reads nothing in the child. The child's own watcher does.
fn watch_unattached(watch: &Watch, tap: &mut Tap, name: &str) {
    let stats = watch.stats();
    assert!(matches!(stats, Err(OpenError::Inherited { .. })), "{stats:?}");
    let tapped = tap.poll();
    assert!(matches!(tapped, Err(TapError::Open(OpenError::Inherited { .. }))), "{tapped:?}");
    assert_eq!(Watch::open(&Name::new(name).unwrap()).unwrap().stats().unwrap().published.count(), 1);
}

fn participate(handle: &Handle) {
    let error = match handle.backend() {
        Backend::Futex => handle.channel::<Futex>().map(drop),
        _ => handle.channel::<RawSync>().map(drop),
    };
    assert!(matches!(error, Err(OpenError::Inherited { .. })), "{error:?}");
    assert!(error.unwrap_err().to_string().contains("before a fork"));
}

/// Handles that the child makes itself work as any others.
fn take_part(name: &str) {
    let channel = Channel::open(&Name::new(name).unwrap()).unwrap();
    assert_eq!(channel.producers_lost(), Ok(false));
    assert_eq!(channel.published().count(), 1);
    let mut consumer = Consumer::attach(name).unwrap();
    assert_eq!(consumer.number(), 1, "number 0 is the parent's");
    let mut producer = Producer::attach(name).unwrap();
    producer.send(b"of the child").unwrap();
    assert_eq!(consumer.recv().unwrap(), b"of the child");
}
