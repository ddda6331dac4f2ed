//! The world of `in`: the stream with its consumers, a bridge, the receiving channel and its reader.

use super::search;
use ackcast_bridge::head::{Head, Kind};
use ackcast_bridge::in_machine::{Carried, InEffect, InEvent, InFault, InMachine};
use ackcast_bridge::mutant::Mutant;
use std::collections::VecDeque;

/// What is explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Bounds {
    /// How many bridges die.
    pub(crate) deaths: u8,
    /// How often a connection is lost.
    pub(crate) cuts: u8,
    /// How often the server delivers an unacknowledged message once more.
    pub(crate) redeliveries: u8,
    /// How many readers leave before the end.
    pub(crate) departures: u8,
}

/// A stream of these channels: `m` is a message, `e` is END, `l` is `ProducersLost`.
pub(crate) fn log(channels: &[&str]) -> Vec<Head> {
    let (mut log, mut position) = (Vec::new(), 0);
    for (number, channel) in channels.iter().enumerate() {
        let base = position;
        for letter in channel.chars() {
            let kind = match letter {
                'm' => Kind::Message,
                'e' => Kind::End,
                _ => Kind::Lost,
            };
            let head = Head { kind, incarnation: number as u64, sequence: position - base, position, base };
            position = head.next_position();
            log.push(head);
        }
    }
    log
}

/// A consumer of the stream. Sequences count from 1.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Subscription {
    number: u64,
    floor: u64,
    delivered: u64,
    /// How many deliveries it has made.
    deliveries: u64,
    /// Deliveries on their way, in order, with their numbers.
    on_way: VecDeque<(u64, u64)>,
}

impl Subscription {
    fn deliver(&mut self, stream: u64) {
        self.deliveries += 1;
        self.on_way.push_back((stream, self.deliveries));
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    Effect(InEffect),
    DeleteOlder,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Bridge {
    machine: InMachine,
    steps: VecDeque<Step>,
    /// The message of the last delivery.
    message: Option<Head>,
    /// The connection was lost, and the bridge has not noticed it.
    broken: bool,
    has_producer: bool,
}

/// The receiving channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Channel {
    tag: u64,
    content: Vec<Head>,
    ended: bool,
    /// Its producer has left without finishing.
    lost: bool,
    /// The number of the next message of its reader.
    reader: Option<usize>,
    /// A reader has come: the first message waits for it.
    started: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    bounds: Bounds,
    mutant: Option<Mutant>,
    log: Vec<Head>,
    /// How many messages of the log are stored.
    stored: u64,
    consumers: Vec<Subscription>,
    /// Acknowledgements on their way: the consumer's number, and the sequence.
    acks: VecDeque<(u64, u64)>,
    bridge: Option<Bridge>,
    channel: Option<Channel>,
    /// Positions below this one are in some receiving channel.
    covered: u64,
    done: bool,
}

impl World {
    pub(crate) fn new(log: Vec<Head>, bounds: Bounds, mutant: Option<Mutant>) -> Self {
        let (consumers, acks, bridge, channel) = (Vec::new(), VecDeque::new(), None, None);
        Self { bounds, mutant, log, stored: 0, consumers, acks, bridge, channel, covered: 0, done: false }
    }

    fn floor(&self) -> u64 {
        self.consumers.iter().map(|consumer| consumer.floor).max().unwrap_or(0)
    }

    /// Publishes a message, or END, in the channel.
    fn publish(&mut self, head: Head, is_end: bool) -> Result<(), String> {
        let Some(channel) = self.channel.as_mut() else { return Err("no channel".to_owned()) };
        let position = channel.tag + channel.content.len() as u64;
        if head.position != position {
            return Err(format!("B1, B2: {head} is published at position {position}"));
        }
        if channel.ended || channel.content.first().is_some_and(|first| first.incarnation != head.incarnation) {
            return Err(format!("B2, B4: {head} is published in the channel before its own"));
        }
        if is_end != (head.kind == Kind::End) {
            return Err(format!("B4: {head} is published as END: {is_end}"));
        }
        channel.content.push(head);
        channel.ended = is_end;
        self.covered = self.covered.max(head.next_position());
        Ok(())
    }

    /// Whether the bridge's next step can be carried out now.
    fn is_enabled(&self, step: &Step) -> bool {
        let Some(channel) = &self.channel else { return true };
        let Step::Effect(effect) = step else { return true };
        match effect {
            InEffect::AwaitEmpty => channel.reader.is_none(),
            InEffect::Publish | InEffect::Finish => channel.started || self.mutant == Some(Mutant::NoReader),
            InEffect::Drain => channel.reader.is_none_or(|next| next == channel.content.len()),
            _ => true,
        }
    }

