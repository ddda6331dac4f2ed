//! A ring as it was submitted, and what its review found: `docs/review.md` quotes the text of [`submitted`] and has a
//! comment for each bug.
//!
//! [`RingUnderReview`] is the mended text, in which each bug can be put back alone. A test shows that each of them alone
//! makes a check fail.

use crate::template::{Cell, Checkable, DIED, Outcome, Participant, Protocol, Witness, model::Subject};
use ackcast::layer::Word;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

/// Copies so many bytes of a slot of 8, as `ptr::copy_nonoverlapping` does: it believes the length.
fn copy(bytes: u64, len: u64) -> u64 {
    if len <= 8 { bytes } else { OVERREAD }
}

/// What a copy of more bytes than the slot has returns here. In real memory it is the next slot, or a fault.
const OVERREAD: u64 = 254;

/// The text as it was submitted.
pub mod submitted {
    use super::*;

    // submitted text: begin
    const SLOTS: u32 = 3;

    /// A ring for one producer and one consumer, in a mapping that both processes share.
    #[derive(Debug)]
    pub struct Ring<M: Checkable> {
        head: M::W32,    // counts the messages sent
        tail: M::W32,    // counts the messages received
        closed: M::W32,  // 1: no message follows
        waiting: M::W32, // 1: the consumer sleeps
        len: [M::Cell; SLOTS as usize],
        bytes: [M::Cell; SLOTS as usize], // up to 8 bytes each
    }

    impl<M: Checkable> Ring<M> {
        /// Sends a message. Waits while the ring is full.
        pub fn send(&self, m: &M, bytes: u64, len: u64) {
            let head = self.head.load(Relaxed);
            m.wait_until(|| (head.wrapping_sub(self.tail.load(Acquire)) < SLOTS).then_some(()));
            let slot = (head % SLOTS) as usize;
            self.len[slot].write(len);
            self.bytes[slot].write(bytes);
            // x86 keeps stores in order, so Relaxed is enough.
            self.head.store(head.wrapping_add(1), Relaxed);
            self.notify(m);
        }

        /// Says that no message follows.
        pub fn close(&self, m: &M) {
            self.closed.store(1, Release);
            self.notify(m);
        }

        /// Wakes the consumer. Saves the system call if it does not sleep.
        fn notify(&self, m: &M) {
            if self.waiting.load(Relaxed) == 1 {
                self.waiting.store(0, Relaxed);
                m.wake(&self.waiting);
            }
        }

        /// The next message. `None` after the last one.
        pub fn receive(&self, m: &M) -> Option<u64> {
            let tail = self.tail.load(Relaxed);
            while self.head.load(Acquire) == tail {
                if self.closed.load(Acquire) == 1 {
                    return None;
                }
                self.waiting.store(1, Relaxed);
                m.sleep_while(&self.waiting, 1);
            }
            // The index is safe now: let the producer go on while we copy.
            self.tail.store(tail.wrapping_add(1), Release);
            let slot = (tail % SLOTS) as usize;
            let len = self.len[slot].read();
            Some(copy(self.bytes[slot].read(), len))
        }
    }
    // submitted text: end

    impl<M: Checkable> Ring<M> {
        pub(super) fn new(memory: &M) -> Self {
            let [head, tail, closed, waiting] = ["head", "tail", "closed", "waiting"].map(|name| memory.word32(name));
            let len = ["len[0]", "len[1]", "len[2]"].map(|name| memory.cell(name));
            let bytes = ["bytes[0]", "bytes[1]", "bytes[2]"].map(|name| memory.cell(name));
            Self { head, tail, closed, waiting, len, bytes }
        }
    }
}

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

/// The submitted text as a protocol.
#[derive(Debug)]
struct Submitted;

impl Protocol for Submitted {
    const NAME: &'static str = "ring under review, submitted";
    type Shared<M: Checkable> = submitted::Ring<M>;

    fn shared<M: Checkable>(memory: &M) -> submitted::Ring<M> {
        submitted::Ring::new(memory)
    }

