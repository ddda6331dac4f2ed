//! The mended ring, in which each bug can be put back alone.

use super::{MESSAGES, REFUSED, bug, copy, judge};
use crate::template::{Cell, Checkable, DIED, Outcome, Participant, Protocol, Witness};
use ackcast::layer::Word;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

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
