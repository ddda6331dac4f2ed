//! Where a peer is better.

use super::column::{Column, Figure};
use super::demands::{of, ours};
use super::table::tables;
use crate::participants::{Kind, Publishes, Waits};
use crate::results::{Participant, Results};
use std::fmt::Write;

/// Differences up to this part are noise, as are those within the spread of the rounds.
const NOISE: f64 = 0.05;

/// The cells where a peer is ahead of our best default row of the same kind of publishing. All peers here lose nothing.
/// In the workloads with rare messages, only peers that sleep are compared. The share of the slowest producer and the
/// longest call are not compared, because slow participants have good values there.
pub fn table(results: &Results) -> String {
    let mut rows = String::new();
    let mut compared = 0;
    let figures = |column: &Column| !matches!(column.figure, Figure::Share | Figure::Longest);
    for column in tables().into_iter().flat_map(|(_, columns)| columns).filter(figures) {
        for publishes in [Publishes::Each, Publishes::Batches] {
            let sleeps = column.workload.sleeps();
            let rival = |p: &Participant| of(Kind::Peer, publishes)(p) && (!sleeps || p.waits == Waits::Parks);
            let (Some((mine, us)), Some((theirs, them))) =
                (column.best(results, ours(publishes)), column.best(results, rival))
            else {
                continue;
            };
            compared += 1;
            let ratio = mine.median / theirs.median;
            let ahead = if column.cost() { ratio } else { 1.0 / ratio };
            if ahead > 1.0 + NOISE && !mine.is_like(&theirs) {
                let (unit, title) = (column.unit(), column.title());
                let (mine, theirs) = (unit.show(mine.median), unit.show(theirs.median));
                let way = publishes.shown();
                let _ = writeln!(rows, "| {title} | {way} | {us}, {mine} | {them}, {theirs} | {ahead:.2} |");
            }
        }
    }
    match rows.as_str() {
        "" => format!(
            "No peer is ahead by more than {:.0} % and beyond the spread of the rounds, in {compared} comparisons.\n",
            100.0 * NOISE
        ),
        rows => {
            format!("| | publishes | our best default | best peer | times |\n| --- | --- | --- | --- | ---: |\n{rows}")
        }
    }
}
