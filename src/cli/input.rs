//! Lines from stdin.

use super::failure::Failure;
use super::standard;
use super::stop::Stop;
use rustix::event::PollFlags;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::os::fd::AsFd;

/// The largest slot, in bytes (1 GiB). The length of a longer line is not measured beyond it.
const LARGEST_SLOT: u64 = 1 << 30;

/// The lines of an input, each with its newline. A line may hold any bytes.
#[derive(Debug)]
pub(crate) struct LineReader<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    /// The number of lines begun so far.
    count: u64,
    longest: u32,
}

impl<R: Read> LineReader<R> {
    /// Reads lines of at most `longest` bytes from `input`.
    pub(crate) fn new(input: R, longest: u32) -> Self {
        Self { input: BufReader::with_capacity(1 << 16, input), line: Vec::new(), count: 0, longest }
    }

    /// The next line, or `None` at the end of the input. The last line may lack its newline.
    ///
    /// # Errors
    /// [`Failure::Wrong`] if reading fails, or if the line is longer than `longest`.
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>, Failure> {
        self.count += 1;
        self.line.clear();
        let wrong = |error: io::Error| Failure::from_input(&error);
        let mut start = (&mut self.input).take(u64::from(self.longest) + 1);
        let read = start.read_until(b'\n', &mut self.line).map_err(wrong)?;
        if read > self.longest as usize {
            return Err(self.too_long().unwrap_or_else(wrong));
        }
        Ok((read > 0).then_some(&self.line))
    }

    /// The failure for a line that is too long. Reads on to measure the line.
    fn too_long(&mut self) -> io::Result<Failure> {
        let mut len = self.line.len() as u64;
        if !self.line.ends_with(b"\n") {
            len += (&mut self.input).take(LARGEST_SLOT).skip_until(b'\n')? as u64;
        }
        let (count, longest) = (self.count, self.longest);
        let cure = if len <= LARGEST_SLOT { format!("--slot-size {len}") } else { "shorter lines".to_owned() };
        Ok(Failure::Wrong(vec![format!(
            "line {count} has {len} bytes with its newline, a slot holds {longest}; \
             all lines before it were sent; use {cure}"
        )]))
    }
}

/// Stdin whose reads end when a signal arrives.
#[derive(Debug)]
pub(crate) struct Stdin<'s> {
    file: File,
    /// A read has found the end. A terminal has no lasting end: the next read would wait for more input.
    ended: bool,
    stop: &'s Stop,
}

impl<'s> Stdin<'s> {
    /// Duplicates stdin.
    ///
    /// # Errors
    /// [`Failure::Wrong`] if stdin is closed, or if no descriptor is left.
    pub(crate) fn new(stop: &'s Stop) -> Result<Self, Failure> {
        Ok(Self { file: standard::stdin().map_err(|error| Failure::from_input(&error))?, ended: false, stop })
    }
}

impl Read for Stdin<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended {
            return Ok(0);
        }
        while self.stop.ready(self.file.as_fd(), PollFlags::IN)? {
            match self.file.read(buffer) {
                // Another process has read what was ready, and stdin is non-blocking.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                read => {
                    self.ended = read.as_ref().is_ok_and(|&count| count == 0);
                    return read;
                }
            }
        }
        Err(io::Error::other("stopped by a signal")) // `send` checks `stop` before it reads this error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8], longest: u32) -> (Vec<Vec<u8>>, Option<String>) {
        let mut lines = LineReader::new(input, longest);
        let mut got = Vec::new();
        loop {
            match lines.next() {
                Ok(Some(line)) => got.push(line.to_vec()),
                Ok(None) => return (got, None),
                Err(Failure::Wrong(text)) => return (got, Some(text.join("\n"))),
                Err(other) => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn lines_keep_newlines_and_last_line_may_lack_it() {
        assert_eq!(lines(b"", 4), (vec![], None));
        assert_eq!(lines(b"\n\n", 4), (vec![b"\n".to_vec(), b"\n".to_vec()], None));
        assert_eq!(lines(b"a\0\xff\nlast", 4), (vec![b"a\0\xff\n".to_vec(), b"last".to_vec()], None));
    }

    #[test]
    fn line_is_refused_when_a_byte_longer_than_the_slot() {
        assert_eq!(lines(b"abc\nabcd", 4).1, None);
        for (input, len) in [(&b"abc\nabcd\n"[..], 5), (b"abc\nabcde", 5), (b"abc\nabcdefgh\nmore\n", 9)] {
            let (got, error) = lines(input, 4);
            assert_eq!(got, [b"abc\n"]);
            let error = error.expect("too long");
            let expected = format!("line 2 has {len} bytes with its newline, a slot holds 4;");
            assert!(error.starts_with(&expected) && error.ends_with(&format!("use --slot-size {len}")), "{error}");
        }
    }
}
