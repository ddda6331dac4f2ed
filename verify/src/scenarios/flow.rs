//! All participants join before the start, and none leaves: S1, S2, S3, S4, S5.

use super::participants::{assert_one_order, consumer_until_end, fixture, producer_to_end};
use crate::{
    events::{Body, Outcome, Seen, event},
    model::{case::Case, leak::leak_until_end},
    scenarios::{
        environment::Environment,
        fixture::{ConsumerOn, ProducerOn, decode, message, receive, receive_batches, send, send_batch, values},
    },
};
use ackcast::layer::Deadline;

/// All consumers receive by `receive` what all producers send by `send`; `judge` checks the outcome, too.
pub fn send_and_receive<G: Environment>(
    case: &Case,
    receive: fn(&mut ConsumerOn<G>, u32) -> Seen,
    send: fn(&mut ProducerOn<G>, Seen),
    judge: impl Fn(&Outcome) + 'static,
) {
    let shape = case.shape;
    let fixture = fixture::<G>(case);
    let mut participants: Vec<(u32, Body)> = Vec::new();
    for c in 0..shape.consumers {
        let mut consumer = fixture.consumer();
        let body = move || {
            let seen = receive(&mut consumer, shape.producers * shape.messages);
            leak_until_end(consumer);
            seen
        };
        participants.push((c, Box::new(body)));
    }
    for p in 0..shape.producers {
        let mut producer = fixture.producer();
        let body = move || {
            send(&mut producer, values(p, shape.messages).collect());
            leak_until_end(producer);
            Seen::new()
        };
        participants.push((shape.consumers + p, Box::new(body)));
    }
    fixture.run(participants, move |outcome| {
        assert_one_order(outcome, shape.consumers, shape.producers, shape.messages);
        judge(outcome);
    });
}

/// S1, S2, S3: every consumer gets every message once, in the same total order.
pub fn consumer_gets_every_message<G: Environment>(case: &Case) {
    send_and_receive::<G>(case, receive, send, |_| {});
}

/// S1, S2, S3: a batch is whole, in order, and not interleaved with another producer's batch.
pub fn batches_are_whole<G: Environment>(case: &Case) {
    let messages = case.shape.messages as usize;
    send_and_receive::<G>(case, receive_batches, send_batch, move |outcome| {
        for batch in outcome[0].chunks(messages) {
            assert!(batch.iter().all(|value| value / 16 == batch[0] / 16), "S4: another producer in between");
        }
    });
}

/// Every second message of a producer is shorter than its slot.
const fn length(value: u8) -> usize {
    if value.is_multiple_of(2) { 2 } else { 1 }
}

/// S1: every message has its length, even when the consumer has read no length before because all earlier messages
/// filled their slots.
pub fn lengths_are_kept<G: Environment>(case: &Case) {
    let receive = |consumer: &mut ConsumerOn<G>, count| {
        let mut seen = Seen::new();
        for _ in 0..count {
            let received = consumer.receive(Deadline::Never).expect("the message comes");
            let value = received[0];
            assert_eq!(received[..], message(value)[..length(value)], "S1: the bytes that were sent, and no others");
            seen.push(value);
        }
        seen
    };
    let send = |producer: &mut ProducerOn<G>, values: Seen| {
        for value in values {
            let message = message(value);
            producer.send(&message[..length(value)], Deadline::Never).expect("the message is sent");
        }
    };
    send_and_receive::<G>(case, receive, send, |_| {});
}

/// S5: END comes last, once, and after all data of all producers.
pub fn end_is_last<G: Environment>(case: &Case) {
    let shape = case.shape;
    let fixture = fixture::<G>(case);
    let mut participants: Vec<_> = (0..shape.consumers).map(|_| consumer_until_end(&fixture)).collect();
    participants.extend((0..shape.producers).map(|p| producer_to_end(&fixture, p, shape.messages)));
    fixture.run(participants, move |outcome| {
        assert_one_order(outcome, shape.consumers, shape.producers, shape.messages);
        let (consumers, producers) = outcome.split_at(shape.consumers as usize);
        for seen in consumers {
            assert_eq!(seen.last(), Some(&event::END), "S5: END is last");
        }
        let ended = producers.iter().filter(|seen| seen[..] == [event::END]).count();
        assert_eq!(ended, 1, "S5: one producer publishes END");
    });
}

/// S3: a kept message is not acknowledged, so it is received again, whole, while the producer waits for its slot. A
/// message filled in place can start from the previous message's bytes.
pub fn kept_message_is_received_again<G: Environment>(case: &Case) {
    let messages = case.shape.messages;
    let fixture = fixture::<G>(case);
    let (mut consumer, mut producer) = (fixture.consumer(), fixture.producer());
    let body = move || {
        let mut seen = Seen::new();
        for n in 0..messages {
            let first = consumer.receive(Deadline::Never).expect("the message comes");
            assert_eq!(first.sequence(), u64::from(n));
            let value = decode(&first);
            first.keep();
            let second = consumer.receive(Deadline::Never).expect("it comes again");
            assert_eq!((second.sequence(), decode(&second)), (u64::from(n), value), "S3: the same message");
            seen.push(value);
        }
        leak_until_end(consumer);
        seen
    };
    let receiver: (u32, Body) = (0, Box::new(body));
    let body = move || {
        for value in values(0, messages) {
            let mut room = producer.reserve(Deadline::Never).expect("there is room in the end");
            if value > 16 {
                assert_eq!(room.copy_previous(), Some(2));
                assert_eq!(decode(room.bytes_mut()), value - 1, "the previous message");
            }
            room.bytes_mut().copy_from_slice(&message(value));
            drop(room.publish(2).expect("it fits"));
        }
        leak_until_end(producer);
        Seen::new()
    };
    fixture.run(vec![receiver, (1, Box::new(body))], move |outcome| assert_one_order(outcome, 1, 1, messages));
}
