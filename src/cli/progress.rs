//! A progress bar for long runs of `ackcast demo --quiet`.

use super::options::Demo;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

/// The bar on stderr. It appears when the run has taken [`LONG`].
#[derive(Debug)]
pub(crate) struct Progress {
    /// Hidden at first. It measures the rate from the beginning.
    bar: ProgressBar,
    appears: Option<Instant>,
}

/// The bar appears after this time. A shorter run shows no bar.
const LONG: Duration = Duration::from_secs(1);

impl Progress {
    /// A bar, if stderr is a terminal and the demo is quiet.
    pub(crate) fn wanted(demo: &Demo) -> Option<Self> {
        if !demo.quiet || !io::stderr().is_terminal() {
            return None;
        }
        let bar = ProgressBar::with_draw_target(Some(demo.messages), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} messages, {per_sec}, {eta} left").ok()?;
        Some(Self { bar: bar.with_style(style), appears: Some(Instant::now() + LONG) })
    }

    /// Shows the number of published messages.
    pub(crate) fn show(&mut self, published: u64) {
        if self.appears.take_if(|moment| Instant::now() >= *moment).is_some() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        // `published` counts END, too, which is no message.
        self.bar.set_position(published.min(self.bar.length().unwrap_or(published)));
    }
}

impl Drop for Progress {
    /// Clears the bar, because the summary takes its place.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
