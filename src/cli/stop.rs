//! Ctrl-C and SIGTERM end a command between two steps, so that it leaves the channel cleanly.

use super::failure::Failure;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// How long a call into the channel may wait before it is asked again whether to stop.
pub(crate) const SIGNAL_CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// Whether a signal asks us to stop.
#[derive(Debug)]
pub(crate) struct Stop {
    /// The last signal that came; 0 if none has.
    signal: Arc<AtomicUsize>,
    /// Readable from the first signal on: it is never read.
    pipe: UnixStream,
}

impl Stop {
    /// Catches the signals: to be called before there is anything that would have to be removed.
    pub(crate) fn on_signals() -> io::Result<Self> {
        let (pipe, writer) = UnixStream::pair()?;
        let signal = Arc::default();
        for number in [SIGINT, SIGTERM] {
            // In this order: whoever is woken by the pipe sees the number.
            flag::register_usize(number, Arc::clone(&signal), number as usize)?;
            low_level::pipe::register(number, writer.try_clone()?)?;
        }
        Ok(Self { signal, pipe })
    }

    /// Whether to go on.
    ///
    /// # Errors
    /// [`Failure::Stopped`].
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match self.signal.load(Relaxed) {
            0 => Ok(()),
            signal => Err(Failure::Stopped(signal as i32)),
        }
    }

    /// Waits until `fd` is ready: true; or else until a signal comes: false.
    pub(crate) fn ready(&self, fd: BorrowedFd<'_>, events: PollFlags) -> io::Result<bool> {
        let mut fds = [PollFd::from_borrowed_fd(fd, events), PollFd::new(&self.pipe, PollFlags::IN)];
        wait(&mut fds, None)?;
        Ok(!fds[0].revents().is_empty()) // an error on it is for the read or write to report
    }

    /// Waits for this time.
    ///
    /// # Errors
    /// [`Failure::Stopped`], at once.
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
            Err(Errno::INTR) => {} // by the signal, as a rule: then its pipe is readable now
            Err(errno) => return Err(errno.into()),
        }
    }
}
