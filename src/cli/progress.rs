//! A progress bar for runs that print nothing else and take their time.

use super::options::Demo;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

/// Appears on stderr once the run has turned out to be long.
#[derive(Debug)]
pub(crate) struct Progress {
    /// Hidden at first, but it measures the rate from the beginning.
    bar: ProgressBar,
    appears: Option<Instant>,
}

/// A run that ends within this time needs no bar.
const LONG: Duration = Duration::from_secs(1);

impl Progress {
    /// A bar, if anybody can see it and nothing else is printed.
    pub(crate) fn wanted(demo: &Demo) -> Option<Self> {
        if !demo.quiet || !io::stderr().is_terminal() {
            return None;
        }
        let bar = ProgressBar::with_draw_target(Some(demo.messages), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} messages, {per_sec}, {eta} left").ok()?;
        Some(Self { bar: bar.with_style(style), appears: Some(Instant::now() + LONG) })
    }

    /// Shows how many messages were published.
    pub(crate) fn show(&mut self, published: u64) {
        if self.appears.take_if(|moment| Instant::now() >= *moment).is_some() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        // END is counted, too, but is no message.
        self.bar.set_position(published.min(self.bar.length().unwrap_or(published)));
    }
}

impl Drop for Progress {
    /// The summary takes the bar's place.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
