//! Operations that do not wait. They have the most outcomes, for witnesses and for the oracle.

use super::participants::{data, fixture, receive_event, send_event};
use crate::{
    events::{Body, Seen, event},
    model::{case::Case, leak::leak_until_end},
    scenarios::{
        environment::Environment,
        fixture::{decode, message, values},
    },
};
use ackcast::layer::Deadline;

/// S2, S3: a consumer receives a prefix of what was sent. An operation that fails gives its true reason.
pub fn participants_try_without_waiting<G: Environment>(case: &Case) {
    let shape = case.shape;
    let fixture = fixture::<G>(case);
    let mut participants: Vec<(u32, Body)> = Vec::new();
    for c in 0..shape.consumers {
        let mut consumer = fixture.consumer();
        let body = move || {
            let mut seen = Seen::new();
            for _ in 0..shape.messages {
                seen.push(match consumer.receive(Deadline::Now) {
                    Ok(message) => decode(&message),
                    Err(error) => receive_event(error),
                });
            }
            leak_until_end(consumer);
            seen
        };
        participants.push((c, Box::new(body)));
    }
    for p in 0..shape.producers {
        let mut producer = fixture.producer();
        let body = move || {
            let seen = values(p, shape.messages).map(|value| send_event(producer.send(&message(value), Deadline::Now)));
            let seen = seen.collect();
            leak_until_end(producer);
            seen
        };
        participants.push((shape.consumers + p, Box::new(body)));
    }
    fixture.run(participants, move |outcome| {
        let (consumers, producers) = outcome.split_at(shape.consumers as usize);
        let mut sent = Seen::new();
        for (p, seen) in (0..).zip(producers) {
            let results = values(p, shape.messages).zip(seen);
            sent.extend(results.filter(|&(_, &event)| event == event::SENT).map(|(value, _)| value));
            assert!(shape.producers > 1 || !seen.contains(&event::NO_LOCK), "no other producer holds the lock");
        }
        let longest = consumers.iter().map(data).max_by_key(Vec::len).unwrap_or_default();
        for seen in consumers {
            assert!(longest.starts_with(&data(seen)), "S2: one order: {outcome:?}");
        }
        for p in 1..=producers.len() as u8 {
            let of_p = |all: &Seen| all.iter().copied().filter(|value| value / 16 == p).collect::<Seen>();
            assert!(of_p(&sent).starts_with(&of_p(&longest)), "S2: what is received was sent: {outcome:?}");
        }
    });
}
