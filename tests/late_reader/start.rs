//! Where a consumer starts, and what it is told if it cannot.

use crate::reexec::HANG;
use crate::{BACKENDS, named};
use ackcast::protocol::JoinError;
use ackcast::{AttachError, Backend, Channel, Consumer, CreateError, Producer, RecvError, Start};

/// What a consumer receives without waiting.
fn received(consumer: &mut Consumer) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| consumer.try_recv().ok()).collect()
}

fn refused(name: &str, asked: u64) -> (u64, u64) {
    match Consumer::attach_at(name, Start::Sequence(asked)) {
        Err(AttachError::Join { error: JoinError::NotRetained { asked: told, oldest, newest }, .. }) => {
            assert_eq!(told, asked);
            (oldest, newest)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn start_is_oldest_newest_or_a_number() {
    for backend in BACKENDS {
        let name = named("starts", backend);
        let builder = Channel::create(&name).slots(8).retain(3).consumers(0).backend(backend);
        let _channel = builder.build().unwrap();
        let mut producer = Producer::attach(&name).unwrap();
        let at = |start| received(&mut Consumer::attach_at(&name, start).unwrap());
        assert_eq!((at(Start::Oldest), at(Start::Newest), at(Start::Sequence(0))), (vec![], vec![], vec![]));
        assert_eq!(refused(&name, 1), (0, 0), "a message that is not published yet");
        for number in 0..20_u8 {
            producer.try_send(&[number]).unwrap();
            let count = u64::from(number) + 1;
            let oldest = count.saturating_sub(3);
            let from = |first: u64| (first as u8..=number).map(|number| vec![number]).collect::<Vec<_>>();
            assert_eq!(at(Start::Oldest), from(oldest));
            for first in oldest..=count {
                assert_eq!(at(Start::Sequence(first)), from(first));
            }
            assert_eq!(at(Start::Newest), from(count));
            assert_eq!(refused(&name, count + 1), (oldest, count));
            if oldest > 0 {
                assert_eq!(refused(&name, oldest - 1), (oldest, count));
            }
        }
    }
}

#[test]
fn ended_channel_gives_its_last_messages_and_end() {
    for backend in BACKENDS {
        let name = named("ended", backend);
        let builder = Channel::create(&name).slots(4).retain(2).consumers(0).backend(backend);
        let _channel = builder.build().unwrap();
        let mut producer = Producer::attach(&name).unwrap();
        for number in 0..3_u8 {
            producer.try_send(&[number]).unwrap();
        }
        producer.finish_timeout(HANG).unwrap();
        for (start, expected) in [
            (Start::Oldest, &[1, 2][..]),
            (Start::Sequence(2), &[2]),
            (Start::Sequence(3), &[]),
            (Start::Sequence(4), &[]),
            (Start::Newest, &[]),
        ] {
            let mut late = Consumer::attach_at(&name, start).unwrap();
            assert_eq!(received(&mut late).concat(), expected, "{start:?}");
            assert_eq!((late.try_recv(), late.try_recv()), (Err(RecvError::Ended), Err(RecvError::Ended)), "{start:?}");
        }
        assert_eq!(refused(&name, 0), (1, 4));
        assert_eq!(Consumer::attach(&name).unwrap().try_recv(), Err(RecvError::Ended));
    }
}

/// A refused reader leaves its only place free, and the producer does not wait for it.
#[test]
fn refused_reader_leaves_nothing_behind() {
    for backend in BACKENDS {
        let name = named("refused", backend);
        let builder = Channel::create(&name).slots(2).retain(1).consumers(0).places(1).backend(backend);
        let channel = builder.build().unwrap();
        let mut producer = Producer::attach(&name).unwrap();
        for number in 0..50_u64 {
            assert_eq!(refused(&name, 1000), (number.saturating_sub(1), number));
            assert!(channel.acknowledged().is_empty(), "its place is free");
            producer.try_send(b"message").unwrap();
        }
    }
}

/// Producers can be `slots` ahead of a consumer, also of one that started at a retained message.
#[test]
fn late_reader_has_a_whole_ring_of_time() {
    for backend in BACKENDS {
        let name = named("ring", backend);
        let builder = Channel::create(&name).slots(4).slot_size(1).retain(3).consumers(0).backend(backend);
        let _channel = builder.build().unwrap();
        let mut producer = Producer::attach(&name).unwrap();
        for number in 0..9_u8 {
            producer.try_send(&[number]).unwrap();
        }
        let mut late = Consumer::attach_at(&name, Start::Oldest).unwrap();
        producer.try_send(&[9]).unwrap();
        producer.try_send(&[10]).expect_err("the slot of message 6 is still needed");
        assert_eq!(late.recv_timeout(HANG).unwrap(), [6]);
        producer.try_send(&[10]).unwrap();
        assert_eq!(received(&mut late).concat(), [7, 8, 9, 10]);
    }
}

/// Messages from before the first short one have lengths, too.
#[test]
fn late_reader_knows_the_lengths_of_older_messages() {
    for backend in BACKENDS {
        let name = named("lengths", backend);
        let builder = Channel::create(&name).slots(8).slot_size(4).retain(6).consumers(0).backend(backend);
        let _channel = builder.build().unwrap();
        let mut producer = Producer::attach(&name).unwrap();
        producer.send_batch(&["full", "slot"]).unwrap();
        let at_oldest = || received(&mut Consumer::attach_at(&name, Start::Oldest).unwrap());
        assert_eq!(at_oldest(), [b"full", b"slot"], "each message fills its slot");
        let mut early = Consumer::attach_at(&name, Start::Oldest).unwrap();
        producer.send(b"a").unwrap();
        let expected = [&b"full"[..], b"slot", b"a"];
        assert_eq!(
            (at_oldest(), received(&mut early)),
            (expected.map(Vec::from).to_vec(), expected.map(Vec::from).to_vec())
        );
    }
}

#[test]
fn ring_keeps_a_slot_for_the_next_message() {
    for (slots, retain, max) in [(1, 1, 0), (4, 4, 3), (4, u32::MAX, 3)] {
        let name = named("too-many", Backend::Futex);
        let error = Channel::create(&name).slots(slots).retain(retain).build().unwrap_err();
        assert!(matches!(error, CreateError::Layout(_)), "{error:?}");
        let text = format!("the number of messages to retain is {retain}; it must be 0 to {max}");
        assert!(error.to_string().contains(&text), "{error}");
    }
    let name = named("most", Backend::Futex);
    assert_eq!(Channel::create(&name).slots(4).retain(3).build().unwrap().geometry().retain, 3);
}
