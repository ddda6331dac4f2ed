//! Stdout, as a buffer that a signal can interrupt.

use super::failure::Failure;
use super::stop::Stop;
use rustix::event::PollFlags;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

/// What is gathered before it is written.
const CAPACITY: usize = 1 << 16;

/// Stdout with a buffer, which [`flush`](Stdout::flush) empties; dropping it does not.
#[derive(Debug)]
pub(crate) struct Stdout<'s> {
    file: File,
    buffer: Vec<u8>,
    stop: &'s Stop,
}

impl<'s> Stdout<'s> {
    pub(crate) fn new(stop: &'s Stop) -> io::Result<Self> {
        let file = io::stdout().as_fd().try_clone_to_owned()?.into();
        Ok(Self { file, buffer: Vec::with_capacity(CAPACITY), stop })
    }

    /// Writes `bytes`, sooner or later.
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

    /// Writes what was gathered.
    ///
    /// # Errors
    /// [`Failure::ReaderGone`]; [`Failure::Stopped`] if a signal has come and the reader does not
    /// read: to one that does, everything is written.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        let done = self.put(&self.buffer);
        self.buffer.clear(); // also if some of it was written and the rest cannot be
        done
    }

    fn put(&self, bytes: &[u8]) -> Result<(), Failure> {
        // A pipe that is ready takes this much at once: we never sleep where no signal wakes us.
        for chunk in bytes.chunks(libc::PIPE_BUF) {
            if !self.stop.ready(self.file.as_fd(), PollFlags::OUT)? {
                return self.stop.check();
            }
            (&self.file).write_all(chunk).map_err(|error| Failure::from_output(&error))?;
        }
        Ok(())
    }
}
