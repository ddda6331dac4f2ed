//! The explorer: every reachable state of a scenario, once. It judges what loom's search, which
//! tries every execution, is too slow for.
//!
//! **What it explores.** The shipping text of protocol, lock and signals, joining, leaving, sleeping and patrols
//! included, under sequential consistency: orderings are loom's to judge. Every operation on a word,
//! every sleep and wake is a step of its own (but for what `Moves::goes_on` says), and between any two
//! steps anybody may come, or die. There is no bound.
//!
//! **How.** A participant is a function of what its operations come to. So it is run by itself
//! ([`replay`]), and what it does next is found out once for each history ([`locals`]). What all
//! share is plain data ([`memory`]). The search over both ([`search`]) runs no thread at all: a state
//! is the memory, and where each participant stands. Of states seen, 80 bits of a hash are kept: of
//! five hundred million states, two are taken for the same with a chance of 1 in 10^7.
//!
//! **Which histories are one.** Those that the participant cannot tell apart any more. Of a function of
//! the lock or of a signal only the result is left when it returns (of a wait, what its last look saw),
//! and of a wait that sleeps, nothing but that it sleeps: what else they know is in their words. This
//! is an assumption on `src/lock.rs` and `src/signal.rs`. Each time that two histories become one, both must
//! ask for the same operation next; and where histories are kept whole, the same states are found (`tests.rs`).
//!
//! **When it fails.** A check in the scenario does; two accesses to a slot overlap; or there is a state
//! from which no end can be reached without a further death: a deadlock, or a round that nobody leaves.
//! Where nobody can die nobody patrols, so a lost wake-up is a deadlock. Where somebody can, sleepers patrol
//! at any moment, before the death, too, and that makes good for one, as it does in the real layer.

mod layer;
mod locals;
mod memory;
mod moves;
mod primitives;
mod replay;
mod search;
mod segment;
mod state;
mod sweep;
mod tests;

pub use layer::Explored;
pub use state::{Found, Rules};
pub use sweep::Exploration;

use crate::{check, hook, segment::drop_leaked};
use replay::{Forgets, Scenario};
use search::Search;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Explores a scenario.
pub fn explore(body: &dyn Fn(), rules: Rules) -> Found {
    explore_by(Scenario { body, forgets: Forgets::Steps }, rules)
}

fn explore_by(scenario: Scenario<'_>, rules: Rules) -> Found {
    let mut found = Ok(Found::default());
    check::silence_panics(|| found = catch_unwind(AssertUnwindSafe(|| Search::new(scenario, rules).run())));
    hook::ignoring(drop_leaked);
    found.unwrap_or_else(|payload| panic!("the explorer itself fails: {:?}", check::text_of(&*payload)))
}
