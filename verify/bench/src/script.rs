//! Python's multiprocessing: a script that does the work of a measurement's processes.

use crate::measurement::{Measurement, Process};
use crate::workload::{Outcome, Workload};
use anyhow::{Result, anyhow};
use std::time::{Duration, Instant};

const SCRIPT: &str = include_str!("script.py");

/// Measures, with the script in this mode.
pub fn measure(measurement: Measurement, mode: &str) -> Result<Vec<Outcome>> {
    let workload = match measurement.workload {
        Workload::PingPong => "ping-pong",
        Workload::Paced => "paced",
        Workload::Sporadic => "sporadic",
        Workload::Small | Workload::Large | Workload::Fan => "stream",
    };
    let numbers =
        [measurement.size as u64, measurement.consumers as u64, measurement.span.warm_up, measurement.span.run];
    let mut command = ["python3", "-c", SCRIPT, mode, workload].map(str::to_owned).to_vec();
    command.extend(numbers.map(|number| number.to_string()));
    let process = Process::start(&command)?;
    let deadline =
        Instant::now() + Duration::from_nanos(measurement.span.warm_up + measurement.span.run) + Duration::from_secs(6);
    let line = process.line(deadline)?;
    serde_json::from_str(&line).map_err(|_| anyhow!(line))
}
