//! Carries a channel over NATS JetStream to other machines.
//!
//! `out` copies a channel into a stream, and `in` copies the stream into a channel of the same kind on another machine.
//! `docs/bridge.md` says what is promised and when not to use it. Tests and comments cite the promises by these names:
//!
//! | | |
//! | --- | --- |
//! | B1 | each receiving channel gets each message of the source once, from its first one on |
//! | B2 | in the order of the source |
//! | B3 | a slot of the source is acknowledged only when the stream has stored its message |
//! | B4 | END is last, and a channel whose producers died is not ended |
//! | B5 | a bridge that dies at any step, and its successor, keep B1 to B4 |
//!
//! [`out_machine`] and [`in_machine`] are the two state machines, without input and output. The model check in
//! `tests/model` explores them.

pub mod head;
pub mod in_machine;
pub mod mutant;
pub mod out_machine;

pub mod command;
pub mod failure;
pub mod incoming;
mod job;
pub mod outgoing;
mod server;
mod source;
mod stream;
mod subscription;
