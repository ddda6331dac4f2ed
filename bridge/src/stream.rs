//! The stream: its settings, and the channel's geometry and type in its metadata.

use crate::failure::Failure;
use crate::head::Head;
use crate::server::{Connection, PAUSE};
use ackcast::{Channel, ValueType};
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{GetStreamError, GetStreamErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RawMessageErrorKind, RetentionPolicy, StorageType, Stream};
use futures_util::StreamExt;
use std::collections::HashMap;
use tracing::{debug, info, warn};

/// What is the same in a channel and its copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) slots: u32,
    pub(crate) slot_size: u32,
    pub(crate) value_type: Option<ValueType>,
}

/// The keys of the metadata.
const SLOTS: &str = "ackcast.slots";
const SLOT_SIZE: &str = "ackcast.slot_size";
const TYPE: &str = "ackcast.type";

impl Shape {
    pub(crate) fn of(channel: &Channel, value_type: Option<&ValueType>) -> Self {
        let geometry = channel.geometry();
        Self { slots: geometry.slots, slot_size: geometry.slot_size, value_type: value_type.cloned() }
    }

    fn to_metadata(&self) -> HashMap<String, String> {
        let mut metadata = HashMap::from([
            (SLOTS.to_owned(), self.slots.to_string()),
            (SLOT_SIZE.to_owned(), self.slot_size.to_string()),
        ]);
        if let Some(ValueType { name, version, size, align, slice, .. }) = &self.value_type {
            let kind = if *slice { "slices" } else { "values" };
            metadata.insert(TYPE.to_owned(), format!("{version} {size} {align} {kind} {name}"));
        }
        metadata
    }

    pub(crate) fn from_metadata(metadata: &HashMap<String, String>) -> Option<Self> {
        let number = |key: &str| metadata.get(key)?.parse().ok();
        let value_type = match metadata.get(TYPE) {
            None => None,
            Some(text) => Some(value_type(text)?),
        };
        Some(Self { slots: number(SLOTS)?, slot_size: number(SLOT_SIZE)?, value_type })
    }

    /// How this differs from another one. The number of slots is a receiver's own matter.
    pub(crate) fn differences(&self, other: &Self, with_slots: bool) -> Vec<String> {
        let text =
            |value_type: &Option<ValueType>| value_type.as_ref().map_or("any bytes".to_owned(), |t| t.to_string());
        let mut differences = Vec::new();
        let mut compare = |setting, found: String, wanted: String| {
            if found != wanted {
                differences.push(format!("{setting} is {found}, not {wanted}"));
            }
        };
        if with_slots {
            compare("slots", self.slots.to_string(), other.slots.to_string());
        }
        compare("slot_size", self.slot_size.to_string(), other.slot_size.to_string());
        compare("type", text(&self.value_type), text(&other.value_type));
        differences
    }
}

fn value_type(text: &str) -> Option<ValueType> {
    let mut words = text.splitn(5, ' ');
    let mut number = || words.next()?.parse().ok();
    let (version, size, align) = (number()?, number()?, number()?);
    let is_slice = words.next()? == "slices";
    let value_type = ValueType::new(words.next()?, version, size, align).ok()?;
    Some(if is_slice { value_type.slices() } else { value_type })
}

/// What `out` creates a stream with.
#[derive(clap::Args, Clone, Debug)]
pub struct StreamOptions {
    /// The subject of a stream that is created; the stream's name by default
    #[arg(long)]
    subject: Option<String>,

    /// How many bytes the stream that is created holds at most; a full stream is back-pressure
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 30)]
    max_bytes: i64,

    /// How many servers of a cluster store the stream that is created
    #[arg(long, value_name = "SERVERS", default_value_t = 1)]
    replicas: usize,
}

/// The stream, which exists and is fit.
#[derive(Clone, Debug)]
pub(crate) struct Carrier {
    pub(crate) stream: Stream,
    pub(crate) subject: String,
    pub(crate) shape: Shape,
}