    fn participants<M: Checkable>() -> Vec<Participant<Self, M>> {
        let producer = Participant::new("producer", |ring: &submitted::Ring<M>, m: &M| {
            MESSAGES.iter().for_each(|&(bytes, len)| ring.send(m, bytes, len));
            ring.close(m);
            vec![]
        });
        let consumer = Participant::new("consumer", |ring: &submitted::Ring<M>, m: &M| {
            (0..3).map_while(|_| ring.receive(m)).map(|message| message as u8).collect()
        });
        vec![producer, consumer]
    }

    fn judge(outcome: &Outcome) {
        judge(outcome);
    }

    fn witnesses() -> Vec<Witness> {
        vec![("all messages arrive", |outcome| outcome[1].len() == 2)]
    }
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

const END: u64 = 1 << 63;
/// How many messages the ring has carried before. The model's words count from there, because they hold 0 at first.
const BEFORE: u64 = (1 << 32) - 1;
/// The consumer's number.
const CONSUMER: u32 = 1;

/// The words of the mended ring.
#[derive(Debug)]
pub struct Words<M: Checkable> {
    head: M::W64,    // counts the messages sent; bit 63: END
    tail: M::W64,    // counts the messages received
    closed: M::W32,  // END, with that bug
    waiting: M::W32, // 1: the consumer sleeps, or is about to
    len: [M::Cell; 3],
    bytes: [M::Cell; 3],
}

/// What is checked.
#[derive(Clone, Copy, Debug)]
struct Config {
    bugs: u8,
    /// How many of the 3 slots are used. Two messages fill one, which keeps the graphs few.
    slots: u64,
}

impl Config {
    const fn has(self, bug: u8) -> bool {
        self.bugs & bug != 0
    }

    const fn slot_of(self, n: u64) -> usize {
        let count = BEFORE + n;
        let count = if self.has(bug::WRAPPING_COUNT) { count as u32 as u64 } else { count };
        (count % self.slots) as usize
    }
}

fn send<M: Checkable>(s: &Words<M>, m: &M, (bytes, len): (u64, u64), config: Config) {
    let n = s.head.load_owned(); // only the producer writes it
    m.wait_until(|| {
        let free = s.tail.load(Acquire) + config.slots > n;
        (free || !config.has(bug::DEAD_CONSUMER) && !m.is_alive(CONSUMER)).then_some(())
    });
    let slot = config.slot_of(n);
    s.len[slot].write(len);
    s.bytes[slot].write(bytes);
    s.head.store(n + 1, if !config.has(bug::RELAXED_PUBLICATION) { Release } else { Relaxed });
    notify(s, m, config);
}

fn close<M: Checkable>(s: &Words<M>, m: &M, config: Config) {
    if !config.has(bug::SECOND_WORD) {
        // Release: the messages. The fence of the last `notify` has released them, too, so no check needs this.
        s.head.store(s.head.load_owned() | END, Release);
    } else {
        s.closed.store(1, Release);
    }
    notify(s, m, config);
}

fn notify<M: Checkable>(s: &Words<M>, m: &M, config: Config) {
    if !config.has(bug::CHECK_THEN_SLEEP) {
        m.fence(SeqCst); // pairs with the consumer's: we see 1, or the consumer sees what we published
    }
    if s.waiting.load(Relaxed) == 1 {
        s.waiting.store(0, Relaxed);
        m.wake(&s.waiting);
    }
}

/// Whether message `n` is there; `None` if neither it nor END is.
fn poll<M: Checkable>(s: &Words<M>, n: u64, config: Config) -> Option<bool> {
    let head = s.head.load(Acquire);
    let closed = if !config.has(bug::SECOND_WORD) { head & END != 0 } else { s.closed.load(Acquire) == 1 };
    (head & !END > n || closed).then_some(head & !END > n)
}

fn receive<M: Checkable>(s: &Words<M>, m: &M, config: Config) -> Option<u64> {
    let n = s.tail.load_owned(); // only the consumer writes it
    let is_there = loop {
        if let Some(found) = poll(s, n, config) {
            break found;
        }
        s.waiting.store(1, Relaxed);
        if !config.has(bug::CHECK_THEN_SLEEP) {
            m.fence(SeqCst); // pairs with the notifier's
            if let Some(found) = poll(s, n, config) {
                break found;
            }
        }
        m.sleep_while(&s.waiting, 1);
    };
    let slot = config.slot_of(n);
    let acknowledge = || s.tail.store(n + 1, Release);
    is_there.then(|| {
        if config.has(bug::EARLY_ACKNOWLEDGEMENT) {
            acknowledge();
        }
        let len = s.len[slot].read();
        let fits = len <= 8 || config.has(bug::TRUSTED_LENGTH);
        let message = if fits { copy(s.bytes[slot].read(), len) } else { REFUSED };
        if !config.has(bug::EARLY_ACKNOWLEDGEMENT) {
            acknowledge();
        }
        message
    })
}

/// The mended ring of so many slots, with these bugs put back. `DEATHS` is how often the consumer may die, at any step.
#[derive(Debug)]
pub struct RingUnderReview<const BUGS: u8, const SLOTS: u64, const DEATHS: u8>;

impl<const BUGS: u8, const SLOTS: u64, const DEATHS: u8> RingUnderReview<BUGS, SLOTS, DEATHS> {
    const CONFIG: Config = Config { bugs: BUGS, slots: SLOTS };
}

impl<const BUGS: u8, const SLOTS: u64, const DEATHS: u8> Protocol for RingUnderReview<BUGS, SLOTS, DEATHS> {
    const NAME: &'static str = "ring under review";
    const DEATHS: u8 = DEATHS;
    const VICTIMS: u16 = 1 << CONSUMER;
    const BY_SCHEDULES: bool = false; // loom does not finish it in two minutes
    type Shared<M: Checkable> = Words<M>;

