//! shuttle: sequentially consistent schedules, drawn at random or depth first.

use super::Engine;
use shuttle::sync::{Condvar, Mutex, MutexGuard, atomic::AtomicU64};
use std::{
    cell::{Cell, RefCell, UnsafeCell},
    fmt::Debug,
    hash::{DefaultHasher, Hash, Hasher},
    mem::ManuallyDrop,
    rc::Rc,
    sync::atomic::Ordering::{self, SeqCst},
};

/// shuttle's primitives.
#[derive(Debug)]
pub struct Shuttle;

/// Plain memory with a count of its accesses: positive for readers, negative for a writer.
#[derive(Debug)]
pub struct Watched<T> {
    value: UnsafeCell<T>,
    accesses: Cell<i32>,
}

/// An access in progress; dropping it ends the access.
#[derive(Debug)]
pub struct Access<T>(Rc<Watched<T>>, i32);

impl<T> Access<T> {
    fn start(cell: &Rc<Watched<T>>, change: i32) -> (Self, *mut T) {
        let now = cell.accesses.get();
        assert!(now == 0 || (now > 0 && change > 0), "two accesses to a slot overlap, and one of them writes");
        cell.accesses.set(now + change);
        (Self(Rc::clone(cell), change), cell.value.get())
    }
}

impl<T> Drop for Access<T> {
    fn drop(&mut self) {
        self.0.accesses.set(self.0.accesses.get() - self.1);
    }
}

/// A mutex that keeps its own guard.
#[derive(Debug)]
pub struct Latch {
    /// Never dropped in place: after a failure, no execution is left in which to unlock.
    guard: RefCell<Option<ManuallyDrop<MutexGuard<'static, ()>>>>,
    mutex: Box<Mutex<()>>,
}

impl Latch {
    fn keep(&self, guard: MutexGuard<'_, ()>) {
        // SAFETY: the mutex is boxed and lives as long as `self`, which holds the guard. Only `unlock` drops the guard.
        let guard = unsafe { std::mem::transmute::<MutexGuard<'_, ()>, MutexGuard<'static, ()>>(guard) };
        *self.guard.borrow_mut() = Some(ManuallyDrop::new(guard));
    }
}

/// Moves a body into a shuttle thread.
struct Body<F>(F);

// SAFETY: shuttle runs all threads of an execution on the one OS thread that started it.
unsafe impl<F> Send for Body<F> {}

impl<F: FnOnce()> Body<F> {
    fn run(self) {
        (self.0)();
    }
}

impl Engine for Shuttle {
    type Atom = AtomicU64;
    type Cell<T: Debug + 'static> = Rc<Watched<T>>;
    type Reading<T: Debug + 'static> = Access<T>;
    type Writing<T: Debug + 'static> = Access<T>;
    type Latch = Latch;
    type Monitor = (Mutex<()>, Condvar);

    fn atom(value: u64) -> AtomicU64 {
        AtomicU64::new(value)
    }

    fn load(atom: &AtomicU64, _order: Ordering) -> u64 {
        atom.load(SeqCst) // shuttle knows no other order
    }

    fn load_owned(atom: &AtomicU64, order: Ordering) -> u64 {
        Self::load(atom, order) // shuttle prunes nothing
    }

    fn load_exclusive(atom: &AtomicU64) -> u64 {
        Self::load(atom, SeqCst)
    }

    fn touch(_atom: &AtomicU64) {}

    fn store(atom: &AtomicU64, value: u64, _order: Ordering) {
        atom.store(value, SeqCst);
    }

    fn swap(atom: &AtomicU64, value: u64, _order: Ordering) -> u64 {
        atom.swap(value, SeqCst)
    }

    fn exchange(atom: &AtomicU64, current: u64, new: u64, _success: Ordering, _failure: Ordering) -> Result<u64, u64> {
        atom.compare_exchange(current, new, SeqCst, SeqCst)
    }

    fn fence(_order: Ordering) {}

    fn cell<T: Debug + 'static>(value: T) -> Rc<Watched<T>> {
        Rc::new(Watched { value: UnsafeCell::new(value), accesses: Cell::new(0) })
    }

    fn read<T: Debug + 'static>(cell: &Rc<Watched<T>>) -> (Access<T>, *mut T) {
        Access::start(cell, 1)
    }

    fn write<T: Debug + 'static>(cell: &Rc<Watched<T>>) -> (Access<T>, *mut T) {
        Access::start(cell, -1)
    }

    fn latch() -> Latch {
        Latch { guard: RefCell::new(None), mutex: Box::new(Mutex::new(())) }
    }

    fn lock(latch: &Latch) {
        latch.keep(latch.mutex.lock().expect("no thread goes on after a panic"));
    }

    fn try_lock(latch: &Latch) -> bool {
        latch.mutex.try_lock().map(|guard| latch.keep(guard)).is_ok()
    }

    fn unlock(latch: &Latch) {
        let guard = latch.guard.borrow_mut().take();
        drop(guard.map(ManuallyDrop::into_inner));
    }

    fn monitor() -> Self::Monitor {
        (Mutex::new(()), Condvar::new())
    }

    fn sleep((mutex, condvar): &Self::Monitor, asleep: impl FnOnce() -> bool) {
        let guard = mutex.lock().expect("no thread goes on after a panic");
        if asleep() {
            drop(condvar.wait(guard));
        }
    }

    fn wake((mutex, condvar): &Self::Monitor, all: bool, before: impl FnOnce()) {
        let guard = mutex.lock().expect("no thread goes on after a panic");
        before();
        if all {
            condvar.notify_all()
        } else {
            condvar.notify_one()
        }
        drop(guard);
    }

    fn spawn(body: impl FnOnce() + 'static) {
        let body = Body(body);
        drop(shuttle::thread::spawn(move || body.run()));
    }

    fn yield_now() {
        shuttle::thread::yield_now();
    }

    fn skip() {}

    fn thread() -> u64 {
        let mut hasher = DefaultHasher::new();
        shuttle::thread::current().id().hash(&mut hasher);
        hasher.finish()
    }
}
