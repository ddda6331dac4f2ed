//! Processes that do not keep to the type: producers of bytes, and bytes in the header.

use crate::{Frame, LAYERS, name};
use ackcast::segment::{HeaderFault, Name};
use ackcast::{AttachError, Channel, OpenError, Producer, RecvError, RecvTypedError, TypedConsumer, TypedProducer};
use std::fs::File;
use std::os::unix::fs::FileExt;

/// The offset of the type in the header.
const VALUE_TYPE: u64 = 112;

#[test]
fn message_of_another_length_is_passed_over() {
    for backend in LAYERS {
        let name = name("liar", backend);
        let _channel = Channel::create(&name).backend(backend).slots(8).places(2).of::<Frame>().build().unwrap();
        let mut consumer = TypedConsumer::<Frame>::attach(&name).unwrap();
        let mut producer = TypedProducer::<Frame>::attach(&name).unwrap();
        let mut liar = Producer::attach(&name).unwrap();
        let wrong = |sequence, found| RecvTypedError::NotAValue { sequence, found, expected: 32 };
        let mut sequence = 0;
        for len in [0, 1, 31] {
            liar.send(&vec![0xff; len]).unwrap();
            producer.send(&Frame([7; 8])).unwrap();
            assert_eq!(consumer.try_recv(), Err(wrong(sequence, len)));
            assert_eq!(consumer.try_recv(), Ok(Frame([7; 8])));
            liar.send(&vec![0xff; len]).unwrap();
            producer.send(&Frame([8; 8])).unwrap();
            assert_eq!(consumer.recv_ref().map(drop), Err(wrong(sequence + 2, len)));
            assert_eq!(*consumer.recv_ref().unwrap(), Frame([8; 8]));
            liar.send(&vec![0xff; len]).unwrap();
            producer.send(&Frame([9; 8])).unwrap();
            let mut batch = consumer.recv_batch().unwrap();
            assert_eq!(batch.take(), Err(wrong(sequence + 4, len)));
            assert_eq!(batch.take(), Ok(Some(&Frame([9; 8]))));
            assert_eq!(batch.take(), Ok(None));
            sequence += 6;
        }
        // Bytes of the right length are a value.
        liar.send(&[0xff; 32]).unwrap();
        assert_eq!(consumer.recv(), Ok(Frame([u32::MAX; 8])));
        liar.send(b"liar").unwrap();
        producer.finish().unwrap();
        liar.finish().unwrap();
        let values: Vec<_> = consumer.iter().collect();
        assert_eq!(values, [Err(wrong(19, 4))]);
        assert_eq!(consumer.recv(), Err(RecvTypedError::Recv(RecvError::Ended)));
    }
}

#[test]
fn message_of_part_of_a_slice_is_passed_over() {
    for backend in LAYERS {
        let name = name("liar-slice", backend);
        let _channel = Channel::create(&name).backend(backend).slots(8).of_slice::<u32>(4).build().unwrap();
        let mut consumer = TypedConsumer::<[u32]>::attach(&name).unwrap();
        let mut liar = Producer::attach(&name).unwrap();
        for found in [1, 7, 15] {
            liar.send(&vec![1; found]).unwrap();
            let sequence = liar.next_sequence() - 1;
            assert_eq!(consumer.recv_ref().map(drop), Err(RecvTypedError::NotASlice { sequence, found, size: 4 }));
        }
        liar.send(&[1; 8]).unwrap();
        assert_eq!(*consumer.recv_ref().unwrap(), [0x0101_0101; 2]);
    }
}

#[test]
fn impossible_type_in_the_header_is_a_typed_error() {
    let name = name("header", ackcast::Backend::Futex);
    let channel = Channel::create(&name).of::<Frame>().build().unwrap();
    let file = File::options().write(true).read(true).open(name.path()).unwrap();
    let mut good = [0; 80];
    file.read_exact_at(&mut good, VALUE_TYPE).unwrap();
    assert_eq!(&good[16..21], b"Frame");
    for at in 0..80 {
        for byte in [0, 1, 0x7f, 0xff] {
            let mut bytes = good;
            bytes[at] = byte;
            file.write_all_at(&bytes, VALUE_TYPE).unwrap();
            match TypedConsumer::<Frame>::attach(&name) {
                Ok(_) => assert_eq!(bytes, good),
                Err(AttachError::Type(_)) => assert_ne!(bytes, good),
                Err(AttachError::Open(OpenError::Unusable { fault: HeaderFault::ValueType { .. }, .. })) => {
                    assert_ne!(bytes, good);
                    let opened = Channel::open(&Name::new(&name).unwrap());
                    assert!(matches!(opened, Err(OpenError::Unusable { .. })), "{opened:?}");
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    file.write_all_at(&good, VALUE_TYPE).unwrap();
    TypedConsumer::<Frame>::attach(&name).unwrap();
    drop(channel);
}
