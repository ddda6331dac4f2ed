//! A check: a case, a checker, and what the check must reach.

use super::run::{Checker, Report};
use crate::{
    events::{Event, Execution},
    model::{
        case::{Case, Shape},
        config::WaitModel,
    },
};

/// A kind of execution that must occur, or the scenario misses its purpose.
pub type Witness = (&'static str, fn(Shape, &Execution) -> bool);

/// A check of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What is run.
    pub case: Case,
    /// What runs it.
    pub checker: Checker,
    /// The check runs only under `--cfg loom`.
    pub deep: bool,
    /// The executions that must occur.
    pub witnesses: &'static [Witness],
}

impl Entry {
    /// All interleavings of a scenario.
    pub const fn new(case: Case, witnesses: &'static [Witness]) -> Self {
        assert!(!witnesses.is_empty(), "a check names what it has to reach");
        Self { case, checker: Checker::Loom, deep: false, witnesses }
    }

    /// The same check, in a deep run only.
    pub const fn deep(self) -> Self {
        Self { deep: true, ..self }
    }

    /// The same check by this checker.
    pub const fn by(self, checker: Checker) -> Self {
        Self { checker, ..self }
    }

    /// The name of its test: `check::consumer_gets_every_message::1x3x2_on_1::assume`.
    pub fn test_name(&self) -> String {
        let Case { name, shape, config, .. } = &self.case;
        let by = match self.checker {
            Checker::Loom => String::new(),
            checker => format!("::{checker:?}"),
        };
        let fences = if config.fences && config.waiting != WaitModel::Park { "_fenced" } else { "" };
        words(&format!("check::{name}::{shape}::{config}{fences}{by}"))
    }

    /// Whether `other` is the same check.
    pub fn is(&self, other: &Self) -> bool {
        let key = |entry: &Self| (entry.case.name, entry.case.shape, entry.case.config, entry.checker);
        key(self) == key(other)
    }

    /// The first witness that a run without failure lacks. Under [`WaitModel::Park`], a thread must park, too.
    pub fn unreached(&self, found: &Report) -> Option<&'static str> {
        const SLEEP: Witness = ("a thread sleeps", |_, seen| seen.had(Event::Sleep));
        let sleep = (self.case.config.waiting == WaitModel::Park).then_some(&SLEEP);
        let mut all = self.witnesses.iter().chain(sleep);
        let missing = all.find(|(_, is)| !found.seen.iter().any(|execution| is(self.case.shape, execution)));
        missing.map(|&(what, _)| what)
    }
}

/// A text as part of a test's name: letters, digits and underscores.
pub fn words(text: &str) -> String {
    let text = text.replace('×', "x").replace(", ", "_").replace([' ', '('], "_").replace(')', "");
    text.to_lowercase()
}