    fn shared<M: Checkable>(memory: &M) -> Words<M> {
        let [head, tail] = ["head", "tail"].map(|name| memory.word64(name));
        let [closed, waiting] = ["closed", "waiting"].map(|name| memory.word32(name));
        let len = ["len[0]", "len[1]", "len[2]"].map(|name| memory.cell(name));
        let bytes = ["bytes[0]", "bytes[1]", "bytes[2]"].map(|name| memory.cell(name));
        Words { head, tail, closed, waiting, len, bytes }
    }

    fn participants<M: Checkable>() -> Vec<Participant<Self, M>> {
        let producer = Participant::new("producer", |s: &Words<M>, m: &M| {
            MESSAGES.iter().for_each(|&message| send(s, m, message, Self::CONFIG));
            close(s, m, Self::CONFIG);
            vec![]
        });
        let consumer = Participant::new("consumer", |s: &Words<M>, m: &M| {
            (0..3).map_while(|_| receive(s, m, Self::CONFIG)).map(|message| message as u8).collect()
        });
        vec![producer, consumer]
    }

    fn judge(outcome: &Outcome) {
        judge(outcome);
    }

    fn witnesses() -> Vec<Witness> {
        let mut all: Vec<Witness> = vec![("both messages arrive", |outcome| outcome[1].len() == 2)];
        if DEATHS > 0 {
            all.push(("the consumer dies", |outcome| outcome[1] == [DIED]));
        }
        all
    }
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
        let page = include_str!("../../docs/review.md");
        let lines = include_str!("ring_under_review.rs").lines().map(|line| line.strip_prefix("    ").unwrap_or(line));
        let begins = |line: &&str| line.starts_with("// submitted text: begin");
        let text = lines.skip_while(|line| !begins(line)).skip(1);
        let text: Vec<&str> = text.take_while(|line| !line.starts_with("// submitted text: end")).collect();
        assert!(text.len() > 50, "{text:?}");
        assert!(page.contains(&text.join("\n")), "docs/review.md does not quote verify/gallery/ring_under_review.rs");
    }
}
