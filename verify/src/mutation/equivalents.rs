//! Mutants that may survive, each with a reason, and sites that no check reaches.

use crate::{
    hook::{Mutant, Operator, Weaker},
    report::label,
};

const RELAXED: Operator = Operator::Weaken(Weaker::Relaxed);
/// Weakens an exchange that acquires and releases.
const NO_ACQUIRE: Operator = Operator::Weaken(Weaker::Release);

/// A mutant that violates no property: its site's label, and the reason.
#[derive(Debug)]
pub struct Equivalent {
    /// The label of the site.
    pub label: &'static str,
    /// The change.
    pub operator: Operator,
    /// Why no property is violated.
    pub reason: &'static str,
    /// What the stronger text costs.
    pub cost: &'static str,
}

impl Equivalent {
    /// Whether it is this mutant.
    pub fn is(&self, mutant: Mutant) -> bool {
        mutant.operator == self.operator && label(mutant.site) == self.label
    }
}

/// See the [module](self). An equivalent that dies fails the run, and so does another mutant that survives.
pub const EQUIVALENTS: &[Equivalent] = &[
    Equivalent {
        label: "E7e",
        operator: NO_ACQUIRE,
        reason: "what the dead owner did happens before `is_alive`'s answer, by the layer's contract",
        cost: "nothing on x86-64, and an acquiring exchange on AArch64 in a takeover, which a death makes rare",
    },
    Equivalent {
        label: "E7f",
        operator: NO_ACQUIRE,
        reason: "what the dead predecessor did happens before the claim of its number, by the layer's contract",
        cost: "nothing on x86-64, and an acquiring exchange on AArch64 once a successor's life",
    },
    Equivalent {
        label: "E2c",
        operator: RELAXED,
        reason: "no slot is read on the account of this load: a join asks it only whether END is published",
        cost: "nothing on x86-64, and an acquiring load on AArch64 in a snapshot that no message waits for",
    },
    Equivalent {
        label: "E2b",
        operator: RELAXED,
        reason: "only the count matters, and a stale count is lower, which is safe",
        cost: "nothing on x86-64, and an acquiring load on AArch64 once a join",
    },
    Equivalent {
        label: "E2d",
        operator: RELAXED,
        reason: "only the count matters: every slot is read after an acquiring poll, E2a",
        cost: "nothing on x86-64, and an acquiring load on AArch64 once a join",
    },
    Equivalent {
        label: "E3c",
        operator: RELAXED,
        reason: "fence J before it releases all that a Release would",
        cost: "nothing on x86-64, and a releasing store on AArch64 once a join",
    },
];

/// Why this mutant may survive.
pub fn excuse(mutant: Mutant) -> Option<&'static str> {
    EQUIVALENTS.iter().find(|equivalent| equivalent.is(mutant)).map(|equivalent| equivalent.reason)
}

/// Why no check reaches an operation of an observer.
const OBSERVER: &str = "an observer's load: no participant makes it, and it changes nothing";

/// The labels of operations that no check reaches, with the reasons.
pub const UNREACHED: &[(&str, &str)] = &[
    ("H1", "spinning: the checkers do not spin"),
    ("E7b", "spinning: the checkers do not spin"),
    ("H11", OBSERVER),
    ("H12", OBSERVER),
    ("H13", OBSERVER),
    ("H14", OBSERVER),
    ("H15", OBSERVER),
    ("C9", "no step of its own: H10, which it calls, is the step"),
    ("C10", "no step of its own: H10, which it calls, is the step"),
];
