//! `docs/gallery/` and `docs/course/`: a page for each model, from the head of its file and from what the checkers find.

use super::{
    explain::of_model,
    folder::Folder,
    orderings::{EXPLAIN, wrapped},
};
use crate::{
    checks::run::Checker,
    course,
    gallery::{self, Specimen},
    report::{counterexample::Counterexample, pages, picture},
};
use std::fmt::Write as _;

/// Most lines of code of an entry of the gallery, and of a step of the course, without blank lines and comments.
const LINES: [usize; 2] = [30, 51];
/// What samples schedules: so many, from this seed.
const SAMPLE: Checker = Checker::Random(10_000, 1);

/// The title and the text of a file's head, in Markdown, and its code.
fn parts(source: &str) -> (String, String, String) {
    let head = source.lines().take_while(|line| line.starts_with("//!"));
    let head: Vec<_> = head.map(|line| line.trim_start_matches("//!").trim_start_matches(' ')).collect();
    let title = head.first().and_then(|line| line.strip_prefix("# ")).expect("a model's head begins with its title");
    let rest = source.lines().skip(head.len()).skip_while(|line| line.is_empty() || line.starts_with("use "));
    let code = rest.collect::<Vec<_>>().join("\n").trim().to_owned();
    (title.to_owned(), head[1..].join("\n").trim().to_owned(), code)
}

/// A model with what the checkers say of it.
struct Found {
    title: String,
    text: String,
    code: String,
    counterexample: Counterexample,
    /// When each checker fails, in words.
    graphs: String,
    loom: String,
    shuttle: String,
    /// How the repair passes.
    repaired: String,
}

fn find(name: &str, specimen: &Specimen) -> Found {
    let (title, text, code) = parts(specimen.source);
    let counterexample = of_model(name, specimen);
    let by = |checker: Checker| match specimen.broken.by(checker) {
        None => "cannot run it: a participant dies".to_owned(),
        Some(found) if found.failure.is_some() => format!("fails in execution {}", found.executions),
        Some(found) => format!("**passes** in {} executions", found.executions),
    };
    let graphs = counterexample.found_by.rsplit(' ').next().unwrap_or_default();
    let graphs = format!("fails in graph {graphs}");
    let repaired = specimen.repaired.by_graphs();
    assert!(repaired.failure.is_none(), "the repair of {name} fails: {:?}", repaired.failure);
    let plural = |count: u64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let outcomes = plural(repaired.outcomes.len() as u64, "outcome");
    let repaired = format!("passes in {}, with {outcomes}", plural(repaired.executions, "graph"));
    let (loom, shuttle) = (by(Checker::Loom), by(SAMPLE));
    Found { title, text, code, counterexample, graphs, loom, shuttle, repaired }
}

fn page(name: &str, file: &str, found: &Found) -> String {
    let Found { title, text, code, counterexample, graphs, loom, shuttle, repaired } = found;
    let mut page = format!("# {title}\n\n{text}\n\n## The model\n\n");
    let path = format!("verify/{file}.rs");
    page += &wrapped(&format!(
        "[`{path}`](../../{path}): it has to fail where `REPAIRED` is false, and to pass where it is true."
    ));
    let _ = writeln!(page, "\n```rust\n{code}\n```\n\n## How it fails\n");
    let _ = writeln!(page, "Expected: {}.\n", counterexample.property());
    if let Some(because) = counterexample.because() {
        let _ = writeln!(page, "{}", wrapped(&because));
    }
    let _ = writeln!(page, "The steps ([how to read them](../orderings/README.md#how-to-read-the-steps)):\n");
    let _ = writeln!(page, "```text\n{}```\n", counterexample.table(false));
    let picture = name.rsplit('/').next().unwrap_or(name);
    let _ = writeln!(page, "![{picture}: the steps above, drawn](pictures/{picture}.svg)\n");
    let _ = writeln!(page, "`{EXPLAIN} {name}`\nwrites the page that steps through it.\n");
    let _ = writeln!(page, "| checker | the mistake | the repair |\n| --- | --- | --- |");
    let _ = writeln!(page, "| execution graphs, RC11 | {graphs} | {repaired} |");
    let passes = |with: &str| if with.starts_with("cannot") { with.to_owned() } else { "passes".to_owned() };
    let _ = writeln!(page, "| loom | {loom} | {} |", passes(loom));
    let _ = writeln!(page, "| shuttle, random schedules | {shuttle} | {} |", passes(shuttle));
    let _ = writeln!(page, "\n[All](README.md)");
    page
}

