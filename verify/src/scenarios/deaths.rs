//! A participant dies: C1, C2, L2. The scenario says where, or a [`Crash`](crate::hook::Crash) does.

use super::participants::{consumer_until_end, data, mortal_fixture, producer_to_end};
use crate::{
    events::{Body, Seen, event},
    hook::die,
    model::{case::Case, leak::leak_until_end},
    scenarios::{
        environment::{Checked, Environment},
        fixture::{Fixture, message, receive, send, values},
    },
};
use ackcast::{
    layer::{Deadline, Layer},
    protocol::{Consumer, Producer, Storage},
};
use std::{cell::Cell, rc::Rc};

/// C1: the producer goes on without a consumer that died while it held a message.
pub fn dead_consumer_is_evicted<G: Checked>(case: &Case) {
    let shape = case.shape;
    let fixture = mortal_fixture::<G>(case);
    let (mut lives, mut dies, mut producer) = (fixture.consumer(), fixture.consumer(), fixture.producer());
    let lives: Body = Box::new(move || {
        let seen = receive(&mut lives, shape.messages);
        leak_until_end(lives);
        seen
    });
    let dies: Body = Box::new(move || {
        let message = dies.receive(Deadline::Never);
        assert!(message.is_ok());
        die()
    });
    let sends: Body = Box::new(move || {
        send(&mut producer, values(0, shape.messages));
        let evicted = producer.channel().evicted();
        let here: Vec<_> = producer.channel().acknowledged().collect();
        assert_eq!(evicted, 1, "C1: one consumer died");
        assert!(
            here.iter().all(|&(number, state, _)| number == 0 || !state.active),
            "C1: the dead consumer has no entry any more"
        );
        leak_until_end(producer);
        Seen::new()
    });
    fixture.run(vec![(0, lives), (1, dies), (2, sends)], move |outcome| {
        assert_eq!(outcome[0], values(0, shape.messages).collect::<Seen>(), "C1: the survivor gets everything");
    });
}

/// C2: a producer dies with the write lock; another producer takes it over.
pub fn dead_owner_is_replaced<G: Environment>(case: &Case) {
    let shape = case.shape;
    let fixture = mortal_fixture::<G>(case);
    let mut participants: Vec<(u32, Body)> = Vec::new();
    for c in 0..shape.consumers {
        let mut consumer = fixture.consumer();
        let body = move || {
            let seen = receive(&mut consumer, shape.messages);
            leak_until_end(consumer);
            seen
        };
        participants.push((c, Box::new(body)));
    }
    let (mut dies, mut lives) = (fixture.producer(), fixture.producer());
    let dies: Body = Box::new(move || {
        let held = dies.lock(Deadline::Never);
        assert!(held.is_ok());
        die()
    });
    let lives: Body = Box::new(move || {
        send(&mut lives, values(1, shape.messages));
        let takeovers = lives.channel().takeovers();
        leak_until_end(lives);
        vec![takeovers as u8]
    });
    participants.extend([(shape.consumers, dies), (shape.consumers + 1, lives)]);
    fixture.run(participants, move |outcome| {
        let (consumers, _) = outcome.split_at(shape.consumers as usize);
        let sent: Seen = values(1, shape.messages).collect();
        assert!(consumers.iter().all(|seen| *seen == sent), "C2: the survivor's messages come: {outcome:?}");
    });
}

/// C1, S3: a consumer dies while it holds a message, and another consumer takes its entry.
pub fn dead_consumer_is_succeeded<G: Checked>(case: &Case) {
    let shape = case.shape;
    let fixture = mortal_fixture::<G>(case);
    let mut dies = fixture.consumer();
    let (channel, segment) = (fixture.channel(), fixture.segment.clone());
    let mut producer = fixture.producer();
    let sends: Body = Box::new(move || {
        send(&mut producer, values(0, shape.messages));
        leak_until_end(producer);
        Seen::new()
    });
    let succeeds: Body = Box::new(move || {
        dies.receive(Deadline::Never).expect("the message comes").keep();
        leak_until_end(dies);
        G::die(&segment, 0);
        let mut next = Consumer::join(channel).expect("the number is free");
        let rest = shape.messages - next.next() as u32;
        let seen = receive(&mut next, rest);
        leak_until_end(next);
        seen
    });
    fixture.run(vec![(0, succeeds), (1, sends)], move |outcome| {
        let all: Seen = values(0, shape.messages).collect();
        assert!(all.ends_with(&outcome[0]), "S2: what comes after the join is received: {outcome:?}");
    });
}

