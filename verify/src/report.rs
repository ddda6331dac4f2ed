//! The report of all that was checked, for people and for tools: `target/verify/report.md` and `.json`.

use crate::{
    alone::Passed,
    catalogue::{Entry, entries},
    check::Case,
    equivalents::excuse,
    explore::Exploration,
    hook::SiteCoverage,
    labels::{self, Site},
    mutants::{Fate, Place, Sites, label, operators},
    page::{self, Table, row},
    picture::directory,
    sweep::Swept,
};
use std::sync::{Mutex, PoisonError};

#[derive(Debug, Default)]
struct All {
    checks: Vec<(Entry, Passed)>,
    fates: Vec<Fate>,
    sweeps: Vec<Swept>,
    explorations: Vec<Exploration>,
}

static ALL: Mutex<All> =
    Mutex::new(All { checks: Vec::new(), fates: Vec::new(), sweeps: Vec::new(), explorations: Vec::new() });

/// Adds a check that passed.
pub fn add(entry: Entry, passed: Passed) {
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    all.checks.push((entry, passed));
    write(&all);
}

/// Adds the fates of the mutants.
pub fn add_fates(fates: &[Fate]) {
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    all.fates = fates.to_vec();
    write(&all);
}

/// Adds a sweep over crash points that passed.
pub fn add_sweep(swept: &Swept) {
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    all.sweeps.push(swept.clone());
    write(&all);
}

/// Adds an exploration that passed.
pub fn add_exploration(exploration: &Exploration) {
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    all.explorations.push(exploration.clone());
    write(&all);
}

/// A table with its rows in order, whatever the order in which the checks ended.
fn table(head: &str, rows: impl Iterator<Item = String>) -> String {
    let mut rows: Vec<_> = rows.collect();
    rows.sort_unstable();
    let alignments =
        head.trim_matches('|').split('|').map(|title| if title.ends_with(": ") { " ---: |" } else { " --- |" });
    let head = head.replace(": |", " |");
    rows.into_iter().fold(format!("{head}\n|{}\n", alignments.collect::<String>()), |table, row| table + &row + "\n")
}

/// The cells of a check that do not depend on the run.
fn check_key(entry: &Entry) -> String {
    let Case { name, defends, shape, config, .. } = &entry.case;
    row(&[name, defends, shape, config])
}

/// The checks as a table.
fn checks_table(all: &All) -> String {
    let head = "| scenario | defends | producers × consumers × messages on slots | config | checker | executions: \
                | seconds: | exhaustive |";
    let rows = all.checks.iter().map(|(entry, Passed { executions, seconds })| {
        let exhaustive = if entry.checker.is_exhaustive() { "yes" } else { "no" };
        format!("{} {:?} | {executions} | {seconds:.2} | {exhaustive} |", check_key(entry), entry.checker)
    });
    table(head, rows)
}

/// The sweeps as a table.
fn sweeps_table(sweeps: &[Swept]) -> String {
    let head = "| producers × consumers × messages on slots | config | deaths: | participants | crash points: \
                | executions: | seconds: | exhaustive |";
    let rows = sweeps.iter().map(|swept| {
        let (shape, config, deaths, victims) = (swept.shape(), swept.config, swept.deaths, &swept.victims);
        let (points, executions, seconds) = (swept.points, swept.executions, swept.time.as_secs_f64());
        let all = if swept.exhaustive() { "yes" } else { "no" };
        format!("| {shape} | {config} | {deaths} | {victims} | {points} | {executions} | {seconds:.1} | {all} |")
    });
    table(head, rows)
}

/// The explorations as a table.
fn explorations_table(explorations: &[Exploration]) -> String {
    let head = "| producers × consumers × messages on slots | late | deaths: | places: | states: | steps: | outcomes: \
                | seconds: |";
    let rows = explorations.iter().map(|exploration| {
        let Exploration { shape, late, deaths, points, states, steps, outcomes, time } = exploration;
        let seconds = time.as_secs_f64();
        format!("| {shape} | {late:?} | {deaths} | {points} | {states} | {steps} | {outcomes} | {seconds:.1} |")
    });
    table(head, rows)
}

