//! A ring as it was submitted, and what its review found: `docs/review.md` quotes `submitted.rs`, and has a
//! comment for each bug.
//!
//! [`RingUnderReview`] is the mended text, in which each bug can be put back alone. A test shows that each of them alone
//! makes a check fail.

mod mended;
mod submitted;

use crate::template::{DIED, Outcome, model::Subject};
pub use mended::RingUnderReview;
use submitted::Submitted;

/// Copies so many bytes of a slot of 8, as `ptr::copy_nonoverlapping` does: it believes the length.
fn copy(bytes: u64, len: u64) -> u64 {
    if len <= 8 { bytes } else { OVERREAD }
}

/// What a copy of more bytes than the slot has returns here. In real memory it is the next slot, or a fault.
const OVERREAD: u64 = 254;

/// The messages: a byte, and the length that the producer writes. The second length is corrupt.
const MESSAGES: [(u64, u64); 2] = [(7, 1), (8, 9)];
/// What the mended consumer returns for a message whose length is no slot's.
const REFUSED: u64 = 253;

fn judge(outcome: &Outcome) {
    assert!(!outcome[1].contains(&(OVERREAD as u8)), "S1: the copy goes beyond the slot: {outcome:?}");
    let expected = [7, REFUSED as u8];
    let died = outcome[1] == [DIED];
    assert!(died || outcome[1] == expected, "S2: the consumer gets each message, in order: {outcome:?}");
}

/// The bugs, each by its comment in `docs/review.md`.
pub mod bug {
    /// Comment 1: the index is published with Relaxed.
    pub const RELAXED_PUBLICATION: u8 = 1;
    /// Comment 2: the slot is acknowledged before it is copied.
    pub const EARLY_ACKNOWLEDGEMENT: u8 = 1 << 1;
    /// Comment 3: END is a second word.
    pub const SECOND_WORD: u8 = 1 << 2;
    /// Comment 4: the consumer polls, and then sleeps.
    pub const CHECK_THEN_SLEEP: u8 = 1 << 3;
    /// Comment 5: the count wraps at 2^32, and 3 does not divide that.
    pub const WRAPPING_COUNT: u8 = 1 << 4;
    /// Comment 6: the length in the slot is believed.
    pub const TRUSTED_LENGTH: u8 = 1 << 5;
    /// Comment 7: the producer waits for a dead consumer.
    pub const DEAD_CONSUMER: u8 = 1 << 6;
}

/// The submitted text.
pub fn submission() -> Subject {
    Subject::of::<Submitted>()
}

/// The comments of the review: each bug alone, and how its failure begins.
pub fn comments() -> Vec<(&'static str, Subject, &'static str)> {
    use bug::*;
    vec![
        ("relaxed publication", Subject::of::<RingUnderReview<RELAXED_PUBLICATION, 1, 0>>(), "a data race"),
        ("early acknowledgement", Subject::of::<RingUnderReview<EARLY_ACKNOWLEDGEMENT, 1, 0>>(), "a data race"),
        ("END as a second word", Subject::of::<RingUnderReview<SECOND_WORD, 1, 0>>(), "S2"),
        ("check, then sleep", Subject::of::<RingUnderReview<CHECK_THEN_SLEEP, 1, 0>>(), "deadlock"),
        ("a count that wraps", Subject::of::<RingUnderReview<WRAPPING_COUNT, 3, 0>>(), "S2"),
        ("a trusted length", Subject::of::<RingUnderReview<TRUSTED_LENGTH, 1, 0>>(), "S1"),
        ("a dead consumer", Subject::of::<RingUnderReview<DEAD_CONSUMER, 1, 1>>(), "deadlock"),
    ]
}

#[cfg(test)]
mod tests {
    use super::{RingUnderReview, bug, comments, submission};
    use crate::{report::counterexample::Counterexample, template::model::Subject};

    #[test]
    fn each_bug_alone_makes_a_check_fail() {
        for (name, subject, begins) in comments() {
            let (why, steps) = subject.by_graphs().failure.unwrap_or_else(|| panic!("{name} passes"));
            println!("{}", Counterexample::new(name.into(), subject.case, "graphs".into(), &why, &steps));
            assert!(why.starts_with(begins), "{name}: {why}");
        }
    }

    #[test]
    fn mended_ring_passes_without_and_with_deaths() {
        let (one, three) = (Subject::of::<RingUnderReview<0, 1, 0>>(), Subject::of::<RingUnderReview<0, 3, 0>>());
        let report = one.check().unwrap_or_else(|fault| panic!("{fault}"));
        println!("{report}");
        assert_eq!(report.survivors().count(), 1, "the store of END: see `close`");
        for mended in [three, Subject::of::<RingUnderReview<0, 1, 1>>()] {
            let found = mended.by_graphs();
            assert!(found.failure.is_none(), "{found:?}");
            println!("{} graphs, {:?}", found.executions, found.outcomes);
        }
        // SAFETY: the checkers have found no data race.
        let outcomes = unsafe { three.in_threads(100) };
        assert_eq!(outcomes.len(), 1);
    }

    /// The dead consumer takes a check with deaths: without them, the text with that bug passes.
    #[test]
    fn dead_consumer_is_not_found_without_deaths() {
        let found = Subject::of::<RingUnderReview<{ bug::DEAD_CONSUMER }, 1, 0>>().by_graphs();
        assert!(found.failure.is_none(), "{found:?}");
    }

    #[test]
    fn submitted_ring_fails() {
        let (why, _) = submission().by_graphs().failure.expect("it has seven bugs");
        println!("{why}");
    }

    /// The page quotes the submitted text to the letter.
    #[test]
    fn page_quotes_the_submitted_text() {
        let page = include_str!("../../../docs/review.md");
        let lines = include_str!("submitted.rs").lines();
        let begins = |line: &&str| line.starts_with("// submitted text: begin");
        let text = lines.skip_while(|line| !begins(line)).skip(1);
        let text: Vec<&str> = text.take_while(|line| !line.starts_with("// submitted text: end")).collect();
        assert!(text.len() > 50, "{text:?}");
        assert!(page.contains(&text.join("\n")), "docs/review.md does not quote submitted.rs");
    }
}
