//! What both directions have in common.

use crate::failure::Failure;
use crate::mutant::Mutant;
use crate::server::Server;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Options of both directions.
#[derive(Args, Debug)]
pub struct Job {
    /// The stream's name
    #[arg(long)]
    pub stream: String,

    #[command(flatten)]
    pub(crate) server: Server,

    /// Give up if the channel, the server or the stream is not there after this time, such as 10s; wait for ever by
    /// default
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) timeout: Option<Duration>,

    /// Show messages, bytes and rate on stderr
    #[arg(long)]
    progress: bool,

    #[arg(skip)]
    mutant: Option<Mutant>,

    #[arg(skip)]
    meter: Meter,
}

/// What has passed.
#[derive(Debug, Default)]
struct Meter {
    messages: AtomicU64,
    bytes: AtomicU64,
    bar: OnceLock<ProgressBar>,
}

impl Job {
    /// Leaves a remedy out, for a test.
    #[doc(hidden)]
    pub fn set_mutant(&mut self, mutant: Option<Mutant>) {
        self.mutant = mutant;
    }

    pub(crate) const fn mutant(&self) -> Option<Mutant> {
        self.mutant
    }

    /// Messages have passed.
    pub(crate) fn passed(&self, messages: u64, bytes: u64) {
        let count = self.meter.messages.fetch_add(messages, Relaxed) + messages;
        let bytes = self.meter.bytes.fetch_add(bytes, Relaxed) + bytes;
        if self.progress {
            let bar = self.meter.bar.get_or_init(|| {
                let style = ProgressStyle::with_template("{pos} messages, {msg}, {per_sec}");
                ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
            });
            bar.set_position(count);
            bar.set_message(indicatif::BinaryBytes(bytes).to_string());
        }
    }

    /// How many messages and bytes have passed.
    #[must_use]
    pub fn total(&self) -> (u64, u64) {
        (self.meter.messages.load(Relaxed), self.meter.bytes.load(Relaxed))
    }
}

/// Gives up after this time.
pub(crate) async fn within<T>(
    timeout: Option<Duration>,
    what: &'static str,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    match timeout {
        None => work.await,
        Some(time) => tokio::time::timeout(time, work).await.unwrap_or(Err(Failure::GaveUp(time, what))),
    }
}