/// The mutants and their killers, as a table. The next run may find another killer.
pub fn mutants_table(fates: &[Fate]) -> Table {
    let row = |fate: &Fate| {
        let (mutant, words) = (fate.mutant, Vec::from_iter(fate.words.iter().copied()).join(", "));
        let operator = format!("{:?}", mutant.operator);
        let key = row(&[&label(mutant.site), &words, &operator]);
        let end = match (&fate.killer, excuse(mutant)) {
            (Some((entry, execution, how)), _) => {
                let how = how.lines().next().unwrap_or_default();
                let how: String = how.chars().take(60).collect::<String>().replace('|', "/");
                format!("{} [{}], execution {execution}: {how}", entry.case.name, entry.case.config)
            }
            (None, Some(reason)) => format!("equivalent: {reason}"),
            (None, None) => "**survives**".to_owned(),
        };
        (key, format!(" {end} |"))
    };
    let mut fates: Vec<_> = fates.iter().collect();
    fates.sort_by_key(|fate| position(&label(fate.mutant.site)));
    let rows = fates.into_iter().map(row).collect();
    Table { name: "mutants", title: MUTANTS, head: "| label | word | mutation | fate |", rows }
}

/// The place of a label in the table of labels; unknown labels come last.
fn position(label: &str) -> usize {
    labels::rows().iter().position(|row| row.label == label).unwrap_or(usize::MAX)
}

/// The sites, as a table.
pub fn sites_table(sites: &Sites) -> Table {
    let row = |(&(site, kind), seen): (&Place, &SiteCoverage)| {
        let (words, kind_text) = (Vec::from_iter(seen.names.iter().copied()).join(", "), format!("{kind:?}"));
        let order = seen.order.map_or(String::new(), |order| format!("{order:?}"));
        let count = operators(kind, seen.order).len();
        let Some(Site { label, place }) = labels::at(site.file, site.line) else { panic!("{site} has no label") };
        let path = site.file;
        let cells = row(&[&label, &format!("[`{place}`](../../{path})"), &words, &kind_text, &order, &count]);
        (position(&label), (cells, String::new()))
    };
    let mut rows: Vec<_> = sites.seen.iter().map(row).collect();
    rows.sort();
    let rows = rows.into_iter().map(|(_, row)| row).collect();
    Table { name: "sites", title: SITES, head: "| label | site | word | kind | ordering | mutants |", rows }
}

const DEEP: &str = "# The deep run: what was checked\n\n\
                    Written by `ACKCAST_BLESS=1 RUSTFLAGS=\"--cfg loom\" cargo test -p ackcast-verify`.\n\
                    [verification.md](../verification.md) explains the columns and names the machine.\n\n";
const SITES: &str = "Sites: operations that other participants see";
const MUTANTS: &str = "Mutants, and what killed them";

