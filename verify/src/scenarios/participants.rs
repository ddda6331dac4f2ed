//! What participants of many scenarios do, and how it is judged.

use super::{
    environment::Environment,
    fixture::{Fixture, decode, send, values},
};
use crate::{
    events::{Body, Outcome, Seen, event},
    model::{case::Case, leak::leak_until_end},
};
use ackcast::{
    layer::{Deadline, Layer},
    protocol::{BlockedOn, Consumer, Corruption, Finished, Producer, RecvError, SendError, Storage},
};

/// A fixture of the case's shape.
pub fn fixture<G: Environment>(case: &Case) -> Fixture<G> {
    Fixture::new(case.shape.geometry(), case.config, false)
}

/// A fixture in which participants may die.
pub fn mortal_fixture<G: Environment>(case: &Case) -> Fixture<G> {
    Fixture::new(case.shape.geometry(), case.config, true)
}

/// Receives until an error, which is the last event.
pub fn receive_all<L: Layer, S: Storage<L>>(consumer: &mut Consumer<L, S>) -> Seen {
    let mut seen = Seen::new();
    loop {
        match consumer.receive(Deadline::Never) {
            Ok(message) => seen.push(decode(&message)),
            Err(error) => {
                seen.push(receive_event(error));
                return seen;
            }
        }
    }
}

/// A receive error as an event. Corruption fails the check.
pub fn receive_event(error: RecvError) -> u8 {
    match error {
        RecvError::Ended => event::END,
        RecvError::ProducersLost(_) => event::LOST,
        RecvError::TimedOut { .. } => event::TIMED_OUT,
        error => panic!("the segment is sound, but: {error}"),
    }
}

/// The result of a send as an event.
pub fn send_event(result: Result<(), SendError>) -> u8 {
    match result {
        Ok(()) => event::SENT,
        Err(SendError::Ended) => event::END,
        Err(SendError::TimedOut(BlockedOn::Lock { .. })) => event::NO_LOCK,
        Err(SendError::TimedOut(BlockedOn::Acknowledgement { .. })) => event::NO_ROOM,
        Err(SendError::TimedOut(BlockedOn::Start { .. })) => event::NO_START,
        Err(SendError::Corrupt(Corruption::Acknowledgement { consumer, acked, published })) => {
            panic!("consumer {consumer} acknowledged {acked} of {published}")
        }
        Err(error) => panic!("the segment is sound, but: {error}"),
    }
}

/// Sends everything and finishes; returns whether another producer remains.
pub fn send_and_finish<L: Layer, S: Storage<L>>(
    producer: &mut Producer<L, S>,
    values: impl IntoIterator<Item = u8>,
) -> Seen {
    send(producer, values);
    match producer.finish(Deadline::Never).expect("finishing works") {
        Finished::Ended => vec![event::END],
        Finished::OthersRemain => vec![event::OTHERS],
    }
}

/// A participant that receives until END or the loss of the producers.
pub fn consumer_until_end<G: Environment>(fixture: &Fixture<G>) -> (u32, Body) {
    let mut consumer = fixture.consumer();
    let number = consumer.participant().number;
    let body = move || {
        let seen = receive_all(&mut consumer);
        leak_until_end(consumer);
        seen
    };
    (number, Box::new(body))
}

/// A participant that sends `messages` and finishes.
pub fn producer_to_end<G: Environment>(fixture: &Fixture<G>, p: u32, messages: u32) -> (u32, Body) {
    let mut producer = fixture.producer();
    let number = producer.participant().number;
    let body = move || {
        let seen = send_and_finish(&mut producer, values(p, messages));
        leak_until_end(producer);
        seen
    };
    (number, Box::new(body))
}

/// The messages among what a consumer saw.
pub fn data(seen: &Seen) -> Seen {
    seen.iter().copied().filter(|&value| value < event::FIRST).collect()
}

/// Asserts that all consumers saw the same, with each producer's messages complete and in order.
pub fn assert_one_order(outcome: &Outcome, consumers: u32, producers: u32, messages: u32) {
    let (consumers, _) = outcome.split_at(consumers as usize);
    for seen in consumers {
        assert_eq!(seen, &consumers[0], "S2: two consumers saw different orders");
        for p in 0..producers {
            let of_p: Seen = data(seen).into_iter().filter(|value| u32::from(value / 16) == p + 1).collect();
            let sent: Seen = values(p, messages).collect();
            assert_eq!(of_p, sent, "S2: a consumer did not get what producer {p} sent");
        }
    }
}
