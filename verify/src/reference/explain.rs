//! Counterexamples by name: of a label, a mutant, a model of the gallery or a step of the course.

use super::certificate::{Fate, Survey, change};
use crate::{
    course,
    gallery::{self, Specimen},
    hook::Mutant,
    report::{
        counterexample::Counterexample,
        labels::{self, Row},
        pages,
    },
};
use std::fmt;

/// What a name stands for.
#[derive(Debug)]
pub enum Explained {
    /// A counterexample.
    Fails(Box<Counterexample>),
    /// No execution fails, and this is what is known instead.
    Lives(String),
}

/// There is nothing of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The name.
    pub name: String,
    /// Names that are near to it.
    pub near: Vec<String>,
}

impl std::error::Error for Unknown {}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no label, mutant, gallery entry or course step {:?}", self.name)?;
        match self.near.as_slice() {
            [] => f.write_str("; --list names all"),
            near => write!(f, "; near to it are {}, and --list names all", near.join(", ")),
        }
    }
}

fn models() -> Vec<(String, Specimen)> {
    let course = course::steps().into_iter().map(|step| (format!("course/{}", step.name), step));
    gallery::specimens().into_iter().map(|specimen| (specimen.name.to_owned(), specimen)).chain(course).collect()
}

/// The names of all mutants, by docs/tables/mutants.md.
fn mutants() -> Vec<String> {
    let page = pages::read("mutants");
    let name = |line: &str| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        let (label, operator) = (cells.next()?, cells.nth(1)?);
        let change = operator.trim_start_matches("Weaken(").trim_end_matches(')').to_lowercase();
        Some(format!("{label}-{change}"))
    };
    page.lines().filter_map(name).collect()
}

/// All names: labels, mutants, gallery entries, steps of the course.
pub fn names() -> Vec<String> {
    let mutants = mutants();
    let mut names = Vec::new();
    for row in labels::rows() {
        let prefix = format!("{}-", row.label);
        names.push(row.label);
        names.extend(mutants.iter().filter(|name| name.starts_with(&prefix)).cloned());
    }
    names.extend(models().into_iter().map(|(name, _)| name));
    names
}

/// The counterexample of a model with its mistake.
///
/// # Panics
/// It passes.
pub fn of_model(name: &str, specimen: &Specimen) -> Counterexample {
    let found = specimen.broken.by_graphs();
    let (why, steps) = found.failure.unwrap_or_else(|| panic!("{name} has a mistake, and passes"));
    let found_by = format!("execution graphs, graph {}", found.executions + 1);
    let file = if name.starts_with("course/") { format!("docs/{name}.md") } else { format!("docs/gallery/{name}.md") };
    let next = format!("{file} has the repair.");
    Counterexample::new(name.to_owned(), specimen.broken.case, found_by, &why, &steps).with_next(next)
}

/// What became of a mutant.
fn of_fate(fate: Fate) -> Explained {
    let name = fate.name();
    match (fate.killed, fate.excuse) {
        (Some(killed), _) => match killed.counterexample {
            Some(counterexample) => Explained::Fails(Box::new(counterexample)),
            None => Explained::Lives(format!(
                "{name}: no execution fails, but {} misses the outcome {}",
                killed.check,
                killed.lost.unwrap_or_default()
            )),
        },
        (None, Some(kept)) => Explained::Lives(format!("{name}: no check fails, because {}", kept.reason)),
        (None, None) => Explained::Lives(format!("{name}: no quick check fails")),
    }
}

/// What there is of this name. A label stands for all its mutants.
///
/// # Errors
/// [`Unknown`]: there is nothing of this name.
pub fn explain(name: &str) -> Result<Vec<Explained>, Unknown> {
    if let Some((name, specimen)) = models().into_iter().find(|(other, _)| other == name) {
        return Ok(vec![Explained::Fails(Box::new(of_model(&name, &specimen)))]);
    }
    let lower = name.to_lowercase();
    let known = names();
    if !known.iter().any(|other| other.to_lowercase() == lower) {
        let near = known.into_iter().filter(|other| other.to_lowercase().contains(&lower)).take(5).collect();
        return Err(Unknown { name: name.to_owned(), near });
    }
    let fates = |survey: &Survey| -> Vec<Fate> {
        let is_wanted = |(label, mutant): &(String, Mutant)| {
            let named = format!("{label}-{}", change(mutant.operator));
            label.to_lowercase() == lower || named.to_lowercase() == lower
        };
        let wanted = survey.mutants().into_iter().filter(is_wanted);
        wanted.map(|(label, mutant)| survey.fate(label, mutant)).collect()
    };
    let row = labels::rows().into_iter().find(|row| row.label.to_lowercase() == lower);
    if let Some(Row { label, .. }) =
        row.filter(|row| !mutants().iter().any(|name| name.starts_with(&format!("{}-", row.label))))
    {
        return Ok(vec![Explained::Lives(format!("{label} has no mutant; docs/orderings/{label}.md says why"))]);
    }
    let mut found = fates(&Survey::small());
    if found.is_empty() || found.iter().any(|fate| fate.killed.is_none() && fate.excuse.is_none()) {
        found = fates(&Survey::new());
    }
    Ok(found.into_iter().map(of_fate).collect())
}

#[test]
fn unknown_name_is_told_what_is_near() {
    let said = explain("flag").expect_err("there is none").to_string();
    assert!(said.contains("\"flag\"") && said.contains("flag_before_payload") && said.contains("--list"), "{said}");
}

#[test]
fn each_name_is_explained() {
    let names = names();
    assert!(names.contains(&"E1-relaxed".to_owned()) && names.contains(&"flag_before_payload".to_owned()), "{names:?}");
    for name in ["E1-relaxed", "e1-RELAXED"] {
        let explained = explain(name).expect("there is one");
        assert!(matches!(&explained[..], [Explained::Fails(found)] if found.name == "E1-relaxed"), "{explained:?}");
    }
    assert!(matches!(&explain("E2b").expect("it has a mutant")[..], [Explained::Lives(why)] if why.contains("stale")));
    assert!(matches!(&explain("D1").expect("a label")[..], [Explained::Lives(why)] if why.contains("no mutant")));
    assert_eq!(explain("E1").expect("it has two").len(), 2);
}
