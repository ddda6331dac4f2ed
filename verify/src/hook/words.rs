//! Questions to the hook and its answers: operations, sites, mutants, crashes, steps.

use std::{collections::BTreeSet, fmt, panic::Location, sync::atomic::Ordering};

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Reads a word.
    Load,
    /// Writes a word.
    Store,
    /// Replaces the value of a word.
    Swap,
    /// Replaces the value of a word if it is the expected one.
    Exchange,
    /// An ordinary fence.
    Fence,
    /// The light side of an asymmetric fence.
    LightFence,
    /// The heavy side.
    HeavyFence,
    /// Read access to a slot's plain memory.
    Read,
    /// Write access to a slot's plain memory.
    Write,
    /// Waits for a signal, as the protocol calls it.
    Wait,
    /// Makes the waiters of signals poll again.
    Notify,
    /// Takes the write lock, as the protocol calls it.
    Lock,
    /// Takes over the lock of a dead predecessor.
    Inherit,
    /// Releases the lock.
    Unlock,
    /// Parks on a word, as lock and signal call it.
    Park,
    /// Wakes a parked thread.
    Wake,
    /// Claims a participant's number. (What the kernel knows of the living is never mutated.)
    Claim,
    /// Gives a participant's number back.
    Release,
    /// Asks whether a number has a living holder.
    Alive,
}

impl Kind {
    /// Whether other participants can notice the operation. Reading a slot conflicts with its next writer. A
    /// notification consists of its steps.
    pub(super) const fn is_effect(self) -> bool {
        use Kind::{Alive, Fence, HeavyFence, LightFence, Load, Notify, Park, Wait};
        !matches!(self, Load | Fence | LightFence | HeavyFence | Alive | Wait | Park | Notify)
    }
}

/// The weight of a fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Weight {
    /// A fence of C11.
    Full,
    /// The light side of an asymmetric fence: it orders against heavy fences alone, and synchronises with none.
    Light,
    /// The heavy side: a full fence that is also ordered with light ones.
    Heavy,
}

/// A word, a lock, a signal or a slot, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The name of the word, lock, signal or slot.
    pub word: &'static str,
    /// The participant or the slot that it belongs to.
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
    /// The source file, from the root of the repository.
    pub file: &'static str,
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted from 1.
    pub column: u32,
}

impl From<&'static Location<'static>> for Site {
    fn from(location: &'static Location<'static>) -> Self {
        Self { file: location.file(), line: location.line(), column: location.column() }
    }
}

impl Site {
    /// The file's path without detours: `verify/gallery/a.rs`, and not `verify/src/../gallery/a.rs`.
    pub fn path(&self) -> String {
        self.file.replace("src/../", "")
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path(), self.line)
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
    /// A store writes a value that is this much higher. No site is changed so by itself: a test names the sites where
    /// that is the mistake to make.
    Raise(u8),
}

impl Operator {
    /// The value that a store writes.
    pub fn written(self, value: u64) -> u64 {
        match self {
            Self::Raise(by) => value + u64::from(by),
            _ => value,
        }
    }
}

/// An ordering that a mutant uses. (`Ordering` itself has no order.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weaker {
    /// No edge.
    Relaxed,
    /// The acquiring half.
    Acquire,
    /// The releasing half.
    Release,
    /// No total order.
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
    /// The place of the changed operation.
    pub site: Site,
    /// What the operation does.
    pub kind: Kind,
    /// The change.
    pub operator: Operator,
}

/// A participant that dies before the operation that follows its first `step` effects.
///
/// A death between two operations that no other participant can notice is the same as a death before both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    /// The participant's number.
    pub participant: u32,
    /// How many effects the participant has before it dies.
    pub step: u32,
}

/// The panic payload of a death; the function that runs the participant catches it.
#[derive(Debug)]
pub struct Died;

/// What the hook answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The operation takes place.
    Proceed,
    /// It takes place with this change.
    Otherwise(Operator),
    /// The operation has no effect: the participant is dead, or the execution has failed.
    Ignore,
}

impl Verdict {
    /// The value to store where the text says `value`.
    pub fn written(self, value: u64) -> u64 {
        match self {
            Self::Otherwise(operator) => operator.written(value),
            _ => value,
        }
    }

    /// The ordering to use where the text says `order`.
    pub fn order(self, order: Ordering) -> Ordering {
        match self {
            Self::Otherwise(Operator::Weaken(weaker)) => weaker.into(),
            _ => order,
        }
    }
}

/// A step's edges in an execution graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edges {
    /// The row of the trace whose write it reads; `None` is the initial write.
    pub from: Option<usize>,
    /// The place of its write among all writes of the word; 0 is the initial one.
    pub rank: Option<usize>,
    /// It is one of the two steps that race.
    pub races: bool,
    /// The rows that happen before it, in ascending order.
    pub past: Vec<usize>,
}

/// An operation that was executed.
#[derive(Clone, Debug)]
pub struct Step {
    /// The participant that executed it; `None` during the set-up.
    pub participant: Option<u32>,
    /// Its place in the source.
    pub site: Site,
    /// The word that it concerns.
    pub name: Name,
    /// What it does.
    pub kind: Kind,
    /// The ordering in the source.
    pub order: Option<Ordering>,
    /// The hook's answer.
    pub verdict: Verdict,
    /// The values read and written; an exchange has both.
    pub value: Option<u64>,
    /// The value written.
    pub written: Option<u64>,
    /// Its edges, if the trace is an execution graph.
    pub edges: Option<Edges>,
}

/// What a run saw of a site.
#[derive(Clone, Debug, Default)]
pub struct SiteCoverage {
    /// The words that it concerned.
    pub names: BTreeSet<&'static str>,
    /// The ordering in the source.
    pub order: Option<Ordering>,
    /// How often it was executed.
    pub count: u64,
}

/// What the hook does; nothing by default.
#[derive(Debug, Default)]
pub struct Armed {
    /// Changes this operation.
    pub mutant: Option<Mutant>,
    /// Kills these participants.
    pub crashes: Vec<Crash>,
    /// Keeps the steps of the last execution.
    pub trace: bool,
    /// Counts the sites that are reached.
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
