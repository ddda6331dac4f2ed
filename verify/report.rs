//! What was checked, for people and for tools: `target/verify/report.md` and `.json`.

use crate::{
    catalogue::Entry,
    check::{Checker, Report},
    equivalents::EQUIVALENTS,
    mutants::{Fate, line},
    picture::directory,
    sweep::Swept,
};
use std::{
    fmt::Write as _,
    sync::{Mutex, PoisonError},
};

#[derive(Debug, Default)]
struct All {
    checks: Vec<(Entry, u64, f64)>,
    fates: Vec<Fate>,
    sweeps: Vec<Swept>,
}

static ALL: Mutex<All> = Mutex::new(All { checks: Vec::new(), fates: Vec::new(), sweeps: Vec::new() });

/// Adds a check that passed.
pub fn add(entry: Entry, report: &Report) {
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    all.checks.push((entry, report.executions, report.time.as_secs_f64()));
    write(&all);
}

/// Adds what became of the mutants.
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

const fn exhaustive(checker: Checker) -> bool {
    matches!(checker, Checker::Loom | Checker::Dfs)
}

/// The checks as a table.
fn checks_table(all: &All) -> String {
    let mut text = String::from(
        "| scenario | defends | producers × consumers × messages on slots | doubles | checker | executions | seconds \
         | exhaustive |\n| --- | --- | --- | --- | --- | ---: | ---: | --- |\n",
    );
    for (entry, executions, seconds) in &all.checks {
        let (case, exhaustive) = (&entry.case, if exhaustive(entry.checker) { "yes" } else { "no" });
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {:?} | {executions} | {seconds:.2} | {exhaustive} |",
            case.name, case.defends, entry.case.shape, case.doubles, entry.checker
        );
    }
    text
}

/// The sweeps as a table.
fn sweeps_table(sweeps: &[Swept]) -> String {
    let mut text = String::from(
        "| producers × consumers × messages on slots | doubles | deaths | participants | crash points | executions \
         | seconds | exhaustive |\n| --- | --- | ---: | --- | ---: | ---: | ---: | --- |\n",
    );
    for swept in sweeps {
        let (shape, doubles, deaths) = (swept.shape(), swept.doubles, swept.deaths);
        let (victims, seconds) = (&swept.victims, swept.time.as_secs_f64());
        let (points, executions) = (swept.points, swept.executions);
        let all = if swept.exhaustive() { "yes" } else { "no" };
        let _ = writeln!(
            text,
            "| {shape} | {doubles} | {deaths} | {victims} | {points} | {executions} | {seconds:.1} | {all} |"
        );
    }
    text
}

/// A mutant, without anything that a run or an unrelated edit changes.
pub fn mutant_key(fate: &Fate) -> String {
    let words: Vec<_> = fate.words.iter().copied().collect();
    let (mutant, code) = (fate.mutant, line(fate.mutant.site));
    let code = code.split("//").next().unwrap_or_default().trim().replace('|', "\\|");
    format!("| `{}` | `{code}` | {} | {:?} |", mutant.site.file, words.join(", "), mutant.operator)
}

/// The mutants and their killers, as a table.
pub fn mutants_table(fates: &[Fate]) -> String {
    let mut text = String::from("| file | line | word | mutation | fate |\n| --- | --- | --- | --- | --- |\n");
    for fate in fates {
        let end = match &fate.killer {
            Some((entry, execution, how)) => {
                let how = how.lines().next().unwrap_or_default();
                let how: String = how.chars().take(60).collect::<String>().replace('|', "/");
                format!("{} [{}], execution {execution}: {how}", entry.case.name, entry.case.doubles)
            }
            None => {
                let reason = EQUIVALENTS.iter().find(|equivalent| equivalent.is(fate.mutant));
                reason.map_or("**survives**".to_owned(), |equivalent| format!("equivalent: {}", equivalent.reason))
            }
        };
        let _ = writeln!(text, "{} {end} |", mutant_key(fate));
    }
    text
}

fn write(all: &All) {
    let (checks, sweeps, mutants) = (checks_table(all), sweeps_table(&all.sweeps), mutants_table(&all.fates));
    let markdown = format!("# Checks\n\n{checks}\n# Crash points\n\n{sweeps}\n# Mutants\n\n{mutants}");
    let checks = all.checks.iter().map(|(entry, executions, seconds)| {
        format!(
            "{{\"scenario\":\"{}\",\"shape\":\"{}\",\"doubles\":\"{}\",\"checker\":\"{:?}\",\"executions\":{executions},\
             \"seconds\":{seconds:.3},\"exhaustive\":{}}}",
            entry.case.name,
            entry.case.shape,
            entry.case.doubles,
            entry.checker,
            exhaustive(entry.checker)
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
        let (shape, doubles, deaths) = (swept.shape(), swept.doubles, swept.deaths);
        let (victims, seconds) = (&swept.victims, swept.time.as_secs_f64());
        let (points, executions) = (swept.points, swept.executions);
        format!(
            "{{\"shape\":\"{shape}\",\"doubles\":\"{doubles}\",\"deaths\":{deaths},\"participants\":\"{victims}\",\
             \"points\":{points},\"executions\":{executions},\"seconds\":{seconds:.3},\"exhaustive\":{}}}",
            swept.exhaustive()
        )
    });
    let (checks, fates, sweeps): (Vec<_>, Vec<_>, Vec<_>) = (checks.collect(), fates.collect(), sweeps.collect());
    let (checks, fates, sweeps) = (checks.join(",\n"), fates.join(",\n"), sweeps.join(",\n"));
    let json = format!("{{\"checks\":[\n{checks}\n],\"sweeps\":[\n{sweeps}\n],\"mutants\":[\n{fates}\n]}}\n");
    for (name, text) in [("report.md", markdown), ("report.json", json)] {
        std::fs::write(directory().join(name), text).expect("the target directory can be written");
    }
}
