//! `out`: carries out what the machine of `out` decides.

use crate::failure::Failure;
use crate::head::{Head, Kind};
use crate::job::{Job, within};
use crate::mutant::Mutant;
use crate::out_machine::{OutEffect, OutEvent, OutMachine};
use crate::server::{Connection, PAUSE};
use crate::source::{Read, Source};
use crate::stream::{self, Carrier, Shape, StreamOptions};
use ackcast::{Channel, OpenError};
use async_nats::HeaderMap;
use async_nats::header::{NATS_EXPECTED_LAST_MESSAGE_ID, NATS_EXPECTED_LAST_SEQUENCE, NATS_MESSAGE_ID};
use async_nats::jetstream::context::PublishAckFuture;
use async_nats::jetstream::message::PublishMessage;
use bytes::Bytes;
use clap::Args;
use futures_util::FutureExt;
use std::collections::VecDeque;
use std::future::{IntoFuture, pending};
use std::time::{Duration, Instant};
use tracing::{info, warn};

/// The arguments of `ackcast-bridge out`.
#[derive(Args, Debug)]
pub struct Out {
    /// The source channel's name
    pub name: String,

    /// The server's address, such as nats://host:4222 or tls://host:4222
    #[arg(long, value_name = "URL")]
    pub to: String,

    #[command(flatten)]
    stream_options: StreamOptions,

    /// Begin with the oldest message that the channel has, if messages before it are lost
    #[arg(long)]
    late: bool,

    /// Delete from the stream what each of its consumers has acknowledged, once a second; without a consumer, nothing.
    /// An `in` that comes later gets what is left
    #[arg(long)]
    purge: bool,

    /// How many messages are in flight at most
    #[arg(long, value_name = "MESSAGES", default_value_t = 4096)]
    window: usize,

    /// What this bridge has in common with `in`
    #[command(flatten)]
    pub job: Job,
}

impl Out {
    /// Carries the channel into the stream, up to END or `ProducersLost`.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn run(&self) -> Result<Kind, Failure> {
        let channel = within(self.job.timeout, "no such channel", self.channel()).await?;
        let connecting = self.job.server.connect(&self.to, "ackcast-bridge out");
        let connection = within(self.job.timeout, "no such server", connecting).await?;
        let geometry = channel.geometry();
        connection.check_slot_size(geometry.slot_size)?;
        let shape = Shape::of(&channel, channel.value_type());
        let opening = stream::open_or_create(&connection, &self.job.stream, &self.stream_options, &shape);
        let carrier = within(self.job.timeout, "no answer of the server", opening).await?;
        let machine = OutMachine::new(channel.incarnation(), self.job.mutant());
        let (effects, payloads) = (Vec::new(), VecDeque::new());
        let mut bridge = Bridge {
            out: self,
            connection,
            carrier,
            machine,
            effects,
            payloads,
            ack: None,
            source: None,
            due: Instant::now(),
        };
        let done = bridge.run().await;
        drop(bridge); // leaves the channel before its observer does
        drop(channel);
        done
    }

    /// Opens the channel, once it is there.
    async fn channel(&self) -> Result<Channel, Failure> {
        let name = ackcast::Name::new(&self.name)?;
        loop {
            match Channel::open(&name) {
                Err(OpenError::NotFound { .. } | OpenError::Abandoned { .. }) => tokio::time::sleep(PAUSE / 4).await,
                opened => return Ok(opened?),
            }
        }
    }
}

/// A bridge that runs.
struct Bridge<'o> {
    out: &'o Out,
    connection: Connection,
    carrier: Carrier,
    machine: OutMachine,
    effects: Vec<OutEffect>,
    /// What was read and is not released, by its number.
    payloads: VecDeque<(u64, Bytes)>,
    /// The answer that is waited for: of the last message in flight.
    ack: Option<PublishAckFuture>,
    source: Option<Source>,
    /// When the stream was purged last.
    due: Instant,
}

/// How often the stream is purged.
const PURGE_INTERVAL: Duration = Duration::from_secs(1);

/// What the loop waits for.
enum Happened {
    /// The stream can be purged.
    Due,
    /// The connection was lost, or made again.
    Changed,
    /// The sequence at which the last message in flight is stored. `None` if it is not known.
    Answer(Option<u64>),
    /// A batch.
    Read(Result<Read, Failure>),
}