fn is_missing(error: &GetStreamError) -> bool {
    matches!(error.kind(), GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

fn refused(action: &'static str) -> impl Fn(GetStreamError) -> Failure {
    move |error| Failure::Refused { action, error: error.to_string() }
}

/// Opens the stream, or creates it for a channel of this shape.
pub(crate) async fn open_or_create(
    connection: &Connection,
    name: &str,
    options: &StreamOptions,
    shape: &Shape,
) -> Result<Carrier, Failure> {
    let action = "opening the stream";
    let found = connection.retry(action, async || connection.context.get_stream(name).await, is_final).await;
    match found {
        Err(error) if is_missing(&error) => {}
        found => {
            let carrier = fit(found.map_err(refused(action))?)?;
            if carrier.subject.is_empty() {
                return Err(Failure::Unfit {
                    stream: name.to_owned(),
                    setting: "mirror",
                    found: "another stream".to_owned(),
                    wanted: "none: a mirror is only read from",
                });
            }
            let differences = carrier.shape.differences(shape, true);
            return match differences.is_empty() {
                true => Ok(carrier),
                false => Err(Failure::Differs {
                    what: format!("stream {name:?}"),
                    than: "the channel".to_owned(),
                    differences,
                    cure: "carry this channel in another stream",
                }),
            };
        }
    }
    let config = Config {
        name: name.to_owned(),
        subjects: vec![options.subject.clone().unwrap_or_else(|| name.to_owned())],
        max_bytes: options.max_bytes,
        discard: DiscardPolicy::New,
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        num_replicas: options.replicas,
        metadata: shape.to_metadata(),
        ..Config::default()
    };
    let action = "creating the stream";
    let created = async || connection.context.create_stream(&config).await;
    let stream = connection.retry(action, created, |error| !error.to_string().contains("timed out")).await;
    fit(stream.map_err(|error| Failure::Refused { action, error: error.to_string() })?)
}

/// Opens the stream. Waits until `out` has created it.
pub(crate) async fn wait_for(connection: &Connection, name: &str) -> Result<Carrier, Failure> {
    let action = "opening the stream";
    let mut told = false;
    loop {
        match connection.retry(action, async || connection.context.get_stream(name).await, is_final).await {
            Err(error) if is_missing(&error) => {
                if !std::mem::replace(&mut told, true) {
                    info!(stream = name, "waits for the stream");
                }
                tokio::time::sleep(PAUSE).await;
            }
            stream => return fit(stream.map_err(refused(action))?),
        }
    }
}

/// Whether another attempt has the same result.
fn is_final(error: &GetStreamError) -> bool {
    is_missing(error) || matches!(error.kind(), GetStreamErrorKind::InvalidStreamName | GetStreamErrorKind::EmptyName)
}

/// Refuses a stream that could drop messages that are not received yet, or that does not keep its last message.
fn fit(stream: Stream) -> Result<Carrier, Failure> {
    let config = stream.cached_info().config.clone();
    let is_mirror = config.mirror.is_some();
    let unfit =
        |setting, found: String, wanted| Err(Failure::Unfit { stream: config.name.clone(), setting, found, wanted });
    if config.retention != RetentionPolicy::Limits {
        return unfit("retention", format!("{:?}", config.retention), "Limits: a successor reads the last message");
    }
    if config.discard != DiscardPolicy::New && !is_mirror {
        return unfit("discard", format!("{:?}", config.discard), "New");
    }
    if !config.max_age.is_zero() {
        return unfit("max_age", format!("{:?}", config.max_age), "0");
    }
    if config.max_messages_per_subject > 0 {
        return unfit("max_msgs_per_subject", config.max_messages_per_subject.to_string(), "unlimited");
    }
    let subject = match &config.subjects[..] {
        [subject] => subject.clone(),
        [] if is_mirror => String::new(), // nobody publishes to a mirror
        subjects => return unfit("subjects", format!("{subjects:?}"), "one subject"),
    };
    let shape = Shape::from_metadata(&config.metadata);
    let shape = shape.ok_or_else(|| Failure::NoChannel { stream: config.name.clone() })?;
    Ok(Carrier { stream, subject, shape })
}

impl Carrier {
    /// The stream's last sequence, and the head of that message.
    pub(crate) async fn last(&self, connection: &Connection) -> (u64, Option<Head>) {
        let attempt = async || -> Result<_, String> {
            let last = self.stream.get_info().await.map_err(|error| error.to_string())?.state.last_sequence;
            if last == 0 {
                return Ok((0, None));
            }
            match self.stream.get_raw_message(last).await {
                Ok(message) => Ok((last, head(&message.headers))),
                Err(error) => match error.kind() {
                    RawMessageErrorKind::NoMessageFound => Ok((last, None)),
                    _ => Err(error.to_string()),
                },
            }
        };
        loop {
            if let Ok(last) = connection.retry("asking for the last message", attempt, |_| false).await {
                return last;
            }
        }
    }
}

impl Carrier {
    /// Deletes the messages before `last` that every consumer of the stream has acknowledged. A stream without a
    /// consumer keeps everything. Nothing depends on its success.
    pub(crate) async fn purge(&self, last: u64) {
        let mut consumers = self.stream.consumers();
        let mut floor = None;
        while let Some(consumer) = consumers.next().await {
            let Ok(consumer) = consumer else { return };
            let acknowledged = consumer.ack_floor.stream_sequence;
            floor = Some(floor.map_or(acknowledged, |floor: u64| floor.min(acknowledged)));
        }
        let Some(first) = floor.map(|floor| last.min(floor.saturating_add(1))).filter(|&first| first > 1) else {
            return;
        };
        match self.stream.purge().sequence(first).await {
            Ok(purged) => debug!(first, messages = purged.purged, "purged the stream"),
            Err(error) => warn!(%error, "cannot purge the stream"),
        }
    }
}

/// The head of a message: its id.
pub(crate) fn head(headers: &async_nats::HeaderMap) -> Option<Head> {
    headers.get(async_nats::header::NATS_MESSAGE_ID)?.as_str().parse().ok()
}
