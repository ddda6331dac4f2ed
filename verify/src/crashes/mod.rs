//! Crashes: participants die at every step, and the survivors agree.

pub mod sweep;
#[cfg(test)]
mod tests;
