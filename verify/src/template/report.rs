//! What a check of a protocol says.

use crate::{
    hook::Mutant,
    report::{counterexample::Counterexample, steps::kind_in_words},
};
use std::fmt;

/// A checker's account.
#[derive(Clone, Debug)]
pub struct Account {
    /// What checked it.
    pub checker: String,
    /// How many executions, schedules or graphs there were.
    pub executions: u64,
    /// How long they took.
    pub seconds: f64,
    /// How many outcomes there were.
    pub outcomes: usize,
}

/// A mutant of the protocol, and what killed it.
#[derive(Clone, Debug)]
pub struct Fate {
    /// The mutant.
    pub mutant: Mutant,
    /// The names of the words that it concerns.
    pub words: String,
    /// The checker that killed it, and how. `None`: it survives.
    pub killer: Option<(String, String)>,
    /// The execution graph that killed it. [`Counterexample::draw`] writes it as a page.
    pub counterexample: Option<Counterexample>,
}

/// A protocol that passed, and how well the checks can tell.
#[derive(Clone, Debug)]
pub struct Report {
    /// The protocol's name.
    pub name: &'static str,
    /// The checkers' accounts.
    pub accounts: Vec<Account>,
    /// Every mutant of every site that was met.
    pub fates: Vec<Fate>,
    /// How many sites were met.
    pub sites: usize,
}

impl Report {
    /// The mutants that no checker killed: either the protocol does not need what they take away, or the scenario does
    /// not show why.
    pub fn survivors(&self) -> impl Iterator<Item = &Fate> {
        self.fates.iter().filter(|fate| fate.killer.is_none())
    }

    pub(super) const fn new(name: &'static str) -> Self {
        Self { name, accounts: Vec::new(), fates: Vec::new(), sites: 0 }
    }
}

/// The change, in words.
fn change(mutant: Mutant) -> String {
    format!("{}: {:?}", kind_in_words(mutant.kind), mutant.operator)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.name)?;
        for Account { checker, executions, seconds, outcomes } in &self.accounts {
            writeln!(f, "  {checker:<16} {executions:>9} executions, {outcomes:>3} outcomes, {seconds:.3} s")?;
        }
        let survivors = self.survivors().count();
        writeln!(f, "  {} sites, {} mutants, {survivors} survive", self.sites, self.fates.len())?;
        for Fate { mutant, words, killer, .. } in &self.fates {
            let (site, change) = (mutant.site, change(*mutant));
            match killer {
                Some((checker, how)) => writeln!(f, "  {site} {words:<10} {change:<26} {checker}: {how}")?,
                None => writeln!(f, "  {site} {words:<10} {change:<26} SURVIVES")?,
            }
        }
        Ok(())
    }
}