impl Bridge<'_> {
    async fn run(&mut self) -> Result<Kind, Failure> {
        self.effects.push(OutEffect::Ask);
        loop {
            if let Some(kind) = self.perform().await? {
                return Ok(kind);
            }
            match self.happened().await {
                Happened::Due => self.carrier.purge(self.machine.last()).await,
                Happened::Changed => self.machine.step(OutEvent::Unsure, &mut self.effects),
                Happened::Answer(Some(stream)) => self.machine.step(OutEvent::Stored { stream }, &mut self.effects),
                Happened::Answer(None) => {
                    // A full stream is back-pressure. The pause keeps the requests few.
                    tokio::time::sleep(PAUSE).await;
                    self.machine.step(OutEvent::Unsure, &mut self.effects);
                }
                Happened::Read(read) => self.read(read?),
            }
        }
    }

    fn read(&mut self, read: Read) {
        match read {
            Read::Messages(messages) => {
                for (sequence, payload) in messages {
                    self.payloads.push_back((sequence, payload));
                    let event = OutEvent::Read { kind: Kind::Message, sequence };
                    self.machine.step(event, &mut self.effects);
                }
            }
            Read::Over { kind, sequence } => self.machine.step(OutEvent::Read { kind, sequence }, &mut self.effects),
        }
    }

    async fn happened(&mut self) -> Happened {
        let Self { connection, ack, source, due, .. } = self;
        if self.out.purge && due.elapsed() >= PURGE_INTERVAL {
            *due = Instant::now();
            return Happened::Due;
        }
        let mut ack = match ack.take() {
            Some(ack) => ack.into_future().boxed(),
            None => pending().boxed(),
        };
        if self.out.job.mutant() == Some(Mutant::BlockedClient)
            && let Some(read) = source.as_mut().and_then(Source::blocking_read)
        {
            return Happened::Read(read);
        }
        let read = async {
            match source {
                Some(source) => source.read().await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = connection.changes.changed() => Happened::Changed,
            stored = &mut ack => {
                if let Err(error) = &stored {
                    warn!(%error, "a message was not stored, or no answer has come");
                }
                Happened::Answer(stored.ok().filter(|ack| !ack.duplicate).map(|ack| ack.sequence))
            }
            // A batch is read only when the one before it is stored, so no answer is waited for.
            read = read => Happened::Read(read),
        }
    }

    /// Carries the effects out. Says how the bridge has ended.
    async fn perform(&mut self) -> Result<Option<Kind>, Failure> {
        let mut effects = std::mem::take(&mut self.effects);
        let last_publish = effects.iter().rposition(|effect| matches!(effect, OutEffect::Publish { .. }));
        for (place, effect) in effects.drain(..).enumerate() {
            match effect {
                OutEffect::Ask => {
                    self.ack = None;
                    self.connection.changes.borrow_and_update();
                    let (last, head) = self.carrier.last(&self.connection).await;
                    self.machine.step(OutEvent::Found { last, head }, &mut self.effects);
                }
                OutEffect::Attach { from } => {
                    let may_be_late = self.out.late && from.is_none();
                    let from = from.unwrap_or(0);
                    info!(channel = self.out.name, from, "attaches to the source");
                    self.source = Some(Source::attach(&self.out.name, from, may_be_late, self.out.window)?);
                }
                OutEffect::Publish { head, expected, after } => {
                    self.publish(head, expected, after, last_publish == Some(place)).await?;
                }
                OutEffect::Release { below } => {
                    let mut bytes = 0;
                    let before = self.payloads.len();
                    while self.payloads.front().is_some_and(|payload| payload.0 < below) {
                        bytes += self.payloads.pop_front().map_or(0, |payload| payload.1.len() as u64);
                    }
                    self.out.job.passed((before - self.payloads.len()) as u64, bytes);
                    if let Some(source) = &mut self.source {
                        source.release(below);
                    }
                }
                OutEffect::Finish(kind) => return Ok(Some(kind)),
                OutEffect::Fail(fault) => return Err(fault.into()),
            }
        }
        match self.effects.is_empty() {
            true => {
                self.effects = effects; // keeps its capacity
                Ok(None)
            }
            false => Box::pin(self.perform()).await,
        }
    }

    async fn publish(
        &mut self,
        head: Head,
        expected: Option<u64>,
        after: Option<Head>,
        answered: bool,
    ) -> Result<(), Failure> {
        let payload = match head.kind {
            Kind::Message => {
                let place = self.payloads.front().map_or(0, |front| head.sequence.saturating_sub(front.0) as usize);
                self.payloads.get(place).map(|payload| payload.1.clone()).unwrap_or_default()
            }
            Kind::End | Kind::Lost => Bytes::new(),
        };
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, head.to_string());
        if let Some(expected) = expected {
            headers.insert(NATS_EXPECTED_LAST_SEQUENCE, expected.to_string());
        }
        if let Some(after) = after {
            headers.insert(NATS_EXPECTED_LAST_MESSAGE_ID, after.to_string());
        }
        let subject = self.carrier.subject.clone();
        let action = "publishing a message";
        if !answered {
            let published = self.connection.client.publish_with_headers(subject, headers, payload).await;
            return published.map_err(|error| Failure::Refused { action, error: error.to_string() });
        }
        let message = PublishMessage::build().payload(payload).headers(headers);
        match self.connection.context.send_publish(subject, message).await {
            Ok(ack) => self.ack = Some(ack),
            Err(error) => {
                // No answer comes. The stream is asked what it has.
                warn!(%error, "a message was not published");
                self.machine.step(OutEvent::Unsure, &mut self.effects);
            }
        }
        Ok(())
    }
}
