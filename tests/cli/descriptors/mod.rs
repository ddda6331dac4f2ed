//! Pipes and terminals. The standard library of the oldest Rust that we support opens neither.
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

/// Opens a terminal of 120 columns. Returns the test's end and the program's end.
pub fn terminal() -> (File, OwnedFd) {
    let (mut ours, mut theirs) = (-1, -1);
    let size = libc::winsize { ws_row: 24, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };
    let (name, termios) = (std::ptr::null_mut(), std::ptr::null());
    // SAFETY: `ours` and `theirs` are writable, `size` is only read, and the other pointers may be null.
    let result = unsafe { libc::openpty(&raw mut ours, &raw mut theirs, name, termios, &raw const size) };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
    // SAFETY: `openpty` has opened this descriptor, and this is its only owner.
    let ours = unsafe { File::from_raw_fd(ours) };
    // SAFETY: as above.
    let theirs = unsafe { OwnedFd::from_raw_fd(theirs) };
    (ours, theirs)
}
