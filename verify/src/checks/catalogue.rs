//! The catalogue of checks: scenario × shape × config × checker, quick and deep.

use super::{entry::Entry, run::Checker, witnesses::*};
use crate::{
    case,
    events::event,
    model::{case::Shape, config::ModelConfig},
    scenarios::{asking::*, come_and_go::*, deaths::*, flow::*, late_reader::*, primitives::*, progress::*, tries::*},
};

use ModelConfig as D;

const fn flow(p: u32, c: u32, m: u32, s: u32, config: ModelConfig) -> Entry {
    let case = case!(consumer_gets_every_message, "S1 S2 S3 S4", Shape::new(p, c, m, s), config);
    Entry::new(case, if p > 1 { &[FIRST_0, FIRST_1, NO_DATA, NO_ROOM] } else { one_sends(m, s) })
}

const fn batches(p: u32, c: u32, m: u32, s: u32, config: ModelConfig) -> Entry {
    let case = case!(batches_are_whole, "S1 S2 S3 S4", Shape::new(p, c, m, s), config);
    Entry::new(case, if s > 1 { &[TAKEN_TOGETHER, NO_DATA] } else { &[APART, NO_DATA, NO_ROOM] })
}

/// Schedules of the largest scenario.
const MANY: usize = if cfg!(loom) { 5_000 } else { 200 };

/// The checker for cases that are too large for all schedules.
const SAMPLE: Checker = Checker::Random(400, 7);

