//! Lines to a stdout that several processes share.

use super::failure::Failure;
use super::standard;
use std::fs::File;
use std::os::fd::AsFd;

/// Stdout without a buffer. Each line is a single write(2), so lines of different processes do not mix. `println!`
/// splits a line that is longer than its buffer into several writes.
#[derive(Debug)]
pub(crate) struct Output {
    file: File,
    quiet: bool,
}

impl Output {
    /// Duplicates stdout. If `quiet`, [`step`](Output::step) writes nothing.
    ///
    /// # Errors
    /// As [`standard::stdout`].
    pub(crate) fn new(quiet: bool) -> Result<Self, Failure> {
        Ok(Self { file: standard::stdout()?, quiet })
    }

    /// Writes a line about a step of the demo, unless the user has chosen `--quiet`.
    pub(crate) fn step(&mut self, line: impl FnOnce() -> String) -> Result<(), Failure> {
        if self.quiet { Ok(()) } else { self.line(line()) }
    }

    /// Writes a line.
    pub(crate) fn line(&mut self, mut line: String) -> Result<(), Failure> {
        line.push('\n');
        standard::write_whole(self.file.as_fd(), line.as_bytes()).map_err(|error| Failure::from_output(&error))
    }
}
