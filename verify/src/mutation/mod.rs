//! Mutation: every site × every operator. Each mutant must die, or be an equivalent with a reason.

#[cfg(test)]
mod counterexamples;
pub mod equivalents;
pub mod fates;
pub mod operators;
#[cfg(test)]
mod retention;
pub mod run;
pub mod sites;
pub mod tables;
#[cfg(test)]
mod tests;
