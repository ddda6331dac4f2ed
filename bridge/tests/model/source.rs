//! The world of `out`: source channels, bridges, the network, and the stream.

use super::search;
use ackcast_bridge::head::{Head, Kind};
use ackcast_bridge::mutant::Mutant;
use ackcast_bridge::out_machine::{OutEffect, OutEvent, OutMachine};
use std::collections::VecDeque;

/// What is explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Bounds {
    /// How many bridges run at the same time.
    pub(crate) bridges: usize,
    /// How many messages a bridge holds unacknowledged: the ring's length.
    pub(crate) window: usize,
    /// How many bridges die.
    pub(crate) deaths: u8,
    /// How often a connection is lost.
    pub(crate) cuts: u8,
    /// How many messages the source retains for a successor.
    pub(crate) retain: u64,
}

/// A source channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Channel {
    messages: u64,
    last: Kind,
    /// The producers die after so many messages, and a successor goes on.
    succeeded_at: Option<u64>,
    /// Everything that uses the channel may die at any time, and the next channel begins.
    is_abandoned: bool,
}

pub(crate) const fn ends(messages: u64) -> Channel {
    Channel { messages, last: Kind::End, succeeded_at: None, is_abandoned: false }
}

pub(crate) const fn lost(messages: u64) -> Channel {
    Channel { last: Kind::Lost, ..ends(messages) }
}

pub(crate) const fn succeeded(at: u64, messages: u64) -> Channel {
    Channel { succeeded_at: Some(at), ..ends(messages) }
}

pub(crate) const fn abandoned(messages: u64) -> Channel {
    Channel { is_abandoned: true, ..ends(messages) }
}

