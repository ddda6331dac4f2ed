//! Lines to stdout that other processes write to as well.

use super::failure::Failure;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

/// Stdout without a buffer: a line is one write(2), so that no other process's line can get into
/// it. (`println!` makes several writes of a line that is longer than its buffer.)
#[derive(Debug)]
pub(crate) struct Output {
    file: File,
    quiet: bool,
}

impl Output {
    /// Our stdout; if `quiet`, [`step`](Output::step) writes nothing.
    pub(crate) fn new(quiet: bool) -> Result<Self, Failure> {
        let file = io::stdout().as_fd().try_clone_to_owned()?.into();
        Ok(Self { file, quiet })
    }

    /// Writes a line about one step, unless the user wants only the summary.
    pub(crate) fn step(&mut self, line: impl FnOnce() -> String) -> Result<(), Failure> {
        if self.quiet { Ok(()) } else { self.line(line()) }
    }

    /// Writes a line.
    pub(crate) fn line(&mut self, mut line: String) -> Result<(), Failure> {
        line.push('\n');
        self.file.write_all(line.as_bytes()).map_err(|error| Failure::from_output(&error))
    }
}
