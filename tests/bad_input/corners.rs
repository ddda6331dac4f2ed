//! Single values that were wrong once, or nearly.

use crate::scribble::{Spots, layout};
use crate::stage::{BOUND, Scratch, within};
use ackcast::layers::Futex;
use ackcast::protocol::{Corruption, Waiting};
use ackcast::{Channel, Consumer, Finished, Producer, RecvError, SendError};
use std::time::Duration;

/// A futex channel that needs no consumers, with its first control words' offsets.
fn channel(scratch: &Scratch) -> (Channel, Spots) {
    let channel = Channel::create(&scratch.0).consumers(0).places(8).slots(2).slot_size(8).build().unwrap();
    let spots = Spots::of::<Futex>(&layout(&channel));
    (channel, spots)
}

#[test]
fn a_lock_word_that_names_nobody_is_free() {
    // Somebody waits, but nobody holds it; and the generation of nobody.
    for word in [1_u32 << 8, 5 << 9, u32::MAX << 8] {
        let outer = Scratch::new("nobody"); // ours: a thread that hangs removes nothing
        let scratch = outer.clone();
        within(BOUND, move || {
            let (_channel, spots) = channel(&scratch);
            let mut producer = Producer::attach(&scratch.0).unwrap();
            scratch.write(spots.lock, &word.to_ne_bytes());
            producer.try_send(b"one").unwrap();
            scratch.write(spots.lock, &word.to_ne_bytes());
            producer.send_timeout(b"two", Duration::from_millis(1)).unwrap();
            scratch.write(spots.lock, &word.to_ne_bytes());
            assert_eq!(producer.finish().unwrap(), Finished::Ended);
        });
    }
}

#[test]
fn a_lock_word_that_names_no_participant_is_taken_over() {
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
fn a_lock_word_that_names_a_living_one_is_waited_for_and_the_error_names_it() {
    let scratch = Scratch::new("living");
    let (_channel, spots) = channel(&scratch);
    let (mut producer, _other) = (Producer::attach(&scratch.0).unwrap(), Producer::attach(&scratch.0).unwrap());
    scratch.write(spots.lock, &(8 + 1 + 1_u32).to_ne_bytes()); // 8 consumers come first
    let held = Err(SendError::TimedOut(Waiting::Lock { owner: Some(1) }));
    assert_eq!(producer.try_send(b"one"), held);
    assert_eq!(producer.send_timeout(b"one", Duration::from_millis(20)), held);
}

#[test]
fn the_highest_count_is_the_end_of_the_road_and_not_an_end() {
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
    assert!(!channel.published().ended);
    assert_eq!(consumer.try_recv(), Err(RecvError::TimedOut { next: highest }));
}