/// A message on its way to the server, with the conditions on the stream's last sequence and on its last message.
type Packet = (Head, Option<u64>, Option<Head>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Bridge {
    machine: OutMachine,
    effects: VecDeque<OutEffect>,
    /// The next message to read, once it is attached.
    reads: Option<u64>,
    /// It has read END or `ProducersLost`.
    read_all: bool,
    /// Below this number it has acknowledged everything.
    released: u64,
    asking: bool,
    answer: Option<(u64, Option<Head>)>,
    packets: VecDeque<Packet>,
    /// Answers to publishes: the sequence, or a refusal.
    acks: VecDeque<Option<u64>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    bounds: Bounds,
    mutant: Option<Mutant>,
    channels: Vec<Channel>,
    /// Which channel is there.
    current: usize,
    /// A bridge has attached to it, so its producers go on.
    started: bool,
    published: u64,
    /// Every producer is dead.
    lost: bool,
    succeeded: bool,
    over: bool,
    bridges: Vec<Option<Bridge>>,
    /// Messages of lost connections and dead bridges. The server may store each of them later, or never get it.
    late: VecDeque<Packet>,
    stream: Vec<Head>,
    /// A bridge has refused to go on, because the source does not retain what is not stored.
    gap: bool,
    finished: bool,
}

impl World {
    pub(crate) fn new(channels: Vec<Channel>, bounds: Bounds, mutant: Option<Mutant>) -> Self {
        let bridges = vec![None; bounds.bridges];
        let (late, stream) = (VecDeque::new(), Vec::new());
        let (current, started, published, over, gap, finished) = (0, false, 0, false, false, false);
        let (lost, succeeded) = (false, false);
        Self {
            bounds,
            mutant,
            channels,
            current,
            started,
            published,
            lost,
            succeeded,
            over,
            bridges,
            late,
            stream,
            gap,
            finished,
        }
    }

    fn incarnation(channel: usize) -> u64 {
        0x100 + channel as u64
    }

    fn channel(&self) -> Channel {
        self.channels[self.current]
    }

    /// What is stored of a channel. A mutant stores all channels under one incarnation: as the first one.
    fn stored(&self, channel: usize) -> impl Iterator<Item = &Head> {
        let incarnations = [Self::incarnation(channel), if channel == 0 { 0 } else { u64::MAX }];
        self.stream.iter().filter(move |head| incarnations.contains(&head.incarnation))
    }

    /// The server takes a message.
    fn store(&mut self, (head, expected, after): Packet) -> Result<Option<u64>, String> {
        let last = self.stream.len() as u64;
        if expected.is_some_and(|expected| expected != last)
            || (after.is_some() && after != self.stream.last().copied())
        {
            return Ok(None);
        }
        let position = self.stream.last().map_or(0, Head::next_position);
        if head.position != position {
            return Err(format!("B1, B2: {head} is stored at position {position}"));
        }
        let before = self.stream.iter().rev().find(|before| before.base == head.base);
        let sequence = before.map_or(0, Head::next_sequence);
        if head.sequence != sequence || (before.is_none() && head.base != position) {
            return Err(format!("B1, B2: {head} is stored where number {sequence} of its channel belongs"));
        }
        if before.is_some_and(|before| before.kind == Kind::End) {
            return Err(format!("B4: {head} is stored after END"));
        }
        self.stream.push(head);
        Ok(Some(last + 1))
    }

    /// Bridge `at` carries out its next effect.
    fn perform(&mut self, at: usize) -> Result<(), String> {
        let current = self.current;
        let stored: Vec<Head> = self.stored(current).copied().collect();
        let (published, retain) = (self.published, self.bounds.retain);
        let Some(bridge) = self.bridges[at].as_mut() else { return Ok(()) };
        let Some(effect) = bridge.effects.pop_front() else { return Ok(()) };
        match effect {
            OutEffect::Ask => {
                bridge.acks.clear();
                let packets = std::mem::take(&mut bridge.packets);
                (bridge.asking, bridge.answer) = (true, None);
                self.late.extend(packets);
            }
            OutEffect::Attach { from } => {
                let oldest = published.saturating_sub(retain);
                let from = from.unwrap_or(0);
                if from < oldest {
                    self.gap = true;
                    self.bridges[at] = None;
                    return Ok(());
                }
                bridge.reads = Some(from);
                bridge.released = from;
                self.started = true;
            }
            OutEffect::Publish { head, expected, after } => bridge.packets.push_back((head, expected, after)),
            OutEffect::Release { below } => {
                bridge.released = bridge.released.max(below);
                let is_stored =
                    |number: u64| stored.iter().any(|head| head.kind != Kind::Lost && head.sequence == number);
                if let Some(number) = (0..below).find(|&number| !is_stored(number)) {
                    return Err(format!("B3: message {number} is acknowledged and not stored"));
                }
            }
            OutEffect::Finish(kind) => {
                let may_be_lost = self.channel().last == Kind::Lost || self.channel().succeeded_at.is_some();
                if stored.last().map(|head| head.kind) != Some(kind) || (kind == Kind::Lost && !may_be_lost) {
                    return Err(format!("B4: the bridge has finished with {kind:?}"));
                }
                self.finished |= self.over && kind == self.channel().last;
                self.drop_bridge(at);
            }
            OutEffect::Fail(fault) => return Err(format!("the bridge has failed: {fault}")),
        }
        Ok(())
    }

    fn drop_bridge(&mut self, at: usize) {
        if let Some(bridge) = self.bridges[at].take() {
            self.late.extend(bridge.packets);
        }
    }

    fn tell(&mut self, at: usize, event: OutEvent) {
        if let Some(bridge) = self.bridges[at].as_mut() {
            let mut effects = Vec::new();
            bridge.machine.step(event, &mut effects);
            bridge.effects.extend(effects);
        }
    }

    /// Whether the producers may publish: no attached bridge lags by the window.
    fn has_room(&self) -> bool {
        let bridges = self.bridges.iter().flatten().filter(|bridge| bridge.reads.is_some());
        bridges.into_iter().all(|bridge| self.published - bridge.released < self.bounds.window as u64)
    }

    /// Steps of the source, and of the server with late messages.
    fn world_steps(&self, steps: &mut Vec<(String, Result<Self, String>)>) {
        let mut add = |label: &str, change: &dyn Fn(&mut Self) -> Result<(), String>| {
            let mut next = self.clone();
            let result = change(&mut next);
            steps.push((label.to_owned(), result.map(|()| next)));
        };
        if self.started && !self.lost && self.channel().succeeded_at == Some(self.published) && !self.succeeded {
            add("the producers die", &|world| {
                world.lost = true;
                Ok(())
            });
        }
        if self.lost && !self.succeeded {
            add("a producer joins", &|world| {
                (world.lost, world.succeeded) = (false, true);
                Ok(())
            });
        }
        let is_alive = self.started && !self.over && !self.lost;
        if is_alive && self.published < self.channel().messages && self.has_room() {
            add("a producer publishes", &|world| {
                world.published += 1;
                Ok(())
            });
        }
        if is_alive && self.published == self.channel().messages {
            add("the producers finish or die", &|world| {
                world.over = true;
                Ok(())
            });
        }
        let idle = self.bridges.iter().all(Option::is_none);
        let is_left = self.finished || (self.channel().is_abandoned && self.started);
        if is_left && idle && self.current + 1 < self.channels.len() {
            add("the next channel begins", &|world| {
                world.current += 1;
                (world.started, world.published, world.over, world.finished) = (false, 0, false, false);
                (world.lost, world.succeeded) = (false, false);
                Ok(())
            });
        }
        if !self.late.is_empty() {
            add("the server gets a late message", &|world| {
                let packet = world.late.pop_front();
                packet.map_or(Ok(()), |packet| world.store(packet).map(drop))
            });
            add("a late message is lost", &|world| {
                world.late.pop_front();
                Ok(())
            });
        }
    }

    /// Steps of bridge `at`, and of its connection.
    fn bridge_steps(&self, at: usize, steps: &mut Vec<(String, Result<Self, String>)>) {
        let mut add = |label: &str, change: &dyn Fn(&mut Self) -> Result<(), String>| {
            let mut next = self.clone();
            let result = change(&mut next);
            steps.push((format!("{label} ({at})"), result.map(|()| next)));
        };
        let Some(bridge) = &self.bridges[at] else {
            if !self.gap && !self.finished {
                add("a bridge starts", &|world| {
                    let machine = OutMachine::new(Self::incarnation(world.current), world.mutant);
                    let (effects, packets, acks) = (VecDeque::from([OutEffect::Ask]), VecDeque::new(), VecDeque::new());
                    let (reads, read_all, released, asking, answer) = (None, false, 0, false, None);
                    let bridge = Bridge { machine, effects, reads, read_all, released, asking, answer, packets, acks };
                    world.bridges[at] = Some(bridge);
                    Ok(())
                });
            }
            return;
        };
        if self.bounds.deaths > 0 {
            add("the bridge dies", &|world| {
                world.bounds.deaths -= 1;
                world.drop_bridge(at);
                Ok(())
            });
        }
        if bridge.asking && bridge.answer.is_none() {
            add("the server answers", &|world| {
                let answer = (world.stream.len() as u64, world.stream.last().copied());
                world.bridges[at].as_mut().unwrap().answer = Some(answer);
                Ok(())
            });
        }
        if !bridge.packets.is_empty() {
            add("the server gets a message", &|world| {
                let packet = world.bridges[at].as_mut().unwrap().packets.pop_front().unwrap();
                let ack = world.store(packet)?;
                world.bridges[at].as_mut().unwrap().acks.push_back(ack);
                Ok(())
            });
        }
        if !bridge.effects.is_empty() {
            add(&format!("{:?}", bridge.effects[0]), &|world| world.perform(at));
            return; // events wait
        }
        if let Some((last, head)) = bridge.answer {
            add("the bridge gets the answer", &|world| {
                let bridge = world.bridges[at].as_mut().unwrap();
                (bridge.asking, bridge.answer) = (false, None);
                world.tell(at, OutEvent::Found { last, head });
                Ok(())
            });
        }
        if let Some(&ack) = bridge.acks.front() {
            add("the bridge gets an acknowledgement", &|world| {
                world.bridges[at].as_mut().unwrap().acks.pop_front();
                world.tell(at, ack.map_or(OutEvent::Unsure, |stream| OutEvent::Stored { stream }));
                Ok(())
            });
        }
        if self.bounds.cuts > 0 && !bridge.asking {
            add("the connection is lost", &|world| {
                world.bounds.cuts -= 1;
                let bridge = world.bridges[at].as_mut().unwrap();
                bridge.acks.clear();
                world.late.extend(std::mem::take(&mut bridge.packets));
                world.tell(at, OutEvent::Unsure);
                Ok(())
            });
        }
        let may_read = !bridge.read_all && bridge.machine.in_flight() < self.bounds.window;
        if let Some(sequence) = bridge.reads.filter(|_| may_read) {
            let kind = match sequence < self.published {
                true => Some(Kind::Message),
                false if self.lost => Some(Kind::Lost),
                false => self.over.then_some(self.channel().last),
            };
            if let Some(kind) = kind {
                add("the bridge reads", &|world| {
                    let bridge = world.bridges[at].as_mut().unwrap();
                    bridge.read_all = kind != Kind::Message;
                    bridge.reads = Some(sequence + 1);
                    world.tell(at, OutEvent::Read { kind, sequence });
                    Ok(())
                });
            }
        }
    }
}

impl search::World for World {
    fn steps(&self) -> Vec<(String, Result<Self, String>)> {
        let mut steps = Vec::new();
        self.world_steps(&mut steps);
        (0..self.bridges.len()).for_each(|at| self.bridge_steps(at, &mut steps));
        steps
    }

    /// Every channel is in the stream, whole. Or a bridge has said what is lost, and it is.
    fn is_complete(&self) -> bool {
        if self.gap {
            return true;
        }
        let whole = |(number, channel): (usize, &Channel)| {
            if channel.is_abandoned {
                return true;
            }
            let heads: Vec<_> = self.stored(number).collect();
            let messages = heads.iter().filter(|head| head.kind == Kind::Message).count() as u64;
            messages == channel.messages && heads.last().is_some_and(|head| head.kind == channel.last)
        };
        self.finished && self.bridges.iter().all(Option::is_none) && self.channels.iter().enumerate().all(whole)
    }
}
