//! A progress bar for runs that print nothing else and take their time.

use super::options::Demo;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

/// Appears on stderr once the run has turned out to be long.
#[derive(Debug)]
pub(crate) struct Progress {
    messages: u64,
    start: Instant,
    bar: Option<ProgressBar>,
}

/// A run that ends within this time needs no bar.
const LONG: Duration = Duration::from_secs(1);

impl Progress {
    /// A bar, if anybody can see it and nothing else is printed.
    pub(crate) fn wanted(demo: &Demo) -> Option<Self> {
        let wanted = demo.quiet && io::stderr().is_terminal();
        wanted.then(|| Self { messages: demo.messages, start: Instant::now(), bar: None })
    }

    /// Shows how many messages were published.
    pub(crate) fn show(&mut self, published: u64) {
        if self.start.elapsed() < LONG {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(Some(self.messages), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} messages, {per_sec}, {eta} left");
            style.map_or(bar.clone(), |style| bar.with_style(style))
        });
        bar.set_position(published.min(self.messages)); // END is counted, too, but is no message
    }
}

impl Drop for Progress {
    /// The summary takes the bar's place.
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
