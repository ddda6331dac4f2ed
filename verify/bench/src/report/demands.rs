//! The goals that the project sets itself, and whether a run meets them. They are for the default strategy.

use super::Spread;
use super::column::{Column, Figure, column};
use super::unit::Unit;
use crate::participants::{Kind, Publishes, Waits};
use crate::results::{Participant, Results};
use crate::workload::Placement::{Free, Pinned};
use crate::workload::Workload::{self, *};
use std::fmt::Write;

/// Our rows with the default strategy and settings.
const DEFAULT: [&str; 5] = ["ours", "ours-in-place", "ours-drain", "ours-batch", "ours-batch-in-place"];

/// Whether this is a row of ours with the default strategy and settings.
pub fn is_default(participant: &Participant) -> bool {
    DEFAULT.contains(&participant.name.as_str())
}

/// At most, or at least, this value.
struct Demand {
    what: String,
    measured: Option<Spread>,
    bound: Option<Bound>,
    at_most: bool,
    unit: Unit,
}

/// What is compared with.
enum Bound {
    /// Other participants, measured in the same rounds.
    Measured(Spread),
    /// A number.
    Fixed(f64),
}

impl Bound {
    const fn value(&self) -> f64 {
        match self {
            Self::Measured(spread) => spread.median,
            Self::Fixed(value) => *value,
        }
    }
}

impl Demand {
    fn verdict(&self) -> &'static str {
        let (Some(measured), Some(bound)) = (self.measured, &self.bound) else { return "not measured" };
        if measured.median == bound.value() || (measured.median <= bound.value()) == self.at_most {
            return "met";
        }
        match bound {
            Bound::Measured(other) if measured.is_like(other) => "within the spread",
            _ => "not met",
        }
    }
}

pub fn table(results: &Results) -> String {
    let mut table = String::from("| | measured | goal | |\n| --- | ---: | ---: | --- |\n");
    let all = [rare, one_by_one, plain, several, ping_pong, batches, single_slots];
    for demand in all.iter().flat_map(|demands| demands(results)) {
        let show = |value: Option<f64>| value.map_or("–".to_owned(), |value| demand.unit.show(value));
        let sign = if demand.at_most { '≤' } else { '≥' };
        let (what, verdict) = (&demand.what, demand.verdict());
        let measured = show(demand.measured.map(|spread| spread.median));
        let bound = show(demand.bound.as_ref().map(Bound::value));
        let _ = writeln!(table, "| {what} | {measured} | {sign} {bound} | {verdict} |");
    }
    table
}

/// Whether a participant is meant.
type Chosen<'c> = &'c dyn Fn(&Participant) -> bool;

/// The best of ours against so many times the best of the others.
fn demand(results: &Results, column: Column, ours: Chosen<'_>, others: Chosen<'_>, times: f64, whose: &str) -> Demand {
    let bound = column.best(results, others);
    let best = bound.filter(|_| !whose.starts_with('`')).map_or(String::new(), |(_, name)| format!(" ({name})"));
    let factor = if times == 1.0 { String::new() } else { format!("{times} × ") };
    Demand {
        what: format!("{}: {factor}{whose}{best}", column.title()),
        measured: column.best(results, ours).map(|(spread, _)| spread),
        bound: bound.map(|(spread, _)| Bound::Measured(spread.times(times))),
        at_most: column.cost(),
        unit: column.unit(),
    }
}

fn named(name: &'static str) -> impl Fn(&Participant) -> bool {
    move |participant| participant.name == name
}

pub fn of(kind: Kind, publishes: Publishes) -> impl Fn(&Participant) -> bool {
    move |participant| (participant.kind, participant.publishes) == (kind, publishes)
}

pub fn ours(publishes: Publishes) -> impl Fn(&Participant) -> bool {
    move |participant| is_default(participant) && participant.publishes == publishes
}

fn peer(participant: &Participant) -> bool {
    participant.kind == Kind::Peer
}

fn rates(workload: Workload) -> impl Iterator<Item = Column> {
    workload.placements().iter().map(move |placement| column(workload, *placement, Figure::Rate))
}