    fn perform(&mut self) -> Result<(), String> {
        let Some(bridge) = self.bridge.as_mut() else { return Ok(()) };
        let Some(step) = bridge.steps.pop_front() else { return Ok(()) };
        let message = bridge.message;
        let effect = match step {
            Step::DeleteOlder => {
                let newest = self.consumers.pop().map(|newest| Subscription { number: 0, ..newest });
                let number = self.consumers.len() as u64;
                self.consumers = newest.into_iter().collect();
                // An acknowledgement to a consumer that is gone has no effect.
                self.acks.retain(|ack| ack.0 == number);
                self.acks.iter_mut().for_each(|ack| ack.0 = 0);
                return Ok(());
            }
            Step::Effect(effect) => effect,
        };
        match effect {
            InEffect::Subscribe if self.mutant == Some(Mutant::ReusedConsumer) && !self.consumers.is_empty() => {}
            InEffect::Subscribe => {
                bridge.steps.push_front(Step::DeleteOlder);
                bridge.broken = false;
                let number = self.consumers.len() as u64;
                let floor = self.floor();
                self.consumers.push(Subscription {
                    number,
                    floor,
                    delivered: floor,
                    deliveries: 0,
                    on_way: VecDeque::new(),
                });
            }
            InEffect::AwaitEmpty => self.channel = None,
            InEffect::Create { tag } => {
                if tag > self.covered {
                    return Err(format!(
                        "B1: a channel begins at position {tag}, and {} is in no channel",
                        self.covered
                    ));
                }
                if self.channel.is_some() {
                    return Err("a channel of this name exists".to_owned());
                }
                self.channel = Some(Channel { tag, ..Channel::default() });
            }
            InEffect::Join => {
                bridge.has_producer = true;
                self.channel.as_mut().ok_or("no channel")?.lost = false;
            }
            InEffect::Publish => self.publish(message.ok_or("no message")?, false)?,
            InEffect::Finish => self.publish(message.ok_or("no message")?, true)?,
            InEffect::Leave => {
                bridge.has_producer = false;
                self.channel.as_mut().ok_or("no channel")?.lost = true;
            }
            InEffect::Acknowledge { stream } => {
                let needed = self.log[..stream as usize].last().map_or(0, Head::next_position);
                if needed > self.covered {
                    return Err(format!("B1: {stream} is acknowledged, and {needed} is in no channel"));
                }
                let number = self.consumers.last().map_or(0, |last| last.number);
                self.acks.push_back((number, stream));
            }
            InEffect::Drain => {}
            InEffect::Done(kind) => {
                // The last acknowledgement is answered before the bridge ends.
                let channel = self.channel.as_ref();
                let unread = channel.is_some_and(|channel| channel.reader.is_none() && !channel.started);
                if kind == Kind::End && unread {
                    return Err("B1: the bridge ends, and no reader has come".to_owned());
                }
                self.deliver_acks();
                self.drop_bridge();
            }
            InEffect::Fail(InFault::Replaced { .. }) => self.drop_bridge(),
            InEffect::Fail(fault) => return Err(format!("the bridge has failed: {fault}")),
        }
        Ok(())
    }

    fn deliver_acks(&mut self) {
        for (number, stream) in std::mem::take(&mut self.acks) {
            for consumer in self.consumers.iter_mut().filter(|consumer| consumer.number == number) {
                consumer.floor = consumer.floor.max(stream.min(consumer.delivered));
            }
        }
    }

    fn drop_bridge(&mut self) {
        let Some(bridge) = self.bridge.take() else { return };
        for consumer in &mut self.consumers {
            consumer.on_way.clear();
        }
        if let Some(channel) = &mut self.channel {
            channel.lost |= bridge.has_producer && !channel.ended;
        }
        self.drop_unused();
    }

    /// A channel that nobody uses is gone.
    fn drop_unused(&mut self) {
        let in_use = |channel: &Channel| channel.reader.is_some() || self.bridge.is_some();
        if !self.channel.as_ref().is_some_and(in_use) {
            self.channel = None;
        }
    }

    fn tell(&mut self, event: InEvent) {
        if let Some(bridge) = self.bridge.as_mut() {
            let mut effects = Vec::new();
            bridge.machine.step(event, &mut effects);
            bridge.steps.extend(effects.into_iter().map(Step::Effect));
        }
    }

    fn is_covered(&self) -> bool {
        self.stored as usize == self.log.len() && self.covered == self.log.last().map_or(0, Head::next_position)
    }
}

type Steps = Vec<(String, Result<World, String>)>;

impl World {
    fn add(&self, steps: &mut Steps, label: &str, change: impl Fn(&mut Self) -> Result<(), String>) {
        let mut next = self.clone();
        let result = change(&mut next);
        steps.push((label.to_owned(), result.map(|()| next)));
    }

