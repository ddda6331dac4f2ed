//! `docs/orderings/`: a page for each label, which says why the operation is as it is, and what breaks without it.

use super::{
    certificate::{Fate, Killed, Survey, change},
    explain::names,
    folder::Folder,
    rustdoc,
};
use crate::{
    mutation::equivalents::UNREACHED,
    report::{
        labels::{self, Row},
        operations, pages, picture,
    },
};
use std::{collections::BTreeMap, fmt::Write as _};

/// The command that steps through a counterexample.
pub const EXPLAIN: &str = "cargo run --release -p ackcast-verify --example explain --";
const COMMAND: &str = "ACKCAST_BLESS=1 cargo test --test verify reference::orderings";

/// The labels in a text, each by `link`. A label without its letter stands for all of them: "E2a to E2d".
pub fn with_links(text: &str, link: impl Fn(&str) -> String) -> String {
    let rows = labels::rows();
    let all = |word: &str| -> Vec<&String> {
        let own = rows.iter().map(|row| &row.label).filter(|label| *label == word);
        let lettered = rows.iter().map(|row| &row.label).filter(|label| {
            label
                .strip_prefix(word)
                .is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|byte| byte.is_ascii_lowercase()))
        });
        own.chain(lettered).collect()
    };
    let (mut linked, mut word) = (String::new(), String::new());
    for c in text.chars().chain(['\n']) {
        if c.is_ascii_alphanumeric() {
            word.push(c);
            continue;
        }
        let end = std::mem::take(&mut word);
        linked += &match all(&end)[..] {
            [] => end,
            [only] => link(only),
            [first, .., last] => format!("{} to {}", link(first), link(last)),
        };
        linked.push(c);
    }
    linked.trim_end().to_owned()
}

/// The labels in a text as links to their pages.
fn linked(text: &str) -> String {
    with_links(text, |label| format!("[{label}]({label}.md)"))
}

/// The question that the page answers.
pub fn question(row: &Row) -> String {
    let (function, access) = (&row.site, &row.access);
    let Some((word, operation)) = access.split_once(": ") else {
        return match access.as_str() {
            fence if fence.contains("fence") => format!("Why has `{function}` a {fence}?"),
            call => format!("Why does `{function}` call `{call}`?"),
        };
    };
    match operation.rsplit_once(' ') {
        Some((operation, "Relaxed")) => {
            format!("Why is Relaxed enough for the {operation} of `{word}` in `{function}`?")
        }
        Some(("load", "owned")) => format!("Why needs the load of `{word}` in `{function}` no ordering?"),
        Some((operation, order)) => format!("Why {order} for the {operation} of `{word}` in `{function}`?"),
        None => format!("What orders the {operation} of `{word}` in `{function}`?"),
    }
}

/// The checker that kills the mutant in `docs/tables/mutants.md`.
fn by_schedules(page: &str, fate: &Fate) -> String {
    let key = pages::row(&[&fate.label, &fate.words, &format!("{:?}", fate.mutant.operator)]);
    let row = page.lines().find_map(|line| line.strip_prefix(&key));
    let cell = row.map(|row| row.trim().trim_end_matches('|').trim().to_owned()).unwrap_or_default();
    match cell.split_once("], execution") {
        Some((check, _)) => format!("`{check}]`"),
        None if cell.is_empty() => "not reached".into(),
        None => "not killed".into(),
    }
}

/// What breaks without it, in a few words.
pub fn breaks(fate: &Fate) -> String {
    match &fate.killed {
        Some(Killed { counterexample: Some(counterexample), .. }) => counterexample.property(),
        Some(Killed { lost: Some(outcome), .. }) => format!("the outcome `{outcome}` is not reached any more"),
        _ => "nothing".to_owned(),
    }
}

/// The page's sections on its mutants, and the pictures.
fn mutants(fates: &[&Fate], table: &str, page: &mut String, folder: &mut Folder) {
    page.push_str(
        "\n| changed to | property that fails | the shortest counterexample | on SC memory | by loom or shuttle |\n",
    );
    page.push_str("| --- | --- | --- | --- | --- |\n");
    for fate in fates {
        let operator = change(fate.mutant.operator);
        let (shortest, under_sc) = match &fate.killed {
            Some(Killed { check, counterexample, under_sc, .. }) => {
                let steps = counterexample.as_ref().map(|found| format!("[{}](#{operator}): ", found.length()));
                (format!("{}`{check}`", steps.unwrap_or_default()), if *under_sc { "fails, too" } else { "passes" })
            }
            None => ("none".into(), ""),
        };
        let cells = pages::row(&[&operator, &breaks(fate), &shortest, &under_sc, &by_schedules(table, fate)]);
        let _ = writeln!(page, "{cells}");
    }
    for fate in fates {
        let Some(Killed { counterexample: Some(found), .. }) = &fate.killed else { continue };
        let (name, because) = (fate.name(), found.because().unwrap_or_default());
        let _ = writeln!(page, "\n## {}\n", change(fate.mutant.operator));
        for paragraph in [because, format!("Found: {}.", found.what().trim_end_matches('.'))] {
            if !paragraph.is_empty() {
                page.push_str(&wrapped(&paragraph));
                page.push('\n');
            }
        }
        let _ = writeln!(page, "The steps ([how to read them](README.md#how-to-read-the-steps)):\n");
        let _ = writeln!(page, "```text\n{}```\n", found.table(false));
        let _ = writeln!(page, "![{name}: the steps above, drawn](pictures/{name}.svg)\n");
        let _ = writeln!(page, "`{EXPLAIN} {name}` writes the page that steps through it.");
        folder.add(format!("pictures/{name}.svg"), picture::diagram(found));
    }
}

