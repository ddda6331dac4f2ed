//! What `list`, `inspect` and `top` say of a channel, as `--json` prints it.

use super::sample::{Sample, Sampler, holders};
use super::words::{age, blocker, printable};
use ackcast::segment::{Holder, Holders};
use ackcast::{Backend, BlockedOn, ConsumerStats, Fences, ProducerStats, Stats};
use serde::Serialize;
use std::time::{Duration, SystemTime};

/// A channel.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) name: String,
    pub(crate) state: State,
    pub(crate) backend: &'static str,
    pub(crate) fences: &'static str,
    pub(crate) slots: u32,
    pub(crate) slot_size: u32,
    pub(crate) consumer_places: u32,
    pub(crate) producer_places: u32,
    /// The first message waits for this many consumers.
    pub(crate) start_with: u32,
    /// END follows when this many producers have finished.
    pub(crate) end_after: u32,
    /// How many messages are retained for late consumers.
    pub(crate) retain: u32,
    /// The type of its values, if it is a typed channel.
    pub(crate) value_type: Option<String>,
    /// When the channel was made, by RFC 3339.
    pub(crate) created: Option<String>,
    pub(crate) age_seconds: Option<f64>,
    /// How many messages, END included.
    pub(crate) published: u64,
    pub(crate) ended: bool,
    /// How many producers have finished.
    pub(crate) finished: u32,
    /// Messages a second.
    pub(crate) rate: Option<f64>,
    pub(crate) held_up_by: Option<HeldUp>,
    /// The producer that has the write lock.
    pub(crate) lock_owner: Option<u32>,
    pub(crate) evicted: u32,
    pub(crate) takeovers: u32,
    pub(crate) participants: Vec<Participant>,
    pub(crate) observers: Vec<Observer>,
}

/// The life of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// Its creator is making it.
    Unfinished,
    /// Its creator died before it was made.
    UnfinishedOrphan,
    /// No message is published yet.
    Waiting,
    /// Messages flow, or may flow.
    Active,
    /// END is published, and some process still uses the channel.
    Ended,
    /// Every producer died without finishing.
    ProducersLost,
    /// No living process uses it.
    Orphaned,
    /// Its name was removed.
    Removed,
    /// This program cannot read it.
    Unusable,
}

/// What a producer that sends now waits for.
#[derive(Debug, Serialize)]
pub(crate) struct HeldUp {
    /// The consumer that has to acknowledge a message.
    pub(crate) consumer: Option<u32>,
    /// The message.
    pub(crate) message: Option<u64>,
    /// How many of the first consumers are missing.
    pub(crate) missing_consumers: Option<u32>,
    /// For at least so long. 0: the wait was not there in the sample before.
    pub(crate) seconds: Option<f64>,
    /// In words.
    pub(crate) text: String,
}

/// A consumer or a producer.
#[derive(Debug, Serialize)]
pub(crate) struct Participant {
    pub(crate) role: &'static str,
    pub(crate) number: u32,
    pub(crate) pid: Option<u32>,
    pub(crate) command: Option<String>,
    /// `alive`, `joining`, `finished` or `dead`.
    pub(crate) state: &'static str,
    pub(crate) acknowledged: Option<u64>,
    pub(crate) lag: Option<u64>,
    pub(crate) waits_for: Option<String>,
}

/// A process that has the channel open without a number.
#[derive(Debug, Serialize)]
pub(crate) struct Observer {
    pub(crate) pid: u32,
    pub(crate) command: String,
    pub(crate) handles: u32,
}

impl State {
    pub(crate) fn of(stats: &Stats) -> Self {
        match stats {
            _ if stats.removed => Self::Removed,
            _ if !stats.in_use => Self::Orphaned,
            _ if stats.published.ended() => Self::Ended,
            _ if stats.producers_lost => Self::ProducersLost,
            _ if stats.published.count() == 0 => Self::Waiting,
            _ => Self::Active,
        }
    }

    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Unfinished => "unfinished",
            Self::UnfinishedOrphan => "unfinished, creator dead",
            Self::Waiting => "waiting",
            Self::Active => "active",
            Self::Ended => "ended",
            Self::ProducersLost => "producers lost",
            Self::Orphaned => "orphaned",
            Self::Removed => "removed",
            Self::Unusable => "unusable",
        }
    }
}

