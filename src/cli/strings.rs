//! The first demo: distinct strings that every process can compute.
//!
//! Messages are numbered from 0. The producers send them in turn: producer 1 sends message 0, producer 2 message 1.

use super::failure::Failure;
use super::job::Plan;
use super::work::{Check, Fault, Source, shortened};
use ackcast::{Loan, SendError};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// The beginnings of the first messages.
const FIRST: [&str; 10] = ["Hello", "from", "shared", "memory!", "", "", "Nothing", "lost,", "nothing", "doubled. ✓"];
/// The number of the empty message. An empty message is data, not END.
const EMPTY: u64 = 4;
/// The number of the first message that fills its slot.
const FULL: u64 = 5;
/// The distance between messages that fill their slots.
const FULL_EVERY: u64 = 1000;
/// The longest random tail of the other messages, in bytes.
const LONGEST_TAIL: usize = 100;

/// The message with this number.
fn message(plan: &Plan, number: u64) -> String {
    if number == EMPTY {
        return String::new();
    }
    let first = FIRST.get(number as usize);
    let mut text = match (plan.producers, first) {
        (1, Some(_)) => String::new(),
        (1, None) => format!("#{number} "),
        (producers, _) => format!("p{} #{number} ", number % u64::from(producers) + 1),
    };
    let mut rng = SmallRng::seed_from_u64(plan.seed.wrapping_add(number));
    let room = (plan.slot_size as usize).saturating_sub(text.len());
    let tail = match first {
        _ if number % FULL_EVERY == FULL => room,
        Some(word) => {
            text.push_str(word);
            0
        }
        None => rng.random_range(0..=room.min(LONGEST_TAIL)),
    };
    text.extend((0..tail).map(|_| char::from(rng.random_range(b'a'..=b'z'))));
    text
}

/// The messages of a single producer, in order.
#[derive(Debug)]
struct Share {
    next: u64,
    plan: Plan,
}

impl Share {
    fn of(plan: Plan, producer: u32) -> Self {
        Self { next: u64::from(producer.saturating_sub(1)), plan }
    }
}

impl Iterator for Share {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let number = self.next;
        if number >= self.plan.messages {
            return None;
        }
        self.next += u64::from(self.plan.producers);
        Some(message(&self.plan, number))
    }
}

/// A producer's source: the strings of its share.
#[derive(Debug)]
pub(crate) struct Strings(Share);

impl Strings {
    pub(crate) fn new(plan: Plan, producer: u32) -> Self {
        Self(Share::of(plan, producer))
    }
}

impl Source for Strings {
    fn fill(&mut self, loan: &mut Loan<'_>) -> Result<(usize, String), Failure> {
        let text = self.0.next().unwrap_or_default(); // `produce` calls this once per message of the share
        let (len, slot_size) = (text.len(), self.0.plan.slot_size);
        let slot = loan.get_mut(..len).ok_or(SendError::TooLong { len, slot_size })?;
        slot.copy_from_slice(text.as_bytes());
        Ok((len, shortened(text.as_bytes())))
    }
}

/// A consumer's check: each message is, byte by byte, the next message of some producer. All messages differ, so
/// the check finds a message that is lost, duplicated, or swapped with another of its producer.
#[derive(Debug)]
pub(crate) struct StringCheck {
    plan: Plan,
    shares: Vec<Share>,
    /// The next message of each producer; `None` when its share is complete.
    expected: Vec<Option<String>>,
    received: u64,
}

impl StringCheck {
    pub(crate) fn new(plan: Plan) -> Self {
        let mut shares: Vec<Share> = (1..=plan.producers).map(|producer| Share::of(plan, producer)).collect();
        let expected = shares.iter_mut().map(Share::next).collect();
        Self { plan, shares, expected, received: 0 }
    }
}

impl Check for StringCheck {
    fn check(&mut self, message: &[u8]) -> Result<(), Fault> {
        let is_it = |next: &Option<String>| next.as_ref().is_some_and(|next| next.as_bytes() == message);
        let Some(producer) = self.expected.iter().position(is_it) else {
            let next = self.expected.iter().flatten().map(|next| format!("{:?}", shortened(next.as_bytes())));
            let mut expected: Vec<_> = next.collect();
            if expected.is_empty() {
                expected.push("the end".to_owned());
            }
            let (number, found) = (self.received, format!("{:?}", shortened(message)));
            return Err(Fault::NotNext { number, found, expected });
        };
        self.expected[producer] = self.shares[producer].next();
        self.received += 1;
        Ok(())
    }

