//! A buffered stdout whose writes a signal can interrupt.

use super::failure::Failure;
use super::standard;
use super::stop::Stop;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::File;
use std::os::fd::AsFd;

/// The size of the buffer, in bytes.
const CAPACITY: usize = 1 << 16;

/// Stdout with a buffer. [`flush`](Stdout::flush) writes the buffer. Drop does not.
#[derive(Debug)]
pub(crate) struct Stdout<'s> {
    file: File,
    buffer: Vec<u8>,
    stop: &'s Stop,
}

impl<'s> Stdout<'s> {
    /// Duplicates stdout.
    ///
    /// # Errors
    /// As [`standard::stdout`].
    pub(crate) fn new(stop: &'s Stop) -> Result<Self, Failure> {
        Ok(Self { file: standard::stdout()?, buffer: Vec::with_capacity(CAPACITY), stop })
    }

    /// Adds `bytes` to the buffer, and flushes the buffer when it is full.
    ///
    /// # Errors
    /// As [`flush`](Stdout::flush).
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.buffer.len() + bytes.len() > CAPACITY {
            self.flush()?;
        }
        if bytes.len() > CAPACITY {
            return self.put(bytes);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Writes the buffer.
    ///
    /// # Errors
    /// - [`Failure::ReaderGone`] if the reader has closed stdout.
    /// - [`Failure::Stopped`] if a signal has arrived and the reader does not read. A reader that reads gets all bytes.
    /// - [`Failure::Wrong`] if the write fails otherwise.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        let done = self.put(&self.buffer);
        self.buffer.clear(); // also after a failure, so that no byte is written twice
        done
    }

    /// Checks that stdout has a reader. A wait for lines would not notice that the reader has gone.
    ///
    /// # Errors
    /// [`Failure::ReaderGone`] if the reader has closed stdout.
    pub(crate) fn check_reader(&self) -> Result<(), Failure> {
        let mut stdout = [PollFd::new(&self.file, PollFlags::empty())]; // an error and a hang-up need no flag
        rustix::io::retry_on_intr(|| poll(&mut stdout, Some(&Timespec::default())))?;
        // ERR: a pipe without reader; HUP: a socket or a terminal without its other end.
        let gone = stdout[0].revents().intersects(PollFlags::ERR | PollFlags::HUP);
        if gone { Err(Failure::ReaderGone) } else { Ok(()) }
    }

    fn put(&self, bytes: &[u8]) -> Result<(), Failure> {
        // A pipe that is ready accepts PIPE_BUF bytes, so a write does not block. A signal ends the poll.
        let ready = || self.stop.ready(self.file.as_fd(), PollFlags::OUT);
        let whole = standard::write_all(self.file.as_fd(), bytes, libc::PIPE_BUF, ready);
        if whole.map_err(|error| Failure::from_output(&error))? { Ok(()) } else { self.stop.check() }
    }
}
