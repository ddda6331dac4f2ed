//! How ackcast scales with consumers, with slots and with the size of a message. Each curve stands beside its expected
//! law.

use crate::measurement::Measurement;
use crate::participants::{self, Entry, SIZES};
use crate::reading::Reading;
use crate::report::unit::Unit;
use crate::report::{Spread, write_table};
use crate::results::Machine;
use crate::run::{self, MILLISECOND, progress};
use crate::work::Span;
use crate::workload::{Placement, Workload};
use anyhow::Result;
use plotters::prelude::*;
use std::fmt::Write;
use std::path::Path;

/// Which parts of the API are compared.
const WAYS: [(&str, RGBColor); 3] =
    [("ours", RGBColor(70, 120, 180)), ("ours-in-place", RGBColor(215, 95, 20)), ("ours-batch", RGBColor(60, 140, 70))];

/// A varied parameter, and the expected law of the time per message and of the latency.
struct Axis {
    title: &'static str,
    law: &'static str,
    values: &'static [usize],
    /// The measurement for a value: slots, size, consumers.
    measurement: fn(usize) -> (usize, usize, usize),
    /// The function that the time per message is expected to grow with, but for a constant.
    grows_with: fn(f64) -> f64,
}

const AXES: [Axis; 3] = [
    Axis {
        title: "consumers",
        law: "each consumer costs the same again: the time for a message is a + b × consumers",
        values: &[1, 2, 3, 4, 6, 8, 12, 16],
        measurement: |consumers| (1024, 64, consumers),
        grows_with: |consumers| consumers,
    },
    Axis {
        title: "slots",
        law: "each lap costs one wait for the other side: the time for a message is a + b / slots; the latency is constant",
        values: &[1, 4, 16, 64, 256, 1024, 4096],
        measurement: |slots| (slots, 64, 1),
        grows_with: |slots| 1.0 / slots,
    },
    Axis {
        title: "bytes in a message",
        law: "a message costs something, and each of its bytes: the time for a message is a + b × bytes",
        values: &SIZES,
        measurement: |size| (((4 << 20) / size).clamp(4, 1024), size, 1),
        grows_with: |size| size,
    },
];

/// The measured figures at a value.
struct Point {
    value: f64,
    rate: Option<Spread>,
    latency: Option<Spread>,
}

/// Measures, prints a table, and writes it and the plot if it is told where the tables are.
pub fn main(quick: bool, tables: Option<&Path>) -> Result<()> {
    let machine = Machine::here();
    let rounds = if quick { 1 } else { 3 };
    let (cores, load) = (machine.cores, machine.load);
    let mut page =
        format!("{}, {cores} cores; load average {load:.1} before. {rounds} rounds; medians.\n", machine.processor);
    let curves = measure(rounds, if quick { 100 } else { 250 } * MILLISECOND)?;
    AXES.iter().zip(&curves).for_each(|(axis, ways)| page += &table(axis, ways));
    progress("");
    print!("{page}");
    if let Some(tables) = tables {
        draw(&curves, &tables.join("scaling.svg"))?;
        write_table(tables, "scaling", "How it scales", &page)?;
    }
    Ok(())
}

/// The measurements at a value by a part of the API, round by round.
struct Spot {
    entry: Entry,
    measurement: Measurement,
    readings: Vec<Reading>,
}

impl Spot {
    fn new(axis: &Axis, value: usize, way: &str, workload: Workload, span: Span) -> Result<Self> {
        let (slots, size, consumers) = (axis.measurement)(value);
        // Two processes are pinned to a core each. The kernel places more processes itself.
        let placement = if consumers == 1 { Placement::Pinned } else { Placement::Free };
        let measurement = Measurement { workload, placement, size, slots, consumers, span };
        Ok(Self { entry: participants::find(way)?, measurement, readings: Vec::new() })
    }

    fn measure(&mut self) {
        let Measurement { size, slots, consumers, .. } = self.measurement;
        let what = format!("{}: {consumers} consumers, {slots} slots, {size} bytes", self.entry.name);
        progress(&what);
        match run::reading(self.measurement, &self.entry) {
            Ok(reading) => self.readings.push(reading),
            Err(error) => eprintln!("{what}: {error:#}"),
        }
    }

    fn spread(&self) -> Option<Spread> {
        Spread::of_counting(&self.readings, |reading| Some(reading.value))
    }
}

/// The points of each axis and each part of the API: rates and latencies. Points are measured round by round, because
/// the machine may be slow for a minute. A point with too few readings that count is measured up to twice more.
fn measure(rounds: usize, run: u64) -> Result<Vec<Vec<Vec<Point>>>> {
    let spans = [(Workload::Small, Span { warm_up: run / 5, run }), (Workload::Paced, Span { warm_up: 0, run })];
    let mut spots = Vec::new();
    for axis in &AXES {
        for (way, _) in WAYS {
            for value in axis.values {
                for (workload, span) in spans {
                    spots.push(Spot::new(axis, *value, way, workload, span)?);
                }
            }
        }
    }
    for round in 0..rounds + 2 {
        let lacks = |spot: &&mut Spot| round < rounds || 2 * run::counted(&spot.readings) <= rounds;
        spots.iter_mut().filter(lacks).for_each(Spot::measure);
        run::judge(spots.iter_mut().flat_map(|spot| &mut spot.readings));
    }
    let mut spreads = spots.iter().map(Spot::spread);
    let mut next = || spreads.next().flatten();
    let mut point = |value: &usize| Point { value: *value as f64, rate: next(), latency: next() };
    let mut of = |axis: &Axis| WAYS.map(|_| axis.values.iter().map(&mut point).collect()).into();
    Ok(AXES.iter().map(&mut of).collect())
}

