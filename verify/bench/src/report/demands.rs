//! The goals that the project sets itself, and whether a run meets them.

use super::{METRICS, Metric, Unit};
use crate::participants::Kind;
use crate::run::{Participant, Results};
use std::fmt::Write;

/// At most, or at least, this value.
struct Demand {
    what: String,
    measured: Option<f64>,
    bound: Option<f64>,
    at_most: bool,
    unit: Unit,
}

const PING_PONG: Metric = METRICS[0];
const SMALL: Metric = METRICS[2];
const LARGE: Metric = METRICS[3];
const FAN: Metric = METRICS[4];
const PACED: Metric = METRICS[5];
const CPU: Metric = METRICS[6];

pub fn table(results: &Results) -> String {
    let mut table = String::from("| | measured | goal | |\n| --- | ---: | ---: | --- |\n");
    for demand in demands(results) {
        let show = |value: Option<f64>| value.map_or("–".to_owned(), |value| demand.unit.show(value));
        let sign = if demand.at_most { '≤' } else { '≥' };
        let verdict = match (demand.measured, demand.bound) {
            (Some(measured), Some(bound)) if (measured <= bound) == demand.at_most || measured == bound => "met",
            (Some(_), Some(_)) => "not met",
            _ => "not measured",
        };
        let (what, measured, bound) = (&demand.what, show(demand.measured), show(demand.bound));
        let _ = writeln!(table, "| {what} | {measured} | {sign} {bound} | {verdict} |");
    }
    table
}

fn demands(results: &Results) -> Vec<Demand> {
    let limit = |metric: &Metric, times: f64| {
        metric.best(results, |participant| participant.kind == Kind::Limit).map(|(value, _)| value * times)
    };
    let peer = |metric: &Metric| metric.best(results, |participant| participant.kind == Kind::Peer);
    let peers = |metric: &Metric| peer(metric).map(|(value, _)| value);
    let named = |name: &str, times: f64| SMALL.best(results, |p| p.name == name).map(|(value, _)| value * times);
    let ours = |metric: &Metric, chosen: &dyn Fn(&str) -> bool| {
        metric.best(results, |p| p.kind == Kind::Ours && chosen(&p.name)).map(|(value, _)| value)
    };
    let any = |name: &str| !name.contains("spin"); // with the default strategy
    let batch = |name: &str| name.contains("batch");
    let single = |name: &str| any(name) && !name.contains("batch");
    let in_place = |name: &str| name.contains("in-place");
    let least = |what: String, measured, bound| Demand { what, measured, bound, at_most: false, unit: Unit::PerSecond };
    let beside = |what: &str, metric: &Metric| match peer(metric) {
        Some((_, best)) => format!("{what} (best: {best})"),
        None => what.to_owned(),
    };
    let (asleep, best_asleep) = (paced(results, Kind::Ours, 60.0), paced(results, Kind::Peer, 200.0));
    vec![
        Demand {
            what: "ping-pong: 1.2 × the limit".to_owned(),
            measured: ours(&PING_PONG, &any),
            bound: limit(&PING_PONG, 1.2),
            at_most: true,
            unit: Unit::Time,
        },
        least(beside("64 B: every peer", &SMALL), ours(&SMALL, &any), peers(&SMALL)),
        least("64 B in batches: 0.9 × the limit".to_owned(), ours(&SMALL, &batch), limit(&SMALL, 0.9)),
        least("64 B message by message: 0.5 × the limit".to_owned(), ours(&SMALL, &single), limit(&SMALL, 0.5)),
        least(
            "64 B message by message: the limit that publishes each".to_owned(),
            ours(&SMALL, &single),
            named("raw-each", 1.0),
        ),
        least(beside("4 KiB: every peer", &LARGE), ours(&LARGE, &any), peers(&LARGE)),
        least("4 KiB by loan and borrow: 0.7 × the limit".to_owned(), ours(&LARGE, &in_place), limit(&LARGE, 0.7)),
        least(beside("1 → 3: every peer's best mode", &FAN), ours(&FAN, &any), peers(&FAN)),
        least("1 → 3: 0.7 × the limit".to_owned(), ours(&FAN, &any), limit(&FAN, 0.7)),
        Demand {
            what: match best_asleep {
                Some((_, best)) => {
                    format!("1 kHz with at most 60 ms of CPU: the best peer below 200 ms (best: {best})")
                }
                None => "1 kHz with at most 60 ms of CPU: the best peer below 200 ms".to_owned(),
            },
            measured: asleep.map(|(value, _)| value),
            bound: best_asleep.map(|(value, _)| value),
            at_most: true,
            unit: Unit::Time,
        },
        least("64 B, 1 slot".to_owned(), ours(&SMALL, &|name| name.contains("1-slot")), Some(1e6)),
        least("64 B: 100 × one slot of raw_sync".to_owned(), ours(&SMALL, &any), named("raw_sync-slot", 100.0)),
        least("64 B: 1000 × one slot in Python".to_owned(), ours(&SMALL, &any), named("python-slot", 1000.0)),
    ]
}

/// The best latency of paced messages among the participants that use at most this much processor time.
fn paced(results: &Results, kind: Kind, milliseconds: f64) -> Option<(f64, &str)> {
    let frugal = |p: &Participant| CPU.spread(p).is_some_and(|spread| spread.median <= milliseconds);
    PACED.best(results, |participant| participant.kind == kind && frugal(participant))
}
