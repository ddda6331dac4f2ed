//! How `send` divides its input into messages.

use super::failure::Failure;
use super::size::LARGEST_SLOT;
use clap::Args;

/// What a message is. Without an option, a message ends anywhere.
#[derive(Clone, Copy, Debug, Default, Args)]
#[group(multiple = false)]
pub(crate) struct Units {
    /// A message is a line with its newline, and must fit a slot
    #[arg(long)]
    lines: bool,

    /// A message is what a NUL ends, with the NUL (`find -print0`), and must fit a slot
    #[arg(short = '0', long)]
    null: bool,

    /// A message follows its length, a 4-byte little-endian number; the message must fit a slot
    #[arg(long)]
    frames: bool,
}

impl Units {
    /// How the options divide the input.
    pub(crate) const fn division(self) -> Division {
        match self {
            Self { lines: true, .. } => Division::After(b'\n'),
            Self { null: true, .. } => Division::After(0),
            Self { frames: true, .. } => Division::Frames,
            _ => Division::Anywhere,
        }
    }
}

/// Where the input is cut into messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Division {
    /// Anywhere, but after a newline where possible. So the lines of several `send` do not mix.
    Anywhere,
    /// After each of these bytes. The last message may lack it.
    After(u8),
    /// Before each length. The lengths are no part of the messages.
    Frames,
}

/// The bytes of the length before a frame.
pub(crate) const FRAME_HEADER: usize = size_of::<u32>();

/// What follows the bytes that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// More input, soon or later.
    More,
    /// Nothing for now: the input pauses.
    Paused,
    /// Nothing ever.
    Nothing,
}

/// Counts the messages of an input, so that an error can say which one it is about.
#[derive(Debug)]
pub(crate) struct Divider {
    division: Division,
    /// The longest message, in bytes: the size of a slot.
    longest: usize,
    /// The number of messages so far.
    count: u64,
    /// So many bytes of the unfinished message hold no end. They are not searched again.
    searched: usize,
}

impl Divider {
    /// Divides an input into messages of at most `longest` bytes.
    pub(crate) const fn new(division: Division, longest: u32) -> Self {
        Self { division, longest: longest as usize, count: 0, searched: 0 }
    }

    /// The messages at the start of `bytes`. What [`used`](Messages::used) does not count comes again with the next
    /// bytes.
    pub(crate) const fn divide<'d>(&'d mut self, bytes: &'d [u8], rest: Rest) -> Messages<'d> {
        Messages { divider: self, bytes, used: 0, rest }
    }

    fn too_long(&self, len: Option<u64>) -> Failure {
        let (number, longest) = (self.count + 1, self.longest);
        let (unit, option, end) = match self.division {
            Division::After(b'\n') => ("line", "--lines", " with its newline"),
            Division::After(_) => ("record", "--null", " with its NUL"),
            _ => ("frame", "--frames", ""),
        };
        let (size, cure) = match len {
            Some(len) if len <= u64::from(LARGEST_SLOT) => (format!("{len}"), format!("--slot-size {len}")),
            Some(len) => (format!("{len}"), format!("shorter {unit}s")),
            None => (format!("more than {longest}"), "a larger --slot-size".to_owned()),
        };
        Failure::Wrong(vec![format!(
            "{unit} {number} has {size} bytes{end}, a slot holds {longest}; all {unit}s before it were sent; \
             use {cure}, or send without {option}"
        )])
    }

    fn cut_off(&self, what: &str, there: usize, whole: usize) -> Failure {
        let number = self.count + 1;
        Failure::Wrong(vec![format!(
            "the input ends within {what} {number}: {there} of {whole} bytes are there; all frames before it were \
             sent; a frame is a 4-byte little-endian length and that many bytes"
        )])
    }
}

/// The messages of some bytes: an iterator.
#[derive(Debug)]
pub(crate) struct Messages<'d> {
    divider: &'d mut Divider,
    bytes: &'d [u8],
    used: usize,
    rest: Rest,
}

impl<'d> Messages<'d> {
    /// So many bytes are in messages, or in lengths of frames.
    pub(crate) const fn used(&self) -> usize {
        self.used
    }

    fn anywhere(&self, bytes: &'d [u8]) -> Option<usize> {
        let longest = self.divider.longest;
        let full = bytes.len() >= longest;
        match memchr::memrchr(b'\n', &bytes[..bytes.len().min(longest)]) {
            Some(newline) if full || self.rest == Rest::More => Some(newline + 1),
            _ if full => Some(longest),
            _ if self.rest == Rest::More || bytes.is_empty() => None,
            _ => Some(bytes.len()),
        }
    }

    fn after(&mut self, end: u8, bytes: &'d [u8]) -> Result<Option<usize>, Failure> {
        let searched = std::mem::take(&mut self.divider.searched);
        match memchr::memchr(end, &bytes[searched..]).map(|at| searched + at + 1) {
            Some(len) if len > self.divider.longest => Err(self.divider.too_long(Some(len as u64))),
            Some(len) => Ok(Some(len)),
            None if bytes.len() > self.divider.longest => Err(self.divider.too_long(None)),
            None if self.rest == Rest::Nothing && !bytes.is_empty() => Ok(Some(bytes.len())),
            None => {
                self.divider.searched = bytes.len();
                Ok(None)
            }
        }
    }

    /// The length of the frame at the start of `bytes`, if the frame is whole.
    fn frame(&self, bytes: &'d [u8]) -> Result<Option<usize>, Failure> {
        let ended = self.rest == Rest::Nothing;
        let Some((header, payload)) = bytes.split_first_chunk::<FRAME_HEADER>() else {
            return match bytes.len() {
                there @ 1.. if ended => Err(self.divider.cut_off("the length of frame", there, FRAME_HEADER)),
                _ => Ok(None),
            };
        };
        let len = u32::from_le_bytes(*header);
        match len as usize {
            long if long > self.divider.longest => Err(self.divider.too_long(Some(len.into()))),
            len if len > payload.len() && ended => Err(self.divider.cut_off("frame", payload.len(), len)),
            len => Ok((len <= payload.len()).then_some(len)),
        }
    }
}

impl<'d> Iterator for Messages<'d> {
    type Item = Result<&'d [u8], Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = &self.bytes[self.used..];
        let (before, len) = match self.divider.division {
            Division::Anywhere => (0, Ok(self.anywhere(bytes))),
            Division::After(end) => (0, self.after(end, bytes)),
            Division::Frames => (FRAME_HEADER, self.frame(bytes)),
        };
        let len = match len {
            Ok(len) => len?,
            Err(failure) => return Some(Err(failure)),
        };
        self.divider.count += 1;
        self.used += before + len;
        Some(Ok(&bytes[before..before + len]))
    }
}

#[cfg(test)]
mod tests;
