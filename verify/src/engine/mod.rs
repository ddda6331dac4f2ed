//! The primitives of a model checker: loom and shuttle behind one trait.

mod loom;
mod shuttle;

pub use self::{loom::Loom, shuttle::Shuttle};

use crate::segment::Slot;
use std::{fmt::Debug, sync::atomic::Ordering};

/// A checker's primitives. Every function is one step of the model, except where it says otherwise.
pub trait Engine: Debug + Sized + 'static {
    /// An atomic word. Creating one is not a step.
    type Atom: Debug;
    /// A slot: plain memory, on which the engine detects races if it can.
    type Cell: Debug;
    /// Read access to a cell, in progress.
    type Reading;
    /// Write access to a cell, in progress.
    type Writing;
    /// A mutex that is held without a guard.
    type Latch: Debug;
    /// Where threads park.
    type Monitor: Debug;

    fn atom(value: u64) -> Self::Atom;
    fn load(atom: &Self::Atom, order: Ordering) -> u64;
    /// A load by a thread that stores to this word next and knows its newest value.
    ///
    /// loom compares a store with the last access only. So a thread's own load would hide earlier loads of other
    /// threads (loom #166). With them, loom would miss interleavings in which these come after the store. Hence this
    /// load counts as a write.
    fn load_owned(atom: &Self::Atom, order: Ordering) -> u64;
    /// A load to which no store can be concurrent; the engine checks that if it can. Not a step, so it hides no load.
    fn load_exclusive(atom: &Self::Atom) -> u64;
    /// A step that conflicts with every other touch and changes no word. It precedes a load that may be stale, and
    /// after which the thread may store.
    fn touch(atom: &Self::Atom);
    fn store(atom: &Self::Atom, value: u64, order: Ordering);
    fn swap(atom: &Self::Atom, value: u64, order: Ordering) -> u64;
    fn exchange(atom: &Self::Atom, current: u64, new: u64, success: Ordering, failure: Ordering) -> Result<u64, u64>;
    fn fence(order: Ordering);

    fn cell() -> Self::Cell;
    /// Not a step.
    fn read(cell: &Self::Cell) -> (Self::Reading, *mut Slot);
    /// Not a step.
    fn write(cell: &Self::Cell) -> (Self::Writing, *mut Slot);

    fn latch() -> Self::Latch;
    fn lock(latch: &Self::Latch);
    fn try_lock(latch: &Self::Latch) -> bool;
    fn unlock(latch: &Self::Latch);

    fn monitor() -> Self::Monitor;
    /// Parks if `asleep` returns true; no wake comes in between, as in the kernel.
    fn sleep(monitor: &Self::Monitor, asleep: impl FnOnce() -> bool);
    /// Wakes one parked thread, or all; runs `before` in the same step.
    fn wake(monitor: &Self::Monitor, all: bool, before: impl FnOnce());

    fn spawn(body: impl FnOnce() + 'static);
    /// Lets the other threads run first.
    fn yield_now();
    /// Opens no more branches in the rest of this execution.
    fn skip();
    /// The running thread, as a number.
    fn thread() -> u64;
}
