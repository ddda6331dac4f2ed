//! pthread's mutex and condition variable, with deadlines on the monotonic clock and errors as numbers.
//!
//! `raw_sync` has its deadlines on the wall clock, which may be set meanwhile: a timeout of 20 ms took 6 s.
//! So the waits are made here, on the objects that lie where `raw_sync` has them.

use super::monotonic;
use crate::layers::fork::without_fork;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};
use core::time::Duration;
use libc::{c_int, pthread_cond_t, pthread_condattr_t, pthread_mutex_t, pthread_mutexattr_t};
use std::io;

/// The pause between attempts to take a mutex, where no call waits on the monotonic clock: the first one, and
/// the longest. Each one is twice the one before.
const PAUSE: [Duration; 2] = [Duration::from_micros(50), Duration::from_millis(1)];

/// A process-shared, robust mutex.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mutex(*mut pthread_mutex_t);

/// How a wait for a mutex ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Locked {
    /// It is ours.
    Clean,
    /// It is ours, and good again; its last owner died with it.
    OwnerDied,
    /// The deadline has passed.
    TimedOut,
    /// It cannot be taken, now or later: something wrote over it. Costs a [pause](PAUSE), so that a caller
    /// that tries again does not burn a core.
    Broken,
}

impl Mutex {
    /// The mutex at this address.
    ///
    /// # Safety
    /// Memory for one is there as long as this value is used. All but [`init`](Mutex::init) ask for an
    /// initialised one.
    pub(super) const unsafe fn at(address: *mut pthread_mutex_t) -> Self {
        Self(address)
    }

    /// Makes it, which `raw_sync` cannot: not robust.
    ///
    /// # Errors
    /// What pthread says.
    pub(super) fn init(self) -> io::Result<()> {
        let mut attributes = MaybeUninit::<pthread_mutexattr_t>::uninit();
        let attributes = attributes.as_mut_ptr();
        // SAFETY: `attributes` points to memory for them.
        check(unsafe { libc::pthread_mutexattr_init(attributes) })?;
        // SAFETY: they are initialised.
        check(unsafe { libc::pthread_mutexattr_setpshared(attributes, libc::PTHREAD_PROCESS_SHARED) })?;
        // SAFETY: they are initialised.
        check(unsafe { libc::pthread_mutexattr_setrobust(attributes, libc::PTHREAD_MUTEX_ROBUST) })?;
        // SAFETY: memory for a mutex (`at`), and the attributes are initialised.
        check(unsafe { libc::pthread_mutex_init(self.0, attributes) })
    }

    /// Takes it, and waits for it until the monotonic clock has reached `end`.
    pub(super) fn lock(self, end: Duration) -> Locked {
        match self.try_lock() {
            Locked::TimedOut => {}
            locked => return locked,
        }
        match clocklock() {
            Some(clocklock) => {
                let end = timespec(end);
                // SAFETY: it is a mutex (`at`), and `end` outlives the call.
                self.locked(unsafe { clocklock(self.0, libc::CLOCK_MONOTONIC, &raw const end) })
            }
            None => self.lock_by_trying(end),
        }
    }

    /// As [`lock`](Mutex::lock), where the C library has no call for it.
    fn lock_by_trying(self, end: Duration) -> Locked {
        let [mut pause, longest] = PAUSE;
        loop {
            let locked = self.try_lock();
            let left = end.saturating_sub(monotonic());
            if locked != Locked::TimedOut || left.is_zero() {
                return locked;
            }
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(longest);
        }
    }

    /// Takes it if nobody has it.
    pub(super) fn try_lock(self) -> Locked {
        // SAFETY: it is a mutex (`at`).
        self.locked(unsafe { libc::pthread_mutex_trylock(self.0) })
    }

    fn locked(self, errno: c_int) -> Locked {
        match errno {
            0 => Locked::Clean,
            libc::EOWNERDEAD => {
                self.make_consistent();
                Locked::OwnerDied
            }
            libc::EBUSY | libc::ETIMEDOUT => Locked::TimedOut,
            _ => {
                std::thread::sleep(PAUSE[1]);
                Locked::Broken
            }
        }
    }