/// The lines of a text that are neither blank nor comments.
fn lines_of(code: &str) -> usize {
    code.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

/// A folder of pages: the models, how many lines each may have, what its index says before its table, and where the files are.
fn folder(path: &'static str, intro: &str, (models, most): (&[Specimen], usize), files: &str, prefix: &str) -> Folder {
    let command = "ACKCAST_BLESS=1 cargo test --test verify reference::models";
    let mut folder = Folder::new(path, command);
    let mut index = format!("{intro}\nWritten by `{command}`.\nEach run compares these pages with the code.\n\n");
    index += "| page | title | steps | graphs | loom | shuttle, random | picture |\n";
    index += "| --- | --- | ---: | --- | --- | --- | --- |\n";
    for specimen in models {
        let name = format!("{prefix}{}", specimen.name);
        let file = format!("{files}/{}", specimen.name);
        let found = find(&name, specimen);
        assert!(lines_of(&found.code) <= most, "{file}.rs has {} lines of code", lines_of(&found.code));
        let (link, picture) =
            (format!("[{0}]({0}.md)", specimen.name), format!("[drawn](pictures/{}.svg)", specimen.name));
        let steps = found.counterexample.len();
        let Found { title, graphs, loom, shuttle, .. } = &found;
        let _ = writeln!(index, "{}", pages::row(&[&link, title, &steps, graphs, loom, shuttle, &picture]));
        folder.add(format!("{}.md", specimen.name), page(&name, &file, &found));
        folder.add(format!("pictures/{}.svg", specimen.name), picture::diagram(&found.counterexample));
    }
    folder.add("README.md".into(), index);
    folder
}

/// Each model fails with its mistake, and the pages of the gallery say how.
pub fn gallery_is_fresh() {
    let intro = format!(
        "# The gallery: protocols that fail\n\n{}",
        wrapped(
            "Each entry is a mistake that real programs make. The model runs on the layer on which ackcast runs. It has to \
             fail, and its repair has to pass. Compare the code before you with the titles, then with the pictures. \
             [review.md](../review.md) has the questions that lead here. “passes” in a column names a checker that misses \
             the mistake.",
        )
    );
    folder("docs/gallery", &intro, (&gallery::specimens(), LINES[0]), "gallery", "").must_be_fresh();
}

/// Each step of the course fails when it is broken, and its pages say how.
pub fn course_is_fresh() {
    let intro = format!(
        "# The course: from one slot to `src/`, in seven steps\n\n{}",
        wrapped(
            "Each step is a protocol of one idea. It runs, it is checked, and it is broken once. A page begins with what \
             the step before got wrong. The table has what happens when a step is broken. The eighth step is \
             [src/protocol/](../../src/protocol/mod.rs): [protocol.md](../protocol.md) says how to read it.",
        )
    );
    folder("docs/course", &intro, (&course::steps(), LINES[1]), "course", "course/").must_be_fresh();
}

#[test]
fn head_of_a_model_is_its_page() {
    let source = "//! # A title\n//!\n//! Text.\n//!\n//! ## Part\n\nuse a::*;\n\nmodel! {\n}\n";
    let (title, text, code) = parts(source);
    assert_eq!((title.as_str(), text.as_str(), code.as_str()), ("A title", "Text.\n\n## Part", "model! {\n}"));
}

#[test]
fn lines_of_code_are_counted() {
    assert_eq!(lines_of("/// A comment.\nfn f() {\n    // why\n\n    g(); // too\n}"), 3);
}
