//! Single polls of a channel, and of states that no test can time.

use super::*;
use crate::{Channel, Consumer};

/// A channel with a message, of which [`Drain::begin`] and [`Drain::poll`] are called one by one.
fn channel(test: &str) -> (Channel, Producer) {
    let name = format!("drain-{test}-{}", std::process::id());
    let channel = Channel::create(&name).slots(4).consumers(0).places(3).build().unwrap();
    let producer = Producer::attach(&name).unwrap();
    (channel, producer)
}

fn begin(producer: &Producer) -> Drain {
    on_backend!(Inner, &producer.inner, producer => Drain::begin(producer.channel()))
}

/// How many have received everything, are gone, and are behind.
fn poll(drain: &mut Drain, producer: &Producer) -> (u32, u32, usize) {
    on_backend!(Inner, &producer.inner, producer => drain.poll(producer.channel())).unwrap();
    (drain.drained.received, drain.drained.gone, drain.behind.len())
}

#[test]
fn leaver_has_received_what_it_acknowledged() {
    let (channel, mut producer) = channel("leaver");
    let consumers = [(); 3].map(|()| Consumer::attach(channel.name().as_str()).unwrap());
    producer.send(b"a").unwrap();
    let mut drain = begin(&producer);
    assert_eq!(poll(&mut drain, &producer), (0, 0, 3));
    let [mut first, second, mut third] = consumers;
    first.recv().unwrap();
    drop((first, second));
    assert_eq!(poll(&mut drain, &producer), (1, 1, 1));
    third.recv().unwrap();
    assert_eq!(poll(&mut drain, &producer), (2, 1, 0));
}

#[test]
fn successor_is_not_taken_for_a_leaver() {
    let (channel, mut producer) = channel("successor");
    let attach = || Consumer::attach(channel.name().as_str()).unwrap();
    let (mut knows, ignorant) = (attach(), attach());
    producer.send(b"a").unwrap();
    let mut drain = begin(&producer);
    knows.recv().unwrap();
    drop((knows, ignorant));
    let successors = (attach(), attach());
    assert_eq!((successors.0.number(), successors.1.number()), (0, 1));
    assert_eq!(poll(&mut drain, &producer), (0, 2, 0), "it is not known what the first one had");
    drop(successors);
}

#[test]
fn later_messages_and_joiners_are_not_waited_for() {
    let (channel, mut producer) = channel("later");
    let mut first = Consumer::attach(channel.name().as_str()).unwrap();
    producer.send(b"a").unwrap();
    let mut drain = begin(&producer);
    let _later = Consumer::attach(channel.name().as_str()).unwrap();
    producer.send(b"b").unwrap();
    first.recv().unwrap();
    assert_eq!(poll(&mut drain, &producer), (1, 0, 0));
}
