//! A message: a tag, and words that follow from it. Each receiver checks every word.

use anyhow::{Result, bail};

/// A message in memory, for peers that move values and not bytes.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub struct Message<const N: usize>(pub [u8; N]);

impl<const N: usize> Default for Message<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

/// Marks the tag of a run's last message.
pub const END: u64 = 1 << 63;

/// Odd, so that the words of different tags differ everywhere.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// Writes the message of this tag.
#[inline(always)]
pub fn fill<const N: usize>(message: &mut [u8; N], tag: u64) {
    let mut word = tag.wrapping_mul(FACTOR);
    for bytes in message.chunks_exact_mut(8) {
        bytes.copy_from_slice(&word.to_ne_bytes());
        word = word.wrapping_add(FACTOR);
    }
    message[..8].copy_from_slice(&tag.to_ne_bytes());
}

/// A consumer's check of its messages: every message once, whole and in order.
pub struct Check<const N: usize> {
    /// The next tag, which is the number of messages so far.
    pub next: u64,
    /// Whether the last message was received.
    pub ended: bool,
    wrong: Option<String>,
}

impl<const N: usize> Check<N> {
    pub const fn new() -> Self {
        Self { next: 0, ended: false, wrong: None }
    }

    /// Checks a received message.
    #[inline(always)]
    pub fn see(&mut self, message: &[u8; N]) {
        let tag = word(&message[..8]);
        let mut expected = tag.wrapping_mul(FACTOR);
        let mut difference = 0;
        for bytes in message[8..].chunks_exact(8) {
            expected = expected.wrapping_add(FACTOR);
            difference |= word(bytes) ^ expected;
        }
        if difference == 0 && tag == self.next {
            self.next += 1;
        } else {
            self.otherwise(tag, difference == 0);
        }
    }

    /// As [`see`](Self::see), for bytes whose length may be wrong.
    #[inline(always)]
    pub fn see_bytes(&mut self, bytes: &[u8]) {
        match bytes.try_into() {
            Ok(message) => self.see(message),
            Err(_) => self.fail(format!("{} bytes instead of {N}", bytes.len())),
        }
    }

    #[cold]
    fn otherwise(&mut self, tag: u64, whole: bool) {
        match (whole, tag == self.next | END) {
            (false, _) => self.fail(format!("torn (it says {tag})")),
            (true, false) => self.fail(format!("it is message {tag}")),
            (true, true) => self.ended = true,
        }
    }

    fn fail(&mut self, what: String) {
        self.wrong.get_or_insert_with(|| format!("message {}: {what}", self.next));
    }

    /// # Errors
    /// The first wrong message, and what was wrong with it.
    pub fn verdict(&self) -> Result<()> {
        match &self.wrong {
            Some(wrong) => bail!("{CORRUPT}: {wrong}"),
            None => Ok(()),
        }
    }
}

/// The beginning of an error that makes the whole run fail.
pub const CORRUPT: &str = "wrong data";

#[inline(always)]
fn word(bytes: &[u8]) -> u64 {
    u64::from_ne_bytes(bytes.try_into().expect("eight bytes"))
}

#[cfg(test)]
mod tests {
    use super::{Check, END, fill};

    fn message(tag: u64) -> [u8; 64] {
        let mut message = [0; 64];
        fill(&mut message, tag);
        message
    }

    #[test]
    fn right_messages_are_accepted() {
        let mut check = Check::<64>::new();
        (0..3).for_each(|tag| check.see(&message(tag)));
        check.see(&message(3 | END));
        check.verdict().unwrap();
        assert!(check.ended);
        assert_eq!(check.next, 3);
    }

    #[test]
    fn wrong_messages_are_noticed() {
        for bytes in [message(1), message(1 | END), [0xff; 64]] {
            let mut check = Check::<64>::new();
            check.see(&bytes);
            check.verdict().unwrap_err();
        }
        for at in 0..64 {
            let mut torn = message(0);
            torn[at] ^= 1;
            let mut check = Check::<64>::new();
            check.see(&torn);
            check.verdict().unwrap_err();
        }
        let mut check = Check::<64>::new();
        check.see_bytes(&[0; 63]);
        check.verdict().unwrap_err();
    }
}
