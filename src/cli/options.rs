//! The options of `ackcast demo`.

use clap::builder::{RangedU64ValueParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum, value_parser};
use std::time::Duration;

/// What `ackcast demo` is told.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    #[command(subcommand)]
    kind: Option<Kind>,

    // All are global: they may stand before or after `strings` and `array`.
    /// Number of consumer processes, 1 to 64; each receives every message
    #[arg(long, global = true, value_name = "N", default_value_t = 2, value_parser = value_parser!(u32).range(1..=64))]
    pub(crate) consumers: u32,

    /// Number of producer processes, 1 to 64
    #[arg(long, global = true, value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(1..=64))]
    pub(crate) producers: u32,

    /// Number of messages in all, at least 10: the producers share them out among themselves
    #[arg(long, global = true, value_name = "N", default_value_t = 10, value_parser = messages())]
    pub(crate) messages: u64,

    /// Length of the ring; with 1, every message waits until all consumers have read the one before
    #[arg(long, global = true, value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(1..=1 << 20))]
    pub(crate) slots: u32,

    /// Bytes that a slot holds, at least 40: the length of the longest message
    #[arg(
        long, global = true, value_name = "BYTES", default_value_t = 1024,
        value_parser = value_parser!(u32).range(i64::from(MIN_SLOT_SIZE)..=1 << 30)
    )]
    pub(crate) slot_size: u32,

    /// What the channel is built on
    #[arg(long, alias = "sync", global = true, value_name = "BACKEND", default_value = "futex")]
    pub(crate) backend: Backend,

    /// How long a producer pauses after each message, such as 100ms
    #[arg(long, global = true, value_name = "TIME", default_value = "0s", value_parser = humantime::parse_duration)]
    pub(crate) producer_delay: Duration,

    /// How long a consumer pauses after each message, such as 200ms
    #[arg(long, global = true, value_name = "TIME", default_value = "0s", value_parser = humantime::parse_duration)]
    pub(crate) consumer_delay: Duration,

    /// Which processes start first; the others start one second later
    #[arg(long, global = true, value_name = "ORDER", default_value = "together")]
    pub(crate) start: Start,

    /// Print a summary only: messages, bytes and rate of each consumer
    #[arg(long, global = true)]
    pub(crate) quiet: bool,
}

impl Demo {
    /// Which demo; `strings` unless told otherwise.
    pub(crate) fn kind(&self) -> Kind {
        self.kind.unwrap_or_default()
    }
}

/// Holds the array of the one demo, and the longest distinctive beginning of the other's strings.
const MIN_SLOT_SIZE: u32 = 40;

/// At least ten, so that ten distinct pieces of data are sent whatever else is asked for.
fn messages() -> impl TypedValueParser<Value = u64> {
    RangedU64ValueParser::<u64>::new().range(10..=1_000_000_000_000)
}

/// What is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Subcommand, ValueEnum)]
pub(crate) enum Kind {
    /// Strings of all lengths, the empty one and the longest included (the default)
    #[default]
    Strings,
    /// An array of ten integers in shared memory, updated one element at a time
    Array,
}

/// What the channel is built on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    /// Our own lock and signals on Linux futexes
    Futex,
    /// The crate raw_sync's mutex and events
    RawSync,
}

impl From<Backend> for ackcast::Backend {
    fn from(sync: Backend) -> Self {
        match sync {
            Backend::Futex => Self::Futex,
            Backend::RawSync => Self::RawSync,
        }
    }
}

/// Which processes start first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Start {
    /// All at once
    Together,
    /// The consumers: they wait for data
    ConsumersFirst,
    /// The producers: they wait for the consumers
    ProducersFirst,
}
