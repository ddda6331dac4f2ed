//! The same protocol on `raw_sync`'s `Mutex` and `Event`: pthread's, in the same segment.
//!
//! The objects lie where `raw_sync` has them, and its `Event::set` wakes. The waits are [pthread's own](pthread),
//! because `raw_sync`'s deadlines are on the wall clock. The mutexes are made robust, which `raw_sync` cannot do.
//!
//! A process that dies here is recovered from as far as pthread allows. A waiter that is killed inside a condition
//! variable leaves it counting on that waiter, so each sleep makes a new one. docs/crash.md lists the faults that
//! remain; the futex layer has none of them.
//!
//! A pthread lock belongs to a thread. pthread links the robust locks of each thread into a list, whose links are in
//! the locks themselves. So a lock must stay mapped while a thread has it, even when its guard and its handle are gone;
//! see [`RawSync`]'s drop. A lock names its thread by a number of its PID namespace, and only the C library knows what
//! the bytes of these objects mean. So the segment bears a [`mark`] of both.

mod event;
mod mark;
mod pthread;

pub use event::RawEvent;
pub use mark::{CLibrary, Mark, MarkFault, PidNamespace};

use super::liveness::sleep_limiter::SleepLimiter;
use super::{
    Backend, Fences, Journal, KeepAlive, LivenessLocks, MAX_SLEEP, RealLayer, lock_poisoned_or_not, monotonic,
};
use crate::layer::{Acquired, Clock, Deadline, Layer, LivenessUnknown, Lock, LockError, Memory, Participant};
#[cfg(feature = "tracing")]
use crate::protocol::Event;
use core::cell::UnsafeCell;
use core::ops::Range;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use core::time::Duration;
use event::ParkedEvent;
use pthread::{Locked, Mutex};
use raw_sync::locks::LockInit;
use std::io;
use std::sync::Mutex as LocalMutex;

/// One participant's handle.
#[derive(Debug)]
pub struct RawSync {
    locks: LivenessLocks,
    limiter: SleepLimiter<ParkedEvent>,
    /// The write lock, while a thread holds it through this handle.
    held: LocalMutex<Option<HeldLock>>,
    /// What keeps the segment mapped, and its addresses.
    mapping: Option<(KeepAlive, Range<usize>)>,
    journal: Journal,
}

/// A lock that a thread holds.
#[derive(Debug)]
struct HeldLock {
    mutex: Mutex,
    /// The thread's `pthread_t`. Another thread may have the same after this thread has ended.
    thread: usize,
}

// SAFETY: any thread may use a mutex. pthread refuses an unlock by a thread that does not hold it.
unsafe impl Send for HeldLock {}

/// This thread's `pthread_t`.
fn this_thread() -> usize {
    // SAFETY: the call has no precondition.
    unsafe { libc::pthread_self() as usize }
}

impl RawSync {
    /// Releases the write lock if this thread holds it through this handle. If the holder has ended and this thread has
    /// the same `pthread_t`, pthread refuses: it compares the kernel's thread numbers.
    fn release_held(&self) {
        if self.locks.is_inherited() {
            return; // the lock is the parent's
        }
        if let Some(held) = lock_poisoned_or_not(&self.held).take_if(|held| held.thread == this_thread()) {
            held.mutex.unlock();
        }
    }

    /// Whether this handle keeps the lock mapped.
    fn keeps_mapped(&self, lock: &RawMutex) -> bool {
        self.mapping.as_ref().is_some_and(|(_, addresses)| addresses.contains(&(&raw const *lock).addr()))
    }
}

impl Drop for RawSync {
    /// Releases a lock whose guard this thread has forgotten. A lock of another thread cannot be released, and is on
    /// that thread's list until the thread ends. So the mapping is leaked.
    fn drop(&mut self) {
        if self.locks.is_inherited() {
            return; // the list of the child's thread is empty
        }
        self.release_held();
        if lock_poisoned_or_not(&self.held).is_some() {
            core::mem::forget(self.mapping.take());
        }
    }
}

/// Storage of a `raw_sync` mutex: 40 bytes on x86-64, with room for other platforms.
#[derive(Debug)]
#[repr(C, align(16))]
pub struct RawMutex(UnsafeCell<[u8; 64]>);

// SAFETY: atomics and plain bytes, which any memory is; zeroed as the trait says.
unsafe impl RealLayer for RawSync {
    const KIND: Backend = Backend::RawSync;

    fn mark() -> Result<Mark, MarkFault> {
        Mark::of_this_process()
    }

    fn new(locks: LivenessLocks, _: Fences, _: u32) -> Self {
        let (limiter, held) = (SleepLimiter::new(), LocalMutex::new(None));
        Self { locks, limiter, held, mapping: None, journal: Journal::new("") }
    }

