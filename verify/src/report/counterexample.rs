//! A failing execution for people: what was expected, why it is not so, the steps, and what to do next.

use super::{
    page, picture,
    steps::{self, Execution, Shown},
};
use crate::{
    hook::{Operator, Step},
    model::case::Case,
};
use std::{
    fmt::{self, Write as _},
    path::{Path, PathBuf},
};

/// What each text of a counterexample begins with.
pub const MARK: &str = "✗ ";

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// Its name: of a test, a mutant, a model.
    pub name: String,
    /// The case that fails.
    pub case: Case,
    /// What found it, and after how many executions.
    pub found_by: String,
    /// What is wrong, as the checker says it.
    pub message: String,
    /// The steps.
    pub execution: Execution,
    /// The mutant that fails, if the text is one: its label, and the change.
    pub mutant: Option<(String, Operator)>,
    /// What to do next.
    pub next: String,
}

impl Counterexample {
    /// A failing execution of `case`.
    pub fn new(name: String, case: Case, found_by: String, message: &str, steps: &[Step]) -> Self {
        let (execution, message) = (steps::show(&case, steps), message.trim().to_owned());
        Self { name, case, found_by, message, execution, mutant: None, next: String::new() }
    }

    /// The same with what to do next.
    pub fn with_next(self, next: String) -> Self {
        Self { next, ..self }
    }

    /// What is wrong, in a line.
    pub fn what(&self) -> String {
        let lines: Vec<_> = self.message.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let text = lines.join(" ").replace("assertion `left == right` failed: ", "");
        text.split("Location::").next().unwrap_or_default().chars().take(300).collect()
    }

    /// The number of steps.
    pub fn len(&self) -> usize {
        self.execution.steps.len()
    }

    /// The number of steps, in words.
    pub fn length(&self) -> String {
        let more = if self.execution.is_cut { " and more" } else { "" };
        format!("{} steps{more}", self.len())
    }

    /// Whether it has no step: the set-up fails.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn lane(&self, step: &Shown) -> &str {
        &self.execution.lanes[step.lane]
    }

    /// The steps as a table for a terminal. `lines` says where each stands by file and line; without, by function.
    pub fn table(&self, lines: bool) -> String {
        let width = |cell: fn(&Shown) -> usize, least: usize| {
            self.execution.steps.iter().map(cell).max().unwrap_or(0).max(least)
        };
        let lanes = self.execution.lanes.iter().map(|lane| lane.chars().count()).max().unwrap_or(0);
        let operations = width(|step| step.operation.chars().count(), 12);
        let words = width(|step| step.word.chars().count(), 4);
        let values = width(|step| step.value.chars().count(), 5);
        let mut text = String::new();
        for (row, step) in self.execution.steps.iter().enumerate() {
            let (lane, edges) = (self.lane(step), self.edges(step));
            let label = step.label.as_deref().unwrap_or_default();
            let site = if lines { &step.site } else { &step.place };
            let row = format!(
                "{row:>4}  {lane:<lanes$}  {:<operations$}  {:<words$}  {:<values$}  {edges:<14}{label:<4} {site}",
                step.operation, step.word, step.value
            );
            let _ = writeln!(text, "{}", row.trim_end());
        }
        if self.execution.is_cut {
            let _ = writeln!(text, "      … it goes on in the same way");
        }
        let _ = writeln!(text, "  {MARK}{}", self.what());
        text
    }

    /// The edges of a step of a graph: what it reads from, and its write's place in modification order.
    fn edges(&self, step: &Shown) -> String {
        let from = match step.source {
            Some(Some(row)) => format!("rf {row} "),
            Some(None) => "rf init ".to_owned(),
            None => String::new(),
        };
        let rank = step.rank.map(|rank| format!("mo {rank} ")).unwrap_or_default();
        format!("{from}{rank}{}", if step.races { "RACES " } else { "" })
    }

    /// Writes its page to this folder, which it makes if need be; returns the page's path.
    ///
    /// # Errors
    /// The page cannot be written.
    pub fn draw(&self, folder: &Path) -> std::io::Result<PathBuf> {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        let path = folder.join(format!("{}.html", self.name.replace("::", "-").chars().map(plain).collect::<String>()));
        std::fs::create_dir_all(folder)?;
        std::fs::write(&path, page::html(self))?;
        Ok(path)
    }

    /// What a failing test says: the counterexample, its page, and what to do next. Writes the page.
    pub fn report(&self) -> String {
        let drawn = match self.draw(&picture::directory()) {
            Ok(path) => path.display().to_string(),
            Err(error) => format!("not drawn: {error}"),
        };
        self.text(Some(&drawn))
    }

    fn text(&self, drawn: Option<&str>) -> String {
        let Case { name, shape, config, .. } = &self.case;
        let what = if self.case.is_ours { format!("{name} {shape} [{config}]") } else { (*name).to_owned() };
        let mut text = format!("{MARK}{}: a counterexample of {}\n\n", self.name, self.length());
        let mut line = |term: &str, said: &str| _ = writeln!(text, "  {term:<9} {said}");
        line("scenario:", &format!("{what}, by {}", self.found_by));
        line("expected:", &self.property());
        line("found:", &self.what());
        if let Some(because) = self.because() {
            line("because:", &because);
        }
        let _ = writeln!(text, "\n{}", self.table(true));
        if let Some(drawn) = drawn {
            let _ = writeln!(text, "  drawn:    {drawn}");
        }
        let mut term = "next:";
        let page = self.page_label().map(|label| format!("docs/orderings/{label}.md says what {label} is for."));
        for line in page.iter().map(String::as_str).chain(self.next.lines()) {
            let _ = writeln!(text, "  {term:<9} {line}");
            term = "";
        }
        text
    }
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(None))
    }
}

/// The name and the number of steps in the text of a counterexample; `None` for another text.
pub fn parse(text: &str) -> Option<(&str, usize)> {
    let head = text.trim_start().strip_prefix(MARK)?.lines().next()?;
    let (name, rest) = head.split_once(": a counterexample of ")?;
    Some((name, rest.split_once(" steps")?.0.parse().ok()?))
}

#[test]
fn text_of_a_counterexample_is_recognised() {
    assert_eq!(parse("\n✗ graph::a::b: a counterexample of 9 steps\n\n  scenario: a"), Some(("graph::a::b", 9)));
    assert_eq!(parse("assertion failed: a counterexample of 9 steps"), None);
}
