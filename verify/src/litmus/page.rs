//! `docs/litmus.md`: written from the catalogue and from the checkers' answers, and compared with both by each run.

use super::{
    Standard, Test,
    catalogue::{SHAPES, source},
    machine::Counts,
    verdict::Verdict,
};
use crate::report::pages::row;
use std::{collections::BTreeMap, fmt::Write as _};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/litmus.md");

const HEAD: &str = "\
# Litmus tests

A litmus test is a few threads on two words, x and y, which hold 0 at first. It asks about one outcome. Each checker
says whether it reaches that outcome, and how many outcomes it reaches in all: *no, of 3*. The column C++20 says whether
[the standard](https://eel.is/c++draft/atomics.order) allows the outcome; S is its order of all SeqCst operations.
[memory.md](memory.md) says how far these rules hold between processes.

A checker that reaches a forbidden outcome rejects correct code. A checker that misses an allowed one accepts code that
may fail. So read the last column before you trust a green check: shuttle runs schedules only, and misses every weak
outcome. *graphs* is the graph checker under RC11, with asymmetric fences ([verification.md](verification.md)). Under
SC, *graphs* has shuttle's outcomes.

`ACKCAST_BLESS=1 cargo test -p ackcast-verify --lib litmus` writes this page. The same test without the variable
compares it with the sources. `cargo run --release -p ackcast-verify --example litmus -- --bless` also runs each test on
real threads, and writes the column *seen*. The run fails if a forbidden outcome is seen, or if an x86-64 machine does
not show store buffering. What a machine does not show may still be allowed: another machine, or the next compiler, may
show it.
";

const COLUMNS: &str =
    "| test | asked | C++20 | because | graphs | graphs, SC | loom | shuttle | seen | for a reviewer |";
/// The column of what a machine has shown, as cells between bars.
const SEEN: usize = 9;
const MACHINE: &str = "The machine that wrote *seen*: ";
const NOT_RUN: &str = "not run";

/// What a machine has shown: a run writes it, and the tests do not compare it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    machine: String,
    cells: BTreeMap<String, String>,
}

impl Shown {
    /// What this machine has shown.
    pub fn new(machine: String, counts: &Counts) -> Self {
        Self { machine, cells: counts.iter().map(|(name, count)| ((*name).to_owned(), count.to_string())).collect() }
    }

    /// What a page says.
    pub fn on(page: &str) -> Self {
        let machine = page.lines().find_map(|line| line.strip_prefix(MACHINE)).unwrap_or(NOT_RUN);
        let cells = page.lines().filter(|line| line.starts_with("| ")).filter_map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            Some(((*cells.get(1)?).to_owned(), (*cells.get(SEEN)?).to_owned()))
        });
        Self { machine: machine.trim_end_matches('.').to_owned(), cells: cells.collect() }
    }
}

/// A test, and what the checkers say of it.
pub type Judged = (Test, Verdict);

/// Asks all checkers about all tests.
pub fn judged() -> Vec<Judged> {
    super::tests().into_iter().map(|test| (test, Verdict::of(&test))).collect()
}

fn line(test: &Test, verdict: &Verdict, shown: &Shown) -> String {
    let standard = match test.standard {
        Standard::Allowed => "allowed",
        Standard::Forbidden => "forbidden",
    };
    let [graphs, sequential, loom, shuttle] = &verdict.0;
    let seen = shown.cells.get(test.name).map_or(NOT_RUN, String::as_str);
    let differences = verdict.differences(test.standard);
    let review = format!("{differences} {}", test.note);
    row(&[&test.name, &test.asked, &standard, &test.why, graphs, sequential, loom, shuttle, &seen, &review.trim()])
}

/// The page.
pub fn page(judged: &[Judged], shown: &Shown) -> String {
    let mut page = format!("{HEAD}\n{MACHINE}{}.\n\n{COLUMNS}\n|", shown.machine);
    page += &" --- |".repeat(COLUMNS.matches(" | ").count() + 1);
    for (test, verdict) in judged {
        let _ = write!(page, "\n{}", line(test, verdict, shown));
    }
    for (shape, about) in SHAPES {
        let _ = write!(page, "\n\n## {shape}\n\n{about}\n\n```rust");
        for (test, _) in judged.iter().filter(|(test, _)| shape_of(test) == shape) {
            let _ = write!(page, "\n// {}: {}?\n{}", test.name, test.asked, source(test).join("\n"));
        }
        page += "\n```";
    }
    page + "\n"
}

/// The shape of a test: what its name begins with.
fn shape_of(test: &Test) -> &'static str {
    SHAPES.iter().map(|&(shape, _)| shape).find(|shape| test.name.starts_with(shape)).unwrap_or_default()
}

/// Compares a page with the sources, apart from what a machine has shown.
///
/// # Errors
/// The first line that differs.
pub fn compare(found: &str, judged: &[Judged]) -> Result<(), String> {
    let wanted = page(judged, &Shown::on(found));
    if found == wanted {
        return Ok(());
    }
    let mut pairs = (1..).zip(found.lines().zip(wanted.lines()));
    let differs = pairs.find(|(_, (found, wanted))| found != wanted);
    Err(differs.map_or("one page is longer".into(), |(number, (found, wanted))| {
        format!("line {number}:\n   the page has {found}\nthe sources say {wanted}")
    }))
}

/// The page as it stands; empty if there is none.
pub fn read() -> String {
    std::fs::read_to_string(PATH).unwrap_or_default()
}

/// Writes the page.
///
/// # Panics
/// The file cannot be written.
pub fn write(page: &str) {
    std::fs::write(PATH, page).expect("the page can be written");
}

#[cfg(test)]
mod tests;
