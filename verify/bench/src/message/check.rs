//! A consumer's check of its messages: of each producer every message once, whole and in order.

use super::{END, FACTOR, PRODUCER, PRODUCERS, VARIABLE, first_tag, length, payload, word};
use anyhow::{Result, bail};

/// A consumer's check of its messages.
pub struct Check<const N: usize> {
    /// The next tag of the producer whose message came last. With one producer, the number of messages so far.
    pub next: u64,
    /// Whether the last message of each producer was received.
    pub ended: bool,
    /// The next tag of each producer but the one in `next`.
    of: [u64; PRODUCERS],
    /// A bit for each producer whose last message was not received yet.
    open: u64,
    wrong: Option<String>,
}

impl<const N: usize> Check<N> {
    /// For the messages of one producer.
    pub const fn new() -> Self {
        Self::of(1)
    }

    /// For the messages of so many producers.
    pub const fn of(producers: usize) -> Self {
        let mut of = [0; PRODUCERS];
        let mut producer = 0;
        while producer < PRODUCERS {
            of[producer] = first_tag(producer);
            producer += 1;
        }
        Self { next: 0, ended: false, of, open: (1 << producers) - 1, wrong: None }
    }

    /// The number of messages so far, of all producers.
    pub fn received(&self) -> u64 {
        let current = (self.next >> PRODUCER) as usize;
        let count = |(producer, next): (usize, &u64)| {
            (if producer == current { self.next } else { *next }) - first_tag(producer)
        };
        self.of.iter().enumerate().map(count).sum()
    }

    /// Checks a received message in its slot.
    #[inline(always)]
    pub fn see(&mut self, message: &[u8; N]) {
        if N == VARIABLE {
            return self.see_variable(payload(message));
        }
        let tag = word(&message[..8]);
        let mut expected = tag.wrapping_mul(FACTOR);
        let mut difference = 0;
        for bytes in message[8..].chunks_exact(8) {
            expected = expected.wrapping_add(FACTOR);
            difference |= word(bytes) ^ expected;
        }
        self.count(tag, difference == 0);
    }

    /// As [`see`](Self::see), for bytes whose length may be wrong.
    #[inline(always)]
    pub fn see_bytes(&mut self, bytes: &[u8]) {
        if N == VARIABLE {
            return self.see_variable(bytes);
        }
        match bytes.try_into() {
            Ok(message) => self.see(message),
            Err(_) => self.fail(format!("{} bytes instead of {N}", bytes.len())),
        }
    }

    #[inline(always)]
    fn see_variable(&mut self, bytes: &[u8]) {
        let Some((head, rest)) = bytes.split_first_chunk::<16>() else {
            return self.fail(format!("only {} bytes", bytes.len()));
        };
        let (tag, stated) = (word(&head[..8]), word(&head[8..]));
        if bytes.len() != length::<N>(tag) || stated != bytes.len() as u64 {
            return self.fail(format!("{} bytes, {stated} stated (it says {})", bytes.len(), shown(tag)));
        }
        let (mut last, mut difference) = (stated, 0);
        let mut expected = tag.wrapping_mul(FACTOR).wrapping_add(FACTOR);
        for bytes in rest.chunks_exact(8) {
            expected = expected.wrapping_add(FACTOR);
            last = expected;
            difference |= word(bytes) ^ expected;
        }
        // The message's last eight bytes: the end of the last whole word, and the beginning of the next one.
        let bits = 8 * (rest.len() % 8) as u32;
        if bits > 0 {
            let end = last >> bits | expected.wrapping_add(FACTOR) << (64 - bits);
            difference |= word(&bytes[bytes.len() - 8..]) ^ end;
        }
        self.count(tag, difference == 0);
    }

    #[inline(always)]
    fn count(&mut self, tag: u64, whole: bool) {
        if whole && tag == self.next {
            self.next += 1;
        } else {
            self.otherwise(tag, whole);
        }
    }

    /// The message is (a) another producer's, (b) a producer's last one, or (c) wrong.
    #[cold]
    fn otherwise(&mut self, tag: u64, whole: bool) {
        if !whole {
            return self.fail(format!("torn (it says {})", shown(tag)));
        }
        let (current, producer) = ((self.next >> PRODUCER) as usize, ((tag & !END) >> PRODUCER) as usize);
        let bit = 1_u64.checked_shl(producer as u32).unwrap_or(0);
        if self.open & bit == 0 {
            return self.fail(format!("it is {}, after that producer's end", shown(tag)));
        }
        self.of[current] = self.next;
        self.next = self.of[producer];
        if tag == self.next {
            self.next += 1;
        } else if tag == self.next | END {
            self.open &= !bit;
            self.ended = self.open == 0;
        } else {
            self.fail(format!("it is {}", shown(tag)));
        }
    }

