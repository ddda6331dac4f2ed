//! What the hook is told and what it answers: operations, sites, mutants, crashes, steps.

use std::{collections::BTreeSet, fmt, panic::Location, sync::atomic::Ordering};

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Load,
    Store,
    Swap,
    Exchange,
    /// The two sides of an asymmetric fence.
    LightFence,
    HeavyFence,
    /// Access to a slot's plain memory.
    Read,
    Write,
    /// A signal's two sides, as the protocol calls them.
    Wait,
    Notify,
    /// The write lock, as the protocol calls it.
    Lock,
    Inherit,
    Unlock,
    /// What a thread sleeps on, as lock and signal call it.
    Park,
    Wake,
    /// The kernel's knowledge of who lives: never mutated.
    Claim,
    Release,
    Alive,
}

impl Kind {
    /// Whether anybody else can tell that this was done. Reading a slot is in the way of its next
    /// writer; a notification is made of its steps, and nothing where it has none.
    pub(super) const fn is_effect(self) -> bool {
        use Kind::{Alive, HeavyFence, LightFence, Load, Notify, Park, Wait};
        !matches!(self, Load | LightFence | HeavyFence | Alive | Wait | Park | Notify)
    }
}

/// A word, a lock, a signal or a slot, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    pub word: &'static str,
    pub owner: Option<u32>,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.owner {
            Some(owner) => write!(f, "{}[{owner}]", self.word),
            None => f.write_str(self.word),
        }
    }
}

/// A place in `src/` at which an operation is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    pub file: &'static str,
    pub line: u32,
    pub column: u32,
}

impl From<&'static Location<'static>> for Site {
    fn from(location: &'static Location<'static>) -> Self {
        Self { file: location.file(), line: location.line(), column: location.column() }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What to do instead of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// Use this ordering.
    Weaken(Weaker),
    /// A store, a wake, a notification, an unlock or a fence does not happen; an exchange claims
    /// that it did.
    Drop,
    /// A read-modify-write becomes a load and a store.
    Split,
    /// A heavy fence is a light one.
    Lighten,
    /// A wait returns at once, as if what it waits for had come.
    Skip,
}

/// An ordering that a mutant uses. (`Ordering` itself has no order.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weaker {
    Relaxed,
    Acquire,
    Release,
    AcqRel,
}

impl From<Weaker> for Ordering {
    fn from(weaker: Weaker) -> Self {
        match weaker {
            Weaker::Relaxed => Self::Relaxed,
            Weaker::Acquire => Self::Acquire,
            Weaker::Release => Self::Release,
            Weaker::AcqRel => Self::AcqRel,
        }
    }
}

/// One change to the text under test, as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mutant {
    pub site: Site,
    pub kind: Kind,
    pub operator: Operator,
}

/// A participant that stops dead before the operation that follows its first `step` effects.
///
/// A death between two operations that nobody else can see is the same as one before both: whatever
/// the others see of the one, they see of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    pub participant: u32,
    pub step: u32,
}

/// The panic payload of a [`Crash`]: whoever runs participants catches it.
#[derive(Debug)]
pub struct Died;

/// What the hook answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Proceed,
    Otherwise(Operator),
    /// Nothing happens at all: the participant is dead, or the execution has failed.
    Ignore,
}

impl Verdict {
    /// The ordering to use where the text says `order`.
    pub fn order(self, order: Ordering) -> Ordering {
        match self {
            Self::Otherwise(Operator::Weaken(weaker)) => weaker.into(),
            _ => order,
        }
    }
}

/// An operation that was executed.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub participant: Option<u32>,
    pub site: Site,
    pub name: Name,
    pub kind: Kind,
    pub order: Option<Ordering>,
    pub verdict: Verdict,
    /// What was read or written; of an exchange, what it found and what it put there.
    pub value: Option<u64>,
    pub written: Option<u64>,
}

/// What a site was seen to do.
#[derive(Clone, Debug, Default)]
pub struct SiteCoverage {
    pub names: BTreeSet<&'static str>,
    pub order: Option<Ordering>,
    pub count: u64,
}

/// What the hook is to do; nothing by default.
#[derive(Debug, Default)]
pub struct Armed {
    pub mutant: Option<Mutant>,
    pub crashes: Vec<Crash>,
    pub trace: bool,
    pub coverage: bool,
    /// Stop after so many executions, by failing with [`ENOUGH`]: for a first look only.
    pub executions: Option<u64>,
}

impl Armed {
    /// Whether a wait is to be skipped.
    pub(super) fn skips(&self) -> bool {
        self.mutant.is_some_and(|mutant| mutant.operator == Operator::Skip)
    }
}

/// The failure that is none.
pub const ENOUGH: &str = "enough executions for a first look";
