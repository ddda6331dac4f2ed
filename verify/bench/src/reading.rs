//! The result of a measurement, in the table's units.

use crate::message::CORRUPT;
use crate::workload::{Outcome, Workload, percentile};
use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

/// The measured value and, for latencies, a second value.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Reading {
    /// Latencies: the median in nanoseconds one way. Otherwise: messages a second.
    pub value: f64,
    /// In ping-pong, the 99th percentile in nanoseconds. In paced workloads, the milliseconds of processor time that
    /// both processes took for 1000 messages. These take a second, and two processes have 2000 ms in it.
    pub beside: Option<f64>,
    /// Turns a second that the machine's cores take, before or after the measurement, whichever is less.
    pub speed: f64,
    /// The machine was then too slow for the reading to count.
    pub slow: bool,
}

impl Reading {
    /// The reading that follows from the outcomes of all processes. The first outcome is the sender's, or the asking
    /// side's.
    ///
    /// # Errors
    /// A process did not get every message.
    pub fn of(workload: Workload, outcomes: &[Outcome]) -> Result<Self> {
        let (first, others) = outcomes.split_first().expect("at least one process");
        for other in others {
            ensure!(other.total == first.total, "{CORRUPT}: {} of {} messages received", other.total, first.total);
        }
        let (value, beside) = match workload {
            Workload::PingPong => (first.moments[0] as f64, Some(first.moments[1] as f64)),
            Workload::Small | Workload::Large | Workload::Fan => {
                let last = others.iter().map(|consumer| consumer.ended).max().unwrap_or(first.ended);
                let seconds = last.saturating_sub(first.began).max(1) as f64 / 1e9;
                (first.messages as f64 / seconds, None)
            }
            Workload::Paced | Workload::Sporadic => {
                let latencies = others.iter().flat_map(|consumer| {
                    let pairs = consumer.moments.iter().zip(&first.moments);
                    pairs.map(|(there, sent)| there.saturating_sub(*sent))
                });
                let mut latencies: Vec<u64> = latencies.collect();
                let cpu = outcomes.iter().map(|outcome| outcome.cpu).sum::<u64>() as f64 / 1e6;
                let beside = Some(cpu * 1000.0 / first.total.max(1) as f64);
                (percentile(&mut latencies, 50) as f64, beside)
            }
        };
        Ok(Self { value, beside, speed: 0.0, slow: false })
    }
}
