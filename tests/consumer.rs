//! Each way to receive, on both backends, and what `Consumer` and `Message` do not promise.

use ackcast::{Backend, Channel, Consumer, Producer, RecvError, RecvValueError, Wait};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

const LAYERS: [Backend; 2] = [Backend::Futex, Backend::RawSync];
/// Upper bound on any call here. A call that takes longer hangs.
const HANG: Duration = Duration::from_secs(60);

/// A channel with one consumer and one producer.
fn pair(test: &str, backend: Backend) -> (Channel, Consumer, Producer) {
    let name = format!("consumer-{test}-{backend:?}-{}", std::process::id());
    let channel = Channel::create(&name).slots(4).slot_size(8).backend(backend).build().unwrap();
    let (consumer, producer) = (Consumer::attach(&name).unwrap(), Producer::attach(&name).unwrap());
    (channel, consumer, producer)
}

#[test]
fn every_way_to_receive_gets_the_next_message() {
    for backend in LAYERS {
        let (channel, mut consumer, mut producer) = pair("ways", backend);
        assert_eq!((consumer.name(), consumer.number()), (channel.name(), 0));
        for wait in [Wait::Adaptive, Wait::Spin, Wait::Park] {
            consumer.set_wait(wait);
            assert_eq!(consumer.try_recv_ref().err(), Some(RecvError::TimedOut { next: channel.published().count() }));
            let mut send = || producer.send_timeout(b"message", HANG).unwrap();
            send();
            assert_eq!(consumer.recv().unwrap(), b"message");
            send();
            assert_eq!(consumer.try_recv().unwrap(), b"message");
            send();
            assert_eq!(consumer.recv_timeout(HANG).unwrap(), b"message");
            send();
            assert_eq!(*consumer.recv_ref().unwrap(), *b"message");
            send();
            assert_eq!(*consumer.try_recv_ref().unwrap(), *b"message");
            send();
            assert_eq!(*consumer.recv_ref_timeout(HANG).unwrap(), *b"message");
            let mut buffer = b"something longer".to_vec();
            send();
            consumer.recv_into(&mut buffer).unwrap();
            assert_eq!(buffer, b"message");
            send();
            assert_eq!(consumer.recv_batch().unwrap().take(), Ok(Some(&b"message"[..])));
            send();
            assert_eq!(consumer.try_recv_batch().unwrap().take(), Ok(Some(&b"message"[..])));
            send();
            assert_eq!(consumer.recv_batch_timeout(HANG).unwrap().take(), Ok(Some(&b"message"[..])));
            assert!(matches!(consumer.recv_batch_timeout(Duration::ZERO), Err(RecvError::TimedOut { .. })));
        }
        producer.finish_timeout(HANG).unwrap();
        let mut buffer = b"as it was".to_vec();
        assert_eq!(consumer.recv_into(&mut buffer), Err(RecvError::Ended));
        assert_eq!(buffer, b"as it was");
        assert!(matches!(consumer.recv_batch(), Err(RecvError::Ended)));
        assert_eq!(consumer.recv_value::<u32>(), Err(RecvValueError::Recv(RecvError::Ended)));
    }
}

#[test]
fn message_of_another_size_than_the_value_is_still_next() {
    for backend in LAYERS {
        let (_channel, mut consumer, mut producer) = pair("values", backend);
        producer.send_value(&7_u32).unwrap();
        let error = RecvValueError::NotAValue { sequence: 0, found: 4, expected: 8 };
        assert_eq!(consumer.recv_value::<u64>(), Err(error));
        assert_eq!(consumer.recv_value::<u32>(), Ok(7));
    }
}

#[test]
fn iterator_goes_on_after_an_error_and_ends_at_end() {
    for backend in LAYERS {
        let (channel, mut consumer, mut producer) = pair("iterator", backend);
        producer.send(b"one").unwrap();
        drop(producer);
        let mut messages = consumer.iter();
        assert_eq!(messages.next(), Some(Ok(b"one".to_vec())));
        assert!(matches!(messages.next(), Some(Err(RecvError::ProducersLost(_)))));
        let mut successor = Producer::attach(channel.name().as_str()).unwrap();
        successor.send(b"two").unwrap();
        successor.finish().unwrap();
        assert_eq!(messages.next(), Some(Ok(b"two".to_vec())));
        assert_eq!(messages.next(), None);
    }
}

