//! The tables of what was measured.

use super::column::{Column, Figure, column};
use crate::participants::{Kind, Waits};
use crate::results::{Participant, Results};
use crate::workload::Placement::{Free, Pinned};
use crate::workload::Workload::{self, *};
use std::fmt::Write;

/// The tables: what each is about, and its columns.
pub fn tables() -> Vec<(&'static str, Vec<Column>)> {
    let both = |workload: Workload, figures: &[Figure]| {
        let of = |figure: &Figure| [Free, Pinned].map(|placement| column(workload, placement, *figure));
        figures.iter().flat_map(of).collect::<Vec<_>>()
    };
    let rate = |workload: Workload| workload.placements().iter().map(move |p| column(workload, *p, Figure::Rate));
    let several =
        |workload| [Figure::Rate, Figure::Share, Figure::Longest].map(|figure| column(workload, Free, figure));
    let rare = [Figure::Latency, Figure::Tail, Figure::Cpu];
    vec![
        ("Messages a second, from one producer", [Small, Mixed, Large, Fan].into_iter().flat_map(rate).collect()),
        ("Messages a second, from several producers, 64 B", [TwoToOne, FourToOne, TwoToTwo].map(several).concat()),
        ("There and back, 64 B", both(PingPong, &[Figure::Latency, Figure::Tail])),
        ("A message every millisecond, one way, 64 B; CPU of 2 × 1 s", both(Paced, &rare)),
        ("A message at random moments, one way, 64 B; CPU of 2 × 1 s", both(Sporadic, &rare)),
    ]
}

/// Medians. In brackets: the multiple of the limit's median.
pub fn medians(results: &Results) -> String {
    let measurement = |column: &Column, participant: &Participant| {
        let spread = column.spread(participant)?;
        let shown = column.unit().show(spread.median);
        Some(match column.limit(results) {
            Some(limit) if column.has_limit() => format!("{shown} ({})", ratio(spread.median / limit)),
            _ => shown,
        })
    };
    all(results, measurement) + "\nIn brackets: how many times the limit's best.\n"
}

/// The minimum and the maximum.
pub fn spreads(results: &Results) -> String {
    all(results, |column, participant| {
        let spread = column.spread(participant)?;
        Some(format!("{} to {}", column.unit().show(spread.least), column.unit().show(spread.most)))
    })
}

/// The measurements that failed, and the reasons.
pub fn failures(results: &Results) -> String {
    results.failures().fold(String::new(), |list, failure| format!("{list}\n- not measured: {failure}"))
}

fn all(results: &Results, measurement: impl Fn(&Column, &Participant) -> Option<String>) -> String {
    let mut page = String::new();
    for (title, columns) in tables() {
        let columns: Vec<_> = columns.into_iter().filter(|column| column.best(results, |_| true).is_some()).collect();
        if !columns.is_empty() {
            let _ = write!(page, "\n**{title}**\n\n{}", table(results, &columns, &measurement));
        }
    }
    page
}

/// The participants that have a value in one of the columns.
fn table(
    results: &Results,
    columns: &[Column],
    measurement: impl Fn(&Column, &Participant) -> Option<String>,
) -> String {
    let mut table = String::from("| | waits by | publishes |");
    columns.iter().for_each(|column| _ = write!(table, " {} |", column.title()));
    table += "\n| --- | --- | --- |";
    columns.iter().for_each(|_| table += " ---: |");
    table.push('\n');
    for participant in &results.participants {
        let cells: Vec<_> = columns.iter().map(|column| measurement(column, participant)).collect();
        if cells.iter().all(Option::is_none) {
            continue;
        }
        let waits = match participant.waits {
            Waits::Spins => "spinning",
            Waits::Yields => "yielding",
            Waits::Parks => "sleeping",
        };
        let publishes = participant.publishes.shown();
        let name = match participant.kind {
            Kind::Ours => format!("**{}**", participant.name),
            Kind::Limit | Kind::Peer => participant.name.clone(),
        };
        let _ = write!(table, "| {name} | {waits} | {publishes} |");
        cells.iter().for_each(|cell| _ = write!(table, " {} |", cell.as_deref().unwrap_or("–")));
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
