//! The last error of each thread.

use crate::arguments::{place, text};
use crate::border::border;
use crate::error::Failure;
use crate::status::ackcast_status_t;
use core::cell::{OnceCell, RefCell};
use core::ffi::{CStr, c_char};
use std::ffi::CString;

/// The last error of a thread.
struct Last {
    error: Failure,
    /// Its message, once the caller has asked for it.
    message: OnceCell<CString>,
}

thread_local! {
    static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
}

/// Keeps the error of a call, and returns its status. A thread that is ending keeps none.
#[cold]
pub fn set(error: Failure) -> ackcast_status_t {
    let status = error.status();
    let last = Some(Last { error, message: OnceCell::new() });
    // The old error is dropped after the borrow has ended.
    let old = LAST.try_with(|place| place.replace(last));
    drop(old);
    status
}

fn message(last: &Last) -> &CStr {
    last.message.get_or_init(|| {
        let mut message = last.error.to_string();
        message.retain(|c| c != '\0');
        CString::new(message).unwrap_or_default()
    })
}

/// What went wrong in this thread's last call that failed, in one sentence of UTF-8. Empty if no call has failed.
///
/// The text lives until the next call of this thread fails. A call that succeeds does not change it.
#[unsafe(no_mangle)]
pub extern "C" fn ackcast_last_error_message() -> *const c_char {
    let found = LAST.try_with(|last| last.borrow().as_ref().map(|last| message(last).as_ptr()));
    found.ok().flatten().unwrap_or(c"".as_ptr())
}

/// A number of this thread's last error: `ackcast_status_t` says which errors have which.
///
/// @param name such as "slot_size"
/// @param value the number
/// @return `ACKCAST_NO_SUCH_NUMBER` if the last error has no number of this name. The last error stays as it was,
///     unless an argument is wrong.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ackcast_last_error_number(name: *const c_char, value: *mut u64) -> ackcast_status_t {
    let mut status = ackcast_status_t::ACKCAST_OK;
    let done = border(|| {
        // SAFETY: the caller's text, or NULL.
        let name = unsafe { text(name, "name") }?;
        // SAFETY: the caller's place, or NULL.
        let value = unsafe { place(value, "value") }?;
        let found = LAST.try_with(|last| last.borrow().as_ref().and_then(|last| last.error.number(name)));
        match found.ok().flatten() {
            Some(number) => _ = value.write(number),
            None => status = ackcast_status_t::ACKCAST_NO_SUCH_NUMBER,
        }
        Ok(())
    });
    if done == ackcast_status_t::ACKCAST_OK { status } else { done }
}
