//! A producer asks how far the consumers are, and does not wait for them: S1, S2.

use super::{
    fixture::{message, receive, send, values},
    participants::fixture,
};
use crate::{
    events::{Body, Seen, event},
    model::{case::Case, leak::leak_until_end},
    scenarios::{environment::Checked, environment::Environment},
};
use ackcast::protocol::{Consumer, Progress, Storage, Writing};

/// S2: a consumer that starts below what a producer has found published is among the consumers that this producer
/// counts. Another producer publishes, so its fence may come after the count.
pub fn producer_counts_each_consumer_of_a_message<G: Environment>(case: &Case) {
    let fixture = fixture::<G>(case);
    let (mut publishes, counts, channel) = (fixture.producer(), fixture.producer(), fixture.channel());
    let joins: Body = Box::new(move || {
        let consumer = Consumer::join(channel).expect("there is room");
        let start = consumer.next() as u8;
        leak_until_end(consumer);
        vec![start]
    });
    let sends: Body = Box::new(move || {
        send(&mut publishes, values(0, 1));
        leak_until_end(publishes);
        Seen::new()
    });
    let asks: Body = Box::new(move || {
        let (published, attached) = counts.channel().attached();
        let seen = vec![published as u8, attached.count() as u8];
        leak_until_end(counts);
        seen
    });
    fixture.run(vec![(0, joins), (1, sends), (2, asks)], |outcome| {
        let (start, published, attached) = (outcome[0][0], outcome[2][0], outcome[2][1]);
        assert!(start >= published || attached == 1, "S2: a consumer of the message is not counted: {outcome:?}");
    });
}

/// S1: a consumer that has received everything, as the producer is told, reads no slot any more. The producer writes a
/// slot on that account.
pub fn received_message_is_read_by_no_consumer<G: Checked>(case: &Case) {
    let fixture = fixture::<G>(case);
    let (mut consumer, mut producer, storage) = (fixture.consumer(), fixture.producer(), G::storage(&fixture.segment));
    let receives: Body = Box::new(move || {
        let seen = receive(&mut consumer, 1);
        leak_until_end(consumer);
        seen
    });
    let asks: Body = Box::new(move || {
        send(&mut producer, values(0, 1));
        let (published, attached) = producer.channel().attached();
        let attached: Vec<_> = attached.collect();
        let mut seen = Seen::new();
        for mut one in attached {
            let progress = producer.channel().progress_of(&mut one, published).expect("liveness is known");
            seen.push(match progress {
                Progress::Received => event::SENT,
                Progress::Gone => event::LOST,
                Progress::Behind => event::TIMED_OUT,
            });
            if progress == Progress::Received {
                // SAFETY: the slot exists. That no consumer reads it is what the scenario checks.
                let writing = unsafe { Storage::<G::Layer>::write(&storage, 0) };
                // SAFETY: a slot has as many bytes as a message.
                unsafe { writing.bytes().cast::<[u8; 2]>().write(message(0)) };
            }
        }
        leak_until_end(producer);
        seen
    });
    fixture.run(vec![(0, receives), (1, asks)], |outcome| {
        assert_eq!(outcome[0].len(), 1, "the message was received whole");
        assert!(!outcome[1].contains(&event::LOST), "the consumer lives and stays");
    });
}
