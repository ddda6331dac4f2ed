//! The border to C: one call at a time on a handle, and no panic beyond it.

use crate::arguments::place;
use crate::error::{Error, Failure};
use crate::last_error;
use crate::status::ackcast_status_t;
use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::fmt;
use core::hint::black_box;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicU8, Ordering};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

/// Runs the body of a function of the API. A panic ends here.
#[inline]
pub fn border(body: impl FnOnce() -> Result<(), Failure>) -> ackcast_status_t {
    // A handle that was in use is poisoned then, so no broken value is seen.
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => ackcast_status_t::ACKCAST_OK,
        Ok(Err(error)) => last_error::set(error),
        Err(panic) => last_error::set(Error::panic(&*panic).into()),
    }
}

/// No call uses the handle.
const IDLE: u8 = 0;
/// A call uses the handle.
const IN_USE: u8 = 1;
/// A call has panicked while it used the handle. Nothing but `free` uses it again.
const POISONED: u8 = 2;
/// The handle was freed. Found only by a caller that breaks the rules, and only while the memory is not in use again.
const FREED: u8 = 3;

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
    pub fn enter(&self) -> Result<Entered<'_, T>, Failure> {
        // Acquire, pairs with the Release in `Entered::drop`: all that the last call did to the value.
        match self.state.compare_exchange(IDLE, IN_USE, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => Ok(Entered(self)),
            Err(state) => Err(refused(state)),
        }
    }

    /// Nothing uses the handle from now on.
    ///
    /// # Errors
    /// [`Error::Busy`].
    fn retire(&self) -> Result<(), Failure> {
        for state in [IDLE, POISONED] {
            // Acquire as in `enter`.
            match self.state.compare_exchange(state, FREED, Ordering::Acquire, Ordering::Relaxed) {
                Err(IDLE | POISONED) => {}
                done => return done.map(drop).map_err(refused),
            }
        }
        Err(Error::Busy.into())
    }
}

/// Why a handle in this state is not used.
#[cold]
fn refused(state: u8) -> Failure {
    let error = match state {
        POISONED => Error::Poisoned,
        FREED => Error::Invalid { argument: "handle", fault: "it was freed" },
        _ => Error::Busy,
    };
    error.into()
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
    make: impl FnOnce() -> Result<T, Failure>,
) -> Result<(), Failure> {
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
pub unsafe fn take_back<H, T>(handle: *mut H, inner: fn(&H) -> &Handle<T>) -> Result<(), Failure> {
    if handle.is_null() {
        return Ok(());
    }
    let at = black_box(handle.cast::<c_void>());
    // AddressSanitizer and valgrind watch this function, and so find a caller that frees a handle twice. They do not
    // watch the code of this library.
    // SAFETY: as the caller promises. One byte is compared with itself.
    unsafe { libc::memcmp(at, at, black_box(1)) };
    // SAFETY: as the caller promises.
    inner(unsafe { &*handle }).retire()?;
    // SAFETY: it is from a box, and no call uses it.
    drop(unsafe { Box::from_raw(handle) });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ackcast_status_t::{ACKCAST_BUSY, ACKCAST_INVALID_ARGUMENT, ACKCAST_OK, ACKCAST_PANIC, ACKCAST_POISONED};

    struct Handled(Handle<u32>);

    fn given(value: u32) -> *mut Handled {
        let mut handle = core::ptr::null_mut();
        // SAFETY: the place is one.
        let done = border(|| unsafe { give(&raw mut handle, "handle", || Ok(Handled(Handle::new(value)))) });
        assert_eq!(done, ACKCAST_OK);
        handle
    }

    fn freed(handle: *mut Handled) -> ackcast_status_t {
        // SAFETY: each test frees its handle once.
        border(|| unsafe { take_back(handle, |handle| &handle.0) })
    }

    #[test]
    fn panic_poisons_the_handle_and_goes_no_further() {
        let handle = given(7);
        // SAFETY: it lives.
        let of = unsafe { &(*handle).0 };
        let panicked = border(|| {
            let _entered = of.enter()?;
            panic!("of a test: {}", 7)
        });
        assert_eq!(panicked, ACKCAST_PANIC);
        let message = last_error::ackcast_last_error_message();
        // SAFETY: it is a text.
        let message = unsafe { core::ffi::CStr::from_ptr(message) }.to_str().unwrap();
        assert_eq!(message, "internal error: of a test: 7; the handle of the call can only be freed");
        assert_eq!(border(|| of.enter().map(drop)), ACKCAST_POISONED);
        assert_eq!(freed(handle), ACKCAST_OK);
    }

    #[test]
    fn panic_without_a_handle_poisons_none() {
        let handle = given(7);
        assert_eq!(border(|| std::panic::panic_any(7)), ACKCAST_PANIC);
        // SAFETY: it lives.
        assert_eq!(border(|| unsafe { &(*handle).0 }.enter().map(drop)), ACKCAST_OK);
        assert_eq!(freed(handle), ACKCAST_OK);
    }

    #[test]
    fn handle_is_in_one_call_at_a_time() {
        let handle = given(7);
        // SAFETY: it lives.
        let of = unsafe { &(*handle).0 };
        let mut entered = of.enter().unwrap();
        *entered += 1;
        assert_eq!(border(|| of.enter().map(drop)), ACKCAST_BUSY);
        assert_eq!(freed(handle), ACKCAST_BUSY);
        drop(entered);
        assert_eq!(*of.enter().unwrap(), 8);
        assert_eq!(freed(handle), ACKCAST_OK);
    }

    #[test]
    fn retired_handle_is_refused() {
        let handle = Handle::new(7);
        assert!(handle.retire().is_ok());
        assert_eq!(border(|| handle.enter().map(drop)), ACKCAST_INVALID_ARGUMENT);
        assert_eq!(border(|| handle.retire()), ACKCAST_INVALID_ARGUMENT);
    }

    #[test]
    fn handle_is_not_made_where_there_is_no_place() {
        let nowhere = core::ptr::null_mut::<*mut Handled>();
        // SAFETY: NULL is allowed.
        let done = border(|| unsafe { give(nowhere, "handle", || unreachable!("nothing is made")) });
        assert_eq!(done, ackcast_status_t::ACKCAST_NULL_ARGUMENT);
    }
}