#[test]
fn handles_name_their_channel_when_they_are_debugged() {
    for backend in LAYERS {
        let (channel, consumer, producer) = pair("debug", backend);
        let name = format!("ackcast.{}", channel.name());
        for text in [format!("{channel:?}"), format!("{consumer:?}"), format!("{producer:?}")] {
            assert!(text.contains(&name), "{text}");
        }
    }
}

/// Runs `receive`, which must panic with this text.
fn unwind(expected: &str, receive: impl FnOnce()) {
    // `fail` panics by `resume_unwind`, which prints no message.
    let panic = catch_unwind(AssertUnwindSafe(receive)).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().map(String::as_str), Some(expected));
}

fn fail(text: &str) -> ! {
    resume_unwind(Box::new(text.to_owned()))
}

#[test]
fn message_that_is_unwound_past_is_acknowledged() {
    for backend in LAYERS {
        let (channel, mut consumer, mut producer) = pair("unwound", backend);
        producer.send_batch(&["one", "two"]).unwrap();
        unwind("while reading", || {
            let message = consumer.recv_ref().unwrap();
            assert_eq!(*message, *b"one");
            fail("while reading");
        });
        assert_eq!(channel.acknowledged(), [(0, 1)]);
        assert_eq!(consumer.try_recv().unwrap(), b"two", "the consumer goes on with the next message");
    }
}

#[test]
fn messages_taken_from_a_batch_are_acknowledged_in_unwinding() {
    for backend in LAYERS {
        let (channel, mut consumer, mut producer) = pair("batch", backend);
        producer.send_batch(&["one", "two", "three"]).unwrap();
        unwind("at the second", || {
            let mut batch = consumer.recv_batch().unwrap();
            batch.take().unwrap();
            batch.take().unwrap();
            fail("at the second");
        });
        assert_eq!(channel.acknowledged(), [(0, 2)]);
        assert_eq!(consumer.try_recv().unwrap(), b"three");
    }
}

#[test]
fn message_that_is_put_back_is_taken_and_received_again() {
    for backend in LAYERS {
        let (channel, mut consumer, mut producer) = pair("put-back", backend);
        let slots = u64::from(channel.geometry().slots);
        // From each place in the ring, also where the message put back is in the last slot.
        for n in 0..slots {
            let acknowledged = |more: u64| assert_eq!(channel.acknowledged(), [(0, n * (2 * slots + 1) + more)]);
            let messages: Vec<_> = (0..slots).map(|i| [n as u8, i as u8]).collect();
            producer.send_batch(&messages).unwrap();
            let mut batch = consumer.recv_batch().unwrap();
            batch.put_back(); // nothing was taken
            for message in &messages {
                assert_eq!(batch.take(), Ok(Some(&message[..])));
                batch.put_back();
                batch.put_back(); // nothing more
                assert_eq!(batch.take(), Ok(Some(&message[..])));
            }
            assert_eq!(batch.take(), Ok(None));
            batch.put_back(); // the last call has taken nothing
            assert_eq!(batch.take(), Ok(None));
            drop(batch);
            acknowledged(slots);
            // Put back, a message is not acknowledged, and its slot is not written.
            producer.send(b"kept").unwrap();
            let mut batch = consumer.recv_batch().unwrap();
            batch.take().unwrap();
            batch.put_back();
            drop(batch);
            acknowledged(slots);
            producer.send_batch_timeout(&vec!["full"; slots as usize], Duration::ZERO).unwrap_err();
            assert_eq!(consumer.recv().unwrap(), b"kept");
            producer.send(b"another").unwrap(); // so the next round begins one slot further
            let mut batch = consumer.recv_batch().unwrap();
            while batch.take().unwrap().is_some() {}
        }
    }
}

/// The documentation of `Message` advises this: keep the message until the work on it is done.
#[test]
fn message_that_is_kept_before_a_panic_is_received_again() {
    for backend in LAYERS {
        let (channel, mut consumer, mut producer) = pair("kept", backend);
        producer.send(b"one").unwrap();
        unwind("at work", || {
            let message = consumer.recv_ref().unwrap();
            let copy = message.to_vec();
            message.keep();
            assert_eq!(copy, b"one");
            fail("at work");
        });
        assert_eq!(channel.acknowledged(), [(0, 0)]);
        assert_eq!(consumer.try_recv().unwrap(), b"one");
    }
}