/// All checks; those that kill most mutants come first.
#[rustfmt::skip]
pub fn entries() -> Vec<Entry> {
    let tries = |p, c, m, s, config| {
        let case = case!(participants_try_without_waiting, "S2 S3", Shape::new(p, c, m, s), config);
        Entry::new(case, if p > 1 { LOCK_TRIES } else { TRIES })
    };
    let lengths = |p, c, m, s, config| {
        let case = case!(lengths_are_kept, "S1", Shape::new(p, c, m, s), config);
        Entry::new(case, if p > 1 { &[FIRST_0, FIRST_1] } else { one_sends(m, s) })
    };
    let end = |p, c, m, s, config| {
        let case = case!(end_is_last, "S2 S5", Shape::new(p, c, m, s), config);
        Entry::new(case, if p > 1 { ENDS } else { &[NO_DATA, NO_ROOM] })
    };
    let late = |c, m, s, config| {
        let case = case!(consumer_joins_in_the_middle, "S2 S3", Shape::new(1, c, m, s), config);
        Entry::new(case, if m > 1 { IN_THE_MIDDLE } else { LATE })
    };
    let retained = |p, c, m, s, retain, config| {
        let shape = Shape::new(p, c, m, s).retaining(retain);
        let case = case!(late_reader_gets_what_is_retained, "S2 S3", shape, config);
        Entry::new(case, LATE_READER)
    };
    let starts_at = |c, m, s, retain, config| {
        let shape = Shape::new(1, c, m, s).retaining(retain);
        let case = case!(late_reader_asks_for_a_message, "S2 S3", shape, config);
        Entry::new(case, ASKS_FOR_A_MESSAGE)
    };
    let inherited = |m, s, retain, config| {
        let shape = Shape::new(1, 1, m, s).retaining(retain);
        let case = case!(late_reader_of_an_heir, "S2 S3 C2", shape, config);
        Entry::new(case, READER_OF_AN_HEIR)
    };
    let joins_batch = |m, s, config| {
        let case = case!(consumer_joins_during_a_batch, "S2 S3", Shape::new(1, 1, m, s), config);
        Entry::new(case, LATE)
    };
    let leave = |m, s, config| {
        let case = case!(consumer_leaves_in_the_middle, "S3", Shape::new(1, 2, m, s), config);
        Entry::new(case, &[NO_DATA, NO_ROOM])
    };
    let leaves_one = |m, config| {
        let case = case!(consumer_leaves_with_unread_message, "L1 S3", Shape::new(1, 1, m, 1), config);
        Entry::new(case, &[NO_ROOM, ROOM])
    };
    let start = |c, m, config| {
        let case = case!(consumers_get_the_first_message, "S2", Shape::new(1, c, m, 1), config);
        Entry::new(case, &[("the producer waits for the consumers", NO_ROOM.1), NO_DATA])
    };
    let back = |m, s, config| {
        let case = case!(consumer_joins_again_after_leaving, "S2", Shape::new(1, 1, m, s), config);
        Entry::new(case, BACK)
    };
    let kept = |m, s, config| {
        let case = case!(kept_message_is_received_again, "S3", Shape::new(1, 1, m, s), config);
        Entry::new(case, one_sends(m, s))
    };
    let late_producer = |m, config| {
        let case = case!(producer_joins_late, "S5", Shape::new(2, 1, m, 1), config);
        Entry::new(case, LATE_PRODUCER)
    };
    let lock = |n, c, m, config| {
        let case = case!(lock_has_one_holder_at_a_time, "S4 L1", Shape::new(n, c, m, 1), config);
        Entry::new(case, if c == 0 { TRY_LOCK } else { CONTENDERS })
    };
    let shape = |m| Shape::new(3, 0, m, 1);
    let keeps_inherited = case!(successor_keeps_its_inherited_lock, "S4", shape(1), D::WORD_LOCK);
    let keeps_free = case!(successor_keeps_its_lock_that_was_free, "S4", shape(2), D::WORD_LOCK);
    let keeps_orphaned = case!(successor_keeps_its_orphaned_lock, "S4", shape(1), D::WORD_LOCK);
    let signal = |n, m, config| {
        let case = case!(no_notification_is_lost, "L1", Shape::new(n, 0, m, 1), config);
        Entry::new(case, NOTIFIED)
    };
    let again = |n, config| {
        let case = case!(no_notification_is_lost_on_a_second_sleep, "L1", Shape::new(n, 0, 1, 1), config);
        Entry::new(case, NO_SLEEP)
    };
    let successor = |n, config| {
        let case = case!(no_notification_is_lost_to_a_successor, "L1", Shape::new(n, 0, 1, 1), config);
        Entry::new(case, NO_SLEEP)
    };
    let each = |n, config| {
        let case = case!(each_notification_counts, "L1", Shape::new(n, 0, 1, 1), config);
        Entry::new(case, NOTIFIED)
    };
    let evict = |m, s, config| {
        let case = case!(dead_consumer_is_evicted, "C1", Shape::new(1, 2, m, s), config);
        Entry::new(case, &[NO_DATA, NO_ROOM])
    };
    let replaced = |m, config| {
        let case = case!(dead_owner_is_replaced, "C2 L2", Shape::new(2, 1, m, 1), config);
        Entry::new(case, TAKEOVER)
    };
    let heir = |p, m, config| {
        let case = case!(successor_inherits_the_lock, "C2", Shape::new(p, 0, m, p * m), config);
        Entry::new(case, if p > 1 { &[INHERITED, TAKEN_OVER] } else { &[INHERITED] })
    };
    let succeeded = |m, config| {
        let case = case!(dead_consumer_is_succeeded, "C1 S3", Shape::new(1, 1, m, 1), config);
        Entry::new(case, SUCCEEDED)
    };
    let rivals = |m, config| {
        let case = case!(rival_takes_over_the_lock, "C2 S4", Shape::new(3, 0, m, 2 * m), config);
        Entry::new(case, &[TAKEN_OVER, LOCK_HELD])
    };
    let lost = |p, m, config| {
        let case = case!(consumer_is_told_of_lost_producers, "C2 L2", Shape::new(p, 1, m, 1), config);
        Entry::new(case, if p > 1 { &[FIRST_0, FIRST_1] } else { &[NO_DATA, ALL_THERE] })
    };
    let not_lost = |m, config| {
        let case = case!(finished_producer_is_not_lost, "C2 L2", Shape::new(2, 1, m, 1), config);
        Entry::new(case, &[("a producer finishes before the other", |_, seen| seen.last() == [event::OTHERS]), NO_DATA])
    };
    let asks = |p, c, m, s, config| {
        let case = case!(asking_consumer_gets_every_message, "S2 L1", Shape::new(p, c, m, s), config);
        Entry::new(case, if p > 1 { &[FIRST_0, FIRST_1, NO_DATA] } else { &[NO_DATA, ALL_THERE] })
    };
    let asks_end = |m, config| {
        let case = case!(asking_consumer_finds_end, "S5 L1", Shape::new(1, 1, m, 1), config);
        Entry::new(case, &[NO_DATA])
    };
    let told = |m, config| {
        let case = case!(sleeper_wakes_when_its_asker_is_told, "L1", Shape::new(1, 1, m, m), config);
        Entry::new(case, ASKED)
    };
    let asks_no_more = |config| {
        let case = case!(sleeper_wakes_when_its_asker_asks_no_more, "L1", Shape::new(1, 1, 1, 1), config);
        Entry::new(case, SLEEPS)
    };
    let asks_lost = |p, m, config| {
        let case = case!(asking_consumer_is_told_of_lost_producers, "C2 L2", Shape::new(p, 1, m, 1), config);
        Entry::new(case, &[NO_DATA])
    };
    let counts = |config| {
        let case = case!(producer_counts_each_consumer_of_a_message, "S2", Shape::new(2, 1, 1, 1), config);
        Entry::new(case, COUNTED)
    };
    let received = |config| {
        let case = case!(received_message_is_read_by_no_consumer, "S1", Shape::new(1, 1, 1, 1), config);
        Entry::new(case, RECEIVED)
    };
    vec![
        flow(1, 1, 2, 1, D::ASSUME),
        counts(D::ASSUME_FENCED),
        received(D::ASSUME_FENCED),
        asks_no_more(D::PARK_SIGNAL),
        told(1, D::PARK_SIGNAL).by(SAMPLE),
        asks(1, 1, 1, 1, D::PARK_SIGNAL),
        asks_end(1, D::PARK_SIGNAL).by(SAMPLE),
        asks(2, 2, 2, 1, D::PARK_STACK).by(SAMPLE),
        asks_lost(1, 1, D::PARK_SIGNAL).by(SAMPLE),
        signal(1, 1, D::PARK_SIGNAL),
        signal(1, 1, D::STACK),
        again(1, D::STACK),
        again(1, D::PARK_ASYMMETRIC),
        successor(1, D::STACK),
        successor(1, D::PARK_ASYMMETRIC),
        lock(2, 1, 1, D::WORD_LOCK),
        lock(2, 1, 1, D::PARK_STACK),
        lock(2, 0, 1, D::WORD_LOCK),
        Entry::new(keeps_inherited, KEEPS_INHERITED),
        Entry::new(keeps_free, KEEPS_LOCK),
        Entry::new(keeps_orphaned, KEEPS_ORPHANED),
        kept(2, 1, D::ASSUME),
        kept(2, 2, D::ASSUME),
        end(1, 1, 1, 1, D::ASSUME),
        heir(1, 1, D::WORD_LOCK),
        start(1, 1, D::ASSUME_FENCED),
        lost(1, 1, D::ASSUME_FENCED),
        not_lost(1, D::ASSUME),
        replaced(1, D::ASSUME_FENCED),
        flow(1, 1, 3, 2, D::ASSUME),
        flow(2, 1, 1, 1, D::ASSUME),
        leaves_one(2, D::PARK),
        leaves_one(2, D::ASSUME),
        succeeded(2, D::ASSUME_FENCED),
        start(1, 1, D::PARK),
        flow(1, 2, 2, 1, D::ASSUME),
        leave(2, 1, D::ASSUME_FENCED),
        replaced(1, D::WORD_LOCK),
        tries(1, 1, 2, 1, D::ASSUME),
        tries(2, 1, 1, 1, D::ASSUME),
        end(2, 1, 1, 1, D::ASSUME),
        flow(1, 2, 3, 2, D::PARK_SIGNAL).by(SAMPLE),
        flow(2, 2, 2, 1, D::PARK_STACK).by(SAMPLE),
        lock(3, 1, 2, D::PARK_STACK).by(SAMPLE),
        signal(2, 2, D::PARK_SIGNAL).by(SAMPLE),
        each(2, D::PARK_STACK).by(SAMPLE),
        late(2, 3, 2, D::PARK_SIGNAL).by(SAMPLE),
        start(2, 2, D::PARK_SIGNAL).by(SAMPLE),
        back(3, 1, D::PARK_SIGNAL).by(SAMPLE),
        end(2, 2, 1, 1, D::PARK_STACK).by(SAMPLE),
        evict(3, 1, D::PARK_SIGNAL).by(SAMPLE),
        replaced(2, D::PARK_STACK).by(SAMPLE),
        succeeded(3, D::PARK_SIGNAL).by(Checker::Random(20_000, 5)),
        lost(2, 1, D::PARK_SIGNAL).by(SAMPLE),
        back(2, 1, D::ASSUME_FENCED),
        signal(1, 1, D::PARK_ASYMMETRIC),
        late(1, 2, 1, D::ASSUME_ASYMMETRIC),
        flow(1, 1, 2, 1, D::PARK),
        heir(2, 1, D::PARK_STACK).by(Checker::Random(20_000, 3)),
        rivals(1, D::PARK_STACK).by(Checker::Random(6_000, 3)),
        evict(2, 1, D::ASSUME_FENCED),
        lengths(1, 1, 3, 2, D::ASSUME),
        lengths(2, 1, 2, 1, D::ASSUME),
        batches(1, 1, 3, 2, D::ASSUME),
        batches(1, 2, 2, 2, D::ASSUME),
        batches(2, 1, 2, 1, D::ASSUME),
        batches(2, 2, 3, 2, D::PARK_STACK).by(SAMPLE),
        joins_batch(3, 2, D::ASSUME_FENCED),
        late_producer(1, D::ASSUME_FENCED),
        late(2, 1, 1, D::ASSUME_FENCED),
        late(1, 2, 1, D::ASSUME_FENCED),
        retained(1, 1, 2, 2, 1, D::ASSUME_FENCED),
        retained(1, 1, 3, 2, 1, D::ASSUME_FENCED).deep(),
        retained(1, 1, 4, 3, 2, D::ASSUME_FENCED).by(SAMPLE),
        Entry { witnesses: &[FIRST_0, FIRST_1], ..retained(2, 2, 2, 2, 1, D::PARK_STACK).by(SAMPLE) },
        starts_at(1, 3, 2, 1, D::ASSUME_FENCED).deep(),
        starts_at(1, 3, 2, 1, D::ASSUME_FENCED).by(SAMPLE),
        starts_at(2, 3, 3, 2, D::PARK_SIGNAL).by(SAMPLE),
        inherited(3, 2, 1, D::PARK_STACK).by(SAMPLE),
        // The witnesses show that on 2 slots no producer waits for room in random schedules.
        flow(3, 5, 10, 1, D::PARK_STACK).by(Checker::Random(MANY, 1)),
        flow(3, 5, 10, 2, D::PARK_STACK).by(Checker::Pct(MANY, 2)),
        flow(3, 5, 10, 1, D::PARK_STACK).by(Checker::Urw(MANY, 3)),
        // Larger shapes, up to a hundred thousand executions: loom's own account of what graphs say in milliseconds.
        flow(1, 2, 4, 1, D::ASSUME).deep(),
        flow(1, 2, 2, 2, D::ASSUME).deep(),
        flow(1, 1, 5, 2, D::ASSUME).deep(),
        flow(1, 3, 1, 1, D::ASSUME).deep(),
        flow(2, 1, 2, 1, D::ASSUME).deep(),
        flow(2, 2, 1, 1, D::ASSUME).deep(),
        flow(1, 3, 2, 1, D::ASSUME).deep(),
        batches(1, 2, 3, 2, D::ASSUME).deep(),
        batches(2, 1, 2, 2, D::ASSUME).deep(),
    ]
}

/// The quick checks.
pub fn quick_checks() -> Vec<Entry> {
    entries().into_iter().filter(|entry| !entry.deep).collect()
}

/// The first check of this scenario with this config.
#[cfg(test)]
pub fn first_entry(name: &str, config: ModelConfig) -> Entry {
    let mut all = entries().into_iter();
    all.find(|entry| entry.case.name == name && entry.case.config == config).expect("there is such a check")
}
