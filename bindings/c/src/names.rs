//! The list of channels.

use crate::border::{border, give};
use crate::error::Error;
use crate::status::ackcast_status_t;
use ackcast::Channel;
use core::ffi::c_char;
use core::ptr;
use std::ffi::CString;

/// Names of channels.
#[derive(Debug)]
pub struct ackcast_names_t(Vec<CString>);

/// Lists this user's channels, living and orphaned ones, in ascending order.
///
/// @param names the list, to be freed by `ackcast_names_free`, or NULL if there is none
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_list(names: *mut *mut ackcast_names_t) -> ackcast_status_t {
    border(|| {
        let make = || {
            let names = Channel::list().map_err(Error::List)?;
            let names = names.iter().map(|name| CString::new(name.as_str()).unwrap_or_default()); // it has no zeros
            Ok(ackcast_names_t(names.collect()))
        };
        // SAFETY: the caller's place, or NULL.
        unsafe { give(names, "names", make) }
    })
}

/// How many names the list has. 0 if it is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_names_count(names: *const ackcast_names_t) -> usize {
    // SAFETY: the caller's list, or NULL.
    unsafe { names.as_ref() }.map_or(0, |names| names.0.len())
}

/// The name of this index, from 0. Lives as long as the list. NULL if there is no such name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_names_get(names: *const ackcast_names_t, index: usize) -> *const c_char {
    // SAFETY: the caller's list, or NULL.
    let names = unsafe { names.as_ref() };
    names.and_then(|names| names.0.get(index)).map_or(ptr::null(), |name| name.as_ptr())
}

/// Frees the list. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_names_free(names: *mut ackcast_names_t) {
    if !names.is_null() {
        // SAFETY: the caller's list is from a box, and is freed once.
        drop(unsafe { Box::from_raw(names) });
    }
}
