//! Tests `ackcast send`, `recv` and `clean`, and what the command prints about itself, as a user runs them: the real
//! binary, real processes, and a limit on every wait.
#![cfg(target_os = "linux")]

mod bytes;
mod clean;
mod deaths;
#[path = "../descriptors/mod.rs"]
mod descriptors;
mod late;
mod lines;
mod notices;
mod options;
mod pages;
mod process;
mod rendezvous;
mod signals;
mod standard;
mod units;
mod users;
mod waits;
