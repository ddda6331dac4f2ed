//! Joining and leaving while messages flow: S2, S3.

use super::participants::{
    assert_one_order, consumer_until_end, data, fixture, producer_to_end, receive_all, send_and_finish, send_event,
};
use crate::{
    events::{Body, Seen, event},
    model::{case::Case, leak::leak_until_end},
    scenarios::{
        environment::Environment,
        fixture::{Fixture, message, receive, send, send_batch, values},
    },
};
use ackcast::{
    layer::Deadline,
    protocol::{Consumer, Finished, Producer},
};

/// S2: the last consumer joins in the middle and gets everything from its join to END. The others get everything.
pub fn consumer_joins_in_the_middle<G: Environment>(case: &Case) {
    let shape = case.shape;
    let early = shape.consumers - 1;
    let fixture = fixture::<G>(case);
    let mut participants: Vec<_> = (0..early).map(|_| consumer_until_end(&fixture)).collect();
    let channel = fixture.channel();
    let late: Body = Box::new(move || {
        let mut consumer = Consumer::join(channel).expect("there is room");
        let seen = receive_all(&mut consumer);
        leak_until_end(consumer);
        seen
    });
    participants.extend([producer_to_end(&fixture, 0, shape.messages), (early, late)]);
    fixture.run(participants, move |outcome| {
        assert_one_order(outcome, early, 1, shape.messages);
        let all: Seen = values(0, shape.messages).chain([event::END]).collect();
        let late = &outcome[early as usize + 1];
        assert!(all.ends_with(late), "S2: what comes after the join is received: {outcome:?}");
        assert_eq!(late.last(), Some(&event::END));
    });
}

/// S2, S3: a consumer that joins while a batch is written gets all of it, or its end. The producer overwrites no
/// message that it has written and not yet published, although it waits for no consumer.
pub fn consumer_joins_during_a_batch<G: Environment>(case: &Case) {
    let shape = case.shape;
    let fixture = fixture::<G>(case);
    let mut producer = fixture.producer();
    let channel = fixture.channel();
    let late: Body = Box::new(move || {
        let mut consumer = Consumer::join(channel).expect("there is room");
        let seen = receive_all(&mut consumer);
        leak_until_end(consumer);
        seen
    });
    let sends: Body = Box::new(move || {
        send_batch(&mut producer, values(0, shape.messages));
        let seen = send_and_finish(&mut producer, []);
        leak_until_end(producer);
        seen
    });
    fixture.run(vec![(1, sends), (0, late)], move |outcome| {
        let all: Seen = values(0, shape.messages).chain([event::END]).collect();
        assert!(all.ends_with(&outcome[1]), "S2: what comes after the join is received: {outcome:?}");
        assert_eq!(outcome[1].last(), Some(&event::END));
    });
}

/// S3: the producer does not wait for a consumer that left, and the other consumer gets everything.
pub fn consumer_leaves_in_the_middle<G: Environment>(case: &Case) {
    let shape = case.shape;
    let fixture = fixture::<G>(case);
    let mut stays = fixture.consumer();
    let mut leaves = fixture.consumer();
    let mut producer = fixture.producer();
    let stays: Body = Box::new(move || {
        let seen = receive(&mut stays, shape.messages);
        leak_until_end(stays);
        seen
    });
    let leaves: Body = Box::new(move || {
        let seen = receive(&mut leaves, 1);
        drop(leaves);
        seen
    });
    let sends: Body = Box::new(move || {
        send(&mut producer, values(0, shape.messages));
        leak_until_end(producer);
        Seen::new()
    });
    fixture.run(vec![(0, stays), (1, leaves), (2, sends)], move |outcome| {
        assert_one_order(outcome, 1, 1, shape.messages);
        assert_eq!(outcome[1], outcome[0][..1]);
    });
}

/// L1, S3: the producer waits for a consumer that leaves with a message unacknowledged.
pub fn consumer_leaves_with_unread_message<G: Environment>(case: &Case) {
    let messages = case.shape.messages;
    let fixture = fixture::<G>(case);
    let (mut consumer, mut producer) = (fixture.consumer(), fixture.producer());
    let leaves: Body = Box::new(move || {
        consumer.receive(Deadline::Never).expect("the message comes").keep();
        drop(consumer);
        Seen::new()
    });
    let sends: Body = Box::new(move || {
        send(&mut producer, values(0, messages));
        leak_until_end(producer);
        Seen::new()
    });
    fixture.run(vec![(0, leaves), (1, sends)], |_| {});
}

