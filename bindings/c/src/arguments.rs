//! The arguments of the API's functions: pointers of the caller, which may be NULL.

use crate::error::{Error, Failure};
use core::ffi::{CStr, c_char, c_void};
use core::mem::MaybeUninit;
use core::slice;

/// The value that a pointer of the caller points to.
///
/// # Errors
/// [`Error::Null`].
///
/// # Safety
/// The pointer is NULL, or points to a `T` that lives, and changes only by atomics, while the result is used.
#[inline]
pub unsafe fn argument<'a, T>(pointer: *const T, argument: &'static str) -> Result<&'a T, Failure> {
    // SAFETY: as the caller promises.
    unsafe { pointer.as_ref() }.ok_or_else(|| Error::Null(argument).into())
}

/// A place for a result.
///
/// # Errors
/// [`Error::Null`].
///
/// # Safety
/// The pointer is NULL, or points to memory for a `T` that nothing else uses while the result is used.
#[inline]
pub unsafe fn place<'a, T>(pointer: *mut T, argument: &'static str) -> Result<&'a mut MaybeUninit<T>, Failure> {
    // SAFETY: as the caller promises. Memory without a value is a `MaybeUninit`.
    unsafe { pointer.cast::<MaybeUninit<T>>().as_mut() }.ok_or_else(|| Error::Null(argument).into())
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
pub unsafe fn text<'a>(pointer: *const c_char, argument: &'static str) -> Result<&'a str, Failure> {
    if pointer.is_null() {
        return Err(Error::Null(argument).into());
    }
    // SAFETY: as the caller promises.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map_err(|_| Error::NotUtf8 { argument, bytes: text.to_bytes().into() }.into())
}

/// An array of the caller. NULL is fine if it is empty.
///
/// # Errors
/// [`Error::Null`], [`Error::Invalid`] if no array has this length.
///
/// # Safety
/// The pointer is NULL, or points to `len` values that live, and do not change, while the result is used.
#[inline]
pub unsafe fn array<'a, T>(pointer: *const T, len: usize, argument: &'static str) -> Result<&'a [T], Failure> {
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
) -> Result<&'a mut [MaybeUninit<T>], Failure> {
    check_array::<T>(pointer, len, argument)?;
    if len == 0 {
        return Ok(&mut []);
    }
    // SAFETY: as the caller promises. The length was checked.
    Ok(unsafe { slice::from_raw_parts_mut(pointer.cast(), len) })
}

#[inline]
fn check_array<T>(pointer: *const T, len: usize, argument: &'static str) -> Result<(), Failure> {
    if pointer.is_null() && len > 0 {
        return Err(Error::Null(argument).into());
    }
    if !pointer.is_aligned() {
        return Err(Error::Invalid { argument, fault: "it is not aligned as its type demands" }.into());
    }
    match len.checked_mul(size_of::<T>()) {
        Some(bytes) if bytes <= isize::MAX as usize => Ok(()),
        _ => Err(Error::Invalid { argument, fault: "no array has this length" }.into()),
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
pub unsafe fn bytes<'a>(data: *const c_void, len: usize, argument: &'static str) -> Result<&'a [u8], Failure> {
    // SAFETY: as the caller promises.
    unsafe { array(data.cast(), len, argument) }
}
