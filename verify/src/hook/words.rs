//! Questions to the hook and its answers: operations, sites, mutants, crashes, steps.

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
    /// Parking, as lock and signal call it.
    Park,
    Wake,
    /// The kernel's knowledge of the living: never mutated.
    Claim,
    Release,
    Alive,
}

impl Kind {
    /// Whether other participants can notice the operation. Reading a slot conflicts with its next writer. A
    /// notification consists of its steps.
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

/// A change to an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// Use this ordering.
    Weaken(Weaker),
    /// A store, a wake, a notification, an unlock or a fence is left out; an exchange returns as if it had happened.
    Drop,
    /// A read-modify-write becomes a load and a store.
    Split,
    /// A heavy fence becomes a light one.
    Lighten,
    /// A wait returns at once, as if its condition held.
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

/// A change to the text under test, as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mutant {
    pub site: Site,
    pub kind: Kind,
    pub operator: Operator,
}

/// A participant that dies before the operation that follows its first `step` effects.
///
/// A death between two operations that no other participant can notice is the same as a death before both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    pub participant: u32,
    pub step: u32,
}

/// The panic payload of a death; the function that runs the participant catches it.
#[derive(Debug)]
pub struct Died;

/// What the hook answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Proceed,
    Otherwise(Operator),
    /// The operation has no effect: the participant is dead, or the execution has failed.
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
    /// The values read and written; an exchange has both.
    pub value: Option<u64>,
    pub written: Option<u64>,
}

/// What a run saw of a site.
#[derive(Clone, Debug, Default)]
pub struct SiteCoverage {
    pub names: BTreeSet<&'static str>,
    pub order: Option<Ordering>,
    pub count: u64,
}

/// What the hook does; nothing by default.
#[derive(Debug, Default)]
pub struct Armed {
    pub mutant: Option<Mutant>,
    pub crashes: Vec<Crash>,
    pub trace: bool,
    pub coverage: bool,
    /// Most executions, after which the run fails with [`EXECUTION_LIMIT`].
    pub executions: Option<u64>,
}

impl Armed {
    /// Whether the mutant skips a wait.
    pub(super) fn skips(&self) -> bool {
        self.mutant.is_some_and(|mutant| mutant.operator == Operator::Skip)
    }
}

/// The message of a run that ends at its limit, which is no failure.
pub const EXECUTION_LIMIT: &str = "the limit on executions is reached";