fn rare(results: &Results) -> Vec<Demand> {
    let parking = |participant: &Participant| peer(participant) && participant.waits == Waits::Parks;
    let goals = [(Free, Figure::Latency, 1.0), (Free, Figure::Tail, 1.0), (Free, Figure::Cpu, 1.1)];
    let goals = goals.into_iter().chain([(Pinned, Figure::Tail, 1.0)]);
    let columns = goals.flat_map(|(placement, figure, times)| {
        [Paced, Sporadic].map(|workload| (column(workload, placement, figure), times))
    });
    columns
        .map(|(column, times)| {
            demand(results, column, &named("ours-in-place"), &parking, times, "the best that sleeps")
        })
        .collect()
}

fn one_by_one(results: &Results) -> Vec<Demand> {
    let ours = |participant: &Participant| ["ours-in-place", "ours-drain"].contains(&participant.name.as_str());
    let limit = of(Kind::Limit, Publishes::Each);
    let disruptor = named("disruptor-mp-spin");
    let goals = rates(Small).flat_map(|column| {
        [
            demand(results, column, &ours, &disruptor, 1.0, "`disruptor-mp-spin`, one by one"),
            demand(results, column, &ours, &limit, 0.8, "the limit, one by one"),
        ]
    });
    goals.collect()
}

fn plain(results: &Results) -> Vec<Demand> {
    let ours = named("ours");
    let ringfire = |p: &Participant| p.name.starts_with("ringfire") && p.publishes == Publishes::Each;
    let trips = [Free, Pinned].map(|placement| column(PingPong, placement, Figure::Latency));
    let columns = [Small, Mixed, Large, Fan].into_iter().flat_map(rates).chain(trips);
    let near = [Small, Mixed].into_iter().flat_map(rates).flat_map(|column| {
        [("raw-copy", "`raw-copy`, by plain calls"), ("ours-in-place", "`ours-in-place`, by plain calls")]
            .map(|(name, whose)| demand(results, column, &ours, &named(name), 0.9, whose))
    });
    near.chain(columns.map(|column| demand(results, column, &ours, &ringfire, 1.0, "ringfire, by plain calls")))
        .collect()
}

fn several(results: &Results) -> Vec<Demand> {
    let columns = [TwoToOne, FourToOne, TwoToTwo].into_iter().flat_map(rates);
    let goals = columns.flat_map(|column| {
        [(Publishes::Each, "every peer, one by one"), (Publishes::Batches, "every peer, in batches")]
            .map(|(way, whose)| demand(results, column, &ours(way), &of(Kind::Peer, way), 1.0, whose))
    });
    goals.collect()
}

fn ping_pong(results: &Results) -> Vec<Demand> {
    let columns = [Free, Pinned].map(|placement| column(PingPong, placement, Figure::Latency));
    let limit = of(Kind::Limit, Publishes::Each);
    columns.map(|column| demand(results, column, &ours(Publishes::Each), &limit, 1.2, "the limit")).into()
}

fn batches(results: &Results) -> Vec<Demand> {
    let limit = of(Kind::Limit, Publishes::Batches);
    let mut goals = Vec::new();
    for column in [Small, Large, Fan].into_iter().flat_map(rates) {
        goals.push(demand(results, column, &is_default, &peer, 1.0, "every peer's best mode"));
        if column.workload == Small {
            goals.push(demand(results, column, &ours(Publishes::Batches), &limit, 0.9, "the limit, in batches"));
        }
    }
    goals
}

fn single_slots(results: &Results) -> Vec<Demand> {
    let goals = rates(Small).flat_map(|column| {
        let measured = column.best(results, named("ours-1-slot")).map(|(spread, _)| spread);
        let what = format!("{}: a million, with 1 slot", column.title());
        [
            Demand { what, measured, bound: Some(Bound::Fixed(1e6)), at_most: false, unit: column.unit() },
            demand(results, column, &is_default, &named("raw_sync-slot"), 100.0, "`raw_sync-slot`"),
            demand(results, column, &is_default, &named("python-slot"), 1000.0, "`python-slot`"),
        ]
    });
    goals.collect()
}
