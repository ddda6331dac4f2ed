//! `--progress`: messages, bytes and rate of `send` and `recv` on stderr.

use super::standard;
use indicatif::{DecimalBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// The time between two updates of the line.
const UPDATE_INTERVAL: Duration = Duration::from_millis(100);

/// A line on stderr. Drop replaces it by the last line, which has the totals.
#[derive(Debug)]
pub(crate) struct Meter {
    /// Draws nothing if stderr is no terminal.
    bar: ProgressBar,
    start: Instant,
    messages: u64,
    bytes: u64,
    next_update: Instant,
}

impl Meter {
    /// A line that says that nothing has passed.
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let template = "{spinner} {msg} messages, {decimal_bytes}, {decimal_bytes_per_sec}";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = bar.with_style(style).with_message("0");
        bar.enable_steady_tick(UPDATE_INTERVAL); // also while nothing passes
        let now = Instant::now();
        Self { bar, start: now, messages: 0, bytes: 0, next_update: now }
    }

    /// Counts what has passed.
    pub(crate) fn add(&mut self, messages: u64, bytes: u64) {
        self.messages += messages;
        self.bytes += bytes;
        let now = Instant::now();
        if now >= self.next_update {
            self.next_update = now + UPDATE_INTERVAL;
            self.bar.set_position(self.bytes);
            self.bar.set_message(HumanCount(self.messages).to_string());
        }
    }

    /// Calls `write`, which writes to stderr, while the line is not there.
    pub(crate) fn suspend(&self, write: impl FnOnce()) {
        self.bar.suspend(write);
    }

    fn totals(&self) -> String {
        let elapsed = self.start.elapsed();
        let rate = (self.bytes as f64 / elapsed.as_secs_f64().max(1e-9)) as u64;
        let (count, bytes) = (HumanCount(self.messages), DecimalBytes(self.bytes));
        format!("ackcast: {count} messages, {bytes} in {elapsed:.2?}, {}/s\n", DecimalBytes(rate))
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        // The totals are no result: a stderr that cannot be written loses them.
        let _ = standard::write_whole(io::stderr().as_fd(), self.totals().as_bytes());
    }
}
