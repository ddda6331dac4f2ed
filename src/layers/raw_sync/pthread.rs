//! pthread's mutex and condition variable, with deadlines on the monotonic clock and errors as numbers.
//!
//! `raw_sync`'s deadlines are on the wall clock, which may be set back meanwhile. So this module waits, on the objects
//! that lie where `raw_sync` has them.

use super::monotonic;
use crate::layers::fork::without_fork;
use crate::layers::pause;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};
use core::time::Duration;
use libc::{c_int, pthread_cond_t, pthread_condattr_t, pthread_mutex_t, pthread_mutexattr_t};
use std::io;

/// Pause after the first attempt to take a mutex, where no call waits on the monotonic clock. Each later pause is twice
/// as long, up to [`MAX_PAUSE`].
const MIN_PAUSE: Duration = Duration::from_micros(50);
const MAX_PAUSE: Duration = Duration::from_millis(1);

/// A process-shared, robust mutex.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mutex(*mut pthread_mutex_t);

/// How a wait for a mutex ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Locked {
    /// This thread holds it.
    Clean,
    /// This thread holds it. Its last owner died with it, and it is consistent again.
    OwnerDied,
    /// The deadline has passed.
    TimedOut,
    /// It cannot be taken, now or later: some process wrote over it. Takes [`MAX_PAUSE`], so that a caller that tries
    /// again leaves the core idle.
    Broken,
}

impl Mutex {
    /// The mutex at this address.
    ///
    /// # Safety
    /// There is memory for a mutex at `address` as long as this value is used. All methods but [`init`](Mutex::init)
    /// ask for an initialised mutex.
    pub(super) const unsafe fn at(address: *mut pthread_mutex_t) -> Self {
        Self(address)
    }

    /// Initialises it as robust, which `raw_sync` cannot.
    ///
    /// # Errors
    /// The error of pthread.
    pub(super) fn init(self) -> io::Result<()> {
        let mut attributes = MaybeUninit::<pthread_mutexattr_t>::uninit();
        let attributes = attributes.as_mut_ptr();
        // SAFETY: `attributes` points to memory for attributes.
        check(unsafe { libc::pthread_mutexattr_init(attributes) })?;
        // SAFETY: the attributes are initialised.
        check(unsafe { libc::pthread_mutexattr_setpshared(attributes, libc::PTHREAD_PROCESS_SHARED) })?;
        // SAFETY: the attributes are initialised.
        check(unsafe { libc::pthread_mutexattr_setrobust(attributes, libc::PTHREAD_MUTEX_ROBUST) })?;
        // SAFETY: there is memory for a mutex (`at`), and the attributes are initialised.
        check(unsafe { libc::pthread_mutex_init(self.0, attributes) })
    }

    /// Takes it; waits until the monotonic clock has reached `end`.
    pub(super) fn lock(self, end: Duration) -> Locked {
        match self.try_lock() {
            Locked::TimedOut => {}
            locked => return locked,
        }
        match clocklock() {
            Some(clocklock) => {
                let end = timespec(end);
                // SAFETY: a mutex is there (`at`), and `end` outlives the call.
                self.outcome(unsafe { clocklock(self.0, libc::CLOCK_MONOTONIC, &raw const end) })
            }
            None => self.lock_by_trying(end),
        }
    }

    /// As [`lock`](Mutex::lock), where the C library has no call for it.
    fn lock_by_trying(self, end: Duration) -> Locked {
        let mut time = MIN_PAUSE;
        loop {
            let locked = self.try_lock();
            let left = end.saturating_sub(monotonic());
            if locked != Locked::TimedOut || left.is_zero() {
                return locked;
            }
            pause(time.min(left));
            time = (time * 2).min(MAX_PAUSE);
        }
    }

    /// Takes it if no thread holds it.
    pub(super) fn try_lock(self) -> Locked {
        // SAFETY: a mutex is there (`at`).
        self.outcome(unsafe { libc::pthread_mutex_trylock(self.0) })
    }

    fn outcome(self, errno: c_int) -> Locked {
        match errno {
            0 => Locked::Clean,
            libc::EOWNERDEAD => {
                self.make_consistent();
                Locked::OwnerDied
            }
            libc::EBUSY | libc::ETIMEDOUT => Locked::TimedOut,
            _ => {
                pause(MAX_PAUSE);
                Locked::Broken
            }
        }
    }

