//! The standard descriptors of the process.
//!
//! Before `main`, the standard library opens /dev/null in place of a standard descriptor that is closed. Output would
//! vanish there without an error, and the input would seem empty. So a function that runs before the standard library
//! takes down which descriptors are closed.

use super::failure::Failure;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

static STDIN_WAS_CLOSED: AtomicBool = AtomicBool::new(false);
static STDOUT_WAS_CLOSED: AtomicBool = AtomicBool::new(false);

extern "C" fn note_closed_descriptors() {
    for (fd, closed) in [(libc::STDIN_FILENO, &STDIN_WAS_CLOSED), (libc::STDOUT_FILENO, &STDOUT_WAS_CLOSED)] {
        // SAFETY: F_GETFD takes no argument, and is allowed for any number.
        let flags = unsafe { libc::fcntl(fd, libc::F_GETFD) };
        closed.store(flags < 0, Relaxed); // EBADF is the only error of F_GETFD
    }
}

/// The C library calls the functions of this section before `main`.
// SAFETY: the section holds pointers to functions of this type. The function needs nothing that `main` sets up.
#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = note_closed_descriptors;

/// Duplicates stdin.
pub(crate) fn stdin() -> io::Result<File> {
    check(&STDIN_WAS_CLOSED)?;
    Ok(io::stdin().as_fd().try_clone_to_owned()?.into())
}

/// Duplicates stdout.
///
/// # Errors
/// [`Failure::Wrong`] if stdout is closed, or if no descriptor is left.
pub(crate) fn stdout() -> Result<File, Failure> {
    check(&STDOUT_WAS_CLOSED).map_err(|error| Failure::from_output(&error))?;
    Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
}

fn check(was_closed: &AtomicBool) -> io::Result<()> {
    if was_closed.load(Relaxed) {
        return Err(io::Error::other("it was closed when the command started; open it, on /dev/null if need be"));
    }
    Ok(())
}
