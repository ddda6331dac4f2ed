//! `in`: carries out what the machine of `in` decides.

use crate::failure::Failure;
use crate::head::Kind;
use crate::in_machine::{Carried, InEffect, InEvent, InMachine};
use crate::job::{Job, within};
use crate::mutant::Mutant;
use crate::server::{Connection, PAUSE};
use crate::stream::{self, Carrier, Shape};
use crate::subscription::{self, From, Subscription};
use ackcast::{AsyncProducer, Channel, DrainError, Name, OpenError, Producer};
use async_nats::jetstream::Message;
use clap::Args;
use futures_util::FutureExt;
use std::time::Duration;
use tracing::{info, warn};

/// How many messages are taken before they are acknowledged in the stream.
const BURST: usize = 256;
/// How long one wait for the readers lasts. The bridge is told of signals between two waits.
const DRAIN_STEP: Duration = Duration::from_millis(20);
/// How long a successor waits until the kernel has released the place of its predecessor.
const JOIN_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the bridge waits for the answer to its last acknowledgement.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// The arguments of `ackcast-bridge in`.
#[derive(Args, Debug)]
pub struct In {
    /// The receiving channel's name
    pub name: String,

    /// The server's address, such as nats://host:4222 or tls://host:4222
    #[arg(long, value_name = "URL")]
    pub from: String,

    /// The name under which the server knows how far this channel is; by default the machine's name and the channel's.
    /// No two running bridges may have the same
    #[arg(long, value_name = "NAME")]
    durable: Option<String>,

    /// Where a new channel begins: next (after the last acknowledged message), oldest (the stream's first message), or
    /// a sequence of the stream
    #[arg(long, value_name = "FROM", default_value = "next", value_parser = From::parse)]
    replay: From,

    /// How many readers the first message waits for
    #[arg(long, default_value_t = 1)]
    consumers: u32,

    /// The slots of the receiving channel; as many as in the source by default
    #[arg(long)]
    slots: Option<u32>,

    /// How many messages the receiving channel retains for late readers
    #[arg(long, value_name = "MESSAGES", default_value_t = 0)]
    retain: u32,

    /// How many messages are in flight at most
    #[arg(long, value_name = "MESSAGES", default_value_t = 4096)]
    window: usize,

    /// What this bridge has in common with `out`
    #[command(flatten)]
    pub job: Job,
}

impl In {
    /// Carries the stream into the channel, up to END or `ProducersLost`.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn run(&self) -> Result<Kind, Failure> {
        let name = Name::new(&self.name)?;
        let connecting = self.job.server.connect(&self.from, "ackcast-bridge in");
        let connection = within(self.job.timeout, "no such server", connecting).await?;
        let opening = stream::wait_for(&connection, &self.job.stream);
        let carrier = within(self.job.timeout, "no such stream", opening).await?;
        let channel = match Channel::open(&name) {
            Ok(channel) => Some(channel),
            Err(OpenError::NotFound { .. } | OpenError::Abandoned { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        if let Some(channel) = &channel {
            self.check(channel, &carrier.shape)?;
        }
        let carried = channel.as_ref().map(|channel| {
            let published = channel.published();
            Carried { tag: channel.tag(), count: published.count(), ended: published.ended() }
        });
        info!(channel = self.name, ?carried, "begins");
        let machine = InMachine::new(carried, self.job.mutant());
        let (effects, ack) = (Vec::new(), None);
        let mut bridge = Bridge {
            args: self,
            name,
            connection,
            carrier,
            machine,
            effects,
            producer: None,
            channel,
            messages: None,
            ack,
        };
        bridge.run().await
    }

    /// Refuses a channel of another geometry or type.
    fn check(&self, channel: &Channel, shape: &Shape) -> Result<(), Failure> {
        let differences = Shape::of(channel, channel.value_type()).differences(shape, false);
        match differences.is_empty() {
            true => Ok(()),
            false => Err(Failure::Differs {
                what: format!("channel {:?}", self.name),
                than: format!("stream {:?}", self.job.stream),
                differences,
                cure: "receive into a channel of another name",
            }),
        }
    }

    pub(crate) fn durable(&self) -> String {
        let host = || std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let name = self.durable.clone().unwrap_or_else(|| format!("{}-{}", host().trim(), self.name));
        name.chars().map(|letter| if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '_' }).collect()
    }
}

/// A bridge that runs.
struct Bridge<'i> {
    args: &'i In,
    name: Name,
    connection: Connection,
    carrier: Carrier,
    machine: InMachine,
    effects: Vec<InEffect>,
    /// Declared before `channel`, so that the producer leaves before its observer.
    producer: Option<AsyncProducer>,
    channel: Option<Channel>,
    messages: Option<Subscription>,
    /// The last message that is to be acknowledged in the stream. It stands for all before it.
    ack: Option<Message>,
}

