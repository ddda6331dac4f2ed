//! Which handles a forked child has inherited.
//!
//! The library makes every operation of an inherited handle an error. The binding has to know of a fork before it asks
//! the library: a handle that another thread used at the fork stays in use in the child, where that thread is not.

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Forks between this process and the one that imported the module.
static FORKS: AtomicU32 = AtomicU32::new(0);

extern "C" fn count_fork() {
    FORKS.fetch_add(1, Relaxed);
}

/// Counts forks from now on. Called once, when the module is imported.
pub fn install() -> PyResult<()> {
    // SAFETY: the handler is a function without captures, and increments an atomic, which is async-signal-safe.
    let errno = unsafe { libc::pthread_atfork(None, None, Some(count_fork)) };
    if errno == 0 { Ok(()) } else { Err(PyOSError::new_err((errno, "pthread_atfork failed"))) }
}

/// The process that a handle was made in.
#[derive(Clone, Copy, Debug)]
pub struct Home(u32);

impl Home {
    /// This process.
    pub fn here() -> Self {
        Self(FORKS.load(Relaxed))
    }

    /// Whether this process is a forked child of that process.
    pub fn is_parent(self) -> bool {
        FORKS.load(Relaxed) != self.0
    }
}
