//! What the two demos have in common: a producer fills slots, a consumer checks what it gets.

use super::failure::Failure;
use ackcast::Loan;
use thiserror::Error;

/// A producer's part.
pub(crate) trait Source {
    /// Makes the next message in the slot: its length, and how to print it.
    fn fill(&mut self, loan: &mut Loan<'_>) -> Result<(usize, String), Failure>;
}

/// A consumer's part: knows what must come, and compares.
pub(crate) trait Check {
    /// Whether this can be the next message.
    ///
    /// # Errors
    /// [`Fault`]: it was lost, doubled, swapped, cut or changed.
    fn check(&mut self, message: &[u8]) -> Result<(), Fault>;

    /// Whether this can be all.
    ///
    /// # Errors
    /// [`Fault::Missing`].
    fn finish(&self) -> Result<(), Fault>;

    /// The message as it is printed.
    fn show(&self, message: &[u8]) -> String;
}

/// What a consumer got is not what was sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Fault {
    /// No producer has to send this string next.
    #[error("message {number} is {found}; the next of a producer would have been {}", .expected.join(" or "))]
    NotNext {
        /// Which message, counted from 0.
        number: u64,
        /// What came.
        found: String,
        /// What could have come.
        expected: Vec<String>,
    },
    /// This is no array.
    #[error("message {number} has {found} bytes, an array has {expected}")]
    NoArray {
        /// Which message, counted from 0.
        number: u64,
        /// Its length.
        found: usize,
        /// An array's.
        expected: usize,
    },
    /// An update changed an element that was not its own.
    #[error("message {number} makes {before:?} of {after:?}; it may change index {index} only")]
    Elsewhere {
        /// Which message, counted from 0.
        number: u64,
        /// The element it may change.
        index: usize,
        /// The array before.
        before: Vec<i32>,
        /// The array after.
        after: Vec<i32>,
    },
    /// An update wrote a value that no producer writes.
    #[error("message {number} puts {value} at index {index}; values are 1 to 100")]
    OutOfRange {
        /// Which message, counted from 0.
        number: u64,
        /// The element.
        index: usize,
        /// Its value.
        value: i32,
    },
    /// The end came too early.
    #[error("the end came after {found} messages of {expected}")]
    Missing {
        /// How many came.
        found: u64,
        /// How many were sent.
        expected: u64,
    },
}

/// A message in one line: long ones are shortened.
pub(crate) fn shortened(message: &[u8]) -> String {
    let text = String::from_utf8_lossy(message);
    if text.chars().nth(LONGEST_PRINTED).is_none() {
        return text.into_owned();
    }
    let start: String = text.chars().take(PRINTED_OF_LONG).collect();
    format!("{start}… ({} bytes)", message.len())
}

/// In characters.
const LONGEST_PRINTED: usize = 60;
/// What is printed of a longer one.
const PRINTED_OF_LONG: usize = 32;

#[cfg(test)]
mod tests {
    use super::{Fault, shortened};

    /// What each fault says. A new one does not compile here.
    fn expected(fault: &Fault) -> &str {
        match fault {
            Fault::NotNext { .. } => "message 4 is x; the next of a producer would have been y or z",
            Fault::NoArray { .. } => "message 4 has 39 bytes, an array has 40",
            Fault::Elsewhere { .. } => "message 4 makes [1, 2] of [1, 3]; it may change index 0 only",
            Fault::OutOfRange { .. } => "message 4 puts 101 at index 4; values are 1 to 100",
            Fault::Missing { .. } => "the end came after 4 messages of 25",
        }
    }

    #[test]
    fn every_fault_says_what_came_and_what_was_right() {
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
    fn only_long_messages_are_shortened() {
        assert_eq!(shortened(b""), "");
        assert_eq!(shortened("ä".repeat(60).as_bytes()), "ä".repeat(60));
        assert_eq!(shortened("ä".repeat(61).as_bytes()), format!("{}… (122 bytes)", "ä".repeat(32)));
        assert_eq!(shortened(&[b'x'; 1024]), format!("{}… (1024 bytes)", "x".repeat(32)));
    }
}
