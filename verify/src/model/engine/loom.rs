//! loom: all interleavings, and the values that weak orderings allow.

use super::Engine;
use loom::{
    cell::{ConstPtr, MutPtr, UnsafeCell},
    sync::{Mutex, MutexGuard, atomic::AtomicU64},
    thread::Thread,
};
use std::{
    cell::RefCell,
    collections::VecDeque,
    fmt::Debug,
    hash::{Hash, Hasher},
    mem::ManuallyDrop,
    sync::atomic::Ordering,
};

/// loom's primitives.
#[derive(Debug)]
pub struct Loom;

/// Folds a thread's id into a number. An id is two small numbers, so a better hash is not worth its time.
#[derive(Default)]
struct Folded(u64);

impl Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_usize(byte.into()));
    }

    fn write_usize(&mut self, number: usize) {
        self.0 = self.0.rotate_left(8) ^ number as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A mutex that keeps its own guard.
#[derive(Debug)]
pub struct Latch {
    /// Never dropped in place: after a failure, no execution is left in which to unlock.
    guard: RefCell<Option<ManuallyDrop<MutexGuard<'static, ()>>>>,
    mutex: Box<Mutex<()>>,
    /// loom does not see that an unlock conflicts with an attempt to lock, so both touch this word. The oracle found
    /// that: loom hardly ever let `try_lock` meet a lock that was held.
    attempts: AtomicU64,
}

impl Latch {
    fn keep(&self, guard: MutexGuard<'_, ()>) {
        // SAFETY: the mutex is boxed and lives as long as `self`, which holds the guard. Only `unlock` drops the guard.
        let guard = unsafe { std::mem::transmute::<MutexGuard<'_, ()>, MutexGuard<'static, ()>>(guard) };
        *self.guard.borrow_mut() = Some(ManuallyDrop::new(guard));
    }
}

impl Engine for Loom {
    type Atom = AtomicU64;
    type Cell<T: Debug + 'static> = UnsafeCell<T>;
    type Reading<T: Debug + 'static> = ConstPtr<T>;
    type Writing<T: Debug + 'static> = MutPtr<T>;
    type Latch = Latch;
    type Monitor = (Mutex<()>, RefCell<VecDeque<Thread>>);

    fn atom(value: u64) -> AtomicU64 {
        AtomicU64::new(value)
    }

    fn load(atom: &AtomicU64, order: Ordering) -> u64 {
        atom.load(order)
    }

    fn load_owned(atom: &AtomicU64, order: Ordering) -> u64 {
        const NEVER: u64 = u64::MAX;
        let (Ok(value) | Err(value)) = atom.compare_exchange(NEVER, NEVER, Ordering::Relaxed, order);
        value
    }

    fn load_exclusive(atom: &AtomicU64) -> u64 {
        // SAFETY: loom fails the execution on a concurrent store, before it returns a value.
        unsafe { atom.unsync_load() }
    }

    fn touch(atom: &AtomicU64) {
        atom.store(0, Ordering::Relaxed);
    }

    fn store(atom: &AtomicU64, value: u64, order: Ordering) {
        atom.store(value, order);
    }

    fn swap(atom: &AtomicU64, value: u64, order: Ordering) -> u64 {
        atom.swap(value, order)
    }

    fn exchange(atom: &AtomicU64, current: u64, new: u64, success: Ordering, failure: Ordering) -> Result<u64, u64> {
        atom.compare_exchange(current, new, success, failure)
    }

    fn fence(order: Ordering) {
        loom::sync::atomic::fence(order);
    }

    fn cell<T: Debug + 'static>(value: T) -> UnsafeCell<T> {
        UnsafeCell::new(value)
    }

    fn read<T: Debug + 'static>(cell: &UnsafeCell<T>) -> (ConstPtr<T>, *mut T) {
        let reading = cell.get();
        let value = reading.with(<*const T>::cast_mut);
        (reading, value)
    }

    fn write<T: Debug + 'static>(cell: &UnsafeCell<T>) -> (MutPtr<T>, *mut T) {
        let writing = cell.get_mut();
        let value = writing.with(|value| value);
        (writing, value)
    }

    fn latch() -> Latch {
        Latch { guard: RefCell::new(None), mutex: Box::new(Mutex::new(())), attempts: AtomicU64::new(0) }
    }

    fn lock(latch: &Latch) {
        latch.keep(latch.mutex.lock().expect("loom's mutexes are never poisoned"));
    }

    fn try_lock(latch: &Latch) -> bool {
        Self::touch(&latch.attempts);
        latch.mutex.try_lock().map(|guard| latch.keep(guard)).is_ok()
    }

    fn unlock(latch: &Latch) {
        Self::touch(&latch.attempts);
        let guard = latch.guard.borrow_mut().take();
        drop(guard.map(ManuallyDrop::into_inner));
    }

    fn monitor() -> Self::Monitor {
        (Mutex::new(()), RefCell::default())
    }

    fn sleep((mutex, sleepers): &Self::Monitor, asleep: impl FnOnce() -> bool) {
        let guard = mutex.lock().expect("loom's mutexes are never poisoned");
        if asleep() {
            sleepers.borrow_mut().push_back(loom::thread::current());
            drop(guard); // not a step: no thread comes in between
            loom::thread::park();
        }
    }

    fn wake((mutex, sleepers): &Self::Monitor, all: bool, before: impl FnOnce()) {
        let guard = mutex.lock().expect("loom's mutexes are never poisoned");
        before();
        let count = if all { sleepers.borrow().len() } else { 1 };
        let woken: Vec<Thread> = (0..count).filter_map(|_| sleepers.borrow_mut().pop_front()).collect();
        woken.iter().for_each(Thread::unpark);
        drop(guard);
    }

    fn spawn(body: impl FnOnce() + 'static) {
        drop(loom::thread::spawn(body));
    }

    fn yield_now() {
        loom::thread::yield_now();
    }

    fn skip() {
        loom::skip_branch();
    }

    fn thread() -> u64 {
        let mut hasher = Folded::default();
        loom::thread::current().id().hash(&mut hasher);
        hasher.finish()
    }
}
