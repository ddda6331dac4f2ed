//! Python's multiprocessing: a script that does the work of a measurement's processes.

use crate::measurement::{Measurement, Process};
use crate::work::Outcome;
use crate::workload::{Placement, Workload};
use anyhow::{Result, anyhow, bail};

const SCRIPT: &str = include_str!("script.py");

/// Measures, with the script in this mode.
pub fn measure(measurement: Measurement, mode: &str) -> Result<Vec<Outcome>> {
    let workload = match measurement.workload {
        Workload::PingPong => "ping-pong",
        Workload::Paced => "paced",
        Workload::Sporadic => "sporadic",
        Workload::Small | Workload::Large | Workload::Fan => "stream",
        workload => bail!("the script has no {workload:?}"),
    };
    let numbers = [
        measurement.size as u64,
        measurement.consumers as u64,
        measurement.span.warm_up,
        measurement.span.run,
        u64::from(measurement.placement == Placement::Pinned),
    ];
    let mut command = ["python3", "-c", SCRIPT, mode, workload].map(str::to_owned).to_vec();
    command.extend(numbers.map(|number| number.to_string()));
    let process = Process::start(&command)?;
    let deadline = measurement.deadline();
    let line = process.line(deadline)?;
    serde_json::from_str(&line).map_err(|_| anyhow!(line))
}
