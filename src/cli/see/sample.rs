//! Samples of a channel, and what two of them tell: its rate, and how long every producer has waited for a consumer.

use ackcast::segment::{Holders, Name, OpenError};
use ackcast::{BlockedOn, Stats, Watch};
use std::time::{Duration, Instant};

/// A channel that is sampled again and again.
#[derive(Debug)]
pub(crate) struct Sampler {
    watch: Watch,
    last: Option<(Instant, u64)>,
    /// What the producers wait for, and since when at the latest.
    blocked: Option<(BlockedOn, Instant)>,
}

/// A channel at one moment.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) stats: Stats,
    /// Messages published a second since the last sample. `None` in the first one.
    pub(crate) rate: Option<f64>,
    /// What a producer that sends now waits for, and for how long it has done so at least. The time is `None` in the
    /// first sample.
    pub(crate) blocked: Option<(BlockedOn, Option<Duration>)>,
}

impl Sampler {
    /// Watches the channel of this name.
    pub(crate) fn open(name: &Name) -> Result<Self, OpenError> {
        Ok(Self { watch: Watch::open(name)?, last: None, blocked: None })
    }

    pub(crate) const fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Takes a sample.
    pub(crate) fn sample(&mut self) -> Result<Sample, OpenError> {
        let now = Instant::now();
        let stats = self.watch.stats()?;
        let count = stats.published.count();
        let rate = self.last.map(|(then, before)| {
            let messages = count.saturating_sub(before) as f64;
            messages / now.duration_since(then).as_secs_f64().max(1e-9)
        });
        let blocked = stats.blocked_on();
        let since = match (blocked, self.blocked) {
            (Some(on), Some((before, since))) if is_same_wait(on, before) => since,
            _ => now,
        };
        let first = self.last.is_none();
        self.blocked = blocked.map(|on| (on, since));
        self.last = Some((now, count));
        let time = |on| (on, (!first).then(|| now.duration_since(since)));
        Ok(Sample { stats, rate, blocked: blocked.map(time) })
    }
}

/// Whether two samples show one wait: the same consumer has the same message, or more of the first consumers are there.
fn is_same_wait(now: BlockedOn, before: BlockedOn) -> bool {
    now == before || matches!((now, before), (BlockedOn::Start { .. }, BlockedOn::Start { .. }))
}

/// The processes that hold a channel. None if its file cannot be examined.
pub(crate) fn holders(holders: &Holders, watch: &Watch) -> Vec<ackcast::segment::Holder> {
    holders.of(watch).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_is_the_same_while_consumer_and_message_are() {
        let on = |consumer, message| BlockedOn::Acknowledgement { consumer, message };
        assert!(is_same_wait(on(1, 7), on(1, 7)));
        assert!(!is_same_wait(on(1, 8), on(1, 7)) && !is_same_wait(on(2, 7), on(1, 7)));
        let start = |joined| BlockedOn::Start { joined, wanted: 3 };
        assert!(is_same_wait(start(2), start(1)) && !is_same_wait(start(0), on(1, 7)));
    }
}
