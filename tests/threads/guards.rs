//! Loans, messages and batches: what they protect, and what they report.

use crate::{LAYERS, name};
use ackcast::layer::Deadline;
use ackcast::layers::Futex;
use ackcast::protocol;
use ackcast::segment::{Handle, Name};
use ackcast::{Backend, BatchError, Channel, Consumer, Producer, RecvError, SendError};
use std::time::Duration;

#[test]
fn guard_protects_its_slot_until_dropped() {
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

#[test]
fn loan_knows_its_sequence_and_copies_the_previous_message() {
    for backend in LAYERS {
        for slots in [1, 2] {
            let name = &name(&format!("loan-{slots}"), backend);
            let builder = Channel::create(name).slots(slots).slot_size(8).consumers(0).backend(backend);
            let _channel = builder.build().unwrap();
            let mut producer = Producer::attach(name).unwrap();
            let mut loan = producer.loan().unwrap();
            assert_eq!((loan.sequence(), loan.copy_previous()), (0, None), "there is no message before the first");
            assert_eq!(*loan, [0; 8]);
            loan.copy_from_slice(b"one, all");
            assert_eq!(*loan, *b"one, all", "a loan can be read, too");
            loan.publish(3).unwrap();
            let mut loan = producer.loan().unwrap();
            // If both share the slot, the length of the previous message is lost.
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
fn loan_message_and_batch_report_their_sequence() {
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
        assert_eq!(channel.acknowledged(), [(0, 3)], "the batch acknowledged only what was taken");
        drop(consumer.recv_batch().unwrap());
        assert_eq!(channel.acknowledged(), [(0, 3)], "a batch that took nothing acknowledged nothing");
        assert_eq!(consumer.recv().unwrap(), b"e");
    }
}

#[test]
fn batch_is_sent_up_to_the_first_message_too_long() {
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
fn batch_written_in_place_ends_where_its_writer_says() {
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
        assert_eq!(lengths.next(), Some(2), "the writer was not called after the error");
        producer.send_written(4, |_| lengths.next()).unwrap();
        let mut batch = consumer.try_recv_batch().unwrap();
        assert_eq!(batch.take().unwrap().map(<[u8]>::len), Some(2));
        assert_eq!(batch.take().unwrap().map(<[u8]>::len), Some(1));
        assert_eq!(batch.take(), Ok(None), "the writer had no further message");
    }
}

/// The steps that the typed API takes in a single call.
#[test]
fn protocol_handles_report_their_progress() {
    let name = &name("steps", Backend::Futex);
    let _channel = Channel::create(name).slots(4).places(8).build().unwrap();
    // Each participant has a handle of its own, as in processes. Participants that share a handle cannot check each
    // other's liveness.
    let handles = [(); 3].map(|()| Handle::open(&Name::new(name).unwrap()).unwrap());
    let [first, second, third] = handles.each_ref().map(|handle| handle.channel::<Futex>().unwrap());
    let mut consumer = protocol::Consumer::join(first).unwrap();
    let mut producer = protocol::Producer::join(second).unwrap();
    let held = producer.lock(Deadline::Now).unwrap();
    assert_eq!(format!("{held:?}"), "WriteGuard { published: Published { count: 0, ended: false, lengths: Fixed } }");
    let mut prepared = held.free_slot(Deadline::Now).unwrap().copy(b"a").unwrap();
    let write = |letter| {
        move |bytes: &mut [u8]| {
            bytes[0] = letter;
            Some(1)
        }
    };
    let prepared_one = "Prepared { published: Published { count: 1, ended: false, lengths: Variable } }";
    assert_eq!(format!("{prepared:?}"), prepared_one);
    assert_eq!(prepared.extend(|bytes| Some(bytes.len() + 1)), 0, "no slot has room for the message");
    assert_eq!(prepared.extend(|_| None), 0, "the writer has no message");
    assert_eq!(format!("{prepared:?}"), prepared_one);
    let mut letters = b"bcde".iter();
    assert_eq!(prepared.extend(|bytes| write(*letters.next()?)(bytes)), 2, "a quarter of the ring is spared");
    assert_eq!(letters.as_slice(), b"de", "the writer was not called for the message after them");
    assert_eq!(consumer.receive(Deadline::Now).err(), Some(RecvError::TimedOut { next: 0 }), "nothing is published");
    let held = prepared.publish();
    assert_eq!(
        format!("{held:?}"),
        "WriteGuard { published: Published { count: 3, ended: false, lengths: Variable } }"
    );
    let mut prepared = held.free_slot(Deadline::Now).unwrap().copy(b"d").unwrap();
    assert_eq!(prepared.extend(write(b'e')), 0, "the fifth message has no slot");
    drop(prepared.publish());
    for (n, expected) in (0..).zip([b"a", b"b", b"c", b"d"]) {
        assert_eq!(consumer.next(), n);
        let message = consumer.receive(Deadline::Now).unwrap();
        assert_eq!((message.sequence(), &*message), (n, &expected[..]));
    }
    assert_eq!(consumer.next(), 4);
    assert_eq!(protocol::Consumer::join(third).unwrap().next(), 4, "a joiner starts at the next message");
}
