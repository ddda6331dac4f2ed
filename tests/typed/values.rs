//! Values: which types a channel takes, and how its values cross processes.

use crate::forked::{Side, end, fork, wait_for_success};
use crate::reexec::{HANG, Process};
use crate::{Aligned, Frame, LAYERS, OtherAlign, OtherName, OtherSize, OtherVersion, name};
use ackcast::segment::Name;
use ackcast::{
    AttachError, Backend, Channel, Consumer, CreateError, Finished, LayoutError, OpenOrCreateError, Payload, Producer,
    RecvError, RecvTypedError, SendError, TypedConsumer, TypedProducer, WaitForError,
};
use std::time::Duration;

#[test]
fn values_cross_processes() {
    for backend in LAYERS {
        let name = name("cross", backend);
        let consumers = [(); 2].map(|()| Process::start("child::entry", "consumer", &name));
        let channel = Channel::create(&name).backend(backend).slots(2).consumers(2).of::<Frame>().build().unwrap();
        assert_eq!(channel.value_type().unwrap().to_string(), "\"Frame\" (32 bytes, alignment 16, version 2)");
        let mut producer = TypedProducer::<Frame>::attach(&name).unwrap();
        producer.send_timeout(&Frame([0, 1, 2, 3, 4, 5, 6, u32::MAX]), HANG).unwrap();
        let mut loan = producer.loan_timeout(HANG).unwrap();
        loan.0[7] = 7;
        loan.publish().unwrap();
        producer.send_batch(&[Frame([8; 8]), Frame([9; 8]), Frame([10; 8])]).unwrap();
        assert_eq!(producer.finish().unwrap(), Finished::Ended);
        for consumer in consumers {
            consumer.says("attached");
            consumer.says("[0, 1, 2, 3, 4, 5, 6, 4294967295]");
            consumer.says("[0, 0, 0, 0, 0, 0, 0, 7]"); // a fresh slot holds zeros
            (8..11).for_each(|n| consumer.says(&format!("{:?}", [n; 8])));
            assert!(consumer.end().0.success());
        }
    }
}

/// The error that a consumer and a producer of `T` get.
#[track_caller]
fn refused<T: Payload + ?Sized + std::fmt::Debug>(name: &str) -> String {
    let Err(AttachError::Type(consumer)) = TypedConsumer::<T>::attach(name) else { panic!("it attaches") };
    let Err(AttachError::Type(producer)) = TypedProducer::<T>::attach(name) else { panic!("it attaches") };
    assert_eq!(consumer, producer);
    let waited = TypedConsumer::<T>::wait_for(name, HANG);
    assert!(matches!(waited, Err(WaitForError::Attach(AttachError::Type(_)))), "{waited:?}");
    let waited = TypedProducer::<T>::wait_for(name, HANG);
    assert!(matches!(waited, Err(WaitForError::Attach(AttachError::Type(_)))), "{waited:?}");
    consumer.to_string()
}

#[test]
fn each_difference_of_a_type_is_refused() {
    for backend in LAYERS {
        let name = name("differs", backend);
        let channel = Channel::create(&name).backend(backend).of::<Frame>().build().unwrap();
        let found = "has messages of type \"Frame\" (32 bytes, alignment 16, version 2)";
        assert!(
            refused::<OtherName>(&name)
                .ends_with("not \"Främe\" (32 bytes, alignment 16, version 2); ask for the type of the channel")
        );
        assert!(refused::<OtherVersion>(&name).contains("not \"Frame\" (32 bytes, alignment 16, version 3)"));
        assert!(refused::<OtherSize>(&name).contains("not \"Frame\" (48 bytes, alignment 16, version 2)"));
        assert!(refused::<OtherAlign>(&name).contains("not \"Frame\" (32 bytes, alignment 32, version 2)"));
        assert!(refused::<[u32; 8]>(&name).contains("not \"[u32; 8]\" (32 bytes, alignment 4)"));
        assert!(refused::<[Frame]>(&name).contains("not slices of \"Frame\""));
        assert!(refused::<[u8; 32]>(&name).contains(found));
        // No place was taken.
        assert_eq!(channel.acknowledged(), []);
        let _attached =
            (TypedConsumer::<Frame>::attach(&name).unwrap(), TypedProducer::<Frame>::attach(&name).unwrap());
    }
}

#[test]
fn channel_of_bytes_has_no_type() {
    for backend in LAYERS {
        let name = name("bytes", backend);
        let channel = Channel::create(&name).backend(backend).slot_size(32).build().unwrap();
        assert_eq!(channel.value_type(), None);
        assert!(refused::<Frame>(&name).contains("has messages of no type (any bytes), not \"Frame\""));
    }
}

#[test]
fn type_sets_the_slot_size() {
    let name = name("slot-size", Backend::Futex);
    let build = Channel::create(&name).of::<Frame>().slot_size(33).build();
    let other = LayoutError::OtherSlotSize { slot_size: 33, size: 32 };
    assert!(matches!(build, Err(CreateError::Layout(error)) if error == other), "{build:?}");
    let channel = Channel::create(&name).slot_size(33).of::<Frame>().slots(3).build().unwrap();
    assert_eq!((channel.geometry().slot_size, channel.geometry().slots), (32, 3));
}