/// A paragraph, wrapped at 120 columns.
pub fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is a line");
        if !line.is_empty() && line.chars().count() + word.chars().count() >= 118 {
            lines.push(word.to_owned());
        } else {
            let space = if line.is_empty() { "" } else { " " };
            *line = format!("{line}{space}{word}");
        }
    }
    lines.join("\n") + "\n"
}

/// Why a label has no mutant.
pub fn no_mutant(row: &Row) -> String {
    if let Some((_, why)) = UNREACHED.iter().find(|(label, _)| *label == row.label) {
        return format!("**Not judged by the checkers**: {why}.");
    }
    match row.label.as_bytes()[0] {
        b'D' => "**No ordering of its own**: plain memory. Each missing edge shows as a data race here.",
        b'K' => "**No ordering of its own**: the kernel's knowledge. The layer's contract is what it carries.",
        b'P' | b'C' => "**No mutant**: by contract it may return early, or its steps have pages of their own.",
        _ => "**As weak as it can be**: a relaxed access has no weaker form.",
    }
    .to_owned()
}

/// The verdict on a label, in a sentence or more.
fn verdict(row: &Row, fates: &[&Fate]) -> String {
    let mut told = String::new();
    let kept: Vec<_> = fates.iter().filter_map(|fate| fate.excuse).collect();
    let dead = fates.iter().filter(|fate| fate.killed.is_some()).count();
    let is_relaxed = row.access.ends_with("Relaxed");
    if dead > 0 {
        told = match (kept.is_empty(), is_relaxed) {
            (false, _) => "**Necessary, but for one change**: each other mutant below dies.",
            (true, true) => "**The operation is necessary**: each mutant below dies. Relaxed has no weaker form.",
            (true, false) => "**Necessary**: each mutant below dies.",
        }
        .to_owned();
    }
    for equivalent in kept {
        let space = if told.is_empty() { "" } else { "\n\n" };
        let _ = write!(
            told,
            "{space}**Kept, though {} would do**, because {}. It costs {}.",
            change(equivalent.operator),
            equivalent.reason,
            equivalent.cost
        );
    }
    if told.is_empty() { no_mutant(row) } else { told }
}

/// A label's page.
fn page(row: &Row, fates: &[&Fate], table: &str, folder: &mut Folder) -> String {
    let Row { label, site: place, access, .. } = row;
    let [partner, carries] = [operations::partner(label), operations::carries(label)].map(Option::unwrap_or_default);
    let (file, statement) = operations::of(row);
    let mut page = format!("# {label}: {access}\n\n{}\n\n", question(row));
    let _ = writeln!(page, "```rust\n// {place}\n{statement}\n```\n");
    let partner = if partner.is_empty() { "none".to_owned() } else { linked(&partner) };
    let carries = if carries.is_empty() { "nothing".to_owned() } else { linked(&carries) };
    page +=
        &wrapped(&format!("It stands in [`{place}`](../../{file}). Its partner: {partner}. It carries: {carries}."));
    page.push('\n');
    let verdict = verdict(row, fates);
    page += &verdict.split("\n\n").map(wrapped).collect::<Vec<_>>().join("\n");
    if !fates.is_empty() {
        mutants(fates, table, &mut page, folder);
    }
    let _ = writeln!(
        page,
        "\n[All labels](README.md) · [the table in the source](../../src/protocol/mod.rs) · [properties](../../src/lib.rs)"
    );
    page
}

