//! Messages by formula: a receiver checks each byte, and knows which message it is. All agents have the same formula.

use crate::wire::Misuse;

/// Length of the pattern in bytes, a prime number.
const PATTERN: usize = 8191;
/// Length of the head in bytes: `who` and the length as u32, the sequence number as u64, little-endian.
pub const HEAD: usize = 16;

/// The lengths of a producer's messages.
#[derive(Clone, Copy, Debug)]
pub enum Lengths {
    Fixed(usize),
    /// From the first to the last, again and again.
    Cycle(usize, usize),
    /// Any between both.
    Mix(usize, usize),
}

impl std::str::FromStr for Lengths {
    type Err = Misuse;

    fn from_str(text: &str) -> Result<Self, Misuse> {
        let parts: Vec<&str> = text.split(':').collect();
        let number = |at: usize| parts.get(at).and_then(|part| part.parse().ok());
        let lengths = match (parts.first(), number(1), number(2)) {
            (Some(&"fixed"), Some(len), None) => Self::Fixed(len),
            (Some(&"cycle"), Some(low), Some(high)) if low <= high => Self::Cycle(low, high),
            (Some(&"mix"), Some(low), Some(high)) if low <= high => Self::Mix(low, high),
            _ => return Err(Misuse(format!("no lengths: {text}"))),
        };
        Ok(lengths)
    }
}

impl Lengths {
    pub fn of(self, who: u32, sequence: u64) -> usize {
        match self {
            Self::Fixed(len) => len,
            Self::Cycle(low, high) => low + (sequence % (high - low + 1) as u64) as usize,
            Self::Mix(low, high) => {
                let mixed = (sequence as u32).wrapping_mul(2654435761).wrapping_add(who.wrapping_mul(40503));
                low + (mixed >> 7) as usize % (high - low + 1)
            }
        }
    }
}

/// Writes messages.
#[derive(Debug)]
pub struct Formula(Vec<u8>);

impl Default for Formula {
    fn default() -> Self {
        let next = |state: &mut u32| {
            *state = state.wrapping_mul(1103515245).wrapping_add(12345) & 0x7fff_ffff;
            Some((*state >> 16) as u8)
        };
        Self(std::iter::repeat_n((), PATTERN).scan(1, |state, ()| next(state)).collect())
    }
}

impl Formula {
    /// Message `sequence` of producer `who`, with `len` bytes.
    pub fn message(&self, who: u32, sequence: u64, len: usize, message: &mut Vec<u8>) {
        message.clear();
        message.extend_from_slice(&who.to_le_bytes());
        message.extend_from_slice(&(len as u32).to_le_bytes());
        message.extend_from_slice(&sequence.to_le_bytes());
        let mut at = (sequence.wrapping_mul(61).wrapping_add(u64::from(who) * 17) % PATTERN as u64) as usize;
        while message.len() < len {
            let part = (len - message.len()).min(PATTERN - at);
            message.extend_from_slice(&self.0[at..at + part]);
            at = 0;
        }
        message.truncate(len);
    }
}

/// Which message a head names: `who` and the sequence number.
pub fn head(message: &[u8]) -> Option<(u32, u64)> {
    let who = message.get(..4)?.try_into().ok()?;
    let sequence = message.get(8..HEAD)?.try_into().ok()?;
    Some((u32::from_le_bytes(who), u64::from_le_bytes(sequence)))
}