#[test]
fn open_or_create_compares_types() {
    let name = name("open-or-create", Backend::Futex);
    let _channel = Channel::create(&name).of::<Frame>().open_or_create().unwrap();
    let _same = Channel::create(&name).of::<Frame>().open_or_create().unwrap();
    for other in [Channel::create(&name).of::<OtherVersion>(), Channel::create(&name).slot_size(32)] {
        let opened = other.open_or_create();
        let Err(OpenOrCreateError::Differs { differences, .. }) = opened else { panic!("{opened:?}") };
        assert_eq!(differences.iter().map(|it| it.setting).collect::<Vec<_>>(), ["value_type"]);
    }
    Channel::open(&Name::new(&name).unwrap()).unwrap();
}

#[test]
fn value_is_aligned_in_every_slot() {
    for backend in LAYERS {
        let name = name("aligned", backend);
        let _channel = Channel::create(&name).backend(backend).slots(5).of::<Aligned>().build().unwrap();
        let mut consumer = TypedConsumer::<Aligned>::attach(&name).unwrap();
        let mut producer = TypedProducer::<Aligned>::attach(&name).unwrap();
        for n in 0..11 {
            let mut loan = producer.loan().unwrap();
            loan.0[191] = n;
            assert_eq!(std::ptr::from_ref(&*loan).addr() % 64, 0);
            loan.publish().unwrap();
            let value = consumer.recv_ref().unwrap();
            assert_eq!((std::ptr::from_ref(&*value).addr() % 64, value.0[191]), (0, n));
        }
        // Small values share cache lines, and are aligned all the same.
        let name = Channel::create(&format!("{}-small", name.0)).backend(backend).slots(3).consumers(0).of::<u64>();
        let channel = name.build().unwrap();
        let mut producer = TypedProducer::<u64>::attach(channel.name().as_str()).unwrap();
        for _ in 0..7 {
            assert_eq!(std::ptr::from_ref(&*producer.loan().unwrap()).addr() % 8, 0);
            producer.send(&7).unwrap();
        }
    }
}

#[test]
fn dead_producers_loan_is_never_received() {
    for backend in LAYERS {
        let name = name("death", backend);
        let _channel = Channel::create(&name).backend(backend).slots(4).of::<Frame>().build().unwrap();
        let mut consumer = TypedConsumer::<Frame>::attach(&name).unwrap();
        let mut dies = Process::start("child::entry", "producer", &name);
        dies.says("holds a loan");
        assert_eq!(consumer.recv_timeout(HANG), Ok(Frame([1; 8])));
        dies.kill();
        let lost = consumer.recv_timeout(HANG);
        assert!(matches!(lost, Err(RecvTypedError::Recv(RecvError::ProducersLost(_)))), "{lost:?}");
        let mut successor = TypedProducer::<Frame>::wait_for(&name, HANG).unwrap();
        successor.send_timeout(&Frame([3; 8]), HANG).unwrap();
        assert_eq!(consumer.recv_timeout(HANG), Ok(Frame([3; 8])));
        assert_eq!(successor.wait_until_drained(HANG).unwrap().received, 1);
    }
}

#[test]
fn handles_of_a_parent_are_errors_in_its_child() {
    const SOON: Duration = Duration::from_millis(1);
    for backend in LAYERS {
        let name = name("fork", backend);
        let _channel = Channel::create(&name).backend(backend).slots(4).of::<Frame>().build().unwrap();
        let mut consumer = TypedConsumer::<Frame>::attach(&name).unwrap();
        let mut producer = TypedProducer::<Frame>::attach(&name).unwrap();
        producer.send(&Frame([1; 8])).unwrap();
        match fork() {
            Side::Child => end(move || {
                assert_eq!(producer.send(&Frame([2; 8])), Err(SendError::Inherited));
                assert_eq!(
                    producer.send_batch(&[Frame([2; 8])]).map_err(|error| error.error),
                    Err(SendError::Inherited)
                );
                assert_eq!(producer.loan().map(drop), Err(SendError::Inherited));
                assert_eq!(consumer.recv_timeout(SOON), Err(RecvTypedError::Recv(RecvError::Inherited)));
                assert_eq!(consumer.recv_ref().map(drop), Err(RecvTypedError::Recv(RecvError::Inherited)));
                assert_eq!(consumer.recv_batch().map(drop), Err(RecvError::Inherited));
                drop((consumer, producer));
            }),
            Side::Parent(child) => wait_for_success(child),
        }
        assert_eq!(consumer.recv(), Ok(Frame([1; 8])));
        // A loan, too, and a value that is read.
        producer.send(&Frame([4; 8])).unwrap();
        let value = consumer.recv_ref().unwrap();
        let mut loan = producer.loan().unwrap();
        loan.0 = [5; 8];
        match fork() {
            Side::Child => end(move || {
                loan.0 = [6; 8]; // in a private copy
                assert_eq!(loan.publish(), Err(SendError::Inherited));
                assert_eq!(value.0, [4; 8]);
            }),
            Side::Parent(child) => wait_for_success(child),
        }
        loan.publish().unwrap();
        drop(value);
        assert_eq!(consumer.recv(), Ok(Frame([5; 8])));
    }
}

#[test]
fn untyped_handles_attach_to_a_typed_channel() {
    let name = name("untyped", Backend::Futex);
    let _channel = Channel::create(&name).of::<u64>().build().unwrap();
    let (mut consumer, mut producer) = (Consumer::attach(&name).unwrap(), Producer::attach(&name).unwrap());
    producer.send_value(&7_u64).unwrap();
    assert_eq!(consumer.recv_value::<u64>().unwrap(), 7);
}
