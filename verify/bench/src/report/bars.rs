//! The plot: a panel for each metric, a bar for each participant, on logarithmic scales.

use super::{METRICS, Metric, Spread};
use crate::participants::Kind;
use crate::run::{Participant, Results};
use anyhow::Result;
use plotters::coord::Shift;
use plotters::prelude::*;
use std::path::Path;

const ROW: i32 = 15;
const HEAD: i32 = 30;
// The columns of a panel: the participant, the value, and the value in figures.
const NAMES: i32 = 130;
const BARS: i32 = 220;
const FIGURES: i32 = 70;

type Panel<'a> = DrawingArea<SVGBackend<'a>, Shift>;

pub fn draw(results: &Results, file: &Path) -> Result<()> {
    let height = HEAD + ROW * results.participants.len() as i32 + 10;
    let (columns, rows) = (2, METRICS.len().div_ceil(2));
    let width = NAMES + BARS + FIGURES;
    let size = (width as u32 * columns as u32, height as u32 * rows as u32);
    let area = SVGBackend::new(file, size).into_drawing_area();
    area.fill(&WHITE)?;
    for (panel, metric) in area.split_evenly((rows, columns)).iter().zip(&METRICS) {
        draw_panel(panel, metric, results)?;
    }
    area.present()?;
    Ok(())
}

fn draw_panel(panel: &Panel<'_>, metric: &Metric, results: &Results) -> Result<()> {
    let better = if metric.cost { "less is better" } else { "more is better" };
    panel.draw_text(&format!("{} ({better})", metric.title), &font(13), (NAMES, 8))?;
    let spread = |participant: &Participant| metric.spread(participant).filter(|spread| spread.least > 0.0);
    let all: Vec<Spread> = results.participants.iter().filter_map(spread).collect();
    let least = all.iter().map(|spread| spread.least).fold(f64::INFINITY, f64::min) / 2.0;
    let most = all.iter().map(|spread| spread.most).fold(0.0, f64::max);
    let x = |value: f64| NAMES + ((value / least).ln() / (most / least).ln() * f64::from(BARS)) as i32;

    for (row, participant) in results.participants.iter().enumerate() {
        let top = HEAD + ROW * row as i32;
        panel.draw_text(&participant.name, &font(11), (4, top + 1))?;
        let Some(spread) = spread(participant) else {
            panel.draw_text("not measured", &font(10), (NAMES, top + 1))?;
            continue;
        };
        let colour = match participant.kind {
            Kind::Limit => RGBColor(150, 150, 150),
            Kind::Ours => RGBColor(215, 95, 20),
            Kind::Peer => RGBColor(70, 120, 180),
        };
        panel.draw(&Rectangle::new([(NAMES, top + 2), (x(spread.median), top + ROW - 3)], colour.filled()))?;
        let middle = top + ROW / 2;
        panel.draw(&PathElement::new([(x(spread.least), middle), (x(spread.most), middle)], BLACK))?;
        panel.draw_text(&metric.unit.show(spread.median), &font(10), (x(spread.most) + 4, top + 1))?;
    }
    Ok(())
}

fn font(size: i32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&BLACK)
}
