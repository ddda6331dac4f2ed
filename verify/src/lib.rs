//! The verification crate: every interleaving of the shipping protocol, and a proof for every check that it can fail.
//!
//! The text under test is `src/`, unchanged: the model checkers implement [`ackcast::layer`], as real memory does.
//! `docs/verification.md` says what each checker can judge, and what it cannot.

#[cfg(test)]
mod alone;
#[cfg(test)]
mod assumption;
#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod check;
#[cfg(test)]
mod config;
#[cfg(test)]
mod engine;
#[cfg(test)]
mod environment;
#[cfg(test)]
mod equivalents;
#[cfg(test)]
mod explore;
#[cfg(test)]
mod fences;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod foreign;
#[cfg(test)]
mod graph;
#[cfg(test)]
mod hook;
#[cfg(test)]
mod interference;
#[cfg(test)]
mod labels;
#[cfg(test)]
mod labels_in_source;
#[cfg(test)]
mod layer;
#[cfg(test)]
mod litmus;
#[cfg(test)]
mod mutants;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod overhead;
#[cfg(test)]
mod page;
#[cfg(test)]
mod picture;
#[cfg(test)]
mod progress;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod report;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod segment;
#[cfg(test)]
mod sweep;
#[cfg(test)]
mod tests;
