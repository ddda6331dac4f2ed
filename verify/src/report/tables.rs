//! The report of all that was checked, for people and for tools: `target/verify/report.md` and `.json`.
//!
//! A test adds rows to a section. Tests run in child processes: a child [hands its rows on](add) to its parent, which
//! [takes them over](take_over) and writes the report.

use super::{pages, picture::directory, progress};
use std::{
    collections::BTreeMap,
    fmt::{Display, Write as _},
    sync::{Mutex, PoisonError},
};

/// A table of the report.
#[derive(Debug)]
pub struct Section {
    /// Its title, by which rows name it.
    pub title: &'static str,
    /// Its columns: the title, the name for tools, and whether the cells are numbers.
    pub columns: &'static [(&'static str, &'static str, bool)],
}

const SHAPE: (&str, &str, bool) = ("producers × consumers × messages on slots", "shape", false);

/// The checks of the catalogue.
pub const CHECKS: Section = Section {
    title: "Checks",
    columns: &[
        ("scenario", "scenario", false),
        ("defends", "defends", false),
        SHAPE,
        ("config", "config", false),
        ("checker", "checker", false),
        ("executions", "executions", true),
        ("seconds", "seconds", true),
        ("exhaustive", "exhaustive", false),
    ],
};

/// The sweeps over crash points.
pub const CRASH_POINTS: Section = Section {
    title: "Crash points",
    columns: &[
        SHAPE,
        ("config", "config", false),
        ("deaths", "deaths", true),
        ("participants", "participants", false),
        ("crash points", "points", true),
        ("executions", "executions", true),
        ("seconds", "seconds", true),
    ],
};

/// The explorations of all states.
pub const EXPLORATIONS: Section = Section {
    title: "Explorations",
    columns: &[
        SHAPE,
        ("late", "late", false),
        ("deaths", "deaths", true),
        ("places", "places", true),
        ("states", "states", true),
        ("steps", "steps", true),
        ("outcomes", "outcomes", true),
        ("seconds", "seconds", true),
    ],
};

/// The checks by graphs.
pub const GRAPHS: Section = Section {
    title: "Graphs",
    columns: &[
        ("scenario", "scenario", false),
        SHAPE,
        ("config", "config", false),
        ("deaths", "deaths", false),
        ("complete", "complete", true),
        ("blocked", "blocked", true),
        ("outcomes", "outcomes", true),
        ("seconds", "seconds", true),
    ],
};

/// The mutants and their fates.
pub const MUTANTS: Section = Section {
    title: "Mutants",
    columns: &[
        ("label", "label", false),
        ("word", "word", false),
        ("mutation", "mutation", false),
        ("fate", "fate", false),
    ],
};

/// All sections, in their order in the report.
const SECTIONS: [&Section; 5] = [&CHECKS, &CRASH_POINTS, &EXPLORATIONS, &GRAPHS, &MUTANTS];
/// The sections of the page `docs/tables/deep.md`.
const DEEP: [&Section; 3] = [&CHECKS, &CRASH_POINTS, &EXPLORATIONS];

/// The rows of each section so far, by its title: cells between tabs.
type Rows = BTreeMap<String, Vec<String>>;

static ROWS: Mutex<Rows> = Mutex::new(Rows::new());

const ROW: &str = "row: ";

/// Adds a row. In a child process, prints it for the parent.
pub fn add(section: &Section, cells: &[&dyn Display]) {
    let cells: Vec<_> = cells.iter().map(ToString::to_string).collect();
    assert_eq!(cells.len(), section.columns.len(), "{}: a cell for each column", section.title);
    let line = format!("{ROW}{}\t{}", section.title, cells.join("\t"));
    if progress::is_child() { println!("{line}") } else { assert!(take_over(&line), "{line:?} is a row") }
}

/// Takes over a row that a child process printed; false if the line is none.
pub fn take_over(line: &str) -> bool {
    let Some((title, cells)) = line.strip_prefix(ROW).and_then(|row| row.split_once('\t')) else { return false };
    let mut all = ROWS.lock().unwrap_or_else(PoisonError::into_inner);
    all.entry(title.to_owned()).or_default().push(cells.to_owned());
    write(&all);
    true
}