    /// Makes a mutex consistent that this thread has from a dead owner. Else it would be broken once it is released.
    pub(super) fn make_consistent(self) {
        // SAFETY: a mutex is there (`at`). pthread refuses if it is consistent, or held by another thread.
        unsafe { libc::pthread_mutex_consistent(self.0) };
    }

    /// Releases it. If this thread does not hold it, nothing happens: pthread refuses, because the mutex is robust.
    pub(super) fn unlock(self) {
        // SAFETY: a mutex is there (`at`).
        unsafe { libc::pthread_mutex_unlock(self.0) };
    }
}

/// A process-shared condition variable whose deadlines are on the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Condition(*mut pthread_cond_t);

impl Condition {
    /// The condition variable at this address.
    ///
    /// # Safety
    /// There is memory for a condition variable at `address` as long as this value is used.
    /// [`wait`](Condition::wait) asks for an initialised condition variable.
    pub(super) const unsafe fn at(address: *mut pthread_cond_t) -> Self {
        Self(address)
    }

    /// Initialises it. No thread uses the condition variable that was there before.
    pub(super) fn init(self) {
        let mut attributes = MaybeUninit::<pthread_condattr_t>::uninit();
        let attributes = attributes.as_mut_ptr();
        // None of these calls can fail on Linux: they only write their arguments.
        // SAFETY: `attributes` points to memory for attributes.
        unsafe { libc::pthread_condattr_init(attributes) };
        // SAFETY: the attributes are initialised.
        unsafe { libc::pthread_condattr_setpshared(attributes, libc::PTHREAD_PROCESS_SHARED) };
        // SAFETY: the attributes are initialised.
        unsafe { libc::pthread_condattr_setclock(attributes, libc::CLOCK_MONOTONIC) };
        // SAFETY: there is memory for a condition variable (`at`), and the attributes are initialised.
        unsafe { libc::pthread_cond_init(self.0, attributes) };
    }

    /// Releases `mutex`, and sleeps until a signal, or until the monotonic clock has reached `end`. Then takes the
    /// mutex again in any case, unless it is [broken](Locked::Broken).
    pub(super) fn wait(self, mutex: Mutex, end: Duration) -> Locked {
        let end = timespec(end);
        // SAFETY: both are initialised (`at`), and `end` outlives the call.
        mutex.outcome(unsafe { libc::pthread_cond_timedwait(self.0, mutex.0, &raw const end) })
    }
}

/// `pthread_mutex_clocklock`: in glibc since 2.30 and in POSIX since 2024. Not every C library has it, so it is looked
/// up at run time.
type ClockLock = unsafe extern "C" fn(*mut pthread_mutex_t, libc::clockid_t, *const libc::timespec) -> c_int;

fn clocklock() -> Option<ClockLock> {
    /// The address of no symbol: not looked up yet. No lock: a forked child would inherit it in whatever state another
    /// thread had it.
    const UNKNOWN: *mut libc::c_void = core::ptr::without_provenance_mut(usize::MAX);
    static FOUND: AtomicPtr<libc::c_void> = AtomicPtr::new(UNKNOWN);
    // In another C library, the symbol may take another `timespec` than that of the libc crate.
    if cfg!(not(target_env = "gnu")) {
        return None;
    }
    let mut symbol = FOUND.load(Relaxed);
    if symbol == UNKNOWN {
        // SAFETY: the name is NUL-terminated.
        let look_up = || unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"pthread_mutex_clocklock".as_ptr()) };
        // No fork meanwhile: dlsym takes the loader's lock, which a child would find held for ever.
        symbol = without_fork(|_| Ok(look_up())).unwrap_or_else(|_| look_up());
        FOUND.store(symbol, Relaxed);
    }
    // SAFETY: a symbol that is not null is the function of that name, which has this type in glibc's <pthread.h>.
    (!symbol.is_null()).then(|| unsafe { core::mem::transmute::<*mut libc::c_void, ClockLock>(symbol) })
}

fn timespec(time: Duration) -> libc::timespec {
    // Fits: the times are less than a second ahead of now, counted from the system's start.
    libc::timespec { tv_sec: time.as_secs() as _, tv_nsec: time.subsec_nanos() as _ }
}

fn check(errno: c_int) -> io::Result<()> {
    if errno == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(errno)) }
}

#[cfg(test)]
mod tests;
