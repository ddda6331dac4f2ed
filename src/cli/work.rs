//! The traits of both demos: a producer fills slots, and a consumer checks messages.

use super::failure::Failure;
use ackcast::Loan;
use thiserror::Error;

/// The messages of a producer.
pub(crate) trait Source {
    /// Writes the next message into the slot. Returns its length and its printed form.
    fn fill(&mut self, loan: &mut Loan<'_>) -> Result<(usize, String), Failure>;
}

/// The check of a consumer: compares each message with the expected message.
pub(crate) trait Check {
    /// Checks that this is the next message.
    ///
    /// # Errors
    /// [`Fault`] if a message was lost, duplicated, swapped, truncated or changed.
    fn check(&mut self, message: &[u8]) -> Result<(), Fault>;

    /// Checks that all messages were received.
    ///
    /// # Errors
    /// [`Fault::Missing`] if the end came too early.
    fn finish(&self) -> Result<(), Fault>;

    /// The printed form of the message.
    fn show(&self, message: &[u8]) -> String;
}

/// A difference between received and expected messages.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Fault {
    /// This string is no producer's next message.
    #[error("message {number} is {found}; expected {}", .expected.join(" or "))]
    NotNext {
        /// The number of the message, from 0.
        number: u64,
        /// The received string.
        found: String,
        /// The next string of each producer.
        expected: Vec<String>,
    },
    /// The message is no array.
    #[error("message {number} has {found} bytes, an array has {expected}")]
    NoArray {
        /// The number of the message, from 0.
        number: u64,
        /// The length of the message, in bytes.
        found: usize,
        /// The length of an array, in bytes.
        expected: usize,
    },
    /// The update changed an element other than its own.
    #[error("message {number} changes {before:?} to {after:?}; it may change index {index} only")]
    Elsewhere {
        /// The number of the message, from 0.
        number: u64,
        /// The index of the element that the update may change.
        index: usize,
        /// The array before the update.
        before: Vec<i32>,
        /// The array after the update.
        after: Vec<i32>,
    },
    /// The update wrote a value that no producer writes.
    #[error("message {number} puts {value} at index {index}; values are 1 to 100")]
    OutOfRange {
        /// The number of the message, from 0.
        number: u64,
        /// The index of the element.
        index: usize,
        /// The value of the element.
        value: i32,
    },
    /// The end came too early.
    #[error("the end came after {found} messages of {expected}")]
    Missing {
        /// The number of messages received.
        found: u64,
        /// The number of messages planned.
        expected: u64,
    },
}

/// The message as a short text. A message of more than [`LONGEST_PRINTED`] characters is shortened.
pub(crate) fn shortened(message: &[u8]) -> String {
    let text = String::from_utf8_lossy(message);
    if text.chars().nth(LONGEST_PRINTED).is_none() {
        return text.into_owned();
    }
    let start: String = text.chars().take(PRINTED_OF_LONG).collect();
    format!("{start}… ({} bytes)", message.len())
}

/// The longest message that is printed whole, in characters.
const LONGEST_PRINTED: usize = 60;
/// The characters that are printed of a longer message.
const PRINTED_OF_LONG: usize = 32;

#[cfg(test)]
mod tests {
    use super::{Fault, shortened};

    /// The text of each fault. A new variant of [`Fault`] does not compile here.
    fn expected(fault: &Fault) -> &str {
        match fault {
            Fault::NotNext { .. } => "message 4 is x; expected y or z",
            Fault::NoArray { .. } => "message 4 has 39 bytes, an array has 40",
            Fault::Elsewhere { .. } => "message 4 changes [1, 2] to [1, 3]; it may change index 0 only",
            Fault::OutOfRange { .. } => "message 4 puts 101 at index 4; values are 1 to 100",
            Fault::Missing { .. } => "the end came after 4 messages of 25",
        }
    }

    #[test]
    fn fault_names_found_and_expected_values() {
        let number = 4;
        for fault in [
            Fault::NotNext { number, found: "x".to_owned(), expected: vec!["y".to_owned(), "z".to_owned()] },
            Fault::NoArray { number, found: 39, expected: 40 },
            Fault::Elsewhere { number, index: 0, before: vec![1, 2], after: vec![1, 3] },
            Fault::OutOfRange { number, index: 4, value: 101 },
            Fault::Missing { found: 4, expected: 25 },
        ] {
            assert_eq!(fault.to_string(), expected(&fault));
        }
    }

    #[test]
    fn printed_message_is_shortened_when_long() {
        assert_eq!(shortened(b""), "");
        assert_eq!(shortened("ä".repeat(60).as_bytes()), "ä".repeat(60));
        assert_eq!(shortened("ä".repeat(61).as_bytes()), format!("{}… (122 bytes)", "ä".repeat(32)));
        assert_eq!(shortened(&[b'x'; 1024]), format!("{}… (1024 bytes)", "x".repeat(32)));
    }
}