    fn server_steps(&self, steps: &mut Steps) {
        if (self.stored as usize) < self.log.len() {
            self.add(steps, "the stream stores a message", |world| {
                world.stored += 1;
                Ok(())
            });
        }
        if self.bridge.is_none() {
            return;
        }
        for at in 0..self.consumers.len() {
            let consumer = &self.consumers[at];
            if consumer.delivered < self.stored && at + 1 == self.consumers.len() {
                self.add(steps, "the server delivers a message", |world| {
                    let consumer = &mut world.consumers[at];
                    consumer.delivered += 1;
                    consumer.deliver(consumer.delivered);
                    Ok(())
                });
            }
            if self.bounds.redeliveries > 0 {
                for sequence in consumer.floor + 1..=consumer.delivered {
                    self.add(steps, &format!("the server delivers {sequence} once more"), |world| {
                        world.bounds.redeliveries -= 1;
                        world.consumers[at].deliver(sequence);
                        Ok(())
                    });
                }
            }
        }
        if !self.acks.is_empty() {
            self.add(steps, "the server gets an acknowledgement", |world| {
                let rest = world.acks.split_off(1);
                world.deliver_acks();
                world.acks = rest;
                Ok(())
            });
        }
    }

    fn bridge_steps(&self, steps: &mut Steps) {
        let Some(bridge) = &self.bridge else {
            // A bridge is restarted until everything was carried.
            if !self.is_covered() || self.floor() < self.stored {
                self.add(steps, "a bridge starts", |world| {
                    let carried = |channel: &Channel| Carried {
                        tag: channel.tag,
                        count: channel.content.len() as u64,
                        ended: channel.ended,
                    };
                    let machine = InMachine::new(world.channel.as_ref().map(carried), world.mutant);
                    let steps = VecDeque::new();
                    world.bridge = Some(Bridge { machine, steps, message: None, broken: false, has_producer: false });
                    world.tell(InEvent::Started);
                    Ok(())
                });
            }
            return;
        };
        if self.bounds.deaths > 0 {
            for lost in [false, true] {
                self.add(steps, if lost { "the bridge dies, its acks are lost" } else { "the bridge dies" }, |world| {
                    world.bounds.deaths -= 1;
                    if lost {
                        world.acks.clear();
                    } else {
                        world.deliver_acks();
                    }
                    world.drop_bridge();
                    Ok(())
                });
            }
        }
        if self.bounds.cuts > 0 {
            self.add(steps, "the connection is lost", |world| {
                world.bounds.cuts -= 1;
                world.acks.clear();
                world.consumers.iter_mut().for_each(|consumer| consumer.on_way.clear());
                world.bridge.as_mut().unwrap().broken = true;
                Ok(())
            });
        }
        if let Some(step) = bridge.steps.front() {
            if self.is_enabled(step) {
                self.add(steps, &format!("{step:?}"), Self::perform);
            }
            return; // events wait
        }
        if bridge.broken {
            self.add(steps, "the bridge notices the lost connection", |world| {
                world.bridge.as_mut().unwrap().broken = false;
                world.tell(InEvent::Broken);
                Ok(())
            });
        }
        let Some(at) = self.consumers.len().checked_sub(1) else { return };
        if let Some(&(stream, delivery)) = self.consumers[at].on_way.front() {
            self.add(steps, &format!("message {stream} arrives"), |world| {
                world.consumers[at].on_way.pop_front();
                let head = world.log[stream as usize - 1];
                world.bridge.as_mut().unwrap().message = Some(head);
                world.tell(InEvent::Delivered { head, stream, delivery });
                Ok(())
            });
        }
    }

    fn reader_steps(&self, steps: &mut Steps) {
        let Some(channel) = &self.channel else { return };
        let Some(next) = channel.reader else {
            if !channel.ended && !channel.started {
                self.add(steps, "a reader comes", |world| {
                    let channel = world.channel.as_mut().unwrap();
                    channel.reader = Some(channel.content.len());
                    channel.started = true;
                    Ok(())
                });
            }
            return;
        };
        if next < channel.content.len() {
            self.add(steps, "the reader reads", |world| {
                world.channel.as_mut().unwrap().reader = Some(next + 1);
                Ok(())
            });
        } else if channel.ended || channel.lost {
            self.add(steps, "the reader has everything and leaves", |world| {
                world.channel.as_mut().unwrap().reader = None;
                world.drop_unused();
                Ok(())
            });
        }
        if self.bounds.departures > 0 {
            self.add(steps, "the reader leaves", |world| {
                world.bounds.departures -= 1;
                world.channel.as_mut().unwrap().reader = None;
                world.drop_unused();
                Ok(())
            });
        }
    }
}

impl search::World for World {
    fn steps(&self) -> Vec<(String, Result<Self, String>)> {
        let mut steps = Vec::new();
        self.server_steps(&mut steps);
        self.bridge_steps(&mut steps);
        self.reader_steps(&mut steps);
        steps
    }

    fn is_complete(&self) -> bool {
        self.bridge.is_none() && self.is_covered() && self.floor() == self.stored
    }
}