fn write(all: &All) {
    let (checks, sweeps, mutants) = (checks_table(all), sweeps_table(&all.sweeps), mutants_table(&all.fates));
    let explorations = explorations_table(&all.explorations);
    let bounded = format!("## Checks\n\n{checks}\n## Crash points\n\n{sweeps}\n## Explorations\n\n{explorations}");
    let markdown = format!("# Report\n\n{bounded}\n## Mutants\n\n{mutants}");
    // A run of some tests only, or one that has just begun, does not replace the page.
    let whole = all.checks.len() == entries().len() && !all.sweeps.is_empty() && !all.explorations.is_empty();
    if cfg!(loom) && whole && std::env::var_os("ACKCAST_BLESS").is_some() {
        page::write("deep", &format!("{DEEP}{bounded}"));
    }
    let checks = all.checks.iter().map(|(entry, Passed { executions, seconds })| {
        format!(
            "{{\"scenario\":\"{}\",\"shape\":\"{}\",\"config\":\"{}\",\"checker\":\"{:?}\",\"executions\":{executions},\
             \"seconds\":{seconds:.3},\"exhaustive\":{}}}",
            entry.case.name,
            entry.case.shape,
            entry.case.config,
            entry.checker,
            entry.checker.is_exhaustive()
        )
    });
    let fates = all.fates.iter().map(|fate| {
        let killer = fate.killer.as_ref().map_or("null".to_owned(), |killer| format!("\"{}\"", killer.0.case.name));
        let site = fate.mutant.site;
        let (file, line, column) = (site.file, site.line, site.column);
        let operator = fate.mutant.operator;
        format!("{{\"site\":\"{file}:{line}:{column}\",\"operator\":\"{operator:?}\",\"killer\":{killer}}}")
    });
    let sweeps = all.sweeps.iter().map(|swept| {
        let (shape, config, deaths) = (swept.shape(), swept.config, swept.deaths);
        let (victims, seconds) = (&swept.victims, swept.time.as_secs_f64());
        let (points, executions) = (swept.points, swept.executions);
        format!(
            "{{\"shape\":\"{shape}\",\"config\":\"{config}\",\"deaths\":{deaths},\"participants\":\"{victims}\",\
             \"points\":{points},\"executions\":{executions},\"seconds\":{seconds:.3},\"exhaustive\":{}}}",
            swept.exhaustive()
        )
    });
    let explorations = all.explorations.iter().map(|exploration| {
        let Exploration { shape, late, deaths, points, states, steps, outcomes, time } = exploration;
        format!(
            "{{\"shape\":\"{shape}\",\"late\":\"{late:?}\",\"deaths\":{deaths},\"places\":{points},\"states\":{states},\"steps\":{steps},\
             \"outcomes\":{outcomes},\"seconds\":{:.3}}}",
            time.as_secs_f64()
        )
    });
    let [checks, sweeps, explorations, fates] =
        [checks.collect(), sweeps.collect(), explorations.collect(), fates.collect::<Vec<_>>()]
            .map(|rows: Vec<String>| rows.join(",\n"));
    let json = format!(
        "{{\"checks\":[\n{checks}\n],\"sweeps\":[\n{sweeps}\n],\"explorations\":[\n{explorations}\n],\
         \"mutants\":[\n{fates}\n]}}\n"
    );
    for (name, text) in [("report.md", markdown), ("report.json", json)] {
        std::fs::write(directory().join(name), text).expect("the target directory can be written");
    }
}

/// What is missing or stale in the checks of `docs/tables/deep.md`.
fn deep_faults(page: &str, entries: &[Entry]) -> Vec<String> {
    let checks = page.split("## ").find(|section| section.starts_with("Checks\n")).unwrap_or_default();
    let mut rows: Vec<_> = checks.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
    let mut faults = Vec::new();
    for key in entries.iter().map(check_key) {
        match rows.iter().position(|row| row.starts_with(&key)) {
            Some(found) => drop(rows.swap_remove(found)),
            None => faults.push(format!("missing: {key}")),
        }
    }
    faults.extend(rows.iter().map(|row| format!("stale: {row}")));
    faults
}

#[test]
fn page_of_the_deep_run_has_each_check() {
    let page = page::read("deep");
    let all = entries();
    let faults = deep_faults(&page, &all);
    assert!(faults.is_empty(), "ACKCAST_BLESS=1 in a deep run rewrites docs/tables/deep.md: {faults:#?}");
    assert_eq!(deep_faults(&page, &all[1..]).len(), 1, "a row too many is noticed");
    assert_eq!(deep_faults(&page.replacen("| consumer_gets_every_message |", "| other |", 1), &all).len(), 2);
}
