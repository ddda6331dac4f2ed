//! The tables of what was measured.

use super::{METRICS, Metric};
use crate::participants::{Kind, Waits};
use crate::run::{Participant, Results};
use std::fmt::Write;

/// Medians. In brackets: the multiple of the limit's median.
pub fn medians(results: &Results) -> String {
    let measurement = |metric: &Metric, participant: &Participant| {
        let Some(spread) = metric.spread(participant) else { return "–".to_owned() };
        let shown = metric.unit.show(spread.median);
        match metric.best(results, |participant| participant.kind == Kind::Limit) {
            Some((limit, _)) if metric.has_limit() => format!("{shown} ({})", ratio(spread.median / limit)),
            _ => shown,
        }
    };
    table(results, measurement) + "\nIn brackets: how many times the limit's best.\n"
}

/// The minimum and the maximum.
pub fn spreads(results: &Results) -> String {
    table(results, |metric, participant| match metric.spread(participant) {
        Some(spread) => format!("{} to {}", metric.unit.show(spread.least), metric.unit.show(spread.most)),
        None => "–".to_owned(),
    })
}

/// The participants that were not measured, and the reasons.
pub fn failures(results: &Results) -> String {
    let mut list = String::new();
    for participant in &results.participants {
        for (workload, series) in &participant.series {
            if let Some(failure) = &series.failure {
                let _ = writeln!(list, "- not measured: {}, {workload:?}: {failure}", participant.name);
            }
        }
    }
    if list.is_empty() { list } else { format!("\n{list}") }
}

impl Metric {
    /// Whether the limit is comparable: a participant that never sleeps is no limit for those that sleep.
    fn has_limit(&self) -> bool {
        !self.workload.sleeps()
    }
}

fn table(results: &Results, measurement: impl Fn(&Metric, &Participant) -> String) -> String {
    let mut table = String::from("| | waits by |");
    METRICS.iter().for_each(|metric| _ = write!(table, " {} |", metric.title));
    table += "\n| --- | --- |";
    METRICS.iter().for_each(|_| table += " ---: |");
    table.push('\n');
    for participant in &results.participants {
        let waits = match participant.waits {
            Waits::Spins => "spinning",
            Waits::Yields => "yielding",
            Waits::Parks => "sleeping",
        };
        let name = match participant.kind {
            Kind::Ours => format!("**{}**", participant.name),
            Kind::Limit | Kind::Peer => participant.name.clone(),
        };
        let _ = write!(table, "| {name} | {waits} |");
        METRICS.iter().for_each(|metric| _ = write!(table, " {} |", measurement(metric, participant)));
        table.push('\n');
    }
    table
}

fn ratio(value: f64) -> String {
    match value {
        value if value >= 10.0 => format!("{value:.0}"),
        value if value >= 0.01 => format!("{value:.2}"),
        value => format!("1/{:.0}", 1.0 / value),
    }
}
