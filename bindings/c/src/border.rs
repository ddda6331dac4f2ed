//! The border to C: one call at a time on a handle, and no panic beyond it.

use crate::arguments::place;
use crate::error::Error;
use crate::last_error;
use crate::status::ackcast_status_t;
use core::cell::UnsafeCell;
use core::fmt;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicU8, Ordering};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

/// Runs the body of a function of the API. A panic ends here.
#[inline]
pub fn border(body: impl FnOnce() -> Result<(), Error>) -> ackcast_status_t {
    // A handle that was in use is poisoned then, so no broken value is seen.
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => ackcast_status_t::ACKCAST_OK,
        Ok(Err(error)) => last_error::set(error),
        Err(panic) => last_error::set(Error::panic(&*panic)),
    }
}

/// No call uses the handle.
const IDLE: u8 = 0;
/// A call uses the handle.
const IN_USE: u8 = 1;
/// A call has panicked while it used the handle. Nothing but `free` uses it again.
const POISONED: u8 = 2;

/// What a handle points to.
pub struct Handle<T> {
    state: AtomicU8,
    value: UnsafeCell<T>,
}

impl<T> Handle<T> {
    /// On the heap, for C.
    pub fn new(value: T) -> Self {
        Self { state: AtomicU8::new(IDLE), value: UnsafeCell::new(value) }
    }

    /// Begins a call that uses the handle.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Poisoned`].
    #[inline]
    pub fn enter(&self) -> Result<Entered<'_, T>, Error> {
        // Acquire, pairs with the Release in `Entered::drop`: all that the last call did to the value.
        match self.state.compare_exchange(IDLE, IN_USE, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => Ok(Entered(self)),
            Err(POISONED) => Err(Error::Poisoned),
            Err(_) => Err(Error::Busy),
        }
    }

    /// Whether the handle can be freed now: no call uses it, and none will.
    fn retire(&self) -> bool {
        // Acquire as in `enter`.
        self.state.compare_exchange(IDLE, IN_USE, Ordering::Acquire, Ordering::Acquire) != Err(IN_USE)
    }
}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("state", &self.state).finish_non_exhaustive()
    }
}

/// A call uses the handle.
#[derive(Debug)]
pub struct Entered<'h, T>(&'h Handle<T>);

impl<T> Deref for Entered<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: no other call uses the handle.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Entered<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: no other call uses the handle.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for Entered<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let state = if thread::panicking() { POISONED } else { IDLE };
        self.0.state.store(state, Ordering::Release);
    }
}

/// Gives a new handle to the caller, or NULL if it could not be made.
///
/// # Errors
/// [`Error::Null`], or that of `make`.
///
/// # Safety
/// As [`place`].
pub unsafe fn give<T>(
    handle: *mut *mut T,
    argument: &'static str,
    make: impl FnOnce() -> Result<T, Error>,
) -> Result<(), Error> {
    // SAFETY: as the caller promises.
    let place = unsafe { place(handle, argument) }?;
    place.write(core::ptr::null_mut());
    place.write(Box::into_raw(Box::new(make()?)));
    Ok(())
}

/// Takes a handle back from the caller. NULL is fine.
///
/// # Errors
/// [`Error::Busy`] if a call uses it. It is not freed then.
///
/// # Safety
/// The pointer is NULL, or was [given](give) and not taken back since.
pub unsafe fn take_back<H, T>(handle: *mut H, inner: fn(&H) -> &Handle<T>) -> Result<(), Error> {
    // SAFETY: as the caller promises.
    let Some(value) = (unsafe { handle.as_ref() }) else { return Ok(()) };
    if !inner(value).retire() {
        return Err(Error::Busy);
    }
    // SAFETY: it is from a box, and no call uses it.
    drop(unsafe { Box::from_raw(handle) });
    Ok(())
}
