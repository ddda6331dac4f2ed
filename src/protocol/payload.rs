//! How long messages are.
//!
//! A message that fills its slot needs no header: its length is the slot's. While all messages of a channel do so,
//! consumers read no header, and the header's cache line stays with the writer. That saves one line transfer per
//! message.

use super::storage::{Header, Reading};
use super::{Corruption, RecvError};

/// How the lengths of a channel's messages are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lengths {
    /// Each message so far fills its slot.
    Fixed = 0,
    /// Some message does not: the slots' headers say how long each message is.
    Variable = 1,
}

/// The length of a payload that fits into a slot, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct PayloadLen {
    len: u32,
    lengths: Lengths,
}

impl PayloadLen {
    /// `None` if `len` bytes do not fit into a slot.
    #[inline(always)]
    pub(super) fn new(len: usize, slot_size: u32) -> Option<Self> {
        let lengths = if len == slot_size as usize { Lengths::Fixed } else { Lengths::Variable };
        (len <= slot_size as usize).then_some(Self { len: len as u32, lengths })
    }

    /// The header of a message this long.
    #[inline(always)]
    pub(super) const fn header(self) -> Header {
        Header { len: self.len, kind: Header::DATA }
    }

    /// How a channel knows its lengths once it has a message this long.
    #[inline(always)]
    pub(super) const fn lengths(self) -> Lengths {
        self.lengths
    }
}

impl Lengths {
    /// How a channel knows its lengths once it has messages of both kinds.
    #[inline(always)]
    pub(super) const fn and(self, other: Self) -> Self {
        // Without a branch: a batch does this once per message.
        if self as u8 | other as u8 == Self::Fixed as u8 { Self::Fixed } else { Self::Variable }
    }

    /// The length of `message`, which `reading` reads; `None`: it is END.
    ///
    /// # Errors
    /// [`RecvError::Corrupt`] if the header is no message's.
    #[inline(always)]
    pub(super) fn of(self, message: u64, slot_size: u32, reading: &impl Reading) -> Result<Option<usize>, RecvError> {
        if self == Self::Fixed {
            return Ok(Some(slot_size as usize));
        }
        let Header { len, kind } = reading.header();
        match kind {
            Header::DATA if len <= slot_size => Ok(Some(len as usize)),
            Header::END if len <= slot_size => Ok(None),
            _ => Err(RecvError::Corrupt(Corruption::Slot { message, kind, len, slot_size })),
        }
    }
}
