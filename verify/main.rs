//! The verification target: every interleaving of the shipping protocol, and a proof for every check that it can fail.
//!
//! The text under test is `src/`, unchanged: the model checkers implement [`ackcast::layer`], as real memory does.
//! `docs/verification.md` says what each checker can judge, and what it cannot.
#![cfg(test)]

mod alone;
mod assumption;
mod catalogue;
mod check;
mod config;
mod engine;
mod environment;
mod equivalents;
mod explore;
mod fences;
mod fixture;
mod foreign;
mod graph;
mod hook;
mod interference;
mod labels;
mod labels_in_source;
mod layer;
mod litmus;
mod mutants;
mod oracle;
mod overhead;
mod page;
mod picture;
mod progress;
mod replay;
mod report;
mod scenarios;
mod segment;
mod sweep;
mod tests;
