//! The consumer of the stream that `in` receives from.
//!
//! A bridge makes a consumer of its own, which starts after the last acknowledged message, and then removes the one
//! before it. So nothing was delivered by this consumer before, nothing is redelivered late, and at each moment the
//! server knows of a consumer that needs what is not acknowledged.

use crate::failure::Failure;
use crate::server::Connection;
use crate::stream::Carrier;
use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::pull::{self, Config};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, Info};
use futures_util::StreamExt;
use std::time::Duration;
use tracing::{debug, warn};

/// After this time the server delivers a message once more. The bridge needs no redelivery.
const ACK_WAIT: Duration = Duration::from_secs(24 * 3600);
/// The server tells of itself so often while there is no message.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// A pull request lasts so long.
const EXPIRY: Duration = Duration::from_secs(30);
/// A pull request asks for this size in bytes at most.
const BATCH_BYTES: usize = 8 << 20;

/// Where deliveries begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// After the last acknowledged message.
    Next,
    /// At the stream's first message.
    Oldest,
    /// At this sequence of the stream.
    Sequence(u64),
}

impl From {
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        match text {
            "next" => Ok(Self::Next),
            "oldest" => Ok(Self::Oldest),
            number => number.parse().map(Self::Sequence).map_err(|_| "it must be next, oldest, or a sequence"),
        }
    }
}

/// The messages of a consumer.
pub(crate) struct Subscription(pull::Stream);

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}

impl Subscription {
    /// The next message. `None` if deliveries may have been lost.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        match self.0.next().await {
            Some(Ok(message)) => Some(message),
            Some(Err(error)) => {
                warn!(%error, "subscribes again");
                None
            }
            None => None,
        }
    }
}

/// Makes a consumer, and removes the ones of its name before it. A mutant goes on with the last one.
pub(crate) async fn subscribe(
    connection: &Connection,
    carrier: &Carrier,
    name: &str,
    from: From,
    window: usize,
    reused: bool,
) -> Result<Subscription, Failure> {
    let attempt = async || make(carrier, name, from, window, reused).await;
    loop {
        match connection.retry("making a consumer", attempt, |_| false).await {
            Ok(stream) => return Ok(Subscription(stream)),
            Err(error) => warn!(error, "cannot make a consumer"),
        }
    }
}

async fn make(carrier: &Carrier, name: &str, from: From, window: usize, reused: bool) -> Result<pull::Stream, String> {
    fn text(error: impl std::fmt::Display) -> String {
        error.to_string()
    }
    let prefix = format!("{name}_");
    let mut older: Vec<Info> = Vec::new();
    let mut consumers = carrier.stream.consumers();
    while let Some(consumer) = consumers.next().await {
        let consumer = consumer.map_err(text)?;
        if consumer.name.strip_prefix(&prefix).is_some_and(|number| number.parse::<u64>().is_ok()) {
            older.push(consumer);
        }
    }
    let number = |info: &Info| info.name[prefix.len()..].parse::<u64>().unwrap_or(0);
    let newest = older.iter().map(number).max();
    let floor = older.iter().map(|info| info.ack_floor.stream_sequence).max();
    let deliver_policy = match (from, floor) {
        (From::Next, Some(floor)) => DeliverPolicy::ByStartSequence { start_sequence: floor + 1 },
        (From::Next | From::Oldest, _) => DeliverPolicy::All,
        (From::Sequence(start_sequence), _) => DeliverPolicy::ByStartSequence { start_sequence },
    };
    let generation = newest.map_or(1, |newest| if reused { newest } else { newest + 1 });
    debug!(name, generation, ?deliver_policy, "makes a consumer");
    let consumer = match reused && newest.is_some() {
        true => carrier.stream.get_consumer::<Config>(&format!("{prefix}{generation}")).await.map_err(text)?,
        false => {
            let config = Config {
                durable_name: Some(format!("{prefix}{generation}")),
                deliver_policy,
                ack_policy: AckPolicy::All,
                ack_wait: ACK_WAIT,
                max_ack_pending: i64::try_from(window).unwrap_or(i64::MAX),
                ..Config::default()
            };
            carrier.stream.create_consumer(config).await.map_err(text)?
        }
    };
    if !reused {
        for info in &older {
            carrier.stream.delete_consumer(&info.name).await.map_err(text)?;
        }
    }
    let messages = consumer.stream().max_messages_per_batch(window.min(1000)).max_bytes_per_batch(BATCH_BYTES);
    messages.heartbeat(HEARTBEAT).expires(EXPIRY).messages().await.map_err(text)
}
