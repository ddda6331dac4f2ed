//! Types that are known at run time meet those of the compiler, and are refused where they differ.

use crate::{Frame, LAYERS, name};
use ackcast::{
    AttachError, Channel, Consumer, CreateError, LayoutError, Producer, Start, Typed, TypedConsumer, TypedProducer,
    ValueType, ValueTypeError,
};

/// The type `Frame`, as a program without it states it.
fn frame() -> ValueType {
    ValueType::new(Frame::NAME, Frame::VERSION, size_of::<Frame>() as u32, align_of::<Frame>() as u32).unwrap()
}

#[test]
fn run_time_type_meets_the_compilers() {
    for backend in LAYERS {
        let name = name("run-time", backend);
        let _channel = Channel::create(&name).backend(backend).slots(4).places(2).of::<Frame>().build().unwrap();
        let mut consumers = (TypedConsumer::<Frame>::attach(&name).unwrap(), at(&name, &frame()).unwrap());
        let mut bytes = Producer::attach_typed(&name, &frame()).unwrap();
        assert_eq!((bytes.value_type(), consumers.1.value_type()), (Some(&frame()), Some(&frame())));
        bytes.send_value(&Frame([7; 8])).unwrap();
        TypedProducer::attach(&name).unwrap().send(&Frame([8; 8])).unwrap();
        for n in [7, 8] {
            assert_eq!(consumers.0.recv().unwrap().0, [n; 8]);
            assert_eq!(consumers.1.recv_value::<Frame>().unwrap().0, [n; 8]);
        }
    }
}

fn at(name: &str, value_type: &ValueType) -> Result<Consumer, AttachError> {
    Consumer::attach_typed(name, Start::Newest, value_type)
}

#[test]
fn channel_of_a_run_time_type_takes_the_compilers() {
    for backend in LAYERS {
        let name = name("run-time-made", backend);
        let built = || Channel::create(&name).backend(backend);
        let channel = built().value_type(frame(), 1).build().unwrap();
        assert_eq!(channel.geometry().slot_size, 32);
        drop(TypedConsumer::<Frame>::attach(&name).unwrap());
        assert!(TypedConsumer::<[Frame]>::attach(&name).is_err());
        drop(channel);
        let channel = built().value_type(frame().slices(), 3).build().unwrap();
        assert_eq!(channel.geometry().slot_size, 96);
        drop(TypedConsumer::<[Frame]>::attach(&name).unwrap());
        assert!(TypedConsumer::<Frame>::attach(&name).is_err());
    }
}

#[test]
fn other_run_time_type_joins_nothing() {
    for backend in LAYERS {
        let name = name("run-time-other", backend);
        let channel = Channel::create(&name).backend(backend).of::<Frame>().build().unwrap();
        let (size, align) = (size_of::<Frame>() as u32, align_of::<Frame>() as u32);
        let others = [
            ValueType::new("Other", Frame::VERSION, size, align).unwrap(),
            ValueType::new(Frame::NAME, Frame::VERSION + 1, size, align).unwrap(),
            ValueType::new(Frame::NAME, Frame::VERSION, size * 2, align).unwrap(),
            ValueType::new(Frame::NAME, Frame::VERSION, size, align / 2).unwrap(),
            frame().slices(),
        ];
        for other in others {
            for error in [at(&name, &other).unwrap_err(), Producer::attach_typed(&name, &other).unwrap_err()] {
                let AttachError::Type(error) = error else { panic!("{error}") };
                assert_eq!((error.found, error.asked), (Some(frame()), other.clone()));
            }
        }
        // Neither of them was counted: the first message waits for a consumer still, and END for a producer.
        let stats = channel.stats().unwrap();
        assert!(stats.consumers.is_empty() && stats.producers.is_empty(), "{stats:?}");
        drop((at(&name, &frame()).unwrap(), Producer::attach_typed(&name, &frame()).unwrap()));
    }
}

#[test]
fn changed_run_time_type_is_not_built() {
    let refused = |change: fn(&mut ValueType), error: ValueTypeError| {
        let mut changed = frame().slices();
        change(&mut changed);
        let built = Channel::create("typed-none").value_type(changed, 3).build();
        assert!(matches!(&built, Err(CreateError::ValueType(found)) if *found == error), "{built:?}");
    };
    refused(|changed| changed.size = 0, ValueTypeError::Size { size: 0 });
    refused(|changed| changed.align = 0, ValueTypeError::Align { align: 0, size: 32 });
    refused(|changed| changed.name = "n".repeat(65), ValueTypeError::Name { name: "n".repeat(65) });
    let built = Channel::create("typed-none").value_type(frame(), 2).build();
    let other = LayoutError::OtherSlotSize { slot_size: 64, size: 32 };
    assert!(matches!(built, Err(CreateError::Layout(error)) if error == other), "{built:?}");
}
