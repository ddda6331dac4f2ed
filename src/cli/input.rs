//! Lines from stdin.

use super::failure::Failure;
use super::stop::Stop;
use rustix::event::PollFlags;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::AsFd;

/// No slot is larger (1 GiB), so a line need not be measured further.
const LARGEST_SLOT: u64 = 1 << 30;

/// The lines of an input, each with its newline; any bytes.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    /// How many lines were begun.
    count: u64,
    longest: u32,
}

impl<R: Read> Lines<R> {
    /// The lines of `input`, none longer than `longest` bytes.
    pub(crate) fn new(input: R, longest: u32) -> Self {
        Self { input: BufReader::with_capacity(1 << 16, input), line: Vec::new(), count: 0, longest }
    }

    /// The next line. The last one may lack its newline. `None`: there is no more.
    ///
    /// # Errors
    /// If reading fails, or the line is too long.
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>, Failure> {
        self.count += 1;
        self.line.clear();
        let wrong = |error: io::Error| Failure::Wrong(vec![format!("cannot read stdin: {error}")]);
        let mut start = (&mut self.input).take(u64::from(self.longest) + 1);
        let read = start.read_until(b'\n', &mut self.line).map_err(wrong)?;
        if read > self.longest as usize {
            return Err(self.too_long().unwrap_or_else(wrong));
        }
        Ok((read > 0).then_some(&self.line))
    }

    /// What to say of the line whose beginning was read.
    fn too_long(&mut self) -> io::Result<Failure> {
        let mut len = self.line.len() as u64;
        if !self.line.ends_with(b"\n") {
            len += (&mut self.input).take(LARGEST_SLOT).skip_until(b'\n')? as u64;
        }
        let (count, longest) = (self.count, self.longest);
        let cure = if len <= LARGEST_SLOT { format!("--slot-size {len}") } else { "shorter lines".to_owned() };
        Ok(Failure::Wrong(vec![format!(
            "line {count} has {len} bytes with its newline, a slot holds {longest}; \
             everything before it was sent; use {cure}"
        )]))
    }
}

/// Stdin, of which a read ends when a signal comes.
#[derive(Debug)]
pub(crate) struct Stdin<'s> {
    file: File,
    stop: &'s Stop,
}

impl<'s> Stdin<'s> {
    pub(crate) fn new(stop: &'s Stop) -> io::Result<Self> {
        Ok(Self { file: io::stdin().as_fd().try_clone_to_owned()?.into(), stop })
    }
}

impl Read for Stdin<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.ready(self.file.as_fd(), PollFlags::IN)? {
            return self.file.read(buffer);
        }
        Err(io::Error::other("stopped by a signal")) // whoever gets this asks `stop` first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8], longest: u32) -> (Vec<Vec<u8>>, Option<String>) {
        let mut lines = Lines::new(input, longest);
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
    fn lines_keep_their_newlines_and_the_last_may_lack_it() {
        assert_eq!(lines(b"", 4), (vec![], None));
        assert_eq!(lines(b"\n\n", 4), (vec![b"\n".to_vec(), b"\n".to_vec()], None));
        assert_eq!(lines(b"a\0\xff\nlast", 4), (vec![b"a\0\xff\n".to_vec(), b"last".to_vec()], None));
    }

    #[test]
    fn a_line_that_fills_the_slot_fits_and_one_byte_more_does_not() {
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