/// The index.
fn index(rows: &[Row], fates: &BTreeMap<String, Vec<&Fate>>) -> String {
    let mut text = String::from("# Why each operation is as it is\n\n");
    text += &wrapped(
        "A page for each label of the protocol's text: the line, its partner, what it carries, and what breaks without \
         it. Each mutant of the line is run under all quick checks by execution graphs (RC11, with deaths and sleeping). \
         The page has the shortest counterexample. Where no check kills a mutant, the ordering is kept, and the page \
         says why.",
    );
    text += &format!("\nWritten by `{COMMAND}`.\nEach run compares these pages with the code.\n\n");
    text += "| label | question | what breaks without it | could it be weaker? | picture |\n";
    text += "| --- | --- | --- | --- | --- |\n";
    for row in rows {
        let of_label = fates.get(&row.label).map(Vec::as_slice).unwrap_or_default();
        let label = format!("[{0}]({0}.md)", row.label);
        let killed = of_label.iter().find(|fate| fate.killed.is_some());
        let is_drawn = |fate: &Fate| fate.killed.as_ref().is_some_and(|killed| killed.counterexample.is_some());
        let drawn = of_label.iter().find(|fate| is_drawn(fate));
        let breaks = match (killed, of_label.first()) {
            (Some(fate), _) => format!("{}: {}", change(fate.mutant.operator), breaks(fate)),
            (None, Some(_)) => "nothing".to_owned(),
            (None, None) => no_mutant(row).replace("**", ""),
        };
        let excused: Vec<_> = of_label.iter().filter_map(|fate| fate.excuse).collect();
        let weaker = match excused.as_slice() {
            [kept, ..] => format!("yes, {}; kept, because {}", change(kept.operator), kept.reason),
            [] if row.access.ends_with("Relaxed") || row.access.ends_with("owned") => "it is as weak as can be".into(),
            [] if of_label.is_empty() => String::new(),
            [] => "no".into(),
        };
        let picture = drawn.map_or_else(String::new, |fate| format!("[{0}](pictures/{0}.svg)", fate.name()));
        let _ = writeln!(text, "{}", pages::row(&[&label, &question(row), &breaks, &weaker, &picture]));
    }
    text + "\n" + LEGEND
}

/// How the steps of a counterexample are read.
pub const LEGEND: &str = "\
## How to read the steps

A row is a step of a participant: operation, word, value, edges, label, function. A participant's rows are in its
program order. Rows of different participants are in no order of time: a read may return an older value than the row
above it has written.

- `= 1` reads 1, `← 1` writes 1, `0 → 1` reads 0 and writes 1.
- `rf 6` reads what row 6 has written; `rf init` reads the first value. `mo 2` is the second write of its word.
- `RACES` marks two accesses of which neither happens before the other. An access to a slot has two rows, its beginning
  and its end.
- `WEAKENED`, `DROPPED`, `SPLIT`, `LIGHTENED` and `SKIPPED` mark what a mutant has changed. A step that is left out has
  no row.
- `dies` is a death; `its number is free` is when the kernel knows that a participant is gone.
- `[[227], [224, 2]]` is what each participant saw, a byte a message: 224 is END, 227 a death, 226 lost producers.
- `graph::no_notification_is_lost::1x0x1_on_1::park_word_signal` is a check: its scenario, 1 producer × 0 consumers × 1
  message on 1 slot, and its model ([verification.md](../verification.md#what-each-checker-can-judge)).
- *On SC memory*: whether the same check fails if each read returns the newest value. Races are still judged by the
  orderings in the text, so a weakened ordering can fail there, too.
- In a picture, a line from a write to a read is *reads-from*: whole if it is an edge of happens-before, dashed if not.
";

/// Every mutant dies by graphs alone, or is an equivalent that lives; the pages say so.
pub fn pages_are_fresh() {
    let survey = Survey::new();
    let fates: Vec<Fate> = survey.mutants().into_iter().map(|(label, mutant)| survey.fate(label, mutant)).collect();
    let (survivors, wrong): (Vec<_>, Vec<_>) = (
        fates.iter().filter(|fate| fate.killed.is_none() && fate.excuse.is_none()).map(Fate::name).collect(),
        fates.iter().filter(|fate| fate.killed.is_some() && fate.excuse.is_some()).map(Fate::name).collect(),
    );
    println!("{} mutants, {} survivors without a reason", fates.len(), survivors.len());
    let names = names();
    assert!(fates.iter().all(|fate| names.contains(&fate.name())), "`explain --list` lacks a mutant: {names:?}");
    assert!(survivors.is_empty(), "these mutants survive: {survivors:?}");
    assert!(wrong.is_empty(), "these are no equivalents: {wrong:?}");
    folder(&fates).must_be_fresh();
}

/// The pages for these fates.
fn folder(fates: &[Fate]) -> Folder {
    let mut by_label: BTreeMap<String, Vec<&Fate>> = BTreeMap::new();
    for fate in fates {
        by_label.entry(fate.label.clone()).or_default().push(fate);
    }
    let (mut folder, table, rows) = (Folder::new("docs/orderings", COMMAND), pages::read("mutants"), labels::rows());
    for row in &rows {
        let of_label = by_label.get(&row.label).map(Vec::as_slice).unwrap_or_default();
        let text = page(row, of_label, &table, &mut folder);
        folder.add(format!("{}.md", row.label), text);
    }
    folder.add("README.md".into(), index(&rows, &by_label));
    folder.add("labels.rs".into(), rustdoc::file(&by_label));
    folder
}

#[test]
fn labels_become_links() {
    assert_eq!(linked("E1, by J; E7, not E99"), "[E1](E1.md), by [J](J.md); [E7a](E7a.md) to [E7f](E7f.md), not E99");
}

#[test]
fn long_paragraph_is_wrapped() {
    assert!(wrapped(&"word ".repeat(100)).lines().all(|line| line.chars().count() <= 120));
}

#[test]
fn each_equivalent_says_what_it_costs() {
    assert!(crate::mutation::equivalents::EQUIVALENTS.iter().all(|equivalent| !equivalent.cost.is_empty()));
}
