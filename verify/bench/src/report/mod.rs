//! The page: tables, the goals, a plot.

mod bars;
mod better;
mod column;
mod demands;
mod table;

pub mod unit;

use crate::machine_speed::SLOW;
use crate::reading::Reading;
use crate::results::Results;
use anyhow::{Context, Result};
use std::fmt::Write;
use std::path::Path;

/// Median, quartiles, minimum and maximum of the rounds.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    pub median: f64,
    /// The first and the third quartile: half of the rounds are between them.
    quartiles: [f64; 2],
    pub least: f64,
    pub most: f64,
}

impl Spread {
    /// `None` if there are no values.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        let quarter = (values.len() - 1) / 4;
        let quartiles = [values[quarter], values[values.len() - 1 - quarter]];
        Some(Self { median: (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0, quartiles, least, most })
    }

    /// Whether each median is in the middle half of the other's rounds. Their difference may be chance then.
    pub fn is_like(&self, other: &Self) -> bool {
        let has = |one: &Self, median| one.quartiles[0] <= median && median <= one.quartiles[1];
        has(self, other.median) && has(other, self.median)
    }

    /// So many times the values.
    pub fn times(self, factor: f64) -> Self {
        let Self { median, quartiles, least, most } = self;
        let quartiles = quartiles.map(|quartile| quartile * factor);
        Self { median: median * factor, quartiles, least: least * factor, most: most * factor }
    }

    /// Of the readings that count. If the machine was slow all the time, of all readings.
    pub fn of_counting(readings: &[Reading], of: impl Fn(&Reading) -> Option<f64>) -> Option<Self> {
        let none_counts = readings.iter().all(|reading| reading.slow);
        Self::of(readings.iter().filter(|reading| none_counts || !reading.slow).filter_map(of).collect())
    }
}

/// The page in Markdown.
pub fn page(results: &Results) -> String {
    let machine = &results.machine;
    let mut page = format!(
        "{}, {} cores, Linux {}; load average {:.1} before the run. {} rounds, all participants in turn; medians.\n\n",
        machine.processor, machine.cores, machine.kernel, machine.load, results.rounds
    );
    if machine.load > 1.0 {
        page += "Others used the machine meanwhile: the figures are worse and more scattered than it can do.\n\n";
    }
    let (slow, all) = results.slow();
    let percent = 100.0 * SLOW;
    let _ = writeln!(
        page,
        "{slow} of {all} readings were taken while the machine was below {percent:.0} % of its best speed (turns that its cores take, \
         before and after each) and do not count.\n"
    );
    page += &table::medians(results);
    page += &table::failures(results);
    page += "\nThe goals, and whether this run meets them. \"Within the spread\": each of the two medians is in the middle \
             half of the other's rounds.\n\n";
    page += &demands::table(results);
    page += "\nWhere a peer is better:\n\n";
    page += &better::table(results);
    page += "\nThe least and the most of the rounds:\n";
    page += &table::spreads(results);
    page
}

/// Writes the page to `tables`, and the plot beside it.
pub fn write(results: &Results, page: &str, tables: &Path) -> Result<()> {
    bars::draw(results, &tables.join("performance.svg"))?;
    write_table(tables, "performance", "Beside the limit and the peers", page)
}

/// Writes a generated page.
pub fn write_table(tables: &Path, name: &str, title: &str, text: &str) -> Result<()> {
    let file = tables.join(name).with_extension("md");
    let text = format!(
        "# {title}\n\nWritten by `verify/bench`; [performance.md](../performance.md) says what it means.\n\n{text}"
    );
    std::fs::write(&file, text).with_context(|| file.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn medians_in_each_others_middle_halves_are_alike() {
        let spread = |first: u32| Spread::of((first..first + 8).map(f64::from).collect()).unwrap();
        assert_eq!((spread(0).median, spread(0).quartiles), (3.5, [1.0, 6.0]));
        assert!(spread(0).is_like(&spread(2)) && spread(2).is_like(&spread(0)));
        assert!(!spread(0).is_like(&spread(3)) && !spread(3).is_like(&spread(0)));
        assert!(spread(10).is_like(&spread(24).times(0.5)));
    }

    #[test]
    fn narrow_spread_in_a_wide_one_is_not_alike_by_that_alone() {
        let wide = Spread::of(vec![10.0, 20.0, 30.0, 40.0, 50.0]).unwrap();
        let narrow = Spread::of(vec![20.0, 21.0, 22.0, 22.0, 23.0]).unwrap();
        assert!(!wide.is_like(&narrow) && !narrow.is_like(&wide));
    }
}
