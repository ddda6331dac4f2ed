//! The options of `ackcast demo`.

use super::size;
use clap::builder::{RangedU64ValueParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum, value_parser};
use std::time::Duration;

/// The arguments of `ackcast demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    #[command(subcommand)]
    kind: Option<Kind>,

    // All options are global, so they may stand before or after `strings` and `array`.
    /// Number of consumer processes, 1 to 64; each receives every message
    #[arg(long, global = true, value_name = "N", default_value_t = 2, value_parser = value_parser!(u32).range(1..=64))]
    pub(crate) consumers: u32,

    /// Number of producer processes, 1 to 64
    #[arg(long, global = true, value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(1..=64))]
    pub(crate) producers: u32,

    /// Number of messages in all, at least 10, divided among the producers
    #[arg(long, global = true, value_name = "N", default_value_t = 10, value_parser = messages())]
    pub(crate) messages: u64,

    /// Number of slots in the ring; with 1, each message waits until all consumers have read the previous message
    #[arg(long, global = true, value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(1..=1 << 20))]
    pub(crate) slots: u32,

    /// Bytes that a slot holds, such as 64KiB, at least 40; the longest message fills a slot
    #[arg(long, global = true, value_name = "SIZE", default_value_t = 1024, value_parser = |text: &str| size::at_least(MIN_SLOT_SIZE, text))]
    pub(crate) slot_size: u32,

    /// Backend of the channel
    #[arg(long, alias = "sync", global = true, value_name = "BACKEND", default_value = "futex")]
    pub(crate) backend: Backend,

    /// Pause of a producer after each message, such as 100ms
    #[arg(long, global = true, value_name = "TIME", default_value = "0s", value_parser = humantime::parse_duration)]
    pub(crate) producer_delay: Duration,

    /// Pause of a consumer after each message, such as 200ms
    #[arg(long, global = true, value_name = "TIME", default_value = "0s", value_parser = humantime::parse_duration)]
    pub(crate) consumer_delay: Duration,

    /// Which processes start first; the other processes start a second later
    #[arg(long, global = true, value_name = "ORDER", default_value = "together")]
    pub(crate) start: Start,

    /// Print a summary only: messages, bytes and rate of each consumer
    #[arg(long, global = true)]
    pub(crate) quiet: bool,
}

impl Demo {
    /// The kind of demo: `strings` by default.
    pub(crate) fn kind(&self) -> Kind {
        self.kind.unwrap_or_default()
    }
}

/// The most producers, and the most consumers, that a channel can have at a time.
pub(crate) const MAX_PLACES: u32 = 64;
/// The smallest slot, in bytes. It holds the array of `demo array`, and the beginning that makes a string unique.
const MIN_SLOT_SIZE: u32 = 40;

/// Accepts at least 10 messages, so that every demo sends ten distinct messages.
fn messages() -> impl TypedValueParser<Value = u64> {
    RangedU64ValueParser::<u64>::new().range(10..=1_000_000_000_000)
}

/// The kind of messages that the demo sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Subcommand, ValueEnum)]
pub(crate) enum Kind {
    /// Strings of all lengths, from the empty string to a full slot (the default)
    #[default]
    Strings,
    /// An array of ten integers in shared memory; each message updates a single element
    Array,
}

/// The backend of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    /// ackcast's own lock and signals on Linux futexes
    Futex,
    /// The mutex and events of the crate raw_sync
    RawSync,
}

impl Backend {
    /// The backend of a channel, as on the command line.
    pub(crate) fn name_of(backend: ackcast::Backend) -> String {
        let known = Self::value_variants().iter().find(|&&it| ackcast::Backend::from(it) == backend);
        let name = known.and_then(ValueEnum::to_possible_value);
        name.map_or_else(|| format!("{backend:?}"), |name| name.get_name().to_owned())
    }
}

impl From<Backend> for ackcast::Backend {
    fn from(backend: Backend) -> Self {
        match backend {
            Backend::Futex => Self::Futex,
            Backend::RawSync => Self::RawSync,
        }
    }
}

/// Which processes start first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Start {
    /// All processes start at once
    Together,
    /// Consumers start first and wait for data
    ConsumersFirst,
    /// Producers start first and wait for consumers
    ProducersFirst,
}
