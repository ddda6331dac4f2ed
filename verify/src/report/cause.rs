//! Why an execution fails, in a sentence: the edge that is missing, or what took its place.

use super::{counterexample::Counterexample, operations};
use crate::hook::Operator;

impl Counterexample {
    /// A step in words: "producer 0's store of published (E1)".
    fn named(&self, row: usize) -> String {
        let step = &self.execution.steps[row];
        let label = step.label.as_ref().map(|label| format!(", {label}")).unwrap_or_default();
        let kind = step.operation.split([' ', ',']).next().unwrap_or_default();
        format!("{}'s {kind} of {} (row {row}{label})", self.lane(step), step.word)
    }

    /// Why it fails, in a sentence: the edge that is missing, or what took its place.
    pub fn because(&self) -> Option<String> {
        let steps = &self.execution.steps;
        let race = self.race();
        if let Some((label, operator)) = self.change() {
            // The changed step is on the edge between the two accesses, or somewhere before them.
            let is_direct = race
                .and_then(|race| self.weak_edge(race))
                .filter(|&(source, row, _)| steps[source].change.is_some() || steps[row].change.is_some());
            let missing = match (is_direct, operations::carries(&label)) {
                (Some((source, row, word)), _) => {
                    format!("does not carry {word} from {} to {}", self.lane(&steps[source]), self.lane(&steps[row]))
                }
                (None, Some(carries)) => format!("does not carry this: {carries}"),
                (None, None) => "does not carry what comes before it".to_owned(),
            };
            return Some(match operator {
                Operator::Weaken(weaker) => format!("{weaker:?} at {label} {missing}."),
                Operator::Drop => match operations::access(&label) {
                    Some(access) => format!("{label} is left out: its {access} does not take place."),
                    None => format!("{label} is left out."),
                },
                Operator::Split => {
                    format!("{label} in two steps is not atomic: others come between its read and its write.")
                }
                Operator::Lighten => format!("A light fence at {label} orders nothing against another light fence."),
                Operator::Skip => format!("{label} does not wait, so it {missing}."),
                Operator::Raise(by) => format!("{label} stores a value that is too high by {by}."),
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

    /// The two steps that race.
    fn race(&self) -> Option<(usize, usize)> {
        let mut racing = self.execution.steps.iter().enumerate().filter(|(_, step)| step.races);
        Some((racing.next()?.0, racing.next()?.0))
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
                (is_it && source > from).then_some((source, row, steps[from].word.as_str()))
            })
        };
        between(first, second).or_else(|| between(second, first))
    }

    /// The label whose page says more: that of the change, or of the side of an edge that is too weak.
    pub(super) fn page_label(&self) -> Option<String> {
        let steps = &self.execution.steps;
        let weak = || {
            let (source, row, _) = self.weak_edge(self.race()?)?;
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
}