    fn finish(&self) -> Result<(), Fault> {
        if self.expected.iter().all(Option::is_none) {
            return Ok(());
        }
        Err(Fault::Missing { found: self.received, expected: self.plan.messages })
    }

    fn show(&self, message: &[u8]) -> String {
        shortened(message)
    }
}

#[cfg(test)]
mod tests {
    use super::super::options::Kind;
    use super::*;
    use std::collections::HashSet;

    /// A fault that is put into the messages.
    type Change = fn(&mut Vec<String>);

    const fn plan(producers: u32) -> Plan {
        Plan { kind: Kind::Strings, seed: 7, messages: 40, producers, slot_size: 64 }
    }

    fn sent(plan: &Plan) -> Vec<String> {
        (0..plan.messages).map(|number| message(plan, number)).collect()
    }

    fn verdict(plan: Plan, messages: &[String]) -> Result<(), Fault> {
        let mut check = StringCheck::new(plan);
        messages.iter().try_for_each(|message| check.check(message.as_bytes()))?;
        check.finish()
    }

    #[test]
    fn messages_are_distinct_and_include_empty_and_full() {
        for plan in [plan(1), plan(3), Plan { slot_size: 40, producers: 64, messages: 10, ..plan(1) }] {
            let sent = sent(&plan);
            assert_eq!(sent.iter().collect::<HashSet<_>>().len(), sent.len());
            assert!(sent[..10].contains(&String::new()));
            assert!(sent[..10].iter().any(|text| text.len() == plan.slot_size as usize));
            assert!(sent.iter().all(|text| text.len() <= plan.slot_size as usize));
        }
    }

    #[test]
    fn longest_beginning_fits_smallest_slot() {
        let plan = Plan { messages: u64::MAX, producers: 64, slot_size: 40, ..plan(1) };
        assert!(message(&plan, u64::MAX - 1).len() <= 40);
    }

    #[test]
    fn check_accepts_all_messages_in_order() {
        assert_eq!(verdict(plan(1), &sent(&plan(1))), Ok(()));
        assert_eq!(verdict(plan(3), &sent(&plan(3))), Ok(()));
    }

    #[test]
    fn check_accepts_producers_in_any_order() {
        let plan = plan(2);
        let (first, second): (Vec<_>, Vec<_>) = (Share::of(plan, 1).collect(), Share::of(plan, 2).collect());
        assert_eq!(verdict(plan, &[second, first].concat()), Ok(()));
    }

    #[test]
    fn check_finds_every_fault() {
        let faults: [(&str, Change); 8] = [
            ("lost", |sent| drop(sent.remove(20))),
            ("lost at the end", |sent| drop(sent.pop())),
            ("empty message lost", |sent| drop(sent.remove(EMPTY as usize))),
            ("doubled", |sent| sent.insert(20, sent[20].clone())),
            ("doubled at the end", |sent| sent.extend(sent.last().cloned())),
            ("swapped with its producer's next", |sent| sent.swap(20, 23)),
            ("truncated", |sent| _ = sent[FULL as usize].pop()),
            ("corrupted", |sent| sent[FULL as usize].replace_range(63..64, "!")),
        ];
        for plan in [plan(1), plan(3)] {
            for (name, fault) in faults {
                let mut messages = sent(&plan);
                fault(&mut messages);
                assert!(verdict(plan, &messages).is_err(), "{name}");
            }
        }
    }

    #[test]
    fn fault_names_found_and_expected_message() {
        let fault = verdict(plan(1), &["Hello".to_owned(), "form".to_owned()]).unwrap_err();
        assert_eq!(fault.to_string(), r#"message 1 is "form"; expected "from""#);
        let fault = verdict(plan(1), &["Hello".to_owned()]).unwrap_err();
        assert_eq!(fault.to_string(), "the end came after 1 messages of 40");
        let fault = verdict(plan(1), &[sent(&plan(1)), vec!["more".to_owned()]].concat()).unwrap_err();
        assert_eq!(fault.to_string(), r#"message 40 is "more"; expected the end"#);
    }
}
