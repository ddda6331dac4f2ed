//! Consumers that start at a retained message: S2, S3.

use super::participants::{assert_one_order, consumer_until_end, data, mortal_fixture, receive_all, send_and_finish};
use crate::{
    events::{Body, Outcome, Seen, event},
    model::{
        case::{Case, Shape},
        leak::leak_until_end,
    },
    scenarios::{
        environment::{Checked, Environment},
        fixture::{ChannelOn, Fixture, message, send, values},
    },
};
use ackcast::{
    layer::Deadline,
    protocol::{Consumer, Geometry, JoinError, Producer, Start},
};

/// The geometry of a faulty participant, made from the right one.
type Misreading = fn(Geometry) -> Geometry;

/// S2, S3: the last consumer joins at the oldest retained message. It gets the retained messages and everything after
/// them, without a gap and whole. The others get everything.
pub fn late_reader_gets_what_is_retained<G: Environment>(case: &Case) {
    late_reader::<G>(case, Start::Oldest, |right| right, |right| right);
}

/// The same of a reader that asks for message 1, while that is retained. Else it is told so, and delays no producer.
pub fn late_reader_asks_for_a_message<G: Environment>(case: &Case) {
    late_reader::<G>(case, Start::Sequence(1), |right| right, |right| right);
}

/// Negative twin: the writers retain nothing.
#[cfg(test)]
pub fn late_reader_of_writers_that_retain_nothing<G: Environment>(case: &Case) {
    late_reader::<G>(case, Start::Oldest, |right| Geometry { retain: 0, ..right }, |right| right);
}

/// Negative twin: the reader starts one message further back than the writers retain.
#[cfg(test)]
pub fn late_reader_that_goes_too_far_back<G: Environment>(case: &Case) {
    late_reader::<G>(case, Start::Oldest, |right| right, |right| Geometry { retain: right.retain + 1, ..right });
}

/// Negative twin: the reader takes nothing for retained.
#[cfg(test)]
pub fn late_reader_that_starts_at_the_next<G: Environment>(case: &Case) {
    late_reader::<G>(case, Start::Oldest, |right| right, |right| Geometry { retain: 0, ..right });
}

fn late_reader<G: Environment>(case: &Case, start: Start, writers: Misreading, reader: Misreading) {
    let shape = case.shape;
    let early = shape.consumers - 1;
    let fixture = Fixture::<G>::new(shape.geometry(), case.config, false);
    let mut participants: Vec<_> = (0..early).map(|_| consumer_until_end(&fixture)).collect();
    let channel = G::channel(&fixture.segment, reader(fixture.geometry));
    let late = reads_late::<G>(channel, start);
    for p in 0..shape.producers {
        let channel = G::channel(&fixture.segment, writers(fixture.geometry));
        G::act_as(shape.consumers);
        let mut producer = Producer::join(channel).expect("there is room");
        let number = producer.participant().number;
        let body = move || {
            let seen = send_and_finish(&mut producer, values(p, shape.messages));
            leak_until_end(producer);
            seen
        };
        participants.push((number, Box::new(body)));
    }
    participants.push((early, late));
    fixture.run(participants, move |outcome| judge(shape, start, outcome));
}

/// A participant that joins at `start` and receives until END.
fn reads_late<G: Environment>(channel: ChannelOn<G>, start: Start) -> Body {
    Box::new(move || match Consumer::join_at(channel, start) {
        Ok(mut consumer) => {
            let seen = receive_all(&mut consumer);
            // A consumer that is told of lost producers leaves, so that an heir does not wait for it.
            if seen.last() == Some(&event::LOST) {
                drop(consumer)
            } else {
                leak_until_end(consumer)
            }
            seen
        }
        Err(JoinError::NotRetained { .. }) => vec![event::FULL],
        Err(error) => panic!("there is room, but: {error}"),
    })
}

/// S2, S3, C2: the only producer sends a message and writes another, and dies before it publishes that. Its successor
/// under the same number inherits the lock and sends the rest, while the consumer joins at the oldest message.
pub fn late_reader_of_an_heir<G: Checked>(case: &Case) {
    let shape = case.shape;
    let fixture = mortal_fixture::<G>(case);
    let mut dies = fixture.producer();
    let number = dies.participant().number;
    let (channel, segment) = (fixture.channel(), fixture.segment.clone());
    let inherits: Body = Box::new(move || {
        send(&mut dies, values(0, 1));
        let prepared = dies.reserve(Deadline::Never).and_then(|slot| slot.copy(&message(15)));
        std::mem::forget(prepared.expect("there is room"));
        leak_until_end(dies);
        G::die(&segment, number);
        let mut heir = Producer::join(channel).expect("the number is free");
        let seen = send_and_finish(&mut heir, values(0, shape.messages).skip(1));
        leak_until_end(heir);
        seen
    });
    let late = reads_late::<G>(fixture.channel(), Start::Oldest);
    fixture.run(vec![(number, inherits), (0, late)], move |outcome| judge(shape, Start::Oldest, outcome));
}

fn judge(shape: Shape, start: Start, outcome: &Outcome) {
    let early = (shape.consumers - 1) as usize;
    let late = &outcome[outcome.len() - 1];
    if late[..] == [event::FULL] {
        assert_eq!(start, Start::Sequence(1), "the oldest message is always retained");
        return;
    }
    assert_one_order(outcome, early as u32, shape.producers, shape.messages);
    let got = data(late);
    if late.last() == Some(&event::LOST) {
        // Between the death and the heir. What it got may begin later than the first message, and end earlier.
        let sent: Seen = values(0, shape.messages).collect();
        let is_part = got.is_empty() || sent.windows(got.len()).any(|part| part == got);
        assert!(is_part, "S2: a gapless part of all messages: {outcome:?}");
        return;
    }
    assert_eq!(late.last(), Some(&event::END), "S5: END is last: {outcome:?}");
    match outcome[..early].first() {
        Some(all) => assert!(all.ends_with(late), "S2: a gapless end of all messages: {outcome:?}"),
        None => {
            for p in 0..shape.producers {
                let of_p: Seen = got.iter().copied().filter(|value| u32::from(value / 16) == p + 1).collect();
                let sent: Seen = values(p, shape.messages).collect();
                assert!(sent.ends_with(&of_p), "S2: a gapless end of producer {p}'s messages: {outcome:?}");
            }
        }
    }
    let all = (shape.producers * shape.messages) as usize;
    match start {
        Start::Sequence(first) => assert_eq!(got.len(), all - first as usize, "S2: from there on: {outcome:?}"),
        _ => {
            let retained = all.min(shape.retain as usize);
            assert!(got.len() >= retained, "S2: a late reader gets what is retained: {outcome:?}");
        }
    }
}