impl Bridge<'_> {
    async fn run(&mut self) -> Result<Kind, Failure> {
        self.machine.step(InEvent::Started, &mut self.effects);
        let mut message = None;
        loop {
            if let Some(kind) = self.perform(message.as_ref()).await? {
                return Ok(kind);
            }
            self.flush().await;
            let Some(subscription) = &mut self.messages else { continue };
            let mut changes = self.connection.changes.clone();
            let first = tokio::select! {
                biased;
                _ = changes.changed() => None,
                next = subscription.next() => next,
            };
            self.connection.changes = changes;
            let mut next = first;
            for place in 1..=BURST {
                let Some(delivered) = next else {
                    self.machine.step(InEvent::Broken, &mut self.effects);
                    message = None;
                    break;
                };
                let event = self.event(&delivered)?;
                self.machine.step(event, &mut self.effects);
                message = Some(delivered);
                let subscribes = self.effects.contains(&InEffect::Subscribe);
                if let Some(kind) = self.perform(message.as_ref()).await? {
                    return Ok(kind);
                }
                let Some(subscription) = &mut self.messages else { break };
                if subscribes || place == BURST {
                    break; // what is taken is handled in the same burst
                }
                let Some(more) = subscription.next().now_or_never() else { break };
                next = more;
            }
            if let Some(count) = self.published_for_nobody() {
                self.flush().await;
                return Err(Failure::ReadersGone { name: self.args.name.clone(), count });
            }
        }
    }

    /// How many messages are published in the channel, if every reader has left it.
    fn published_for_nobody(&self) -> Option<u64> {
        let channel = self.channel.as_ref()?;
        let count = channel.published().count();
        if self.args.job.mutant() == Some(Mutant::NoReader) {
            return None;
        }
        let had_readers = self.producer.is_some() && self.args.consumers > 0 && count > 0;
        (had_readers && channel.acknowledged().is_empty()).then_some(count)
    }

    fn event(&self, message: &Message) -> Result<InEvent, Failure> {
        let refused = |error: String| Failure::Refused { action: "reading a message", error };
        let info = message.info().map_err(|error| refused(error.to_string()))?;
        let (stream, delivery) = (info.stream_sequence, info.consumer_sequence);
        let foreign = || Failure::Foreign { stream: self.args.job.stream.clone(), sequence: stream };
        let head = message.headers.as_ref().and_then(stream::head).ok_or_else(foreign)?;
        Ok(InEvent::Delivered { head, stream, delivery })
    }

    /// Carries the effects out. Says how the bridge has ended.
    async fn perform(&mut self, message: Option<&Message>) -> Result<Option<Kind>, Failure> {
        let mut effects = std::mem::take(&mut self.effects);
        for effect in effects.drain(..) {
            match effect {
                InEffect::Subscribe => self.subscribe().await?,
                InEffect::AwaitEmpty => self.await_empty().await?,
                InEffect::Create { tag } => self.channel = Some(self.create(tag)?),
                InEffect::Join => {
                    let name = self.args.name.clone();
                    let joined = tokio::task::spawn_blocking(move || Producer::wait_for(&name, JOIN_TIMEOUT)).await;
                    self.producer = Some(AsyncProducer::new(joined.map_err(std::io::Error::other)??)?);
                }
                InEffect::Publish => {
                    if let (Some(producer), Some(message)) = (&mut self.producer, message) {
                        producer.send(&message.payload).await?;
                        self.args.job.passed(1, message.payload.len() as u64);
                    }
                }
                InEffect::Finish => {
                    if let Some(producer) = &mut self.producer {
                        producer.finish().await?;
                    }
                }
                InEffect::Leave => self.producer = None,
                InEffect::Acknowledge { .. } => self.ack = message.cloned(),
                InEffect::Drain => {
                    self.confirm().await;
                    self.drain().await?;
                }
                InEffect::Done(kind) => {
                    self.confirm().await;
                    return Ok(Some(kind));
                }
                InEffect::Fail(fault) => {
                    self.flush().await;
                    return Err(fault.into());
                }
            }
        }
        self.effects = effects; // keeps its capacity
        Ok(None)
    }

    async fn subscribe(&mut self) -> Result<(), Failure> {
        self.messages = None;
        self.ack = None;
        let reused = self.args.job.mutant() == Some(Mutant::ReusedConsumer);
        let from = match self.machine.channel() {
            None => self.args.replay,
            Some(_) => From::Next,
        };
        let durable = self.args.durable();
        let made = subscription::subscribe(&self.connection, &self.carrier, &durable, from, self.args.window, reused);
        self.messages = Some(made.await?);
        Ok(())
    }

    fn create(&self, tag: u64) -> Result<Channel, Failure> {
        let shape = &self.carrier.shape;
        let without_reader = self.args.job.mutant() == Some(Mutant::NoReader);
        let consumers = if without_reader { 0 } else { self.args.consumers };
        let builder = Channel::create(&self.args.name).slots(self.args.slots.unwrap_or(shape.slots));
        let builder = builder.consumers(consumers).producers(1).retain(self.args.retain).tag(tag);
        let builder = match &shape.value_type {
            None => builder.slot_size(shape.slot_size),
            Some(value_type) => builder.value_type(value_type.clone(), shape.slot_size / value_type.size),
        };
        info!(channel = self.args.name, tag, "creates the channel");
        Ok(builder.build()?)
    }

    /// Waits until the channel, which has ended, is gone.
    async fn await_empty(&mut self) -> Result<(), Failure> {
        self.producer = None;
        self.channel = None;
        loop {
            match Channel::open(&self.name) {
                Err(OpenError::NotFound { .. } | OpenError::Abandoned { .. }) => return Ok(()),
                opened => drop(opened?),
            }
            tokio::time::sleep(PAUSE / 4).await;
        }
    }

    /// Waits until the readers have everything.
    async fn drain(&mut self) -> Result<(), Failure> {
        let Some(channel) = &self.channel else { return Ok(()) };
        loop {
            match channel.wait_until_drained(Duration::ZERO) {
                Ok(_) => return Ok(()),
                Err(DrainError::TimedOut { .. }) => tokio::time::sleep(DRAIN_STEP).await,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Acknowledges in the stream what the channel has. It does not matter if the server never gets it.
    async fn flush(&mut self) {
        if let Some(message) = self.ack.take()
            && let Err(error) = message.ack().await
        {
            warn!(%error, "an acknowledgement was not sent");
        }
    }

    /// Acknowledges, and waits for the answer.
    async fn confirm(&mut self) {
        if let Some(message) = self.ack.take() {
            let _ = tokio::time::timeout(ANSWER_TIMEOUT, message.double_ack()).await;
        }
    }
}
