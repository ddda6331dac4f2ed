//! The same protocol on `raw_sync`'s `Mutex` and `Event`: pthread's, in the same segment.
//!
//! Its handles are boxes that are neither `Send` nor tied to the mapping, so one is made for each
//! operation; beside a pthread call that costs nothing to speak of. Its timeouts are on the
//! realtime clock and add nanoseconds without carry, so no timeout here crosses a second.
//!
//! What dies here heals as far as pthread lets it. The mutexes are robust. A waiter killed inside
//! a condition variable leaves it counting on that waiter, so each new waiter makes a new one. Two
//! things remain, which only the futex layer does not have: a process killed in the few
//! instructions in which a timed-out waiter holds the condition variable's internal lock blocks
//! the next notifier for ever; and one killed while it holds an event's mutex in the instant in
//! which the waiter wakes leaves the event unusable, and its waiter polls until it is replaced.

mod event;

pub use event::RawEvent;

use super::vigil::Vigil;
use super::{BACKSTOP, Fences, Peers, RealLayer, Sync, monotonic};
use crate::layer::{Acquired, Deadline, Layer, LivenessUnknown, Lock, LockError, Participant};
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use core::time::Duration;
use core::{fmt, ptr};
use event::Awaited;
use raw_sync::Timeout;
use raw_sync::locks::{LockImpl, LockInit, Mutex};
use std::fs::File;
use std::io;

/// One participant's handle.
#[derive(Debug)]
pub struct RawSync {
    peers: Peers,
    vigil: Vigil<Awaited>,
}

/// Storage of a `raw_sync` mutex: 40 bytes on x86-64, with room for other platforms.
#[repr(C, align(16))]
pub struct RawMutex(UnsafeCell<[u8; 64]>);

impl fmt::Debug for RawMutex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawMutex")
    }
}

// SAFETY: atomics and plain bytes, which any memory is; zeroed as the trait says.
unsafe impl RealLayer for RawSync {
    const KIND: Sync = Sync::RawSync;

    fn new(file: File, _: Fences) -> Self {
        Self { peers: Peers::new(file), vigil: Vigil::new() }
    }

    unsafe fn init(lock: *mut RawMutex, signals: &mut dyn Iterator<Item = *mut RawEvent>) -> io::Result<()> {
        assert!(Mutex::size_of(None) <= size_of::<RawMutex>(), "raw_sync's mutex outgrew its storage");
        // SAFETY: `lock` is zeroed, ours, and large and aligned enough for a pthread mutex.
        unsafe { init_robust(lock.cast()) }?;
        for signal in signals {
            // SAFETY: as above, for an event.
            unsafe { RawEvent::init(signal) }?;
        }
        Ok(())
    }
}

/// Makes a process-shared, robust mutex, which `raw_sync` uses but cannot make.
///
/// # Safety
/// `mutex` points to memory for one that nobody uses.
unsafe fn init_robust(mutex: *mut libc::pthread_mutex_t) -> io::Result<()> {
    let mut attributes = core::mem::MaybeUninit::<libc::pthread_mutexattr_t>::uninit();
    let attributes = attributes.as_mut_ptr();
    let check = |errno| if errno == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(errno)) };
    // SAFETY: `attributes` points to memory for them.
    check(unsafe { libc::pthread_mutexattr_init(attributes) })?;
    // SAFETY: they are initialised.
    check(unsafe { libc::pthread_mutexattr_setpshared(attributes, libc::PTHREAD_PROCESS_SHARED) })?;
    // SAFETY: they are initialised.
    check(unsafe { libc::pthread_mutexattr_setrobust(attributes, libc::PTHREAD_MUTEX_ROBUST) })?;
    // SAFETY: `mutex` is the caller's, the attributes are initialised.
    check(unsafe { libc::pthread_mutex_init(mutex, attributes) })
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
        self.peers.claim(number)
    }

    fn disclaim(&self, number: u32) {
        self.peers.disclaim(number);
    }

    fn is_alive(&self, number: u32) -> Result<bool, LivenessUnknown> {
        self.peers.is_alive(number)
    }

    fn liveness_interval(&self, now: Duration) -> Duration {
        self.vigil.longest_sleep(now)
    }
}

/// How long to sleep at a time: for no longer than `left`, and not across a second of the realtime clock. Zero just
/// before one.
fn slice(left: Duration) -> Duration {
    let wall = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
    let to_next_second = Duration::from_secs(1).saturating_sub(Duration::from_nanos(wall.tv_nsec.unsigned_abs()));
    left.min(to_next_second.saturating_sub(MARGIN))
}

/// `raw_sync` looks at the clock after us. Should it come later still, the call fails, and is made again.
const MARGIN: Duration = Duration::from_micros(100);

/// Whether the deadline has passed.
fn passed(deadline: Deadline) -> bool {
    match deadline {
        Deadline::Now => true,
        Deadline::Never => false,
        Deadline::At(end) => monotonic() >= end,
    }
}

impl RawMutex {
    fn handle(&self) -> Option<Box<dyn LockImpl>> {
        // SAFETY: the storage holds a mutex since the segment was made; the box dies before us.
        unsafe { Mutex::from_existing(self.0.get().cast(), ptr::null_mut()) }.ok().map(|(mutex, _)| mutex)
    }
}

/// The errno at the end of `raw_sync`'s message.
fn errno(error: &dyn std::error::Error) -> Option<i32> {
    error.to_string().rsplit(' ').next().and_then(|word| word.parse().ok())
}

/// The lock is ours, and its last owner died with it.
fn owner_died(error: &dyn std::error::Error) -> bool {
    errno(error) == Some(libc::EOWNERDEAD)
}

/// Declares a mutex that was got from a dead owner good again.
fn make_consistent(mutex: &dyn LockImpl) {
    // SAFETY: the pointer is the mutex's, which is initialised and held by us.
    unsafe { libc::pthread_mutex_consistent(mutex.as_raw().cast()) };
}

// SAFETY: pthread's mutex has one holder; a dead holder's goes to the next, which is told.
unsafe impl Lock<RawSync> for RawMutex {
    const KEEPS: bool = false; // it belongs to the thread that took it

    fn acquire(&self, _: &RawSync, _: Participant, deadline: Deadline) -> Result<Acquired, LockError> {
        let Some(mutex) = self.handle() else { return Err(LockError::Busy { owner: None }) };
        loop {
            // An owner's death ends the sleep: the kernel gives a robust mutex to the next one.
            let left = match deadline {
                Deadline::Now => Duration::ZERO,
                Deadline::Never => BACKSTOP,
                Deadline::At(end) => end.saturating_sub(monotonic()).min(BACKSTOP),
            };
            match mutex.try_lock(Timeout::Val(slice(left))) {
                Ok(guard) => {
                    core::mem::forget(guard); // `release` gives it back
                    return Ok(Acquired::Clean);
                }
                Err(error) if owner_died(&*error) => {
                    make_consistent(&*mutex);
                    return Ok(Acquired::OwnerDied);
                }
                Err(_) if passed(deadline) => return Err(LockError::Busy { owner: None }),
                Err(_) => {} // the slice is over
            }
        }
    }

    fn inherit(&self, _: &RawSync, _: Participant) -> bool {
        false // the kernel knows the owner by its thread, not by our number
    }

    fn release(&self, _: &RawSync, _: Participant) {
        if let Some(mutex) = self.handle() {
            // It is held by this thread (guards are not `Send`), so unlocking cannot fail.
            let _ = mutex.release();
        }
    }
}
