//! What is checked: scenario × shape × doubles × checker, quick ones and deep ones.

use crate::{
    case,
    check::{Case, Checker},
    doubles::Doubles,
    scenarios::{come_and_go::*, deaths::*, flow::*, primitives::*, tries::*},
    world::{Outcome, Shape, event},
};

/// An outcome that has to be reached, or the scenario does not do what it is for.
pub type Witness = (&'static str, fn(&Outcome) -> bool);

/// A check.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub case: Case,
    pub checker: Checker,
    /// Only under `--cfg loom`.
    pub deep: bool,
    pub witnesses: &'static [Witness],
}

impl Entry {
    /// Whether it is the same check.
    pub fn is(&self, other: &Self) -> bool {
        let key = |entry: &Self| (entry.case.name, entry.case.shape, entry.case.doubles, entry.checker);
        key(self) == key(other)
    }
}

const fn quick(case: Case) -> Entry {
    Entry { case, checker: Checker::Loom, deep: false, witnesses: &[] }
}

const fn deep(case: Case) -> Entry {
    Entry { deep: true, ..quick(case) }
}

const fn by(checker: Checker, entry: Entry) -> Entry {
    Entry { checker, ..entry }
}

const fn reaching(witnesses: &'static [Witness], entry: Entry) -> Entry {
    Entry { witnesses, ..entry }
}

use Doubles as D;

const fn flow(p: u32, c: u32, m: u32, s: u32, doubles: Doubles) -> Case {
    case!(everyone_gets_everything, "S1 S2 S3 S4", Shape::new(p, c, m, s), doubles)
}

const BOTH_ORDERS: &[Witness] =
    &[("producer 0 comes first", |seen| seen[0][0] / 16 == 1), ("producer 1 comes first", |seen| seen[0][0] / 16 == 2)];

const LATE: &[Witness] = &[
    ("joins before everything", |seen| seen[2].len() == seen[0].len()),
    ("joins in the middle", |seen| seen[2].len() > 1 && seen[2].len() < seen[0].len()),
];

const BACK: &[Witness] =
    &[("misses nothing", |seen| seen[0].len() == 3), ("misses a message", |seen| seen[0].len() == 2)];

const TRIES: &[Witness] = &[
    ("received at once", |seen| seen[0][0] < event::FIRST),
    ("nothing there", |seen| seen[0][0] == event::TIMED_OUT),
    ("no room", |seen| seen.last().is_some_and(|last| last.contains(&event::NO_ROOM))),
];

const LOCK_TRIES: &[Witness] = &[
    ("the lock is taken", |seen| seen[1].contains(&event::NO_LOCK)),
    ("the lock is free", |seen| seen[1].contains(&event::SENT)),
];

const TRY_LOCK: &[Witness] = &[
    ("the lock is taken", |seen| seen[0][0] == event::NO_LOCK),
    ("the lock is free", |seen| seen[0][0] < event::FIRST),
];

const TAKEOVER: &[Witness] = &[
    ("the lock is taken over, and that is counted", |seen| seen[2] == [1]),
    ("the survivor comes first", |seen| seen[2] == [0]),
];

const ENDERS: &[Witness] = &[("finishes as one of two", |seen| seen[2] == [event::OTHERS])];

const LATE_PRODUCER: &[Witness] = &[
    ("comes in time", |seen| seen[2][0] == event::SENT),
    ("comes after END", |seen| seen[2] == [event::FULL]),
    ("ends it", |seen| seen[2].last() == Some(&event::END)),
];

/// Schedules of the largest scenario.
const MANY: usize = if cfg!(loom) { 5_000 } else { 200 };

/// Schedules drawn at random where there are too many for all.
const SAMPLE: Checker = Checker::Random(400, 7);

