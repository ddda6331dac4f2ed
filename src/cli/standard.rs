//! The standard descriptors of the process.
//!
//! Before `main`, the standard library opens /dev/null in place of a standard descriptor that is closed. Output would
//! vanish there without an error, and the input would seem empty. So a function that runs before the standard library
//! takes down which descriptors are closed.

use super::failure::Failure;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use signal_hook::consts::SIGXFSZ;
use signal_hook::flag;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
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

/// Duplicates stdout. From then on, a write beyond the largest file that the process may have (RLIMIT_FSIZE) fails.
/// Otherwise SIGXFSZ would kill the process, which could then not remove the names of its channels.
///
/// # Errors
/// [`Failure::Wrong`] if stdout is closed, or if no descriptor is left.
pub(crate) fn stdout() -> Result<File, Failure> {
    check(&STDOUT_WAS_CLOSED).map_err(|error| Failure::from_output(&error))?;
    flag::register(SIGXFSZ, Arc::default())?; // caught, so the write fails with EFBIG
    Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
}

/// Writes all bytes, at most `most` in a call, unless `ready` returns false. `ready` is called before each write.
/// Returns whether all bytes were written.
///
/// A descriptor may be non-blocking, although this process has not made it so: the flag belongs to the open file, which
/// processes share. A write may then write a part, or nothing at all.
///
/// # Errors
/// Those of `ready` and of write(2).
pub(crate) fn write_all(
    fd: BorrowedFd<'_>,
    mut bytes: &[u8],
    most: usize,
    ready: impl Fn() -> io::Result<bool>,
) -> io::Result<bool> {
    while !bytes.is_empty() {
        if !ready()? {
            return Ok(false);
        }
        match rustix::io::write(fd, &bytes[..bytes.len().min(most)]) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(true)
}

/// Writes all bytes to a non-blocking descriptor, unless `ready` returns false. `ready` is called when a write finds no
/// room. Returns whether all bytes were written.
///
/// # Errors
/// Those of `ready` and of write(2).
pub(crate) fn write_nonblocking(
    fd: BorrowedFd<'_>,
    mut bytes: &[u8],
    ready: impl Fn() -> io::Result<bool>,
) -> io::Result<bool> {
    while !bytes.is_empty() {
        match rustix::io::write(fd, bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) if ready()? => {}
            Err(Errno::AGAIN) => return Ok(false),
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(true)
}

/// As [`write_all`], in as few writes as possible. Waits for as long as the descriptor cannot be written.
///
/// # Errors
/// As [`write_all`].
pub(crate) fn write_whole(fd: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<()> {
    let writable = || {
        rustix::io::retry_on_intr(|| poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::OUT)], None))?;
        Ok(true) // a write reports an error of the descriptor
    };
    write_all(fd, bytes, usize::MAX, writable).map(drop)
}

fn check(was_closed: &AtomicBool) -> io::Result<()> {
    if was_closed.load(Relaxed) {
        return Err(io::Error::other("it was closed when the command started; open it, on /dev/null if need be"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    /// Another process may fill the socket after `ready` has found room, so the write fails with EAGAIN.
    #[test]
    fn write_goes_on_when_the_socket_was_full() {
        let (reader, writer) = UnixStream::pair().unwrap();
        writer.set_nonblocking(true).unwrap();
        reader.set_nonblocking(true).unwrap();
        let (calls, received, sent) = (Cell::new(0), Cell::new(0), vec![b'x'; 1 << 20]);
        let drain = || {
            while let Ok(count @ 1..) = (&reader).read(&mut [0; 4096]) {
                received.set(received.get() + count);
            }
        };
        let ready = || {
            calls.set(calls.get() + 1);
            if calls.get() % 1000 == 0 {
                drain(); // until then, most calls say that a full socket has room
            }
            Ok(true)
        };
        assert!(write_all(writer.as_fd(), &sent, usize::MAX, ready).unwrap());
        drain();
        assert_eq!(received.get(), sent.len());
        assert!(calls.get() > 1000, "the socket was never full");
    }

    #[test]
    fn write_ends_early_when_it_is_not_to_go_on() {
        let (mut reader, writer) = UnixStream::pair().unwrap();
        let calls = Cell::new(0);
        let ready = || {
            calls.set(calls.get() + 1);
            Ok(calls.get() <= 2)
        };
        assert!(!write_all(writer.as_fd(), b"abcdef", 2, ready).unwrap());
        drop(writer);
        let mut received = String::new();
        reader.read_to_string(&mut received).unwrap();
        assert_eq!(received, "abcd");
    }

    #[test]
    fn write_names_error_when_the_reader_is_gone() {
        let (reader, writer) = UnixStream::pair().unwrap();
        drop(reader);
        let error = write_whole(writer.as_fd(), b"line").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    }
}
