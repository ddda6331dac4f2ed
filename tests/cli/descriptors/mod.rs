//! Descriptors that the standard library does not open in the oldest Rust that we support.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::fs::File;
use std::os::fd::{FromRawFd, OwnedFd};

/// Opens a pipe. Returns the reader's end and the writer's end.
pub fn pipe() -> (File, OwnedFd) {
    let mut fds = [-1; 2];
    // SAFETY: `fds` is writable.
    let result = unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
    // SAFETY: `pipe2` has opened this descriptor, and this is its only owner.
    let reader = unsafe { File::from_raw_fd(fds[0]) };
    // SAFETY: as above.
    let writer = unsafe { OwnedFd::from_raw_fd(fds[1]) };
    (reader, writer)
}
