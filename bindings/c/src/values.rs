//! The lengths of messages that are values.

use crate::error::{Error, Failure};
use ackcast::{RecvTypedError, ValueType};

/// The values that a handle sends or receives which was attached to a typed channel.
#[derive(Clone, Copy, Debug)]
pub struct Values {
    /// The size of a value in bytes.
    size: usize,
    /// A message is any number of values, in place of one.
    slices: bool,
}

impl Values {
    /// The values of this type.
    pub const fn of(value_type: &ValueType) -> Self {
        Self { size: value_type.size as usize, slices: value_type.slice }
    }

    const fn fit(self, len: usize) -> bool {
        if self.slices { len % self.size == 0 } else { len == self.size }
    }

    /// Checks the length of a message to be sent.
    ///
    /// # Errors
    /// [`Error::SentNoValue`].
    pub fn check_sent(self, len: usize) -> Result<(), Failure> {
        let what = if self.slices { "a number of values" } else { "one value" };
        if self.fit(len) { Ok(()) } else { Err(Error::SentNoValue { len, what, size: self.size }.into()) }
    }

    /// Checks the length of a message that was received.
    ///
    /// # Errors
    /// [`Error::RecvNoValue`].
    pub fn check_received(self, sequence: u64, found: usize) -> Result<(), Failure> {
        let Self { size, slices } = self;
        match slices {
            _ if self.fit(found) => Ok(()),
            true => Err(RecvTypedError::NotASlice { sequence, found, size }.into()),
            false => Err(RecvTypedError::NotAValue { sequence, found, expected: size }.into()),
        }
    }
}