    fn set_channel(&mut self, name: &str) {
        self.journal = Journal::new(name);
    }

    unsafe fn keep(&mut self, mapping: KeepAlive, addresses: Range<usize>) {
        self.mapping = Some((mapping, addresses));
    }

    unsafe fn init(lock: *mut RawMutex, signals: &mut dyn Iterator<Item = *mut RawEvent>) -> io::Result<()> {
        assert!(raw_sync::locks::Mutex::size_of(None) <= size_of::<RawMutex>(), "raw_sync's mutex outgrew its storage");
        // SAFETY: no other thread uses `lock`, which is large and aligned enough for a pthread mutex.
        unsafe { Mutex::at(lock.cast()) }.init()?;
        for signal in signals {
            // SAFETY: zeroed, and not used by another thread, as the lock.
            unsafe { RawEvent::init(signal) }?;
        }
        Ok(())
    }
}

// SAFETY: fences are the processor's.
unsafe impl Memory for RawSync {
    type W32 = AtomicU32;
    type W64 = AtomicU64;

    fn light_fence(&self, order: Ordering) {
        fence(order); // a pthread call beside it costs far more
    }

    fn heavy_fence(&self, order: Ordering) {
        fence(order);
    }
}

impl Clock for RawSync {
    fn now(&self) -> Duration {
        monotonic()
    }
}

// SAFETY: numbers are locks of the kernel's, which it drops at death.
unsafe impl Layer for RawSync {
    type Lock = RawMutex;
    type Signal = RawEvent;

    fn claim(&self, number: u32) -> Result<bool, LivenessUnknown> {
        self.locks.claim(number)
    }

    fn release(&self, number: u32) {
        self.locks.release(number);
    }

    fn is_alive(&self, number: u32) -> Result<bool, LivenessUnknown> {
        self.locks.is_alive(number)
    }

    fn liveness_interval(&self, now: Duration) -> Duration {
        self.limiter.longest_sleep(now)
    }

    #[inline(always)]
    fn is_inherited(&self) -> bool {
        self.locks.is_inherited()
    }

    #[cfg(feature = "tracing")]
    const HAS_LOG: bool = true;

    #[cfg(feature = "tracing")]
    fn note(&self, event: Event) {
        if !self.is_inherited() {
            self.journal.note(event);
        }
    }
}

/// Whether the deadline has passed.
fn has_passed(deadline: Deadline) -> bool {
    match deadline {
        Deadline::Now => true,
        Deadline::Never => false,
        Deadline::At(end) => monotonic() >= end,
    }
}

impl RawMutex {
    fn mutex(&self) -> Mutex {
        // SAFETY: the storage holds a mutex since the segment was made. The address outlives this borrow only in
        // `RawSync::held`, and then the layer keeps its mapping (`acquire`).
        unsafe { Mutex::at(self.0.get().cast()) }
    }
}

// SAFETY: pthread's mutex has one holder. The mutex of a dead holder goes to the next thread, which is told.
unsafe impl Lock<RawSync> for RawMutex {
    const IS_THREAD_INDEPENDENT: bool = false; // the lock belongs to the thread that took it

    fn acquire(&self, layer: &RawSync, _: Participant, deadline: Deadline) -> Result<Acquired, LockError> {
        // A guard that this thread has forgotten published nothing, as if it had been dropped.
        layer.release_held();
        let mutex = self.mutex();
        if !layer.keeps_mapped(self) {
            return Err(LockError::Busy { owner: None }); // a lock in another segment
        }
        loop {
            // No liveness check: the kernel gives a dead owner's robust mutex to a waiter. Before Linux 5.5 it wakes no
            // other waiter if this waiter is killed before it has the mutex. So the sleep is bounded all the same.
            let longest = monotonic() + MAX_SLEEP;
            let taken = match deadline {
                Deadline::Now => mutex.try_lock(),
                Deadline::Never => mutex.lock(longest),
                Deadline::At(end) => mutex.lock(end.min(longest)),
            };
            let acquired = match taken {
                Locked::Clean => Acquired::Clean,
                Locked::OwnerDied => Acquired::OwnerDied,
                Locked::TimedOut if !has_passed(deadline) => continue,
                Locked::TimedOut => return Err(LockError::Busy { owner: None }),
                Locked::Broken => return Err(LockError::Broken),
            };
            *lock_poisoned_or_not(&layer.held) = Some(HeldLock { mutex, thread: this_thread() });
            return Ok(acquired);
        }
    }

    fn inherit(&self, _: &RawSync, _: Participant) -> bool {
        false // the lock names a thread, not a participant's number
    }

    fn release(&self, layer: &RawSync, _: Participant) {
        layer.release_held(); // does nothing where another thread holds it
    }

    fn owner(&self) -> Option<u32> {
        None // the lock names a thread
    }
}
