//! The plot: a panel for each column, a bar for each of its participants, on logarithmic scales.

use super::Spread;
use super::column::{Column, Figure, column};
use crate::participants::Kind;
use crate::results::{Participant, Results};
use crate::workload::{Placement, Workload};
use anyhow::Result;
use plotters::coord::Shift;
use plotters::prelude::*;
use std::path::Path;

/// The panels: not pinned, because that is how most programs run.
const PANELS: [Column; 8] = [
    column(Workload::PingPong, Placement::Free, Figure::Latency),
    column(Workload::Paced, Placement::Free, Figure::Latency),
    column(Workload::Small, Placement::Free, Figure::Rate),
    column(Workload::Mixed, Placement::Free, Figure::Rate),
    column(Workload::Large, Placement::Free, Figure::Rate),
    column(Workload::Fan, Placement::Free, Figure::Rate),
    column(Workload::TwoToOne, Placement::Free, Figure::Rate),
    column(Workload::TwoToTwo, Placement::Free, Figure::Rate),
];

const ROW: i32 = 15;
const HEAD: i32 = 30;
// The columns of a panel: the participant, the value, and the value in figures.
const NAMES: i32 = 150;
const BARS: i32 = 220;
const FIGURES: i32 = 70;

type Panel<'a> = DrawingArea<SVGBackend<'a>, Shift>;

pub fn draw(results: &Results, file: &Path) -> Result<()> {
    let most = PANELS.iter().map(|column| values(column, results).len()).max().unwrap_or(0);
    let height = HEAD + ROW * most as i32 + 10;
    let (columns, rows) = (2, PANELS.len().div_ceil(2));
    let width = NAMES + BARS + FIGURES;
    let size = (width as u32 * columns as u32, height as u32 * rows as u32);
    let area = SVGBackend::new(file, size).into_drawing_area();
    area.fill(&WHITE)?;
    for (panel, column) in area.split_evenly((rows, columns)).iter().zip(&PANELS) {
        draw_panel(panel, column, results)?;
    }
    area.present()?;
    Ok(())
}

/// The participants that were measured.
fn values<'r>(column: &Column, results: &'r Results) -> Vec<(&'r Participant, Spread)> {
    let spread = |participant: &'r Participant| {
        column.spread(participant).filter(|spread| spread.least > 0.0).map(|spread| (participant, spread))
    };
    results.participants.iter().filter_map(spread).collect()
}

fn draw_panel(panel: &Panel<'_>, column: &Column, results: &Results) -> Result<()> {
    let better = if column.cost() { "less is better" } else { "more is better" };
    panel.draw_text(&format!("{} ({better})", column.title()), &font(13), (NAMES, 8))?;
    let values = values(column, results);
    let least = values.iter().map(|(_, spread)| spread.least).fold(f64::INFINITY, f64::min) / 2.0;
    let most = values.iter().map(|(_, spread)| spread.most).fold(0.0, f64::max);
    let x = |value: f64| NAMES + ((value / least).ln() / (most / least).ln() * f64::from(BARS)) as i32;

    for (row, (participant, spread)) in values.into_iter().enumerate() {
        let top = HEAD + ROW * row as i32;
        panel.draw_text(&participant.name, &font(11), (4, top + 1))?;
        let colour = match participant.kind {
            Kind::Limit => RGBColor(150, 150, 150),
            Kind::Ours => RGBColor(215, 95, 20),
            Kind::Peer => RGBColor(70, 120, 180),
        };
        panel.draw(&Rectangle::new([(NAMES, top + 2), (x(spread.median), top + ROW - 3)], colour.filled()))?;
        let middle = top + ROW / 2;
        panel.draw(&PathElement::new([(x(spread.least), middle), (x(spread.most), middle)], BLACK))?;
        panel.draw_text(&column.unit().show(spread.median), &font(10), (x(spread.most) + 4, top + 1))?;
    }
    Ok(())
}

fn font(size: i32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&BLACK)
}
