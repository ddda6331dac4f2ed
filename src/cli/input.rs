//! Stdin of `send`, read whenever it is ready.

use super::division::{Division, Rest};
use super::failure::Failure;
use super::standard;
use super::stop::Stop;
use rustix::buffer::spare_capacity;
use rustix::event::PollFlags;
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

/// So many bytes are read at once, at most: what a pipe holds.
const CHUNK: usize = 1 << 16;

/// So many bytes are gathered before they are sent, at most. A slot may be larger.
const MAX_GATHERED: usize = 1 << 20;

/// The rest of a line may come so much later than its beginning. After this time, an unfinished line is sent.
const UNFINISHED_LINE: Duration = Duration::from_millis(10);

/// Stdin with a buffer. A read ends when a signal arrives.
#[derive(Debug)]
pub(crate) struct Input<'s> {
    file: File,
    buffer: Vec<u8>,
    /// Messages may end anywhere: what is there is sent when the input pauses.
    anywhere: bool,
    /// So many bytes are gathered at once.
    gathered: usize,
    /// A read has found the end. A terminal has no lasting end: the next read would wait for more input.
    ended: bool,
    /// A read has failed after others that brought something.
    failed: Option<Failure>,
    stop: &'s Stop,
}

impl<'s> Input<'s> {
    /// Duplicates stdin.
    ///
    /// # Errors
    /// [`Failure::Wrong`] if stdin is closed, or if no descriptor is left.
    pub(crate) fn stdin(division: Division, slot_size: u32, stop: &'s Stop) -> Result<Self, Failure> {
        let file = standard::stdin().map_err(|error| Failure::from_input(&error))?;
        Ok(Self::new(file, division, slot_size, stop))
    }

    fn new(file: File, division: Division, slot_size: u32, stop: &'s Stop) -> Self {
        let anywhere = division == Division::Anywhere;
        let gathered = if anywhere { (slot_size as usize).clamp(CHUNK, MAX_GATHERED) } else { CHUNK };
        Self { file, buffer: Vec::with_capacity(gathered), anywhere, gathered, ended: false, failed: None, stop }
    }

    /// The bytes that are there.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// Forgets the first bytes.
    pub(crate) fn consume(&mut self, count: usize) {
        self.buffer.drain(..count);
    }

    /// Waits for input, and reads on while more is ready. Says what follows the bytes that are there then.
    ///
    /// # Errors
    /// [`Failure::Stopped`] if a signal has arrived. [`Failure::Wrong`] if a read failed, once the bytes before it were
    /// returned.
    pub(crate) fn fill(&mut self) -> Result<Rest, Failure> {
        self.stop.check()?;
        if let Some(failure) = self.failed.take() {
            return Err(failure);
        }
        if self.ended {
            return Ok(Rest::Nothing);
        }
        let unfinished_line = self.anywhere && !self.buffer.is_empty();
        if unfinished_line && !self.stop.ready_within(self.file.as_fd(), PollFlags::IN, UNFINISHED_LINE)? {
            return Ok(Rest::Paused);
        }
        // The unfinished message of another division may be as long as a slot.
        let end = if self.anywhere { self.gathered } else { self.buffer.len() + self.gathered };
        loop {
            match self.read(end) {
                Ok(0) => {
                    self.ended = true;
                    return Ok(Rest::Nothing);
                }
                Ok(_) => {}
                Err(failure) if self.buffer.is_empty() => return Err(failure),
                Err(failure) => {
                    self.failed = Some(failure);
                    return Ok(Rest::Paused);
                }
            }
            if self.buffer.len() >= end || !self.stop.ready_within(self.file.as_fd(), PollFlags::IN, Duration::ZERO)? {
                return Ok(Rest::More);
            }
        }
    }

    /// Reads once, until the buffer has `end` bytes at most.
    fn read(&mut self, end: usize) -> Result<usize, Failure> {
        self.buffer.reserve(end - self.buffer.len());
        while self.stop.ready(self.file.as_fd(), PollFlags::IN)? {
            match rustix::io::read(&self.file, spare_capacity(&mut self.buffer)) {
                // Another process has read what was ready, and stdin is non-blocking.
                Err(Errno::AGAIN | Errno::INTR) => {}
                read => return read.map_err(|errno| Failure::from_input(&io::Error::from(errno))),
            }
        }
        self.stop.check()?;
        Err(Failure::from_input(&io::Error::other("the wait for it ended"))) // only a signal ends it
    }
}
