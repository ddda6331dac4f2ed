//! The verification target: every interleaving of the shipping protocol, and every check proved able to fail.
//!
//! The text under test is `src/`, unchanged: the checkers come in through the door that real
//! memory comes in through ([`ackcast::layer`]). `docs/verification.md` says what each of them can
//! judge and what it cannot.
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
mod hook;
mod interference;
mod labels;
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