impl Report {
    pub(crate) fn new(sampler: &Sampler, sample: &Sample, all: &Holders) -> Self {
        let (stats, holders) = (&sample.stats, holders(all, sampler.watch()));
        let geometry = stats.geometry;
        let consumers = stats.consumers.iter().map(|consumer| Participant::consumer(consumer, stats, &holders));
        let producers = stats.producers.iter().map(|producer| Participant::producer(producer, stats, &holders));
        let observers = holders.iter().filter(|holder| holder.observers > 0).map(|holder| Observer {
            pid: holder.pid,
            command: printable(&holder.command),
            handles: holder.observers,
        });
        Self {
            name: sampler.watch().name().to_string(),
            state: State::of(stats),
            backend: if stats.backend == Backend::RawSync { "raw-sync" } else { "futex" },
            fences: if stats.fences == Fences::Asymmetric { "asymmetric" } else { "symmetric" },
            slots: geometry.slots,
            slot_size: geometry.slot_size,
            consumer_places: geometry.consumers,
            producer_places: geometry.producers,
            start_with: geometry.start_with,
            end_after: geometry.end_after,
            retain: geometry.retain,
            value_type: sampler.watch().value_type().map(|of| printable(&of.to_string())),
            created: stats.created.map(|time| humantime::format_rfc3339_millis(time).to_string()),
            age_seconds: age(stats.created, SystemTime::now()).map(|age| age.as_secs_f64()),
            published: stats.published.count(),
            ended: stats.published.ended(),
            finished: stats.finished,
            rate: sample.rate,
            held_up_by: sample.blocked.filter(|_| stats.in_use).map(|(on, time)| HeldUp::new(on, time, &holders)),
            lock_owner: stats.lock_owner,
            evicted: stats.evicted,
            takeovers: stats.takeovers,
            participants: consumers.chain(producers).collect(),
            observers: observers.collect(),
        }
    }

    /// The participants of a role that live.
    pub(crate) fn living(&self, role: &str) -> usize {
        self.participants.iter().filter(|one| one.role == role && one.state != "dead").count()
    }
}

impl HeldUp {
    fn new(on: BlockedOn, time: Option<Duration>, holders: &[Holder]) -> Self {
        let (mut consumer, mut message, mut missing_consumers) = (None, None, None);
        match on {
            BlockedOn::Acknowledgement { consumer: number, message: held } => {
                (consumer, message) = (Some(number), Some(held));
            }
            BlockedOn::Start { joined, wanted } => missing_consumers = Some(wanted.saturating_sub(joined)),
            _ => {}
        }
        let pid = consumer.and_then(|number| holder(holders, number)).map(|holder| holder.pid);
        let text = blocker(on, pid);
        Self { consumer, message, missing_consumers, seconds: time.map(|time| time.as_secs_f64()), text }
    }
}

impl Participant {
    fn consumer(consumer: &ConsumerStats, stats: &Stats, holders: &[Holder]) -> Self {
        let state = match consumer {
            ConsumerStats { alive: false, .. } => "dead",
            ConsumerStats { joining: true, .. } => "joining",
            _ => "alive",
        };
        let waits = state == "alive" && consumer.lag == 0 && !stats.published.ended();
        let (acknowledged, lag) = (Some(consumer.acknowledged), Some(consumer.lag));
        let waits_for = waits.then(|| "a message".to_owned());
        Self {
            acknowledged,
            lag,
            waits_for,
            ..Self::new("consumer", consumer.number, state, holder(holders, consumer.number))
        }
    }

    fn producer(producer: &ProducerStats, stats: &Stats, holders: &[Holder]) -> Self {
        let state = match producer {
            ProducerStats { alive: false, .. } => "dead",
            ProducerStats { finished: true, .. } => "finished",
            _ => "alive",
        };
        let number = producer.number.saturating_add(stats.geometry.consumers);
        let waits_for = (state == "alive").then(|| wait_of(producer, stats)).flatten();
        Self { waits_for, ..Self::new("producer", producer.number, state, holder(holders, number)) }
    }

    fn new(role: &'static str, number: u32, state: &'static str, holder: Option<&Holder>) -> Self {
        let command = holder.map(|holder| printable(&holder.command));
        let pid = holder.map(|holder| holder.pid);
        Self { role, number, pid, command, state, acknowledged: None, lag: None, waits_for: None }
    }
}

/// What a living producer waits for, as far as the words tell.
fn wait_of(producer: &ProducerStats, stats: &Stats) -> Option<String> {
    let on = stats.blocked_on()?;
    if stats.writer_parked != Some(true) {
        return None;
    }
    match stats.lock_owner {
        Some(owner) if owner == producer.number => Some(match on {
            BlockedOn::Acknowledgement { consumer, message } => format!("consumer {consumer}, message {message}"),
            _ => "the first consumers".to_owned(),
        }),
        Some(owner) => Some(format!("producer {owner}, if it sends")),
        None => None,
    }
}

/// The process that holds a participant number.
fn holder(holders: &[Holder], participant: u32) -> Option<&Holder> {
    holders.iter().find(|holder| holder.participants.contains(&participant))
}
