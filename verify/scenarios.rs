//! The scenarios: one text for every engine.

use crate::{
    check::Case,
    engine::Engine,
    segment::retire,
    world::{Outcome, Seen, World, receive, send, values},
};

/// S1, S2, S3: every consumer gets every message, once, in the one total order.
pub fn everyone_gets_everything<E: Engine>(case: &Case) {
    let shape = case.shape;
    let world = World::<E>::new(shape.geometry(), case.doubles, false);
    let mut participants: Vec<(u32, Box<dyn FnOnce() -> Seen>)> = Vec::new();
    for c in 0..shape.consumers {
        let mut consumer = world.consumer();
        let body = move || {
            let seen = receive(&mut consumer, shape.producers * shape.messages);
            retire(consumer);
            seen
        };
        participants.push((c, Box::new(body)));
    }
    for p in 0..shape.producers {
        let mut producer = world.producer();
        let body = move || {
            send(&mut producer, values(p, shape.messages));
            retire(producer);
            Seen::new()
        };
        participants.push((shape.consumers + p, Box::new(body)));
    }
    world.run(participants, move |outcome| in_one_order(outcome, shape.consumers, shape.producers, shape.messages));
}

/// All consumers saw the same, and of each producer everything in its order.
pub fn in_one_order(outcome: &Outcome, consumers: u32, producers: u32, messages: u32) {
    let (consumers, _) = outcome.split_at(consumers as usize);
    for seen in consumers {
        assert_eq!(seen, &consumers[0], "S2: two consumers saw different orders");
        for p in 0..producers {
            let of_p: Seen = seen.iter().copied().filter(|value| u32::from(value / 16) == p + 1).collect();
            let sent: Seen = values(p, messages).collect();
            assert_eq!(of_p, sent, "S2: a consumer did not get what producer {p} sent");
        }
    }
}