    /// Declares a mutex good again that this thread has from a dead owner.
    pub(super) fn make_consistent(self) {
        // SAFETY: it is a mutex (`at`). If it is not ours, or was good, nothing happens.
        unsafe { libc::pthread_mutex_consistent(self.0) };
    }

    /// Gives it back, if this thread has it: else pthread refuses, since it is robust.
    pub(super) fn unlock(self) {
        // SAFETY: it is a mutex (`at`).
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
    /// Memory for one is there as long as this value is used. [`wait`](Condition::wait) asks for an
    /// initialised one.
    pub(super) const unsafe fn at(address: *mut pthread_cond_t) -> Self {
        Self(address)
    }

    /// Makes it; nobody uses the one that may have been there.
    pub(super) fn init(self) {
        let mut attributes = MaybeUninit::<pthread_condattr_t>::uninit();
        let attributes = attributes.as_mut_ptr();
        // None of these can fail on Linux: they only write their arguments.
        // SAFETY: `attributes` points to memory for them.
        unsafe { libc::pthread_condattr_init(attributes) };
        // SAFETY: they are initialised.
        unsafe { libc::pthread_condattr_setpshared(attributes, libc::PTHREAD_PROCESS_SHARED) };
        // SAFETY: they are initialised.
        unsafe { libc::pthread_condattr_setclock(attributes, libc::CLOCK_MONOTONIC) };
        // SAFETY: memory for a condition variable (`at`), and the attributes are initialised.
        unsafe { libc::pthread_cond_init(self.0, attributes) };
    }

    /// Gives `mutex` back, sleeps until a signal or until the monotonic clock has reached `end`, and takes the
    /// mutex again, however that ends, unless it is [broken](Locked::Broken).
    pub(super) fn wait(self, mutex: Mutex, end: Duration) -> Locked {
        let end = timespec(end);
        // SAFETY: both are initialised (`at`), and `end` outlives the call.
        mutex.locked(unsafe { libc::pthread_cond_timedwait(self.0, mutex.0, &raw const end) })
    }
}

/// `pthread_mutex_clocklock`: in glibc since 2.30 and in POSIX since 2024, but not in every C library that we
/// may be linked to, so it is looked up.
type ClockLock = unsafe extern "C" fn(*mut pthread_mutex_t, libc::clockid_t, *const libc::timespec) -> c_int;

fn clocklock() -> Option<ClockLock> {
    /// No address. No thread waits for another one that looks: that one may be gone, in a forked child.
    const NOT_LOOKED: *mut libc::c_void = core::ptr::without_provenance_mut(usize::MAX);
    static FOUND: AtomicPtr<libc::c_void> = AtomicPtr::new(NOT_LOOKED);
    // Elsewhere the libc crate's `timespec` need not be what the symbol of this name takes.
    if cfg!(not(target_env = "gnu")) {
        return None;
    }
    let mut symbol = FOUND.load(Relaxed);
    if symbol == NOT_LOOKED {
        // SAFETY: the name is a C string.
        let look = || unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"pthread_mutex_clocklock".as_ptr()) };
        // It takes the loader's lock, which a child that is forked meanwhile would find held for ever.
        symbol = without_fork(|_| Ok(look())).unwrap_or_else(|_| look());
        FOUND.store(symbol, Relaxed);
    }
    // SAFETY: not null, it is the function of that name, which has this type in glibc's <pthread.h>.
    (!symbol.is_null()).then(|| unsafe { core::mem::transmute::<*mut libc::c_void, ClockLock>(symbol) })
}

fn timespec(time: Duration) -> libc::timespec {
    // A time since the system's start, at most a second ahead of now: it fits.
    libc::timespec { tv_sec: time.as_secs() as _, tv_nsec: time.subsec_nanos() as _ }
}

fn check(errno: c_int) -> io::Result<()> {
    if errno == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(errno)) }
}

#[cfg(test)]
mod tests;