/// All checks, those that kill most mutants first.
#[rustfmt::skip]
pub fn entries() -> Vec<Entry> {
    let tries = |p, c, m, s, doubles| case!(everybody_tries, "S2 S3", Shape::new(p, c, m, s), doubles);
    let end = |p, c, m, s, doubles| case!(end_is_last, "S2 S5", Shape::new(p, c, m, s), doubles);
    let late = |m, s, doubles| case!(joins_in_the_middle, "S2 S3", Shape::new(1, 2, m, s), doubles);
    let leave = |m, s, doubles| case!(leaves_in_the_middle, "S3", Shape::new(1, 2, m, s), doubles);
    let leaves_one = |m, doubles| case!(leaves_unread, "L1 S3", Shape::new(1, 1, m, 1), doubles);
    let start = |c, m, doubles| case!(nobody_misses_the_start, "S2", Shape::new(1, c, m, 1), doubles);
    let back = |m, s, doubles| case!(comes_back, "S2", Shape::new(1, 1, m, s), doubles);
    let kept = |m, s, doubles| case!(kept_is_received_again, "S3", Shape::new(1, 1, m, s), doubles);
    let late_producer = |m, doubles| case!(a_producer_comes_late, "S5", Shape::new(2, 1, m, 1), doubles);
    let lock = |n, c, m, doubles| case!(one_holder_at_a_time, "S4 L1", Shape::new(n, c, m, 1), doubles);
    let signal = |n, m, doubles| case!(no_notification_is_lost, "L1", Shape::new(n, 0, m, 1), doubles);
    let evict = |m, s, doubles| case!(a_dead_consumer_is_evicted, "C1", Shape::new(1, 2, m, s), doubles);
    let replaced = |m, doubles| case!(a_dead_owner_is_replaced, "C2 L2", Shape::new(2, 1, m, 1), doubles);
    let heir = |p, m, doubles| case!(a_successor_inherits_the_lock, "C2", Shape::new(p, 0, m, p * m), doubles);
    let succeeded = |m, doubles| case!(a_dead_consumer_is_succeeded, "C1 S3", Shape::new(1, 1, m, 1), doubles);
    let rivals = |m, doubles| case!(one_of_two_takes_over, "C2 S4", Shape::new(3, 0, m, 2 * m), doubles);
    let lost = |p, m, doubles| case!(producers_lost_is_told, "C2 L2", Shape::new(p, 1, m, 1), doubles);
    let not_lost = |m, doubles| case!(a_finished_producer_is_not_lost, "C2 L2", Shape::new(2, 1, m, 1), doubles);
    vec![
        quick(flow(1, 1, 2, 1, D::ASSUME)),
        quick(signal(1, 1, D::PARK_SIGNAL)),
        quick(lock(2, 1, 1, D::WORD_LOCK)),
        quick(lock(2, 1, 1, D::PARK_STACK)),
        reaching(TRY_LOCK, quick(lock(2, 0, 1, D::WORD_LOCK))),
        quick(kept(2, 1, D::ASSUME)),
        quick(kept(2, 2, D::ASSUME)),
        quick(end(1, 1, 1, 1, D::ASSUME)),
        quick(heir(1, 1, D::WORD_LOCK)),
        quick(start(1, 1, D::ASSUME_FENCED)),
        quick(lost(1, 1, D::ASSUME_FENCED)),
        reaching(ENDERS, quick(not_lost(1, D::ASSUME))),
        reaching(TAKEOVER, quick(replaced(1, D::ASSUME_FENCED))),
        quick(flow(1, 1, 3, 2, D::ASSUME)),
        reaching(BOTH_ORDERS, quick(flow(2, 1, 1, 1, D::ASSUME))),
        quick(leaves_one(2, D::PARK)),
        quick(leaves_one(2, D::ASSUME)),
        quick(succeeded(2, D::ASSUME_FENCED)),
        quick(start(1, 1, D::PARK)),
        quick(flow(1, 2, 2, 1, D::ASSUME)),
        quick(leave(2, 1, D::ASSUME_FENCED)),
        quick(replaced(1, D::WORD_LOCK)),
        reaching(TRIES, quick(tries(1, 1, 2, 1, D::ASSUME))),
        reaching(LOCK_TRIES, quick(tries(2, 1, 1, 1, D::ASSUME))),
        quick(end(2, 1, 1, 1, D::ASSUME)),
        by(SAMPLE, quick(flow(1, 2, 3, 2, D::PARK_SIGNAL))),
        by(SAMPLE, quick(flow(2, 2, 2, 1, D::PARK_STACK))),
        by(SAMPLE, quick(lock(3, 1, 2, D::PARK_STACK))),
        by(SAMPLE, quick(signal(2, 2, D::PARK_SIGNAL))),
        reaching(LATE, by(SAMPLE, quick(late(3, 2, D::PARK_SIGNAL)))),
        by(SAMPLE, quick(start(2, 2, D::PARK_SIGNAL))),
        by(SAMPLE, quick(back(3, 1, D::PARK_SIGNAL))),
        by(SAMPLE, quick(end(2, 2, 1, 1, D::PARK_STACK))),
        by(SAMPLE, quick(evict(3, 1, D::PARK_SIGNAL))),
        by(SAMPLE, quick(replaced(2, D::PARK_STACK))),
        by(Checker::Random(20_000, 5), quick(succeeded(3, D::PARK_SIGNAL))),
        by(SAMPLE, quick(lost(2, 1, D::PARK_SIGNAL))),
        reaching(BACK, quick(back(2, 1, D::ASSUME_FENCED))),
        quick(flow(1, 1, 2, 1, D::PARK)),
        by(Checker::Random(20_000, 3), quick(heir(2, 1, D::PARK_STACK))),
        by(Checker::Random(6_000, 3), quick(rivals(1, D::PARK_STACK))),
        quick(evict(2, 1, D::ASSUME_FENCED)),
        reaching(LATE_PRODUCER, quick(late_producer(1, D::ASSUME_FENCED))),
        quick(late(1, 1, D::ASSUME_FENCED)),
        by(Checker::Random(MANY, 1), quick(flow(3, 5, 10, 2, D::PARK_STACK))),
        by(Checker::Pct(MANY, 2), quick(flow(3, 5, 10, 2, D::PARK_STACK))),
        by(Checker::Urw(MANY, 3), quick(flow(3, 5, 10, 2, D::PARK_STACK))),
        // What item 4 of the issue asks for, and more.
        deep(flow(1, 2, 4, 1, D::ASSUME)),
        deep(flow(1, 2, 2, 2, D::ASSUME)),
        deep(flow(1, 1, 5, 2, D::ASSUME)),
        deep(flow(1, 3, 1, 1, D::ASSUME)),
        reaching(BOTH_ORDERS, deep(flow(2, 1, 2, 1, D::ASSUME))),
        reaching(BOTH_ORDERS, deep(flow(2, 2, 1, 1, D::ASSUME))),
        deep(flow(1, 2, 3, 2, D::ASSUME)),
        deep(flow(1, 3, 2, 1, D::ASSUME)),
        deep(lock(3, 1, 1, D::WORD_LOCK)),
        deep(signal(2, 1, D::STACK)),
        by(Checker::Random(50_000, 9), deep(signal(2, 2, D::PARK_SIGNAL))),
    ]
}
