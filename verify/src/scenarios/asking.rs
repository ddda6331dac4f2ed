//! A consumer that does not sleep. It asks to be told, and another thread sleeps in its place: S2, L1, L2.

use super::{
    deaths::all_producers_die,
    fixture::{ChannelOn, ConsumerOn, Fixture, decode, send, values},
    flow::send_and_receive,
    participants::{fixture, producer_to_end, receive_event},
};
use crate::{
    events::{Body, Seen, event},
    model::{case::Case, leak::leak_until_end},
    scenarios::environment::{Checked, Environment},
};
use ackcast::layer::{Deadline, Told};

/// Receives `count` messages. It asks before each, and sleeps by itself in its own place.
fn ask_for_each<G: Environment>(consumer: &mut ConsumerOn<G>, count: u32) -> Seen {
    let number = consumer.participant().number;
    let mut seen = Seen::new();
    while seen.len() < count as usize {
        if consumer.ask().expect("the message comes") {
            let message = consumer.receive(Deadline::Now).expect("the message is there");
            seen.push(decode(&message));
        } else if consumer.channel().await_told(number) == Told::Stopped {
            break;
        }
    }
    seen
}

/// S1, S2, S3, L1: a consumer that asks gets every message once, in the same total order.
pub fn asking_consumer_gets_every_message<G: Environment>(case: &Case) {
    send_and_receive::<G>(case, ask_for_each::<G>, send, |_| {});
}

/// A thread that sleeps once in the place of consumer 0.
fn sleeper<G: Environment>(channel: ChannelOn<G>) -> Body {
    Box::new(move || match channel.await_told(0) {
        Told::Stopped => Seen::new(),
        Told::Notified => vec![event::SENT],
        Told::Check => vec![event::LOST],
    })
}

/// L1: the thread that sleeps in the place of an asker wakes when a message is published, or when the asker asks no
/// more. The asker asks once. If it finds a message, it asks no more.
pub fn sleeper_wakes_when_its_asker_is_told<G: Checked>(case: &Case) {
    let mut geometry = case.shape.geometry();
    geometry.consumers += 1; // the sleeper's number
    let fixture = Fixture::<G>::new(geometry, case.config, false);
    let (mut consumer, mut producer) = (fixture.consumer(), fixture.producer());
    let sleeper = sleeper::<G>(fixture.channel());
    let asks: Body = Box::new(move || {
        let found = consumer.ask().expect("the producer lives");
        if found {
            consumer.end_ask();
        }
        leak_until_end(consumer);
        vec![found.into()]
    });
    let messages = case.shape.messages;
    let sends: Body = Box::new(move || {
        send(&mut producer, values(0, messages));
        leak_until_end(producer);
        Seen::new()
    });
    fixture.run(vec![(0, asks), (2, sends), (1, sleeper)], |outcome| {
        assert_eq!(outcome[2], [event::SENT], "L1: the sleeper wakes");
    });
}

/// L1: the thread that sleeps in the place of an asker wakes when that asks no more. Nothing is published.
pub fn sleeper_wakes_when_its_asker_asks_no_more<G: Checked>(case: &Case) {
    let fixture = Fixture::<G>::new(case.shape.geometry(), case.config, false);
    let mut consumer = fixture.consumer();
    let sleeper = sleeper::<G>(fixture.channel());
    let asks: Body = Box::new(move || {
        assert_eq!(consumer.ask(), Ok(false), "nothing is published");
        consumer.end_ask();
        leak_until_end(consumer);
        Seen::new()
    });
    fixture.run(vec![(0, asks), (1, sleeper)], |outcome| {
        assert_eq!(outcome[1], [event::SENT], "L1: the sleeper wakes");
    });
}

/// A participant that asks before each message, until END or the loss of the producers.
fn asking_consumer<G: Environment>(fixture: &Fixture<G>) -> (u32, Body) {
    let mut consumer = fixture.consumer();
    let number = consumer.participant().number;
    let body = move || {
        let mut seen = Seen::new();
        loop {
            let received = match consumer.ask() {
                Ok(true) => consumer.receive(Deadline::Now).map(|message| decode(&message)),
                Ok(false) if consumer.channel().await_told(number) == Told::Stopped => break,
                Ok(false) => continue,
                Err(error) => Err(error),
            };
            match received {
                Ok(value) => seen.push(value),
                Err(error) => {
                    seen.push(receive_event(error));
                    break;
                }
            }
        }
        leak_until_end(consumer);
        seen
    };
    (number, Box::new(body))
}

/// C2, L2: all producers die. The consumer asks, and is told after it has got all messages.
pub fn asking_consumer_is_told_of_lost_producers<G: Checked>(case: &Case) {
    all_producers_die::<G>(case, asking_consumer);
}

/// S5: a consumer that asks finds END after all messages.
pub fn asking_consumer_finds_end<G: Environment>(case: &Case) {
    let messages = case.shape.messages;
    let fixture = fixture::<G>(case);
    let participants = vec![asking_consumer(&fixture), producer_to_end(&fixture, 0, messages)];
    fixture.run(participants, move |outcome| {
        let all: Seen = values(0, messages).chain([event::END]).collect();
        assert_eq!(outcome[0], all, "S5: all messages, and then END");
    });
}
