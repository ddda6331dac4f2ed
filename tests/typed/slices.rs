//! Messages that are any number of values.

use crate::{Frame, LAYERS, name};
use ackcast::{Channel, CreateError, LayoutError, SendError, TypedConsumer, TypedProducer};

#[test]
fn slices_have_any_length_up_to_the_slots() {
    for backend in LAYERS {
        let name = name("slices", backend);
        let channel = Channel::create(&name).backend(backend).slots(8).of_slice::<Frame>(3).build().unwrap();
        assert_eq!(channel.geometry().slot_size, 96);
        let mut consumer = TypedConsumer::<[Frame]>::attach(&name).unwrap();
        let mut producer = TypedProducer::<[Frame]>::attach(&name).unwrap();
        let frames = [1, 2, 3, 4].map(|n| Frame([n; 8]));
        for len in 0..=3 {
            producer.send(&frames[..len]).unwrap();
        }
        assert_eq!(producer.send(&frames), Err(SendError::TooLong { len: 128, slot_size: 96 }));
        for len in 0..=3 {
            assert_eq!(*consumer.recv_ref().unwrap(), frames[..len]);
        }
        let mut loan = producer.loan_slice(2).unwrap();
        loan.copy_from_slice(&frames[1..3]);
        loan.publish().unwrap();
        let mut batch = consumer.recv_batch().unwrap();
        assert_eq!(batch.take().unwrap(), Some(&frames[1..3]));
        assert_eq!(batch.take().unwrap(), None);
        drop(batch);
        for len in [4, usize::MAX / 32, usize::MAX] {
            let loan = producer.loan_slice(len).map(drop);
            assert!(matches!(loan, Err(SendError::TooLong { .. })), "{len}: {loan:?}");
        }
        producer.try_loan_slice(0).unwrap().publish().unwrap();
        assert!(consumer.recv_ref().unwrap().is_empty());
    }
}

#[test]
fn slice_that_no_slot_holds_is_not_built() {
    for max in [0, u32::MAX, 1 << 26] {
        let built = Channel::create("typed-none").of_slice::<Frame>(max).build();
        assert!(matches!(built, Err(CreateError::Layout(LayoutError::OutOfRange { .. }))), "{max}: {built:?}");
    }
    let built = Channel::create("typed-none").of_slice::<Frame>(3).slot_size(95).build();
    let other = LayoutError::OtherSlotSize { slot_size: 95, size: 32 };
    assert!(matches!(built, Err(CreateError::Layout(error)) if error == other), "{built:?}");
}
