//! Single values that once caused a fault, or nearly did.

use crate::scribble::{Spots, layout};
use crate::stage::{BOUND, Scratch, within};
use ackcast::layers::Futex;
use ackcast::protocol::{BlockedOn, Corruption, Lengths, Published};
use ackcast::{Channel, Consumer, Finished, Producer, RecvError, SendError};
use std::time::Duration;

/// A futex channel that needs no consumers, with the offsets of its first control words.
fn channel(scratch: &Scratch) -> (Channel, Spots) {
    let channel = Channel::create(&scratch.0).consumers(0).places(8).slots(2).slot_size(8).build().unwrap();
    let spots = Spots::of::<Futex>(&layout(&channel));
    (channel, spots)
}

#[test]
fn lock_word_without_an_owner_is_free() {
    // The waiter bit without an owner; then generations without an owner.
    for word in [1_u32 << 8, 5 << 9, u32::MAX << 8] {
        let outer = Scratch::new("ownerless"); // owned here: a thread that hangs removes nothing
        let scratch = outer.clone();
        within(BOUND, move || {
            let (_channel, spots) = channel(&scratch);
            let mut producer = Producer::attach(&scratch.0).unwrap();
            scratch.write(spots.lock, &word.to_ne_bytes());
            producer.try_send(b"one").unwrap();
            scratch.write(spots.lock, &word.to_ne_bytes());
            producer.send_timeout(b"two", BOUND).unwrap();
            scratch.write(spots.lock, &word.to_ne_bytes());
            assert_eq!(producer.finish().unwrap(), Finished::Ended);
        });
    }
}

#[test]
fn lock_word_of_an_unknown_participant_is_taken_over() {
    for number in [0, 1, 8, 15, 16, 127, 128, 253] {
        let outer = Scratch::new("no-participant");
        let scratch = outer.clone();
        within(BOUND, move || {
            let (channel, spots) = channel(&scratch);
            let mut producer = Producer::attach(&scratch.0).unwrap();
            scratch.write(spots.lock, &(number + 1_u32).to_ne_bytes());
            producer.try_send(b"one").unwrap();
            assert_eq!(channel.takeovers(), 1);
        });
    }
}

#[test]
fn lock_word_of_a_living_participant_is_waited_for() {
    let scratch = Scratch::new("living");
    let (_channel, spots) = channel(&scratch);
    let (mut producer, _other) = (Producer::attach(&scratch.0).unwrap(), Producer::attach(&scratch.0).unwrap());
    scratch.write(spots.lock, &(8 + 1 + 1_u32).to_ne_bytes()); // 8 consumer numbers come first
    let held = Err(SendError::TimedOut(BlockedOn::Lock { owner: Some(1) }));
    assert_eq!(producer.try_send(b"one"), held);
    assert_eq!(producer.send_timeout(b"one", Duration::from_millis(20)), held);
}

#[test]
fn highest_count_is_an_error_and_no_end() {
    let scratch = Scratch::new("highest");
    let (channel, spots) = channel(&scratch);
    let mut producer = Producer::attach(&scratch.0).unwrap();
    let highest = u64::MAX >> 2;
    scratch.write(spots.published, &(highest - 1).to_ne_bytes());
    let mut consumer = Consumer::attach(&scratch.0).unwrap();
    producer.try_send(b"last").unwrap();
    assert_eq!(consumer.try_recv().unwrap(), b"last");
    let corrupt = SendError::Corrupt(Corruption::Count { published: highest });
    assert_eq!(producer.try_send(b"one more"), Err(corrupt));
    assert_eq!(producer.try_loan().unwrap_err(), corrupt);
    assert_eq!(producer.finish_timeout(Duration::from_millis(1)), Err(corrupt));
    assert!(!channel.published().ended());
    assert_eq!(consumer.try_recv(), Err(RecvError::TimedOut { next: highest }));
}

#[test]
fn a_slot_that_holds_no_message_and_no_end_is_corrupt() {
    let scratch = Scratch::new("slot");
    let (channel, _spots) = channel(&scratch);
    let (header, message, slot_size) = (layout(&channel).header(0), 0, 8);
    let mut consumer = Consumer::attach(&scratch.0).unwrap();
    Producer::attach(&scratch.0).unwrap().try_send(b"one").unwrap();
    // Unknown kinds; a message longer than its slot; an END of such a length.
    for (len, kind) in [(3_u32, 0_u32), (3, 3), (9, 1), (u32::MAX, 1), (9, 2), (u32::MAX, 2)] {
        scratch.write(header, &[len.to_ne_bytes(), kind.to_ne_bytes()].concat());
        let corrupt = RecvError::Corrupt(Corruption::Slot { message, kind, len, slot_size });
        assert_eq!(consumer.try_recv(), Err(corrupt));
        assert_eq!(consumer.try_recv_batch().err(), Some(corrupt));
    }
    for (len, kind) in [(8_u32, 1_u32), (3, 1)] {
        scratch.write(header, &[len.to_ne_bytes(), kind.to_ne_bytes()].concat());
        let message = consumer.try_recv_ref().unwrap();
        assert_eq!(
            (message.len(), &message[..3]),
            (len as usize, &b"one"[..]),
            "a message is at most as long as its slot"
        );
        message.keep();
    }
}

#[test]
fn a_count_that_goes_back_or_too_far_ahead_is_corrupt() {
    let scratch = Scratch::new("count");
    let (_channel, spots) = channel(&scratch);
    let mut producer = Producer::attach(&scratch.0).unwrap();
    let mut consumer = Consumer::attach(&scratch.0).unwrap();
    for _ in 0..3 {
        producer.try_send(b"one").unwrap();
        consumer.try_recv().unwrap();
    }
    for published in [0, 2, 6, u64::MAX >> 2] {
        scratch.write(spots.published, &published.to_ne_bytes());
        let corrupt = RecvError::Corrupt(Corruption::Published { published, next: 3, slots: 2 });
        assert_eq!(consumer.try_recv(), Err(corrupt));
    }
    let lengths_count = Published::from_word(5 | (Published::MAX + 1));
    assert_eq!((lengths_count.count(), lengths_count.lengths()), (5, Lengths::Variable));
    scratch.write(spots.published, &lengths_count.word().to_ne_bytes());
    assert_eq!(consumer.try_recv().unwrap(), b"one", "the ring is full of messages");
}

#[test]
fn counted_messages_are_received_without_another_poll() {
    let scratch = Scratch::new("once");
    let (_channel, spots) = channel(&scratch);
    let mut consumer = Consumer::attach(&scratch.0).unwrap();
    Producer::attach(&scratch.0).unwrap().send_batch(&["one", "two"]).unwrap();
    assert_eq!(consumer.try_recv().unwrap(), b"one");
    scratch.write(spots.published, &0_u64.to_ne_bytes());
    assert_eq!(consumer.try_recv().unwrap(), b"two");
    let corrupt = Corruption::Published { published: 0, next: 2, slots: 2 };
    assert_eq!(consumer.try_recv(), Err(RecvError::Corrupt(corrupt)));
}
