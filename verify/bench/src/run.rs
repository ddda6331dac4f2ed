//! A run takes the participants in turn, round by round, so that a disturbance of the machine hits all of them alike.

use crate::clock::SECOND;
use crate::machine_speed;
use crate::measurement::Measurement;
use crate::message::CORRUPT;
use crate::participants::{Entry, Kind, Waits};
use crate::reading::Reading;
use crate::script;
use crate::workload::{Span, Workload};
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// How thorough a run is.
pub struct Plan {
    rounds: usize,
    span: Span,
    /// The number of rounds of paced workloads, and their span.
    paced_rounds: usize,
    paced: Span,
    /// Upper bound on the time of the run, with further rounds for participants with too few readings that count.
    at_most: Duration,
}

pub const MILLISECOND: u64 = SECOND / 1000;

/// About five minutes.
pub const FULL: Plan = Plan {
    rounds: 5,
    span: Span { warm_up: 40 * MILLISECOND, run: 250 * MILLISECOND },
    paced_rounds: 3,
    paced: Span { warm_up: 0, run: SECOND },
    at_most: Duration::from_secs(360),
};

/// About a minute.
pub const QUICK: Plan = Plan {
    rounds: 2,
    span: Span { warm_up: 20 * MILLISECOND, run: 100 * MILLISECOND },
    paced_rounds: 1,
    paced: Span { warm_up: 0, run: 500 * MILLISECOND },
    at_most: Duration::from_secs(60),
};

/// All results of a run.
#[derive(Debug, Serialize, Deserialize)]
pub struct Results {
    pub machine: Machine,
    pub rounds: usize,
    pub participants: Vec<Participant>,
}

/// The results of a participant.
#[derive(Debug, Serialize, Deserialize)]
pub struct Participant {
    pub name: String,
    pub kind: Kind,
    pub waits: Waits,
    pub series: BTreeMap<Workload, Series>,
}

/// A reading for each round, and more if some do not count. Or the reason why there is none.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Series {
    pub readings: Vec<Reading>,
    pub failure: Option<String>,
}

/// The machine of a run.
#[derive(Debug, Serialize, Deserialize)]
pub struct Machine {
    pub processor: String,
    pub cores: usize,
    pub kernel: String,
    /// The load average just before. A load above 0 comes from other programs.
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
    /// The number of readings that do not count, and the number of all readings.
    pub fn slow(&self) -> (usize, usize) {
        let readings = || self.participants.iter().flat_map(|p| p.series.values()).flat_map(|series| &series.readings);
        (readings().filter(|reading| reading.slow).count(), readings().count())
    }

    /// The participants that delivered wrong data, and what was wrong.
    pub fn corrupt(&self) -> Vec<String> {
        let failures = self.participants.iter().flat_map(|participant| {
            let failures =
                participant.series.iter().filter_map(|(workload, series)| Some((workload, series.failure.as_ref()?)));
            failures.map(move |(workload, failure)| format!("{}, {workload:?}: {failure}", participant.name))
        });
        failures.filter(|failure| failure.contains(CORRUPT)).collect()
    }
}

/// Measures all participants as often as the plan says. A participant that failed is not measured again.
pub fn run(entries: &[Entry], workloads: &[Workload], plan: &Plan) -> Results {
    let machine = Machine::here();
    let participant = |entry: &Entry| Participant {
        name: entry.name.to_owned(),
        kind: entry.kind,
        waits: entry.waits,
        series: BTreeMap::new(),
    };
    let mut participants: Vec<_> = entries.iter().map(participant).collect();
    let start = Instant::now();
    let wanted = |workload: Workload| if workload.sleeps() { plan.paced_rounds } else { plan.rounds };
    for round in 0.. {
        let mut done = true;
        for &workload in workloads {
            let measurement = Measurement::new(workload, if workload.sleeps() { plan.paced } else { plan.span });
            for (entry, participant) in entries.iter().zip(&mut participants) {
                let series = participant.series.entry(workload).or_default();
                let enough = if round < plan.rounds {
                    round >= wanted(workload)
                } else {
                    // More than half of the readings must count. The rounds go on until then, or until the time is up.
                    2 * counted(&series.readings) > wanted(workload) || start.elapsed() > plan.at_most
                };
                if series.failure.is_none() && !enough {
                    done = false;
                    progress(&format!("round {}: {workload:?}, {}", round + 1, entry.name));
                    series.add(reading(measurement, entry));
                }
            }
        }
        if round + 1 >= plan.rounds {
            judge(readings(&mut participants));
            if done {
                break;
            }
        }
    }
    progress("");
    Results { machine, rounds: plan.rounds, participants }
}

/// Measures, and takes the machine's speed before and after.
pub fn reading(measurement: Measurement, entry: &Entry) -> Result<Reading> {
    let before = machine_speed::speed();
    let outcomes = match entry.script() {
        Some(mode) => script::measure(measurement, mode)?,
        None => measurement.measure(entry)?,
    };
    let reading = Reading::of(measurement.workload, &outcomes)?;
    Ok(Reading { speed: before.min(machine_speed::speed()), ..reading })
}

/// Marks the readings that do not count, by the best speed of all.
pub fn judge<'r>(readings: impl Iterator<Item = &'r mut Reading>) {
    let readings: Vec<_> = readings.collect();
    let best = readings.iter().map(|reading| reading.speed).fold(0.0, f64::max);
    readings.into_iter().for_each(|reading| reading.slow = reading.speed < machine_speed::SLOW * best);
}

fn readings(participants: &mut [Participant]) -> impl Iterator<Item = &mut Reading> {
    let series = participants.iter_mut().flat_map(|participant| participant.series.values_mut());
    series.flat_map(|series| &mut series.readings)
}

/// The number of readings that count.
pub fn counted(readings: &[Reading]) -> usize {
    readings.iter().filter(|reading| !reading.slow).count()
}

impl Series {
    fn add(&mut self, reading: Result<Reading>) {
        match reading {
            Ok(reading) => self.readings.push(reading),
            Err(error) => self.failure = Some(format!("{error:#}")),
        }
    }
}

/// Shows a line that replaces the previous one.
pub fn progress(line: &str) {
    let mut stderr = std::io::stderr();
    if stderr.is_terminal() {
        let _ = write!(stderr, "\r\x1b[K{line}");
        let _ = stderr.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_of_a_slow_machine_do_not_count() {
        let reading = |speed| Reading { value: speed, beside: None, speed, slow: false };
        let series = |speeds: &[f64]| Series { readings: speeds.iter().copied().map(reading).collect(), failure: None };
        let participant = |speeds: &[f64]| Participant {
            name: String::new(),
            kind: Kind::Peer,
            waits: Waits::Spins,
            series: [(Workload::Small, series(speeds))].into(),
        };
        let mut all = [participant(&[10.0, 7.0, 5.0]), participant(&[2.0, 9.0])];
        judge(readings(&mut all));
        let counted = all.each_ref().map(|participant| counted(&participant.series[&Workload::Small].readings));
        assert_eq!(counted, [2, 1]);
    }
}
