//! The explorer: visits every reachable state of a scenario once. It checks shapes that are too large for loom, which
//! runs every execution.
//!
//! **What it explores.** The shipping text of protocol, lock and signals, with joining, leaving, parking and liveness
//! checks. It assumes sequential consistency: loom judges orderings. Every operation on a word, every park and wake is
//! a step (with the exceptions of `Moves::goes_on`). Between two steps any participant may run, or die. There is no
//! bound.
//!
//! **How.** A participant is a function of the results of its operations. So `replay` runs it alone, and `locals`
//! keeps its next operation for each history. The shared words are plain data (`memory`). The search over both
//! (`search`) runs no thread: a state is the memory and each participant's place. Of a visited state the search keeps
//! 80 bits of a hash. Among five hundred million states, it confuses two with a probability of 1 in 10^7.
//!
//! **Which histories are merged.** Those that the participant cannot distinguish any more. When a function of the lock
//! or of a signal returns, only its result remains. After a wait, only what its last poll saw remains. Of a wait that
//! parks, only the park remains: its other knowledge is in words. That is an assumption on `src/lock.rs` and
//! `src/signal.rs`. Whenever two histories are merged, both must ask for the same operation next. With whole histories,
//! the same states are found (`tests.rs`).
//!
//! **When it fails.** A check of the scenario fails; two accesses to a slot overlap; or from some state no end can be
//! reached without a further death: a deadlock, or an endless loop. Without deaths there are no liveness checks, so a
//! lost wake-up is a deadlock. With deaths, a parked thread may check liveness at any moment, also before the death.
//! That makes up for a lost wake-up, as it does in the real layers.
//!
//! The exploration has no clock. `progress` has one, and explores the wait of a single participant.

pub(crate) mod layer;
pub(crate) mod locals;
pub(crate) mod memory;
mod moves;
pub(crate) mod primitives;
pub mod progress;
pub(crate) mod replay;
mod search;
mod segment;
mod state;
pub mod sweep;
#[cfg(test)]
mod tests;

pub use layer::Explored;
pub use state::{Found, Rules};

use crate::{
    checks::panics::{silence_panics, text_of},
    hook,
    model::leak::drop_leaked,
};
use replay::{Engine, Forgets, Scenario};
use search::Search;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Explores a scenario.
pub fn explore(body: &dyn Fn(), rules: Rules) -> Found {
    explore_by(Scenario { body, engine: Engine::States, forgets: Forgets::Steps }, rules)
}

fn explore_by(scenario: Scenario<'_>, rules: Rules) -> Found {
    let mut found = Ok(Found::default());
    silence_panics(|| found = catch_unwind(AssertUnwindSafe(|| Search::new(scenario, rules).run())));
    hook::ignoring(drop_leaked);
    found.unwrap_or_else(|payload| panic!("the explorer itself fails: {:?}", text_of(&*payload)))
}
