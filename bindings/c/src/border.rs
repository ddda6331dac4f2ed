//! The border to C: checks of arguments, one call at a time on a handle, and no panic beyond it.

use crate::error::Error;
use crate::last_error;
use crate::status::ackcast_status_t;
use core::ffi::{CStr, c_char, c_void};
use core::fmt;
use core::mem::MaybeUninit;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicU8, Ordering};
use core::{cell::UnsafeCell, slice};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

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

/// The value that a pointer of the caller points to.
///
/// # Errors
/// [`Error::Null`].
///
/// # Safety
/// The pointer is NULL, or points to a `T` that lives, and changes only by atomics, while the result is used.
#[inline]
pub unsafe fn argument<'a, T>(pointer: *const T, argument: &'static str) -> Result<&'a T, Error> {
    // SAFETY: as the caller promises.
    unsafe { pointer.as_ref() }.ok_or(Error::Null(argument))
}

/// A place for a result.
///
/// # Errors
/// [`Error::Null`].
///
/// # Safety
/// The pointer is NULL, or points to memory for a `T` that nothing else uses while the result is used.
#[inline]
pub unsafe fn place<'a, T>(pointer: *mut T, argument: &'static str) -> Result<&'a mut MaybeUninit<T>, Error> {
    // SAFETY: as the caller promises. Memory without a value is a `MaybeUninit`.
    unsafe { pointer.cast::<MaybeUninit<T>>().as_mut() }.ok_or(Error::Null(argument))
}

/// A place for a result that the caller may not want.
///
/// # Safety
/// As [`place`].
#[inline]
pub unsafe fn write_if_wanted<T>(pointer: *mut T, value: T) {
    // SAFETY: as the caller promises.
    if let Ok(place) = unsafe { self::place(pointer, "") } {
        place.write(value);
    }
}

/// A text of the caller.
///
/// # Errors
/// [`Error::Null`], [`Error::NotUtf8`].
///
/// # Safety
/// The pointer is NULL, or points to a string that lives, and does not change, while the result is used.
pub unsafe fn text<'a>(pointer: *const c_char, argument: &'static str) -> Result<&'a str, Error> {
    if pointer.is_null() {
        return Err(Error::Null(argument));
    }
    // SAFETY: as the caller promises.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map_err(|_| Error::NotUtf8 { argument, bytes: text.to_bytes().into() })
}

/// An array of the caller. NULL is fine if it is empty.
///
/// # Errors
/// [`Error::Null`], [`Error::Invalid`] if no array has this length.
///
/// # Safety
/// The pointer is NULL, or points to `len` values that live, and do not change, while the result is used.
#[inline]
pub unsafe fn array<'a, T>(pointer: *const T, len: usize, argument: &'static str) -> Result<&'a [T], Error> {
    check_array::<T>(pointer, len, argument)?;
    if len == 0 {
        return Ok(&[]);
    }
    // SAFETY: as the caller promises. The length was checked.
    Ok(unsafe { slice::from_raw_parts(pointer, len) })
}

/// An array of the caller, for results.
///
/// # Errors
/// As [`array`].
///
/// # Safety
/// The pointer is NULL, or points to memory for `len` values that nothing else uses while the result is used.
pub unsafe fn places<'a, T>(
    pointer: *mut T,
    len: usize,
    argument: &'static str,
) -> Result<&'a mut [MaybeUninit<T>], Error> {
    check_array::<T>(pointer, len, argument)?;
    if len == 0 {
        return Ok(&mut []);
    }
    // SAFETY: as the caller promises. The length was checked.
    Ok(unsafe { slice::from_raw_parts_mut(pointer.cast(), len) })
}

#[inline]
fn check_array<T>(pointer: *const T, len: usize, argument: &'static str) -> Result<(), Error> {
    if pointer.is_null() && len > 0 {
        return Err(Error::Null(argument));
    }
    if !pointer.is_aligned() {
        return Err(Error::Invalid { argument, fault: "it is not aligned as its type demands" });
    }
    match len.checked_mul(size_of::<T>()) {
        Some(bytes) if bytes <= isize::MAX as usize => Ok(()),
        _ => Err(Error::Invalid { argument, fault: "no array has this length" }),
    }
}

/// Bytes of the caller.
///
/// # Errors
/// As [`array`].
///
/// # Safety
/// As [`array`].
#[inline]
pub unsafe fn bytes<'a>(data: *const c_void, len: usize, argument: &'static str) -> Result<&'a [u8], Error> {
    // SAFETY: as the caller promises.
    unsafe { array(data.cast(), len, argument) }
}

/// How long a call waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// For ever.
    Forever,
    /// Not at all.
    Never,
    /// At most so long.
    AtMost(Duration),
}

impl Wait {
    /// From nanoseconds: negative is for ever.
    #[inline]
    pub const fn new(timeout_ns: i64) -> Self {
        match timeout_ns {
            ..0 => Self::Forever,
            0 => Self::Never,
            _ => Self::AtMost(Duration::from_nanos(timeout_ns as u64)),
        }
    }

    /// For the calls that take only a duration: one that the clock cannot count is for ever.
    pub const fn duration(self) -> Duration {
        match self {
            Self::Forever => Duration::MAX,
            Self::Never => Duration::ZERO,
            Self::AtMost(timeout) => timeout,
        }
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
