//! A message: a tag, and words that follow from it. Each receiver checks every word.

mod check;

pub use check::{CORRUPT, Check};

/// A message in memory, for peers that move values and not bytes.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub struct Message<const N: usize>(pub [u8; N]);

impl<const N: usize> Default for Message<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> AsRef<[u8]> for Message<N> {
    #[inline(always)]
    fn as_ref(&self) -> &[u8] {
        payload(&self.0)
    }
}

/// Marks the tag of a producer's last message.
pub const END: u64 = 1 << 63;

/// Where the producer's number begins in a tag. Below it is the count of the producer's messages.
const PRODUCER: u32 = 56;

/// The most producers of a workload.
pub const PRODUCERS: usize = 4;

/// The tag of a producer's first message.
pub const fn first_tag(producer: usize) -> u64 {
    (producer as u64) << PRODUCER
}

/// The size of the slots for messages of variable length. In slots of other sizes, messages fill their slots.
pub const VARIABLE: usize = 256;

/// The shortest and the longest message of variable length, in bytes.
const SHORTEST: u64 = 20;
const LONGEST: u64 = 200;

/// Odd, so that the words of different tags differ everywhere.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// The length of the message of this tag in a slot of `N` bytes. Variable lengths follow from a hash of the tag.
#[inline(always)]
const fn length<const N: usize>(tag: u64) -> usize {
    if N != VARIABLE {
        return N;
    }
    let hash = tag.wrapping_mul(FACTOR) >> 32;
    (SHORTEST + ((hash * (LONGEST - SHORTEST + 1)) >> 32)) as usize
}

/// Writes the message of this tag, and returns its length.
#[inline(always)]
pub fn fill<const N: usize>(message: &mut [u8; N], tag: u64) -> usize {
    let length = length::<N>(tag);
    let mut word = tag.wrapping_mul(FACTOR);
    // Whole words: those of variable lengths may end after their length, but before the end of the slot.
    for bytes in message[..length.next_multiple_of(8)].chunks_exact_mut(8) {
        bytes.copy_from_slice(&word.to_le_bytes());
        word = word.wrapping_add(FACTOR);
    }
    message[..8].copy_from_slice(&tag.to_le_bytes());
    if N == VARIABLE {
        message[8..16].copy_from_slice(&(length as u64).to_le_bytes());
    }
    length
}

/// The part of a slot that the message fills, by the length that the message states itself.
#[inline(always)]
pub fn payload<const N: usize>(message: &[u8; N]) -> &[u8] {
    if N == VARIABLE { &message[..(word(&message[8..16]) as usize).min(N)] } else { message }
}

#[inline(always)]
fn word(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.try_into().expect("eight bytes"))
}