/// S2: with `start_with`, every consumer gets the first message, in whatever order the participants start.
pub fn consumers_get_the_first_message<G: Environment>(case: &Case) {
    let shape = case.shape;
    let mut geometry = shape.geometry();
    geometry.start_with = shape.consumers;
    let fixture = Fixture::<G>::new(geometry, case.config, false);
    let mut participants: Vec<(u32, Body)> = Vec::new();
    let mut producer = fixture.producer();
    for c in 0..shape.consumers {
        let channel = fixture.channel();
        let body = move || {
            let mut consumer = Consumer::join(channel).expect("there is room");
            let seen = receive(&mut consumer, shape.messages);
            leak_until_end(consumer);
            seen
        };
        participants.push((c, Box::new(body)));
    }
    let sends = move || {
        send(&mut producer, values(0, shape.messages));
        leak_until_end(producer);
        Seen::new()
    };
    participants.push((shape.consumers, Box::new(sends)));
    fixture.run(participants, move |outcome| assert_one_order(outcome, shape.consumers, 1, shape.messages));
}

/// S2: an entry is used again; its next occupant gets what is published after its own join.
pub fn consumer_joins_again_after_leaving<G: Environment>(case: &Case) {
    let shape = case.shape;
    let fixture = fixture::<G>(case);
    let mut consumer = fixture.consumer();
    let channel = fixture.channel();
    let twice: Body = Box::new(move || {
        let mut seen = receive(&mut consumer, 1);
        assert_eq!(consumer.participant().generation, 1);
        drop(consumer);
        let mut consumer = Consumer::join(channel).expect("the entry is free again");
        assert_eq!(consumer.participant().generation, 2, "the next occupant is another one");
        seen.extend(receive_all(&mut consumer));
        leak_until_end(consumer);
        seen
    });
    let producer = producer_to_end(&fixture, 0, shape.messages);
    fixture.run(vec![(0, twice), producer], move |outcome| {
        let all: Seen = values(0, shape.messages).collect();
        let (first, rest) = outcome[0].split_at(1);
        assert_eq!(first, &all[..1]);
        assert!(all[1..].ends_with(&data(&rest.to_vec())), "S2: what comes after the join is received");
        assert_eq!(outcome[0].last(), Some(&event::END), "S5: END is last");
    });
}

/// S5: a producer that joins late sends before END, and not after it.
pub fn producer_joins_late<G: Environment>(case: &Case) {
    let shape = case.shape;
    let mut geometry = shape.geometry();
    geometry.end_after = 1;
    let fixture = Fixture::<G>::new(geometry, case.config, false);
    let mut participants: Vec<_> = (0..shape.consumers).map(|_| consumer_until_end(&fixture)).collect();
    participants.push(producer_to_end(&fixture, 0, shape.messages));
    let (number, channel) = (shape.consumers + 1, fixture.channel());
    let late: Body = Box::new(move || {
        G::act_as(number);
        let Ok(mut producer) = Producer::join(channel) else { return vec![event::FULL] };
        let sent = send_event(producer.send(&message(32), Deadline::Never));
        let finished = match producer.finish(Deadline::Never) {
            Ok(Finished::Ended) => event::END,
            Ok(Finished::OthersRemain) => event::OTHERS,
            Err(_) => event::FULL,
        };
        leak_until_end(producer);
        vec![sent, finished]
    });
    participants.push((number, late));
    fixture.run(participants, move |outcome| {
        let (consumers, producers) = outcome.split_at(shape.consumers as usize);
        let sent = usize::from(producers[1][0] == event::SENT);
        for seen in consumers {
            assert_eq!(seen.last(), Some(&event::END), "S5: END is last");
            let (of_late, of_first): (Seen, Seen) = data(seen).into_iter().partition(|&value| value == 32);
            assert_eq!(of_late.len(), sent, "S2: what was sent was received: {outcome:?}");
            assert_eq!(of_first, values(0, shape.messages).collect::<Seen>());
        }
    });
}