fn table(axis: &Axis, ways: &[Vec<Point>]) -> String {
    let mut table = format!("\nExpected: {}.\n\n| {} |", axis.law, axis.title);
    WAYS.iter().for_each(|(way, _)| _ = write!(table, " {way} | latency |"));
    table += "\n| ---: |";
    WAYS.iter().for_each(|_| table += " ---: | ---: |");
    for (row, value) in axis.values.iter().enumerate() {
        let _ = write!(table, "\n| {value} |");
        for points in ways {
            let show = |unit: Unit, spread: Option<Spread>| spread.map_or("–".to_owned(), |s| unit.show(s.median));
            let (rate, latency) = (show(Unit::PerSecond, points[row].rate), show(Unit::Time, points[row].latency));
            let _ = write!(table, " {rate} | {latency} |");
        }
    }
    table + "\n"
}

/// The law a + b × g(value) that fits these times best, by their relative errors.
fn law(axis: &Axis, times: &[(f64, f64)]) -> impl Fn(f64) -> f64 + use<> {
    let grows_with = axis.grows_with;
    let (mut u, mut v, mut uu, mut uv, mut vv) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (value, time) in times {
        let (one, grown) = (1.0 / time, grows_with(*value) / time);
        (u, v, uu, uv, vv) = (u + one, v + grown, uu + one * one, uv + one * grown, vv + grown * grown);
    }
    let determinant = uu * vv - uv * uv;
    let (a, b) = match ((u * vv - v * uv) / determinant, (v * uu - u * uv) / determinant) {
        (a, _) if a < 0.0 => (0.0, v / vv),
        (_, b) if b < 0.0 => (u / uu, 0.0),
        both => both,
    };
    move |value| a + b * grows_with(value)
}

/// Six panels: rates on the left, latencies on the right; the law is dashed.
fn draw(curves: &[Vec<Vec<Point>>], file: &Path) -> Result<()> {
    let area = SVGBackend::new(file, (960, 900)).into_drawing_area();
    area.fill(&WHITE)?;
    let panels = area.split_evenly((AXES.len(), 2));
    for (row, (axis, ways)) in AXES.iter().zip(curves).enumerate() {
        let rate = |point: &Point| Some((point.value, point.rate?.median));
        let latency = |point: &Point| Some((point.value, point.latency?.median / 1e3));
        let series = |of: &dyn Fn(&Point) -> Option<(f64, f64)>| -> Vec<Vec<(f64, f64)>> {
            ways.iter().map(|points| points.iter().filter_map(of).collect()).collect()
        };
        draw_panel(&panels[2 * row], axis, &series(&rate), "messages a second", |time| 1.0 / time)?;
        draw_panel(&panels[2 * row + 1], axis, &series(&latency), "latency in µs, paced", |time| time)?;
    }
    area.present()?;
    Ok(())
}

/// `time` converts between a drawn value and a time, in both directions.
fn draw_panel(
    panel: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    axis: &Axis,
    series: &[Vec<(f64, f64)>],
    title: &str,
    time: fn(f64) -> f64,
) -> Result<()> {
    let whole = |value: &f64| format!("{value:.0}");
    let ends = |of: fn(&(f64, f64)) -> f64| {
        let all = series.iter().flatten().map(of);
        let (least, most) = all.fold((f64::INFINITY, 0.0_f64), |(least, most), v| (least.min(v), most.max(v)));
        (least / 1.5..most * 1.5).log_scale()
    };
    if series.iter().all(|points| points.len() < 2) {
        return Ok(());
    }
    let mut chart = ChartBuilder::on(panel)
        .caption(format!("{title}, by {}", axis.title), ("sans-serif", 15))
        .margin(12)
        .x_label_area_size(26)
        .y_label_area_size(60)
        .build_cartesian_2d(ends(|point| point.0), ends(|point| point.1))?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .x_labels(6)
        .x_label_formatter(&whole)
        .y_label_formatter(&whole)
        .draw()?;
    for (points, (way, colour)) in series.iter().zip(WAYS).filter(|(points, _)| points.len() > 1) {
        chart
            .draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)).point_size(3))?
            .label(way)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
        let times: Vec<_> = points.iter().map(|(value, shown)| (*value, time(*shown))).collect();
        let law = law(axis, &times);
        let expected = points.iter().map(|(value, _)| (*value, time(law(*value))));
        chart.draw_series(DashedLineSeries::new(expected, 5, 4, colour.into()))?;
    }
    // The legend is the same for every panel. In this panel it hides no curve.
    if title.starts_with("messages") && axis.title == "consumers" {
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerLeft)
            .background_style(WHITE.mix(0.8))
            .draw()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{AXES, law};

    #[test]
    fn fit_finds_the_law_of_its_points() {
        for axis in &AXES {
            let at = |&value: &usize| (value as f64, 7.0 + 3.0 * (axis.grows_with)(value as f64));
            let times: Vec<_> = axis.values.iter().map(at).collect();
            let found = law(axis, &times);
            times.iter().for_each(|(value, time)| assert!((found(*value) / time - 1.0).abs() < 1e-6));
        }
    }

    #[test]
    fn fit_gives_no_negative_time() {
        let falling = law(&AXES[0], &[(1.0, 20.0), (8.0, 10.0), (16.0, 1.0)]);
        assert!(falling(64.0) > 0.0);
        let steep = law(&AXES[0], &[(1.0, 1.0), (8.0, 80.0), (16.0, 900.0)]);
        assert!(steep(1.0) > 0.0);
    }
}
