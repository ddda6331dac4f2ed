//! The result of a measurement, in the table's units.

use crate::message::CORRUPT;
use crate::work::{Outcome, percentile};
use crate::workload::Workload;
use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

/// The measured values.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Reading {
    /// Latencies: the median in nanoseconds one way. Otherwise: messages a second.
    pub value: f64,
    /// Latencies: the 99th percentile in nanoseconds.
    pub tail: Option<f64>,
    /// Paced workloads: the milliseconds of processor time that both processes took for 1000 messages. These take a
    /// second, and two processes have 2000 ms in it.
    pub cpu: Option<f64>,
    /// Several producers: the messages of the slowest, in percent of its fair share.
    pub share: Option<f64>,
    /// Several producers: the longest call of any, in nanoseconds.
    pub longest: Option<f64>,
    /// Turns a second that the machine's cores take, before or after the measurement, whichever is less.
    pub speed: f64,
    /// The machine was then too slow for the reading to count.
    pub slow: bool,
}

impl Reading {
    /// The reading that follows from the outcomes of all processes. The first outcomes are the producers', or the
    /// asking side's.
    ///
    /// # Errors
    /// A process did not get every message.
    pub fn of(workload: Workload, outcomes: &[Outcome]) -> Result<Self> {
        let (senders, others) = outcomes.split_at(workload.producers());
        let sent = senders.iter().map(|sender| sender.total).sum::<u64>();
        for other in others {
            ensure!(other.total == sent, "{CORRUPT}: {} of {sent} messages received", other.total);
        }
        let first = &senders[0];
        Ok(match workload {
            Workload::PingPong => {
                Self { value: first.moments[0] as f64, tail: Some(first.moments[1] as f64), ..Self::default() }
            }
            Workload::Paced | Workload::Sporadic => Self::latency(first, others),
            _ if workload.several() => Self::competition(senders),
            _ => {
                let last = others.iter().map(|consumer| consumer.ended).max().unwrap_or(first.ended);
                Self { value: rate(first.messages, first.began, last), ..Self::default() }
            }
        })
    }

    fn latency(sender: &Outcome, receivers: &[Outcome]) -> Self {
        let mut latencies: Vec<u64> = Vec::new();
        for receiver in receivers {
            let pairs = receiver.moments.iter().zip(&sender.moments);
            latencies.extend(pairs.map(|(there, sent)| there.saturating_sub(*sent)));
        }
        let used = sender.cpu + receivers.iter().map(|receiver| receiver.cpu).sum::<u64>();
        Self {
            value: percentile(&mut latencies, 50) as f64,
            tail: Some(percentile(&mut latencies, 99) as f64),
            cpu: Some(used as f64 / 1e3 / sender.total.max(1) as f64),
            ..Self::default()
        }
    }

    fn competition(senders: &[Outcome]) -> Self {
        let rates = senders.iter().map(|sender| rate(sender.messages, sender.began, sender.ended));
        let (value, slowest) = rates.fold((0.0, f64::INFINITY), |(sum, least), rate| (sum + rate, rate.min(least)));
        Self {
            value,
            share: Some(100.0 * slowest * senders.len() as f64 / value),
            longest: senders.iter().map(|sender| sender.longest as f64).reduce(f64::max),
            ..Self::default()
        }
    }
}

/// Messages a second.
fn rate(messages: u64, from: u64, to: u64) -> f64 {
    messages as f64 * 1e9 / to.saturating_sub(from).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slowest_producer_sets_the_share() {
        let producer = |messages, longest| Outcome { messages, longest, ended: 1_000_000_000, ..Outcome::default() };
        let outcomes = [producer(300, 7), producer(100, 9), Outcome::default()];
        let reading = Reading::of(Workload::TwoToOne, &outcomes).unwrap();
        assert_eq!((reading.value, reading.share, reading.longest), (400.0, Some(50.0), Some(9.0)));
    }

    #[test]
    fn messages_missing_at_a_consumer_are_noticed() {
        let outcomes = [2, 1, 2].map(|total| Outcome { total, ..Outcome::default() });
        assert!(Reading::of(Workload::TwoToOne, &outcomes).is_err());
    }
}
