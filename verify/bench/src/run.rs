//! The run: round by round, everybody in turn, so that what disturbs the machine disturbs all alike.

use crate::cell::Cell;
use crate::clock::SECOND;
use crate::message::CORRUPT;
use crate::participants::{Entry, Kind, Waits};
use crate::reading::Reading;
use crate::script;
use crate::workload::{Span, Workload};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};

/// How thorough a run is.
pub struct Plan {
    rounds: usize,
    span: Span,
    /// In how many of the rounds the messages are that come now and then, and for how long.
    paced_rounds: usize,
    paced: Span,
}

pub const MILLISECOND: u64 = SECOND / 1000;

/// About five minutes.
pub const FULL: Plan = Plan {
    rounds: 5,
    span: Span { warm_up: 40 * MILLISECOND, run: 250 * MILLISECOND },
    paced_rounds: 3,
    paced: Span { warm_up: 0, run: SECOND },
};

/// About one.
pub const QUICK: Plan = Plan {
    rounds: 2,
    span: Span { warm_up: 20 * MILLISECOND, run: 100 * MILLISECOND },
    paced_rounds: 1,
    paced: Span { warm_up: 0, run: 500 * MILLISECOND },
};

/// Everything that was read.
#[derive(Debug, Serialize, Deserialize)]
pub struct Results {
    pub machine: Machine,
    pub rounds: usize,
    pub participants: Vec<Participant>,
}

/// What was read of one participant.
#[derive(Debug, Serialize, Deserialize)]
pub struct Participant {
    pub name: String,
    pub kind: Kind,
    pub waits: Waits,
    pub series: BTreeMap<Workload, Series>,
}

/// One reading a round, or why there is none.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Series {
    pub readings: Vec<Reading>,
    pub failure: Option<String>,
}

/// Where it was read.
#[derive(Debug, Serialize, Deserialize)]
pub struct Machine {
    pub processor: String,
    pub cores: usize,
    pub kernel: String,
    /// The load average just before: anything but 0 is somebody else's.
    pub load: f64,
}

impl Machine {
    pub fn here() -> Self {
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        Self {
            processor: model.map_or("unknown processor", |(_, model)| model.trim()).to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
            load: load.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(f64::NAN),
        }
    }
}

impl Results {
    /// Who delivered something wrong, and what.
    pub fn corrupt(&self) -> Vec<String> {
        let failures = self.participants.iter().flat_map(|participant| {
            let failures =
                participant.series.iter().filter_map(|(workload, series)| Some((workload, series.failure.as_ref()?)));
            failures.map(move |(workload, failure)| format!("{}, {workload:?}: {failure}", participant.name))
        });
        failures.filter(|failure| failure.contains(CORRUPT)).collect()
    }
}

/// Measures all of them, as often as the plan says. Who fails is not asked again.
pub fn run(entries: &[Entry], workloads: &[Workload], plan: &Plan) -> Results {
    let machine = Machine::here();
    let participant = |entry: &Entry| Participant {
        name: entry.name.to_owned(),
        kind: entry.kind,
        waits: entry.waits,
        series: BTreeMap::new(),
    };
    let mut participants: Vec<_> = entries.iter().map(participant).collect();
    for round in 0..plan.rounds {
        for &workload in workloads {
            let paced = workload.sleeps();
            if paced && round >= plan.paced_rounds {
                continue;
            }
            let cell = Cell::new(workload, if paced { plan.paced } else { plan.span });
            for (entry, participant) in entries.iter().zip(&mut participants) {
                let series = participant.series.entry(workload).or_default();
                if series.failure.is_none() {
                    progress(&format!("round {} of {}: {workload:?}, {}", round + 1, plan.rounds, entry.name));
                    let outcomes = match entry.script() {
                        Some(mode) => script::measure(cell, mode),
                        None => cell.measure(entry),
                    };
                    match outcomes.and_then(|outcomes| Reading::of(workload, &outcomes)) {
                        Ok(reading) => series.readings.push(reading),
                        Err(error) => series.failure = Some(format!("{error:#}")),
                    }
                }
            }
        }
    }
    progress("");
    Results { machine, rounds: plan.rounds, participants }
}

/// A line that the next one replaces.
pub fn progress(line: &str) {
    let mut stderr = std::io::stderr();
    if stderr.is_terminal() {
        let _ = write!(stderr, "\r\x1b[K{line}");
        let _ = stderr.flush();
    }
}
