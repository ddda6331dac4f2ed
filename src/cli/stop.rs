//! SIGHUP, SIGINT and SIGTERM end a command between two steps, so that it leaves the channel cleanly.

use super::failure::Failure;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// The signals that ask this process to end. SIGHUP is none of them if it is ignored at the start, as nohup(1) does.
pub(crate) fn ending_signals() -> io::Result<Vec<i32>> {
    let hangup = (!is_ignored(SIGHUP)?).then_some(SIGHUP);
    Ok(hangup.into_iter().chain([SIGINT, SIGTERM]).collect())
}

fn is_ignored(signal: i32) -> io::Result<bool> {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: `action` is writable. The null pointer leaves the signal's action as it is.
    if unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: sigaction(2) has succeeded, so it has filled `action`.
    Ok(unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN)
}

/// The request to stop that a signal of [`ending_signals`] makes.
#[derive(Debug)]
pub(crate) struct Stop {
    /// The number of the last signal; 0 before the first.
    signal: Arc<AtomicUsize>,
    /// Readable from the first signal on, because its bytes are never read.
    pipe: UnixStream,
}

impl Stop {
    /// Catches the [`ending_signals`]. The caller creates segments only after this call, because a signal that kills
    /// the process would leave them behind.
    pub(crate) fn on_signals() -> io::Result<Self> {
        let (pipe, writer) = UnixStream::pair()?;
        let signal = Arc::default();
        for number in ending_signals()? {
            // Handlers run in this order, so a thread that the pipe wakes reads the number.
            flag::register_usize(number, Arc::clone(&signal), number as usize)?;
            low_level::pipe::register(number, writer.try_clone()?)?;
        }
        Ok(Self { signal, pipe })
    }

    /// Checks for a signal.
    ///
    /// # Errors
    /// [`Failure::Stopped`] if a signal has arrived.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match self.signal.load(Relaxed) {
            0 => Ok(()),
            signal => Err(Failure::Stopped(signal as i32)),
        }
    }

    /// Waits until `fd` is ready or a signal has arrived. True if `fd` is ready.
    pub(crate) fn ready(&self, fd: BorrowedFd<'_>, events: PollFlags) -> io::Result<bool> {
        let mut fds = [PollFd::from_borrowed_fd(fd, events), PollFd::new(&self.pipe, PollFlags::IN)];
        wait(&mut fds, None)?;
        Ok(!fds[0].revents().is_empty()) // the read or write reports an error of `fd`
    }

    /// As [`ready`](Stop::ready), but waits for this time at most.
    pub(crate) fn ready_within(&self, fd: BorrowedFd<'_>, events: PollFlags, time: Duration) -> io::Result<bool> {
        let mut fds = [PollFd::from_borrowed_fd(fd, events), PollFd::new(&self.pipe, PollFlags::IN)];
        wait(&mut fds, Some(&Timespec::try_from(time).map_err(io::Error::other)?))?;
        Ok(!fds[0].revents().is_empty())
    }

    /// Sleeps for this time, or until a signal arrives.
    ///
    /// # Errors
    /// [`Failure::Stopped`] if a signal has arrived.
    pub(crate) fn sleep(&self, time: Duration) -> Result<(), Failure> {
        let time = Timespec::try_from(time)?;
        wait(&mut [PollFd::new(&self.pipe, PollFlags::IN)], Some(&time))?;
        self.check()
    }
}

fn wait(fds: &mut [PollFd<'_>], time: Option<&Timespec>) -> io::Result<()> {
    loop {
        match poll(fds, time) {
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {} // poll again: after a caught signal, the pipe is readable
            Err(errno) => return Err(errno.into()),
        }
    }
}
