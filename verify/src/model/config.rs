//! The configuration of a check: what implements lock, signal and fences, and how the model waits.

use std::fmt;

/// How a model waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitModel {
    /// A failed wait is an assumption that does not hold: the rest of the execution opens no branches. Another
    /// execution has the wait succeed. For safety.
    Assume,
    /// A failed wait yields and polls again. For testing the assumption.
    Yield,
    /// A failed wait parks on a condition variable, so a lost wake-up is a deadlock. For liveness.
    Park,
}

/// What implements a lock or a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Primitive {
    /// The engine's primitive.
    Abstract,
    /// The shipping text, on words.
    Words,
}

/// The configuration of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelConfig {
    /// How the model waits.
    pub waiting: WaitModel,
    /// The write lock.
    pub lock: Primitive,
    /// The signals.
    pub signal: Primitive,
    /// Whether a notification has the fence of its contract. Without it, the protocol's edges must suffice; joining
    /// while producers publish needs it.
    pub fences: bool,
    /// Whether fences order no more than asymmetric fences promise; else every fence is a full fence.
    pub asymmetric: bool,
}

impl ModelConfig {
    /// For safety: only the protocol's own edges order accesses to the slots.
    pub const ASSUME: Self = Self {
        waiting: WaitModel::Assume,
        lock: Primitive::Abstract,
        signal: Primitive::Abstract,
        fences: false,
        asymmetric: false,
    };
    /// For safety where participants join and leave.
    pub const ASSUME_FENCED: Self = Self { fences: true, ..Self::ASSUME };
    /// The same with asymmetric fences.
    pub const ASSUME_ASYMMETRIC: Self = Self { asymmetric: true, ..Self::ASSUME_FENCED };
    /// For liveness of the protocol: threads park on signals that keep their contract.
    pub const PARK: Self = Self { waiting: WaitModel::Park, fences: true, ..Self::ASSUME };
    /// The same on the shipping signal.
    pub const PARK_SIGNAL: Self = Self { signal: Primitive::Words, ..Self::PARK };
    /// The same with asymmetric fences.
    pub const PARK_ASYMMETRIC: Self = Self { asymmetric: true, ..Self::PARK_SIGNAL };
    /// For liveness of the full stack.
    pub const PARK_STACK: Self = Self { lock: Primitive::Words, ..Self::PARK_SIGNAL };
    /// For safety of the protocol on the shipping lock.
    pub const WORD_LOCK: Self = Self { lock: Primitive::Words, ..Self::ASSUME };
    /// For safety of the full stack.
    pub const STACK: Self = Self { waiting: WaitModel::Assume, ..Self::PARK_STACK };
}

impl fmt::Display for ModelConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.waiting {
            WaitModel::Assume => "assume",
            WaitModel::Yield => "yield",
            WaitModel::Park => "park",
        })?;
        match (self.lock, self.signal) {
            (Primitive::Abstract, Primitive::Abstract) => Ok(()),
            (Primitive::Words, Primitive::Abstract) => f.write_str(", word lock"),
            (Primitive::Abstract, Primitive::Words) => f.write_str(", word signal"),
            (Primitive::Words, Primitive::Words) => f.write_str(", word lock and signal"),
        }?;
        f.write_str(if self.asymmetric { ", asymmetric fences" } else { "" })
    }
}
