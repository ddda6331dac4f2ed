//! The `ackcast` command.
fn main() {}