    #[cold]
    fn fail(&mut self, what: String) {
        self.wrong.get_or_insert_with(|| format!("{}: {what}", shown(self.next)));
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

fn shown(tag: u64) -> String {
    let (producer, end) = ((tag & !END) >> PRODUCER, if tag & END == 0 { "" } else { ", the last" });
    format!("message {}{end} of producer {producer}", tag & (first_tag(1) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::fill;

    fn message<const N: usize>(tag: u64) -> Vec<u8> {
        let mut message = [0; N];
        let length = fill(&mut message, tag);
        message[..length].to_vec()
    }

    fn verdict<const N: usize>(producers: usize, messages: &[Vec<u8>]) -> Result<Check<N>> {
        let mut check = Check::of(producers);
        messages.iter().for_each(|message| check.see_bytes(message));
        check.verdict()?;
        Ok(check)
    }

    fn of(producer: usize, count: u64) -> Vec<u8> {
        message::<64>(first_tag(producer) + count)
    }

    #[test]
    fn right_messages_are_accepted() {
        let check = verdict::<64>(1, &[of(0, 0), of(0, 1), of(0, 2), of(0, 3 | END)]).unwrap();
        assert!(check.ended);
        assert_eq!(check.received(), 3);
    }

    #[test]
    fn wrong_messages_are_noticed() {
        for bytes in [of(0, 1), of(0, 1 | END), vec![0xff; 64], vec![0; 63]] {
            assert!(verdict::<64>(1, &[bytes]).is_err());
        }
        for at in 0..64 {
            let mut torn = of(0, 0);
            torn[at] ^= 1;
            assert!(verdict::<64>(1, &[torn]).is_err());
        }
    }

    #[test]
    fn several_producers_end_one_by_one() {
        let mut messages = vec![of(1, 0), of(0, 0), of(1, 1), of(1, 2 | END)];
        assert!(!verdict::<64>(2, &messages).unwrap().ended);
        messages.push(of(0, 1 | END));
        let check = verdict::<64>(2, &messages).unwrap();
        assert!(check.ended);
        assert_eq!(check.received(), 3);
    }

    #[test]
    fn wrong_messages_of_several_producers_are_noticed() {
        let mut torn = of(1, 0);
        torn[40] ^= 1;
        let lost = vec![of(0, 0), of(1, 1)];
        let doubled = vec![of(1, 0), of(0, 0), of(1, 0)];
        let reordered = vec![of(0, 0), of(1, 0), of(1, 2), of(1, 1)];
        let after_the_end = vec![of(1, END), of(0, 0), of(1, 0)];
        let a_third_producers = vec![of(0, 0), of(2, 0)];
        for wrong in [vec![of(0, 0), torn], lost, doubled, reordered, after_the_end, a_third_producers] {
            assert!(verdict::<64>(2, &wrong).is_err());
        }
    }

    #[test]
    fn variable_lengths_are_checked() {
        const N: usize = VARIABLE;
        let messages: Vec<_> = (0..1000).map(message::<N>).collect();
        verdict::<N>(1, &messages).unwrap();
        let lengths = || messages.iter().map(Vec::len);
        assert_eq!((lengths().min(), lengths().max()), (Some(20), Some(200)));

        let mut slot = [0; N];
        fill(&mut slot, 0);
        let mut check = Check::<N>::new();
        check.see(&slot);
        check.verdict().unwrap();
        slot[8] += 1;
        check = Check::new();
        check.see(&slot);
        assert!(check.verdict().is_err(), "the length inside is wrong");

        for first in &messages[..20] {
            let check = |bytes: &[u8]| {
                let mut check = Check::<N>::new();
                check.next = word(&first[..8]);
                check.see_bytes(bytes);
                check.verdict()
            };
            check(first).unwrap();
            assert!(check(&first[..first.len() - 1]).is_err());
            assert!(check(&[first.as_slice(), &[0]].concat()).is_err());
            for at in 0..first.len() {
                let mut torn = first.clone();
                torn[at] ^= 1;
                assert!(check(&torn).is_err(), "byte {at}");
            }
        }
    }
}
