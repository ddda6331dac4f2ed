//! Python's multiprocessing: a script that does the same as the processes of a cell.

use crate::cell::{Cell, Process};
use crate::workload::{Outcome, Workload};
use anyhow::{Result, anyhow};
use std::time::{Duration, Instant};

const SCRIPT: &str = include_str!("script.py");

/// Measures, with the script in this mode.
pub fn measure(cell: Cell, mode: &str) -> Result<Vec<Outcome>> {
    let workload = match cell.workload {
        Workload::PingPong => "ping-pong",
        Workload::Paced => "paced",
        Workload::Sporadic => "sporadic",
        Workload::Small | Workload::Large | Workload::Fan => "stream",
    };
    let numbers = [cell.size as u64, cell.consumers as u64, cell.span.warm_up, cell.span.run];
    let mut command = ["python3", "-c", SCRIPT, mode, workload].map(str::to_owned).to_vec();
    command.extend(numbers.map(|number| number.to_string()));
    let process = Process::start(&command)?;
    let deadline = Instant::now() + Duration::from_nanos(cell.span.warm_up + cell.span.run) + Duration::from_secs(6);
    let line = process.line(deadline)?;
    serde_json::from_str(&line).map_err(|_| anyhow!(line))
}
