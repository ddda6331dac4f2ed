//! The scenarios: one text for every engine.

pub mod come_and_go;
pub mod deaths;
pub mod flow;
pub mod primitives;
pub mod survivors;
pub mod tries;

pub use crate::fixture::Body;

use crate::{
    check::Case,
    environment::Environment,
    fixture::{Fixture, Outcome, Seen, decode, event, send, values},
    segment::leak_until_end,
};
use ackcast::{
    layer::{Deadline, Layer},
    protocol::{BlockedOn, Consumer, Corruption, Finished, Producer, RecvError, SendError, Storage},
};

/// A fixture of the case's shape.
pub fn fixture<G: Environment>(case: &Case) -> Fixture<G> {
    Fixture::new(case.shape.geometry(), case.config, false)
}

/// A fixture in which somebody may die.
pub fn mortal_fixture<G: Environment>(case: &Case) -> Fixture<G> {
    Fixture::new(case.shape.geometry(), case.config, true)
}

/// Receives until there is nothing more; an error is the last event.
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

/// An error as an event. Corruption never is one.
pub fn receive_event(error: RecvError) -> u8 {
    match error {
        RecvError::Ended => event::END,
        RecvError::ProducersLost(_) => event::LOST,
        RecvError::TimedOut { .. } => event::TIMED_OUT,
        error => panic!("the segment is sound, but: {error}"),
    }
}

/// The same for sending.
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

/// Sends everything and finishes; whether we were the last.
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

/// A participant that receives all there is.
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

/// What a consumer received besides events.
pub fn data(seen: &Seen) -> Seen {
    seen.iter().copied().filter(|&value| value < event::FIRST).collect()
}

/// All consumers saw the same, and of each producer everything in its order.
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
