//! A failing execution for people: what was expected, why it is not so, the steps, and what to do next.

use super::{
    labels, page, picture,
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

/// The message with the participants' names in place of their numbers.
fn with_names(message: &str, case: &Case) -> String {
    let numbers = |text: &str| -> Option<Vec<u32>> { text.split(", ").map(|number| number.parse().ok()).collect() };
    let Some((before, rest)) = message.split_once("participants [") else {
        let Some((before, rest)) = message.split_once("participant ") else { return message.to_owned() };
        let (number, after) = rest.split_once(' ').unwrap_or((rest, ""));
        return number
            .parse()
            .map_or(message.to_owned(), |number| format!("{before}{} {after}", (case.role)(case, number)));
    };
    match rest.split_once(']').and_then(|(list, after)| Some((numbers(list)?, after))) {
        Some((stuck, after)) => {
            let names: Vec<_> = stuck.iter().map(|&number| (case.role)(case, number)).collect();
            let after = if stuck.len() == 1 { after.replacen(" wait,", " waits,", 1) } else { after.to_owned() };
            format!(
                "{before}{}{}",
                names.join(" and "),
                after.replace("they read", if stuck.len() == 1 { "it reads" } else { "they read" })
            )
        }
        None => message.to_owned(),
    }
}

/// The property that a message says to be violated: its tag, and the property in words.
fn property_of(message: &str) -> (&'static str, String) {
    const TAGS: [&str; 10] = ["S1", "S2", "S3", "S4", "S5", "L1", "L2", "C1", "C2", "C3"];
    const RACES: [&str; 3] = ["a data race", "Causality violation", "Concurrent "];
    const STUCK: [&str; 4] = ["deadlock", "goes round for ever", "maximum number of branches", "exceeded max_steps"];
    let told = TAGS.into_iter().find(|tag| message.contains(&format!("{tag}: ")));
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let tag = match told {
        Some(tag) => tag,
        None if has(&RACES) => "S1",
        None if has(&STUCK) => "L1",
        None => return ("", "what the scenario asserts".to_owned()),
    };
    (tag, property(tag).unwrap_or_else(|| tag.to_owned()))
}

/// A property in words, as the head of `src/lib.rs` has it.
pub fn property(tag: &str) -> Option<String> {
    let text = labels::text_of("src/lib.rs")?;
    let mut rows = text.lines().filter_map(|line| line.strip_prefix("//! | ")).map(|row| row.split(" | "));
    rows.find_map(|mut cells| (cells.next() == Some(tag)).then(|| cells.next().map(str::to_owned))).flatten()
}

/// What the label's operation carries, by the table of labels.
fn carried_by(label: &str) -> Option<String> {
    let rows = if label.contains('/') { vec![] } else { labels::rows() };
    labels::carries(&rows, label).filter(|carries| !carries.is_empty())
}

impl Counterexample {
    /// A failing execution of `case`.
    pub fn new(name: String, case: Case, found_by: String, message: &str, steps: &[Step]) -> Self {
        let (execution, message) = (steps::show(&case, steps), with_names(message.trim(), &case));
        Self { name, case, found_by, message, execution, mutant: None, next: String::new() }
    }

    /// The same with what to do next.
    pub fn with_next(self, next: String) -> Self {
        Self { next, ..self }
    }

    /// The property that is violated, in words.
    pub fn property(&self) -> String {
        let (tag, words) = property_of(&self.message);
        if !self.case.is_ours {
            // The property of another protocol is what its judge says.
            let said = || self.message.split_once(&format!("{tag}: ")).map(|(_, said)| said);
            return match (tag, said()) {
                ("", _) => words,
                (tag, Some(said)) => {
                    let end = said.find([':', '\n']).unwrap_or(said.len());
                    format!("{tag}: {}", &said[..end])
                }
                ("S1", None) => "no data race on plain memory".to_owned(),
                (_, None) => "no deadlock, no lost wake-up".to_owned(),
            };
        }
        if tag.is_empty() || words == tag { words } else { format!("{tag}: {words}") }
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

    /// A step in words: "producer 0's store of published (E1)".
    fn named(&self, row: usize) -> String {
        let step = &self.execution.steps[row];
        let label = step.label.as_ref().map(|label| format!(", {label}")).unwrap_or_default();
        let kind = step.operation.split([' ', ',']).next().unwrap_or_default();
        format!("{}'s {kind} of {} (row {row}{label})", self.lane(step), step.word)
    }

    fn lane(&self, step: &Shown) -> &str {
        &self.execution.lanes[step.lane]
    }

    /// Why it fails, in a sentence: the edge that is missing, or what took its place.
    pub fn because(&self) -> Option<String> {
        let steps = &self.execution.steps;
        let racing: Vec<usize> = (0..steps.len()).filter(|&row| steps[row].races).collect();
        let race = match racing.as_slice() {
            &[first, second] => Some((first, second)),
            _ => None,
        };
        if let Some((label, operator)) = self.change() {
            // The changed step is on the edge between the two accesses, or somewhere before them.
            let is_direct = race
                .and_then(|race| self.weak_edge(race))
                .filter(|&(source, row, _)| steps[source].change.is_some() || steps[row].change.is_some());
            let missing = match (is_direct, carried_by(&label)) {
                (Some((source, row, word)), _) => {
                    format!("does not carry {word} from {} to {}", self.lane(&steps[source]), self.lane(&steps[row]))
                }
                (None, Some(carries)) => format!("does not carry this: {carries}"),
                (None, None) => "does not carry what comes before it".to_owned(),
            };
            return Some(match operator {
                Operator::Weaken(weaker) => format!("{weaker:?} at {label} {missing}."),
                Operator::Drop => match labels::access(&label) {
                    Some(access) => format!("{label} is left out: its {access} does not take place."),
                    None => format!("{label} is left out."),
                },
                Operator::Split => {
                    format!("{label} in two steps is not atomic: others come between its read and its write.")
                }
                Operator::Lighten => format!("A light fence at {label} orders nothing against another light fence."),
                Operator::Skip => format!("{label} does not wait, so it {missing}."),
            });
        }
        if let Some((first, second)) = race {
            return Some(match self.weak_edge((first, second)) {
                Some((source, row, word)) => {
                    let (weak, side) =
                        if steps[source].sides.1 { (row, "does not acquire") } else { (source, "is not a release") };
                    let (from, to) = (self.lane(&steps[source]), self.lane(&steps[row]));
                    format!("{} {side}: it does not carry {word} from {from} to {to}.", self.named(weak))
                }
                None => format!(
                    "No edge leads from {} to {}, nor back: nothing that either reads tells it of the other.",
                    self.named(first),
                    self.named(second)
                ),
            });
        }
        if !self.message.contains("deadlock") {
            return None;
        }
        // What those that wait have read last.
        let told = self.message.split(" wait").next().unwrap_or_default();
        let waiting = (0..self.execution.lanes.len()).filter(|&lane| told.contains(&self.execution.lanes[lane]));
        let reasons: Vec<_> = waiting
            .filter_map(|lane| {
                let row = (0..steps.len()).rev().find(|&row| steps[row].lane == lane && steps[row].source.is_some())?;
                let (step, name) = (&steps[row], &self.execution.lanes[lane]);
                Some(format!("{name} has read {} {} (row {row})", step.word, step.value))
            })
            .collect();
        (!reasons.is_empty()).then(|| format!("{}, and no step is left that changes it.", reasons.join("; ")))
    }

    /// Between two accesses that race, an edge that does not hold: the step that is read from, the step that reads, and
    /// the word that is not carried. Rows are in no order of time, so both directions are looked at.
    fn weak_edge(&self, (first, second): (usize, usize)) -> Option<(usize, usize, &str)> {
        let steps = &self.execution.steps;
        let between = |from: usize, to: usize| {
            (0..=to).rev().find_map(|row| {
                let (source, holds) = steps[row].reads_from?;
                let is_it = !holds && steps[row].lane == steps[to].lane && steps[source].lane == steps[from].lane;
                // The edge begins after the access, and is on another word.
                (is_it && source > from && source != from).then_some((source, row, steps[from].word.as_str()))
            })
        };
        between(first, second).or_else(|| between(second, first))
    }

    /// The label whose page says more: that of the change, or of the side of an edge that is too weak.
    fn page_label(&self) -> Option<String> {
        let steps = &self.execution.steps;
        let racing: Vec<usize> = (0..steps.len()).filter(|&row| steps[row].races).collect();
        let weak = || {
            let &[first, second] = racing.as_slice() else { return None };
            let (source, row, _) = self.weak_edge((first, second))?;
            steps[if steps[source].sides.1 { row } else { source }].label.clone()
        };
        self.change().map(|(label, _)| label).filter(|label| !label.contains('/')).or_else(weak)
    }

    /// The change that makes the execution fail: the label of its site, and what it is.
    fn change(&self) -> Option<(String, Operator)> {
        let changed = || {
            let step = self.execution.steps.iter().find(|step| step.change.is_some())?;
            Some((step.label.clone().unwrap_or_else(|| step.site.clone()), step.change?))
        };
        self.mutant.clone().or_else(changed)
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

    /// Writes its page to this folder; returns the page's path.
    ///
    /// # Errors
    /// The page cannot be written.
    pub fn draw(&self, folder: &Path) -> std::io::Result<PathBuf> {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        let path = folder.join(format!("{}.html", self.name.replace("::", "-").chars().map(plain).collect::<String>()));
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
fn property_of_a_message_is_named() {
    assert_eq!(property_of("assertion `left == right` failed: C2: all that was published").0, "C2");
    assert_eq!(property_of("a data race: neither of row 1 and row 3").0, "S1");
    assert_eq!(property_of("deadlock: participants [0] wait").0, "L1");
    assert_eq!(property_of("index out of bounds").0, "");
    assert_eq!(property("S1").as_deref(), Some("no torn payload: no data race on any slot"));
    assert_eq!(property("S9"), None);
}

#[test]
fn text_of_a_counterexample_is_recognised() {
    assert_eq!(parse("\n✗ graph::a::b: a counterexample of 9 steps\n\n  scenario: a"), Some(("graph::a::b", 9)));
    assert_eq!(parse("assertion failed: a counterexample of 9 steps"), None);
}
