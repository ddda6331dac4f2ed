//! The checks: what runs a case, the catalogue, and what a failure prints.

pub mod catalogue;
pub mod entry;
pub mod explain;
pub mod isolate;
pub mod panics;
pub mod replay;
pub mod run;
#[cfg(test)]
mod tests;
mod witnesses;
