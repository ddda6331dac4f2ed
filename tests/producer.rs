//! Each way to send, on both layers.

use ackcast::{Backend, BatchError, Channel, Consumer, Loan, Producer, RecvError, SendError, Wait};
use std::time::Duration;

const LAYERS: [Backend; 2] = [Backend::Futex, Backend::RawSync];
/// Longer than any call here takes. A call that takes longer hangs.
const HANG: Duration = Duration::from_secs(60);

/// A channel with one consumer and one producer.
fn pair(test: &str, backend: Backend) -> (Channel, Consumer, Producer) {
    let name = format!("producer-{test}-{backend:?}-{}", std::process::id());
    let channel = Channel::create(&name).slots(4).slot_size(8).backend(backend).build().unwrap();
    let (consumer, producer) = (Consumer::attach(&name).unwrap(), Producer::attach(&name).unwrap());
    (channel, consumer, producer)
}

fn fill(loan: Result<Loan<'_>, SendError>) {
    let mut loan = loan.unwrap();
    loan.copy_from_slice(b"message!");
    loan.publish(8).unwrap();
}

#[test]
fn every_way_to_send_sends_the_next_message() {
    for backend in LAYERS {
        let (channel, mut consumer, mut producer) = pair("ways", backend);
        assert_eq!(producer.name(), channel.name());
        for wait in [Wait::Adaptive, Wait::Spin, Wait::Park] {
            producer.set_wait(wait);
            let mut receive = || assert_eq!(consumer.recv_timeout(HANG).unwrap(), b"message!");
            producer.send(b"message!").unwrap();
            receive();
            producer.try_send(b"message!").unwrap();
            receive();
            producer.send_timeout(b"message!", HANG).unwrap();
            receive();
            producer.send_value(b"message!").unwrap();
            receive();
            producer.send_batch(&["message!"]).unwrap();
            receive();
            producer.send_batch_timeout(&["message!"], HANG).unwrap();
            receive();
            let mut write = |bytes: &mut [u8]| {
                bytes.copy_from_slice(b"message!");
                Some(bytes.len())
            };
            producer.send_written(1, &mut write).unwrap();
            receive();
            fill(producer.loan());
            receive();
            fill(producer.try_loan());
            receive();
            fill(producer.loan_timeout(HANG));
            receive();
        }
        producer.finish_timeout(HANG).unwrap();
        assert!(matches!(consumer.recv_batch(), Err(RecvError::Ended)), "END is no message of a batch");
    }
}

#[test]
fn batch_that_gives_up_says_how_many_were_sent() {
    for backend in LAYERS {
        let (channel, mut consumer, mut producer) = pair("late", backend);
        let late = producer.send_batch_timeout(&["a", "b", "c", "d", "e"], Duration::from_millis(1)).unwrap_err();
        let BatchError { sent, error } = late;
        assert_eq!((sent, matches!(error, SendError::TimedOut(_))), (4, true), "{late}");
        assert_eq!(channel.published().count(), 4);
        assert_eq!(consumer.recv_timeout(HANG).unwrap(), b"a");
    }
}
