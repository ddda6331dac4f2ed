//! The second demo: an array of integers in shared memory. Each message updates a single element.

use super::failure::Failure;
use super::job::Plan;
use super::work::{Check, Fault, Source};
use ackcast::Loan;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::ops::RangeInclusive;
use zerocopy::FromBytes;

/// The array. Each message holds the whole array after another update.
type Array = [i32; LEN];
/// The values that an update may write.
const VALUES: RangeInclusive<i32> = 1..=100;
/// The number of elements of the array.
const LEN: usize = 10;

/// The index of the element that this message updates.
const fn index_of(number: u64) -> usize {
    (number % LEN as u64) as usize
}

/// A producer's source: updates random values of the array.
#[derive(Debug)]
pub(crate) struct Updates(SmallRng);

impl Updates {
    pub(crate) fn new(plan: Plan, producer: u32) -> Self {
        Self(SmallRng::seed_from_u64(plan.seed.wrapping_add(producer.into())))
    }
}

impl Source for Updates {
    fn fill(&mut self, loan: &mut Loan<'_>) -> Result<(usize, String), Failure> {
        let (index, value) = (index_of(loan.sequence()), self.0.random_range(VALUES));
        let first = loan.copy_previous().is_none();
        let too_small = || Failure::Wrong(vec!["a slot is too small for the array".to_owned()]);
        let (array, _) = Array::mut_from_prefix(loan).map_err(|_| too_small())?;
        if first {
            *array = Array::default();
        }
        array[index] = value;
        Ok((size_of::<Array>(), format!("{value} at index {index}")))
    }
}

/// A consumer's check: each message differs from the previous message at most at its own index. The value there is
/// in [`VALUES`].
#[derive(Debug)]
pub(crate) struct ArrayCheck {
    array: Array,
    received: u64,
    messages: u64,
}

impl ArrayCheck {
    pub(crate) fn new(plan: Plan) -> Self {
        Self { array: Array::default(), received: 0, messages: plan.messages }
    }
}

impl Check for ArrayCheck {
    fn check(&mut self, message: &[u8]) -> Result<(), Fault> {
        let (number, index) = (self.received, index_of(self.received));
        let Ok(array) = Array::read_from_bytes(message) else {
            let (found, expected) = (message.len(), size_of::<Array>());
            return Err(Fault::NoArray { number, found, expected });
        };
        let value = array[index];
        if !VALUES.contains(&value) {
            return Err(Fault::OutOfRange { number, index, value });
        }
        let before = std::mem::replace(&mut self.array, array);
        let mut expected = before;
        expected[index] = value;
        if array != expected {
            let (before, after) = (before.to_vec(), array.to_vec());
            return Err(Fault::Elsewhere { number, index, before, after });
        }
        self.received += 1;
        Ok(())
    }

    fn finish(&self) -> Result<(), Fault> {
        if self.received == self.messages {
            return Ok(());
        }
        Err(Fault::Missing { found: self.received, expected: self.messages })
    }

    fn show(&self, _: &[u8]) -> String {
        format!("{:?}", self.array) // equals the message, because `check` has stored it
    }
}

#[cfg(test)]
mod tests {
    use super::super::options::Kind;
    use super::*;
    use zerocopy::IntoBytes;

    /// A fault that is put into the messages.
    type Change = fn(&mut Vec<Array>);

    const PLAN: Plan = Plan { kind: Kind::Array, seed: 7, messages: 25, producers: 1, slot_size: 1024 };

    fn sent() -> Vec<Array> {
        let mut array = Array::default();
        let update = |number| {
            array[index_of(number)] = number as i32 + 50; // all values differ
            array
        };
        (0..PLAN.messages).map(update).collect()
    }

    fn verdict(messages: &[Array]) -> Result<(), Fault> {
        let mut check = ArrayCheck::new(PLAN);
        messages.iter().try_for_each(|array| check.check(array.as_bytes()))?;
        check.finish()
    }

    #[test]
    fn check_accepts_all_updates_in_order() {
        assert_eq!(verdict(&sent()), Ok(()));
    }

    #[test]
    fn check_finds_every_fault() {
        let faults: [(&str, Change); 8] = [
            ("lost", |sent| _ = sent.remove(20)),
            ("lost at the end", |sent| _ = sent.pop()),
            ("doubled", |sent| sent.insert(20, sent[20])),
            ("doubled at the end", |sent| sent.extend(sent.last().cloned())),
            ("swapped", |sent| sent.swap(20, 21)),
            ("changed elsewhere", |sent| sent[20][3] += 1),
            ("not updated", |sent| sent[3][3] = 0),
            ("an impossible value", |sent| sent[24][4] = 101),
        ];
        for (name, fault) in faults {
            let mut messages = sent();
            fault(&mut messages);
            assert!(verdict(&messages).is_err(), "{name}");
        }
    }

    #[test]
    fn check_refuses_truncated_array() {
        let fault = ArrayCheck::new(PLAN).check(&[1; 39]).unwrap_err();
        assert_eq!(fault, Fault::NoArray { number: 0, found: 39, expected: 40 });
    }
}
