//! A participant dies anywhere, perhaps while another one joins, and the survivors agree.

use super::participants::{data, receive_all, send_and_finish, send_event};
use crate::{
    events::{Body, Outcome, Seen, event},
    model::{
        case::{Case, Late, Shape},
        leak::leak_until_end,
    },
    scenarios::{
        environment::Environment,
        fixture::{Fixture, message, values},
    },
};
use ackcast::{
    layer::{Deadline, Layer},
    protocol::{Consumer, Producer, Start, Storage},
};

/// C1, C2, L2: participants may die at any step (the hook or the explorer says where); the survivors go on. A message
/// is delivered to every living consumer, or to none, and each is told of END or of the loss.
pub fn survivors_agree<G: Environment>(case: &Case) {
    check_agreement::<G>(case, Late::None);
}

/// The same when the last consumer joins in the middle, perhaps in the entry of a dead one.
pub fn survivors_agree_with_late_consumer<G: Environment>(case: &Case) {
    check_agreement::<G>(case, Late::Consumer);
}

/// The same when the last producer joins in the middle, perhaps in the entry of a dead one.
pub fn survivors_agree_with_late_producer<G: Environment>(case: &Case) {
    check_agreement::<G>(case, Late::Producer);
}

/// As [`survivors_agree`]. S2, S3: a late participant receives, or sends, everything from its join on.
pub fn check_agreement<G: Environment>(case: &Case, late: Late) {
    let shape = case.shape;
    let mut geometry = shape.geometry();
    if late == Late::Producer {
        geometry.end_after = 1;
    }
    let fixture = Fixture::<G>::new(geometry, case.config, true);
    let leaves = late != Late::None;
    let mut participants: Vec<(u32, Body)> = Vec::new();
    let early = shape.consumers - u32::from(late == Late::Consumer);
    for c in 0..early {
        let mut consumer = fixture.consumer();
        let body = move || {
            let seen = receive_all(&mut consumer);
            if leaves {
                drop(consumer)
            } else {
                leak_until_end(consumer)
            }
            seen
        };
        participants.push((c, Box::new(body)));
    }
    if late == Late::Consumer {
        let channel = fixture.channel();
        let start = if shape.retain > 0 { Start::Oldest } else { Start::Newest };
        let body = move || receive_all(&mut Consumer::join_at(channel, start).expect("there is room"));
        participants.push((early, Box::new(body)));
    }
    for p in 0..shape.producers - u32::from(late == Late::Producer) {
        let mut producer = fixture.producer();
        let number = producer.participant().number;
        let body = move || {
            let mut seen = send_and_finish(&mut producer, values(p, shape.messages));
            if shape.producers == 1 {
                seen.push(producer.channel().evicted() as u8); // exact, because no other producer writes it
            }
            if leaves {
                drop(producer)
            } else {
                leak_until_end(producer)
            }
            seen
        };
        participants.push((number, Box::new(body)));
    }
    if late == Late::Producer {
        let (p, channel) = (shape.producers - 1, fixture.channel());
        let body = move || match Producer::join(channel) {
            Ok(mut producer) => send_unless_ended(&mut producer, values(p, shape.messages)),
            Err(_) => vec![event::FULL],
        };
        participants.push((shape.consumers + p, Box::new(body)));
    }
    fixture.run(participants, move |outcome| judge(shape, late, outcome));
}

/// Sends everything and finishes, unless END was published before.
fn send_unless_ended<L: Layer, S: Storage<L>>(
    producer: &mut Producer<L, S>,
    values: impl IntoIterator<Item = u8>,
) -> Seen {
    let mut seen = Seen::new();
    for value in values {
        seen.push(send_event(producer.send(&message(value), Deadline::Never)));
    }
    seen.push(producer.finish(Deadline::Never).map_or(event::FULL, |_| event::END));
    seen
}

fn judge(shape: Shape, late: Late, outcome: &Outcome) {
    let (consumers, producers) = outcome.split_at(shape.consumers as usize);
    let dead = |seen: &Seen| seen[..] == [event::DIED];
    if let [producer] = producers {
        let died = consumers.iter().filter(|seen| dead(seen)).count();
        let evicted = producer.get(1).copied().unwrap_or(0);
        assert!(usize::from(evicted) <= died, "C1: each dead consumer is evicted once: {outcome:?}");
    }
    let (early, joined) = consumers.split_at(consumers.len() - usize::from(late == Late::Consumer));
    let mut living = early.iter().filter(|seen| !dead(seen));
    let first = living.next();
    let lost = |seen: &Seen| seen.last() == Some(&event::LOST);
    let alike = |seen| Some(seen) == first || late == Late::Producer && (lost(seen) || first.is_some_and(lost));
    assert!(living.all(alike), "C2: delivered to all or to none: {outcome:?}");
    for seen in joined.iter().filter(|seen| !dead(seen)) {
        assert!(first.is_none_or(|first| first.ends_with(seen)), "S2: all from its join on: {outcome:?}");
        // With no other consumer, what was published is known if no producer has died.
        let published = match first {
            Some(first) => data(first).len(),
            None if producers.iter().any(dead) || late != Late::Consumer => 0,
            None => (shape.producers * shape.messages) as usize,
        };
        let retained = published.min(shape.retain as usize);
        assert!(data(seen).len() >= retained, "S2: a late reader gets what is retained: {outcome:?}");
    }
    for (seen, whole) in early.iter().map(|seen| (seen, true)).chain(joined.iter().map(|seen| (seen, false))) {
        if dead(seen) {
            continue;
        }
        let last = *seen.last().unwrap_or(&0);
        for (p, producer) in (0..shape.producers).zip(producers) {
            let mut sent: Seen = values(p, shape.messages).collect();
            let is_late = late == Late::Producer && p + 1 == shape.producers;
            if is_late && !dead(producer) {
                sent.truncate(producer.iter().filter(|&&event| event == event::SENT).count());
            }
            let got: Seen = data(seen).into_iter().filter(|value| u32::from(value / 16) == p + 1).collect();
            // A consumer that was told of the loss has left, and the late producer may join after that.
            let cut = dead(producer) || is_late && last == event::LOST;
            let fine = match (cut, whole) {
                (true, true) => sent.starts_with(&got),
                (false, true) => sent == got,
                (true, false) => got.is_empty() || sent.windows(got.len()).any(|part| part == got),
                (false, false) => sent.ends_with(&got),
            };
            assert!(fine, "C2: each message whole, in order: {outcome:?}");
        }
        assert!(matches!(last, event::END | event::LOST), "L2: the consumer is told of END or the loss: {outcome:?}");
        assert!(last == event::END || producers.iter().any(dead), "C1: no producer was lost: {outcome:?}");
    }
}
