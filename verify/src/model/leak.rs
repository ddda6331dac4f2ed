//! Handles that outlive their execution.

use crate::hook;
use std::cell::RefCell;

thread_local! {
    static LEAKED: RefCell<Vec<Box<dyn std::any::Any>>> = const { RefCell::new(Vec::new()) };
}

/// Keeps a handle until the execution is over, and drops it then without a step: for scenarios that do not judge
/// leaving.
pub fn leak_until_end(handle: impl std::any::Any) {
    LEAKED.with_borrow_mut(|graveyard| graveyard.push(Box::new(handle)));
}

/// Drops the leaked handles. To be called outside of an execution, or at its start.
pub fn drop_leaked() {
    let leaked = LEAKED.take();
    hook::ignoring(|| drop(leaked));
}
