//! The same protocol on `raw_sync`'s `Mutex` and `Event`: pthread's, in the same segment.
//!
//! The objects lie where `raw_sync` has them, and its `Event::set` wakes. The waits are [pthread's own](pthread),
//! since `raw_sync`'s are on the wall clock, and its mutexes are made robust, which it cannot do.
//!
//! What dies here heals as far as pthread lets it. A waiter killed inside a condition variable leaves it
//! counting on that waiter, so each sleep makes a new one. What remains, and only the futex layer does
//! not have, is listed in docs/crash.md.
//!
//! A pthread lock belongs to a thread: pthread links the robust locks of each thread into a list, whose links
//! are in the locks themselves. So a lock has to stay mapped while a thread has it, whatever becomes of the
//! guard and of the handle; see [`RawSync`]'s drop. A thread is named by a number of its PID namespace, and the
//! bytes of these objects are the C library's own; the segment's [mark](mark) tells both.

mod event;
mod mark;
mod pthread;

pub use event::RawEvent;
pub use mark::{CLibrary, Mark, MarkFault, PidNamespace};

use super::close_watcher::locked;
use super::sleep_limiter::SleepLimiter;
use super::{Backend, Fences, KeepAlive, LivenessLocks, MAX_SLEEP, RealLayer, monotonic};
use crate::layer::{Acquired, Deadline, Layer, LivenessUnknown, Lock, LockError, Participant};
use core::cell::UnsafeCell;
use core::ops::Range;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use core::time::Duration;
use event::Awaited;
use pthread::{Locked, Mutex};
use raw_sync::locks::LockInit;
use std::io;
use std::sync::Mutex as LocalMutex;

/// One participant's handle.
#[derive(Debug)]
pub struct RawSync {
    locks: LivenessLocks,
    limiter: SleepLimiter<Awaited>,
    /// The write lock, while a thread has it through this handle.
    held: LocalMutex<Option<WriteGuard>>,
    /// What keeps the segment mapped, and where it is.
    mapping: Option<(KeepAlive, Range<usize>)>,
}

/// A lock that a thread has.
#[derive(Debug)]
struct WriteGuard {
    mutex: Mutex,
    /// pthread's name of the thread; another thread may have it once this one has ended.
    thread: usize,
}

// SAFETY: a mutex is there for many threads at once.
unsafe impl Send for WriteGuard {}

/// pthread's name of this thread.
fn this_thread() -> usize {
    // SAFETY: it has no precondition.
    unsafe { libc::pthread_self() as usize }
}

impl RawSync {
    /// Gives the write lock back if this thread has it through this handle. If the thread has ended and this
    /// one has its name, pthread knows better: it compares the kernel's thread numbers.
    fn give_back(&self) {
        if self.locks.is_inherited() {
            return; // it is the parent's
        }
        if let Some(held) = locked(&self.held).take_if(|held| held.thread == this_thread()) {
            held.mutex.unlock();
        }
    }

    /// Whether this lock stays mapped as long as we want.
    fn keeps_mapped(&self, lock: &RawMutex) -> bool {
        self.mapping.as_ref().is_some_and(|(_, addresses)| addresses.contains(&(&raw const *lock).addr()))
    }
}

impl Drop for RawSync {
    /// The lock is held if a guard was forgotten. This thread gives it back. Of another thread it cannot be
    /// taken, and is on that thread's list until that has ended: the mapping is leaked.
    fn drop(&mut self) {
        if self.locks.is_inherited() {
            return; // fork(3) gives the child's thread an empty list
        }
        self.give_back();
        if locked(&self.held).is_some() {
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
        Mark::here()
    }

    fn new(locks: LivenessLocks, _: Fences, _: u32) -> Self {
        Self { locks, limiter: SleepLimiter::new(), held: LocalMutex::new(None), mapping: None }
    }

    unsafe fn keep(&mut self, mapping: KeepAlive, addresses: Range<usize>) {
        self.mapping = Some((mapping, addresses));
    }

    unsafe fn init(lock: *mut RawMutex, signals: &mut dyn Iterator<Item = *mut RawEvent>) -> io::Result<()> {
        assert!(raw_sync::locks::Mutex::size_of(None) <= size_of::<RawMutex>(), "raw_sync's mutex outgrew its storage");
        // SAFETY: `lock` is the caller's, and large and aligned enough for a pthread mutex.
        unsafe { Mutex::at(lock.cast()) }.init()?;
        for signal in signals {
            // SAFETY: zeroed, and ours, as the lock.
            unsafe { RawEvent::init(signal) }?;
        }
        Ok(())
    }
}

// SAFETY: fences are the processor's; numbers are locks of the kernel's, which it drops at death.
unsafe impl Layer for RawSync {
    type W32 = AtomicU32;
    type W64 = AtomicU64;
    type Lock = RawMutex;
    type Signal = RawEvent;

    fn light_fence(&self, order: Ordering) {
        fence(order); // beside a pthread call it costs nothing to speak of
    }

    fn heavy_fence(&self, order: Ordering) {
        fence(order);
    }

    fn now(&self) -> Duration {
        monotonic()
    }

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
}

/// Whether the deadline has passed.
fn passed(deadline: Deadline) -> bool {
    match deadline {
        Deadline::Now => true,
        Deadline::Never => false,
        Deadline::At(end) => monotonic() >= end,
    }
}

impl RawMutex {
    fn mutex(&self) -> Mutex {
        // SAFETY: the storage holds a mutex since the segment was made. The address outlives this borrow only in
        // `RawSync::held`, of a lock in the mapping that the layer keeps (`acquire`).
        unsafe { Mutex::at(self.0.get().cast()) }
    }
}

// SAFETY: pthread's mutex has one holder; a dead holder's goes to the next, which is told.
unsafe impl Lock<RawSync> for RawMutex {
    const IS_THREAD_INDEPENDENT: bool = false; // it belongs to the thread that took it

    fn acquire(&self, layer: &RawSync, _: Participant, deadline: Deadline) -> Result<Acquired, LockError> {
        // A guard that this thread has forgotten published nothing: as if it had been dropped.
        layer.give_back();
        let mutex = self.mutex();
        if !layer.keeps_mapped(self) {
            return Err(LockError::Busy { owner: None }); // a lock of another handle's segment
        }
        loop {
            // An owner's death ends the sleep: the kernel gives a robust mutex to the next one.
            let backstop = monotonic() + MAX_SLEEP;
            let taken = match deadline {
                Deadline::Now => mutex.try_lock(),
                Deadline::Never => mutex.lock(backstop),
                Deadline::At(end) => mutex.lock(end.min(backstop)),
            };
            let acquired = match taken {
                Locked::Clean => Acquired::Clean,
                Locked::OwnerDied => Acquired::OwnerDied,
                Locked::TimedOut if !passed(deadline) => continue,
                Locked::TimedOut => return Err(LockError::Busy { owner: None }),
                Locked::Broken => return Err(LockError::Broken),
            };
            *locked(&layer.held) = Some(WriteGuard { mutex, thread: this_thread() });
            return Ok(acquired);
        }
    }

    fn inherit(&self, _: &RawSync, _: Participant) -> bool {
        false // the kernel knows the owner by its thread, not by our number
    }

    fn release(&self, layer: &RawSync, _: Participant) {
        layer.give_back(); // of another thread's, nothing: pthread's locks are their threads'
    }
}