/// C2, S4: a producer dies with the write lock; two other producers contend for it.
pub fn rival_takes_over_the_lock<G: Checked>(case: &Case) {
    let shape = case.shape;
    let fixture = mortal_fixture::<G>(case);
    let mut dies = fixture.producer();
    let mut participants: Vec<(u32, Body)> = Vec::new();
    for p in 1..shape.producers {
        let mut lives = fixture.producer();
        let body = move || {
            send(&mut lives, values(p, shape.messages));
            leak_until_end(lives);
            Seen::new()
        };
        participants.push((p, Box::new(body)));
    }
    let body = move || {
        let held = dies.lock(Deadline::Never);
        assert!(held.is_ok());
        die()
    };
    participants.push((0, Box::new(body)));
    let channel = fixture.channel();
    fixture.run(participants, move |_| {
        let expected = u64::from((shape.producers - 1) * shape.messages);
        assert_eq!(channel.published().count(), expected, "S4: a message is lost");
    });
}

/// Sends, and checks that no other producer holds the write lock meanwhile.
fn send_alone<L: Layer, S: Storage<L>>(
    producer: &mut Producer<L, S>,
    values: impl Iterator<Item = u8>,
    inside: &Cell<bool>,
) {
    for value in values {
        let held = producer.lock(Deadline::Never).expect("the lock is free in the end");
        assert!(!inside.replace(true), "S4: the write lock has two holders");
        for _ in 0..4 {
            let _ = held.published(); // steps at which another producer might run
        }
        inside.set(false);
        let room = held.free_slot(Deadline::Never).expect("there is room");
        drop(room.copy(&message(value)).expect("it fits").publish());
    }
}

/// C2: a producer dies with the write lock; its successor under the same number frees it, or a rival takes it over.
/// (There is no consumer, and a slot for each message.)
pub fn successor_inherits_the_lock<G: Checked>(case: &Case) {
    let shape = case.shape;
    let fixture = mortal_fixture::<G>(case);
    let rival = (shape.producers > 1).then(|| fixture.producer());
    let mut dies = fixture.producer();
    let number = dies.participant().number;
    let (channel, segment) = (fixture.channel(), fixture.segment.clone());
    let count = u64::from(shape.producers * shape.messages);
    let inside = Rc::new(Cell::new(false));
    let rival_inside = Rc::clone(&inside);
    let inherits: Body = Box::new(move || {
        std::mem::forget(dies.lock(Deadline::Never));
        leak_until_end(dies);
        G::die(&segment, number);
        let mut heir = Producer::join(channel).expect("the number is free");
        send_alone(&mut heir, values(1, shape.messages), &inside);
        leak_until_end(heir);
        Seen::new()
    });
    let mut participants = vec![(number, inherits)];
    if let Some(mut rival) = rival {
        let competes = move || {
            send_alone(&mut rival, values(0, shape.messages), &rival_inside);
            leak_until_end(rival);
            Seen::new()
        };
        participants.push((0, Box::new(competes)));
    }
    let channel = fixture.channel();
    fixture.run(participants, move |_| assert_eq!(channel.published().count(), count, "S4: a message is lost"));
}

/// C2: all producers die unfinished; the consumer gets what they published, and is then told of the loss.
pub fn consumer_is_told_of_lost_producers<G: Checked>(case: &Case) {
    all_producers_die::<G>(case, consumer_until_end);
}

/// All producers die unfinished; `consumer` makes the consumer.
pub fn all_producers_die<G: Checked>(case: &Case, consumer: fn(&Fixture<G>) -> (u32, Body)) {
    let shape = case.shape;
    let fixture = mortal_fixture::<G>(case);
    let mut participants = vec![consumer(&fixture)];
    for p in 0..shape.producers {
        let mut producer = fixture.producer();
        let body: Body = Box::new(move || {
            send(&mut producer, values(p, shape.messages));
            die()
        });
        participants.push((1 + p, body));
    }
    fixture.run(participants, move |outcome| {
        assert_eq!(data(&outcome[0]).len() as u32, shape.producers * shape.messages, "C2: all that was published");
        assert_eq!(outcome[0].last(), Some(&event::LOST), "C2: the consumer is told of the loss");
    });
}

/// C2: of two producers, the first dies at once and the second finishes. The consumer gets what the second sent before
/// it is told of the loss.
pub fn finished_producer_is_not_lost<G: Checked>(case: &Case) {
    let messages = case.shape.messages;
    let fixture = mortal_fixture::<G>(case);
    let mut participants = vec![consumer_until_end(&fixture)];
    let dies = fixture.producer();
    let dies: Body = Box::new(move || {
        leak_until_end(dies);
        die()
    });
    participants.push((1, dies));
    participants.push(producer_to_end(&fixture, 1, messages));
    fixture.run(participants, move |outcome| {
        assert_eq!(data(&outcome[0]), values(1, messages).collect::<Seen>(), "C2: all that was published");
        assert_eq!(outcome[0].last(), Some(&event::LOST), "C2: the consumer is told of the loss");
    });
}
