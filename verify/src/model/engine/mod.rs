//! The primitives of a model checker: loom and shuttle behind one trait.

mod loom;
mod shuttle;

pub use self::{loom::Loom, shuttle::Shuttle};

use std::{fmt::Debug, sync::atomic::Ordering};

/// A checker's primitives. Every function is one step of the model, except where it says otherwise.
pub trait Engine: Debug + Sized + 'static {
    /// An atomic word. Creating one is not a step.
    type Atom: Debug;
    /// Plain memory, on which the engine detects races if it can.
    type Cell<T: Debug + 'static>: Debug;
    /// Read access to a cell, in progress.
    type Reading<T: Debug + 'static>;
    /// Write access to a cell, in progress.
    type Writing<T: Debug + 'static>;
    /// A mutex that is held without a guard.
    type Latch: Debug;
    /// Where threads park.
    type Monitor: Debug;

    /// A new word that holds `value`.
    fn atom(value: u64) -> Self::Atom;
    /// Reads a word.
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
    /// Writes a word.
    fn store(atom: &Self::Atom, value: u64, order: Ordering);
    /// Writes a word and returns its previous value.
    fn swap(atom: &Self::Atom, value: u64, order: Ordering) -> u64;
    /// Writes `new` if the word holds `current`.
    ///
    /// # Errors
    /// The value found, when it is not `current`.
    fn exchange(atom: &Self::Atom, current: u64, new: u64, success: Ordering, failure: Ordering) -> Result<u64, u64>;
    /// A fence of this ordering.
    fn fence(order: Ordering);

    /// New plain memory that holds `value`. Not a step.
    fn cell<T: Debug + 'static>(value: T) -> Self::Cell<T>;
    /// Begins a read. Not a step.
    fn read<T: Debug + 'static>(cell: &Self::Cell<T>) -> (Self::Reading<T>, *mut T);
    /// Begins a write. Not a step.
    fn write<T: Debug + 'static>(cell: &Self::Cell<T>) -> (Self::Writing<T>, *mut T);

    /// A new mutex, which is free. Not a step.
    fn latch() -> Self::Latch;
    /// Takes the mutex.
    fn lock(latch: &Self::Latch);
    /// Takes the mutex if it is free; whether it was.
    fn try_lock(latch: &Self::Latch) -> bool;
    /// Releases the mutex, which the caller holds.
    fn unlock(latch: &Self::Latch);

    /// A new place to park. Not a step.
    fn monitor() -> Self::Monitor;
    /// Parks if `asleep` returns true; no wake comes in between, as in the kernel.
    fn sleep(monitor: &Self::Monitor, asleep: impl FnOnce() -> bool);
    /// Wakes one parked thread, or all; runs `before` in the same step.
    fn wake(monitor: &Self::Monitor, all: bool, before: impl FnOnce());

    /// Starts a thread.
    fn spawn(body: impl FnOnce() + 'static);
    /// Lets the other threads run first.
    fn yield_now();
    /// Opens no more branches in the rest of this execution.
    fn skip();
    /// The running thread, as a number.
    fn thread() -> u64;
}
