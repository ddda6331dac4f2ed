//! The checkers checked: what loom explores, what the model assumes, what the hook costs.

mod assumption;
mod in_memory;
mod interference;
mod labels_in_source;
mod litmus;
mod oracle;
mod overhead;
mod real_memory;
