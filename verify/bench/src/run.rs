//! A run takes the participants in turn, round by round, so that a disturbance of the machine hits all of them alike.

use crate::clock::SECOND;
use crate::machine_speed;
use crate::measurement::Measurement;
use crate::participants::Entry;
use crate::reading::Reading;
use crate::results::{Machine, Participant, Results, Series};
use crate::script;
use crate::work::Span;
use crate::workload::{Placement, Workload};
use anyhow::Result;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// How thorough a run is.
pub struct Plan {
    rounds: usize,
    span: Span,
    /// The span with several producers. It holds some turns of each process on its core.
    several: Span,
    /// The number of rounds of paced workloads, and their span.
    paced_rounds: usize,
    paced: Span,
    /// Upper bound on the time of the run, with further rounds for participants with too few readings that count.
    at_most: Duration,
}

pub const MILLISECOND: u64 = SECOND / 1000;

/// About twelve minutes: many short rounds, because the machine's speed changes by the minute.
pub const FULL: Plan = Plan {
    rounds: 8,
    span: Span { warm_up: 20 * MILLISECOND, run: 60 * MILLISECOND },
    several: Span { warm_up: 20 * MILLISECOND, run: 150 * MILLISECOND },
    paced_rounds: 8,
    paced: Span { warm_up: 0, run: 300 * MILLISECOND },
    at_most: Duration::from_secs(700),
};

/// About two minutes.
pub const QUICK: Plan = Plan {
    rounds: 2,
    span: Span { warm_up: 10 * MILLISECOND, run: 40 * MILLISECOND },
    several: Span { warm_up: 20 * MILLISECOND, run: 120 * MILLISECOND },
    paced_rounds: 1,
    paced: Span { warm_up: 0, run: 200 * MILLISECOND },
    at_most: Duration::from_secs(120),
};

/// Measures all participants as often as the plan says. A participant that failed is not measured again.
pub fn run(entries: &[Entry], workloads: &[Workload], placements: &[Placement], plan: &Plan) -> Results {
    let machine = Machine::here();
    let mut participants: Vec<_> = entries.iter().map(|entry| Participant::new(entry, workloads, placements)).collect();
    let start = Instant::now();
    for round in 0.. {
        let mut done = true;
        for &workload in workloads {
            for (entry, participant) in entries.iter().zip(&mut participants) {
                for series in participant.series.iter_mut().filter(|series| series.workload == workload) {
                    if series.wants(plan, round, start.elapsed()) {
                        done = false;
                        progress(&format!("round {}: {}, {}", round + 1, series.title(), entry.name));
                        series.add(reading(series.measurement(plan), entry));
                    }
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

impl Plan {
    const fn rounds(&self, workload: Workload) -> usize {
        if workload.sleeps() { self.paced_rounds } else { self.rounds }
    }
}

impl Participant {
    fn new(entry: &Entry, workloads: &[Workload], placements: &[Placement]) -> Self {
        let measured = |placement: &&Placement| placements.contains(placement);
        let series = workloads.iter().filter(|workload| entry.takes(**workload)).flat_map(|workload| {
            workload.placements().iter().filter(measured).map(|placement| Series::new(*workload, *placement))
        });
        Self {
            name: entry.name.to_owned(),
            kind: entry.kind,
            waits: entry.waits,
            publishes: entry.publishes,
            series: series.collect(),
        }
    }
}

impl Series {
    /// More than half of the readings must count. The rounds go on until then, or until the time is up.
    fn wants(&self, plan: &Plan, round: usize, elapsed: Duration) -> bool {
        let rounds = plan.rounds(self.workload);
        let more = if round < plan.rounds {
            round < rounds
        } else {
            2 * counted(&self.readings) <= rounds && elapsed < plan.at_most
        };
        more && self.failure.is_none()
    }

    const fn measurement(&self, plan: &Plan) -> Measurement {
        let span = match self.workload {
            workload if workload.sleeps() => plan.paced,
            workload if workload.several() => plan.several,
            _ => plan.span,
        };
        Measurement::new(self.workload, self.placement, span)
    }

    fn add(&mut self, reading: Result<Reading>) {
        match reading {
            Ok(reading) => self.readings.push(reading),
            Err(error) => self.failure = Some(format!("{error:#}")),
        }
    }
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
    let series = participants.iter_mut().flat_map(|participant| &mut participant.series);
    series.flat_map(|series| &mut series.readings)
}

/// The number of readings that count.
pub fn counted(readings: &[Reading]) -> usize {
    readings.iter().filter(|reading| !reading.slow).count()
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
    use crate::participants::{Kind, Publishes, Waits};

    #[test]
    fn readings_of_a_slow_machine_do_not_count() {
        let reading = |speed: &f64| Reading { value: *speed, speed: *speed, ..Reading::default() };
        let participant = |speeds: &[f64]| Participant {
            name: String::new(),
            kind: Kind::Peer,
            waits: Waits::Spins,
            publishes: Publishes::Each,
            series: vec![Series {
                readings: speeds.iter().map(reading).collect(),
                ..Series::new(Workload::Small, Placement::Free)
            }],
        };
        let mut all = [participant(&[10.0, 7.0, 5.0]), participant(&[2.0, 9.0])];
        judge(readings(&mut all));
        assert_eq!(all.each_ref().map(|participant| counted(&participant.series[0].readings)), [2, 1]);
    }
}
