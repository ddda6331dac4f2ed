//! Checks a protocol on shared memory: every interleaving, every mutant, every death. The protocol is ackcast's shipping
//! text, unchanged: the checkers implement [`ackcast::layer`], as real memory does. `docs/verification.md` says what each
//! checker can judge, and what it cannot.
//!
//! # The life of a mutant
//!
//! 1. `src/protocol/producer/prepared.rs`: a producer stores `published` with Release. This operation is E1.
//! 2. [`model::word`](mod@model::word): the word is a model's. Before the store, it asks the hook, and says where it was called.
//! 3. [`hook`]: the hook, armed to note coverage, notes the site, the word and the ordering.
//! 4. [`mutation::sites`]: each check has run once. Every site is known now, and so are the checks that reach it.
//! 5. [`mutation::operators`]: Release can become Relaxed, and a store can be dropped. E1 has two mutants.
//! 6. [`mutation::fates`]: the first mutant meets the checks that reach E1, the shortest check first.
//! 7. [`checks::run`]: the check arms the hook with the mutant, and runs its scenario (`scenarios::flow`) under loom.
//! 8. [`hook`]: the answer to E1 is now `Otherwise(Weaken(Relaxed))`, so the word is stored with Relaxed.
//! 9. [`model::engine`](mod@model::engine): loom finds that the read of the slot is not ordered after the write. It panics.
//! 10. [`checks::panics`]: the panic's text is the failure of this execution. The mutant is dead.
//! 11. [`report::picture`]: where a person asks, that execution runs again, and the missing edge is drawn.
//! 12. [`mutation::tables`]: `| E1 | published | Weaken(Relaxed) |`, and what killed it, in `docs/tables/mutants.md`.
//!
//! # The rooms
//!
//! | module | what it does | imports |
//! | --- | --- | --- |
//! | [`hook`] | every operation asks here: trace, mutant, crash, coverage | |
//! | [`events`] | what participants see, and what else happens in an execution | |
//! | [`mod@model`] | words, cells, fences, lock, signals and parking on loom and shuttle | hook, events |
//! | [`report`] | labels, pictures, progress, tables | hook, model |
//! | `scenarios` | ackcast's participants, and what must hold | model |
//! | [`checks`] | runs a scenario: the catalogue, a process for each check, what a failure prints | scenarios, report |
//! | [`mutation`] | every site × every operator | checks |
//! | [`crashes`] | every participant dies at every step, under loom | checks |
//! | [`explore`] | every state, with deaths, under sequential consistency; the replay of participants | checks, scenarios |
//! | [`graph`] | every execution graph, with deaths and sleeping, under RC11 | explore, mutation |
//! | [`template`] | checks a protocol of one's own by all of these | graph, checks |
//! | [`gallery`], [`course`] | protocols that fail, and the steps from one slot to `src/` | template |
//! | [`litmus`] | the classic litmus tests: what each checker says, C++20, and a real machine | template |
//! | [`mod@reference`] | the pages of `docs/orderings/`, `docs/gallery/` and `docs/course/` | all above |
//! | `self_checks` | the checkers checked: litmus tests, the oracle, the model's assumption, the hook's cost | all of them |
//!
//! A protocol of one's own is written over [`ackcast::layer::Memory`]: see [`template`], and `examples/foreign/`.
//!
//! # Running it
//!
//! `cargo test --test verify check::end_is_last` runs the checks of a scenario, each in a process of its own. [`trials`]
//! has all of them.

pub mod checks;
#[path = "../course/mod.rs"]
pub mod course;
pub mod crashes;
pub mod events;
pub mod explore;
#[path = "../gallery/mod.rs"]
pub mod gallery;
pub mod graph;
pub mod hook;
pub mod litmus;
pub mod model;
pub mod mutation;
pub mod reference;
pub mod report;
mod scenarios;
#[cfg(test)]
mod self_checks;
pub mod template;
mod trials;

pub use trials::{Trial, finish, first_look, trials};