/// A section with its rows in order, whatever the order in which the tests ended.
fn markdown(section: &Section, all: &Rows) -> String {
    let cells = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let alignment = |number: bool| if number { "---:" } else { "---" };
    let mut text = format!("## {}\n\n", section.title);
    text += &cells(section.columns.iter().map(|column| column.0).collect());
    text += &cells(section.columns.iter().map(|column| alignment(column.2)).collect());
    let mut rows: Vec<_> =
        all.get(section.title).into_iter().flatten().map(|row| cells(row.split('\t').collect())).collect();
    rows.sort_unstable();
    text + &rows.concat()
}

/// A section as JSON.
fn json(section: &Section, all: &Rows) -> String {
    let cell = |(&(_, name, number), cell): (&(&str, &str, bool), &str)| match number {
        true => format!("\"{name}\":{cell}"),
        false => format!("\"{name}\":{cell:?}"),
    };
    let row = |row: &String| {
        let cells: Vec<_> = section.columns.iter().zip(row.split('\t')).map(cell).collect();
        format!("{{{}}}", cells.join(","))
    };
    let rows: Vec<_> = all.get(section.title).into_iter().flatten().map(row).collect();
    format!("\"{}\":[\n{}\n]", section.title.to_lowercase().replace(' ', "_"), rows.join(",\n"))
}

fn write(all: &Rows) {
    let mut text = String::from("# Report\n");
    for section in SECTIONS {
        let _ = write!(text, "\n{}", markdown(section, all));
    }
    let sections = SECTIONS.map(|section| json(section, all));
    std::fs::create_dir_all(directory()).expect("the target directory can be written");
    for (name, text) in [("report.md", text), ("report.json", format!("{{{}}}\n", sections.join(",\n")))] {
        std::fs::write(directory().join(name), text).expect("the target directory can be written");
    }
}

/// How many rows the section has so far.
pub fn count(section: &Section) -> usize {
    let all = ROWS.lock().unwrap_or_else(PoisonError::into_inner);
    all.get(section.title).map_or(0, Vec::len)
}

/// Writes the page of a deep run that was complete.
pub fn write_deep_page() {
    let all = ROWS.lock().unwrap_or_else(PoisonError::into_inner);
    let sections = DEEP.map(|section| markdown(section, &all));
    let head = "# The deep run: what was checked\n\n\
                Written by `ACKCAST_BLESS=1 RUSTFLAGS=\"--cfg loom\" cargo test --test verify`.\n\
                [verification.md](../verification.md) explains the columns and names the machine.\n\n";
    pages::write("deep", &format!("{head}{}", sections.join("\n")));
}

/// Writes the page of the checks by graphs.
pub fn write_graphs_page() {
    let all = ROWS.lock().unwrap_or_else(PoisonError::into_inner);
    let head = "# The checks by graphs\n\n\
                Written by `ACKCAST_BLESS=1 RUSTFLAGS=\"--cfg loom\" cargo test --test verify graph::`. Each run compares its\n\
                numbers of graphs with these. [verification.md](../verification.md) explains the columns.\n\n";
    pages::write("graphs", &format!("{head}{}", markdown(&GRAPHS, &all)));
}

#[test]
fn rows_become_tables_and_json() {
    let section = Section { title: "Two words", columns: &[("what", "what", false), ("how many", "count", true)] };
    let all = Rows::from([(section.title.to_owned(), vec!["second\t2".to_owned(), "\"first\"\t10".to_owned()])]);
    let table = "## Two words\n\n| what | how many |\n| --- | ---: |\n| \"first\" | 10 |\n| second | 2 |\n";
    assert_eq!(markdown(&section, &all), table);
    let rows = "{\"what\":\"second\",\"count\":2},\n{\"what\":\"\\\"first\\\"\",\"count\":10}";
    assert_eq!(json(&section, &all), format!("\"two_words\":[\n{rows}\n]"));
    assert!(!take_over("so far: 2048"), "this is no row");
}
