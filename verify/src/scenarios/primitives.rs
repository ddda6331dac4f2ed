//! Lock and signal against their contracts: S4, L1.

use super::participants::data;
use crate::{
    events::{Body, Seen, event},
    hook::{self, Died},
    model::case::Case,
    scenarios::{environment::Checked, fixture::Fixture},
};
use ackcast::layer::{Acquired, Deadline, Found, Layer, Lock, LockError, Participant, Signal, Word};
use ackcast::protocol::{Reading, Storage, Writing};
use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::atomic::Ordering::{Acquire, Release},
};

/// A critical section: reads a plain counter, lets other threads run, and writes the counter.
fn count_up<G: Checked>(segment: &G::Segment) -> u8 {
    let handle = &G::storage(segment);
    // SAFETY: the slot exists. That no other thread accesses it is what the scenario checks.
    let reading = unsafe { Storage::<G::Layer>::read(handle, 0) };
    // SAFETY: a slot has two bytes.
    let value = unsafe { *reading.bytes() } + 1;
    drop(reading);
    G::step(segment); // a step, at which another thread may run
    // SAFETY: as above.
    let writing = unsafe { Storage::<G::Layer>::write(handle, 0) };
    // SAFETY: a slot has two bytes.
    unsafe { *writing.bytes() = value };
    value
}

/// S4: the lock has at most one holder at a time. Everything that a holder did happens before what the next holder
/// does. Without consumers in the shape, contender 0 only tries.
pub fn lock_has_one_holder_at_a_time<G: Checked>(case: &Case) {
    let (contenders, rounds, tries) = (case.shape.producers, case.shape.messages, case.shape.consumers == 0);
    let mut geometry = case.shape.geometry();
    (geometry.consumers, geometry.producers) = (0, contenders);
    let fixture = Fixture::<G>::new(geometry, case.config, false);
    let participants = (0..contenders).map(|number| {
        let layer = G::layer(&fixture.segment);
        let (handle, segment) = (G::storage(&fixture.segment), fixture.segment.clone());
        assert_eq!(layer.claim(number), Ok(true));
        let body = move || {
            let me = Participant { number, generation: 1 };
            let lock = &Storage::<G::Layer>::control(&handle).lock.0;
            let deadline = if tries && number == 0 { Deadline::Now } else { Deadline::Never };
            let mut seen = Seen::new();
            for _ in 0..rounds {
                match lock.acquire(&layer, me, deadline) {
                    Ok(acquired) => {
                        assert_eq!(acquired, Acquired::Clean, "no owner died");
                        seen.push(count_up::<G>(&segment));
                        lock.release(&layer, me);
                    }
                    Err(error @ (LockError::Liveness(_) | LockError::Broken)) => panic!("{error:?}"),
                    Err(LockError::Busy { owner }) => {
                        assert!(owner.is_none_or(|owner| owner != number), "a contender does not wait for itself");
                        seen.push(event::NO_LOCK);
                    }
                }
            }
            seen
        };
        (number, Box::new(body) as Body)
    });
    let participants = participants.collect();
    fixture.run(participants, move |outcome| {
        let mut counts: Seen = outcome.iter().flat_map(data).collect();
        counts.sort_unstable();
        assert!(counts.iter().copied().eq(1..=counts.len() as u8), "S4: a count is lost: {outcome:?}");
        assert!(tries || counts.len() as u32 == contenders * rounds);
    });
}

/// How the successor of a dead participant gets the lock.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gets {
    /// Its predecessor died with it.
    Inherited,
    /// The lock is free.
    Free,
    /// A third participant died with it.
    Orphaned,
}

/// S4: an answer that number 0 is dead may be about its last holder. The successor under number 0 keeps the lock that
/// it holds.
pub fn successor_keeps_its_inherited_lock<G: Checked>(case: &Case) {
    successor_keeps_its_lock::<G>(case, Gets::Inherited);
}

/// S4: the same for a lock that was free.
pub fn successor_keeps_its_lock_that_was_free<G: Checked>(case: &Case) {
    successor_keeps_its_lock::<G>(case, Gets::Free);
}

/// S4: the same for a lock that another dead participant held.
pub fn successor_keeps_its_orphaned_lock<G: Checked>(case: &Case) {
    successor_keeps_its_lock::<G>(case, Gets::Orphaned);
}

/// The rival makes a round per message. If the lock has a dead owner at first, the rival only tries. If that owner is a
/// third participant, so does the successor.
fn successor_keeps_its_lock<G: Checked>(case: &Case, gets: Gets) {
    let mut geometry = case.shape.geometry();
    (geometry.consumers, geometry.producers) = (0, 3);
    let fixture = Fixture::<G>::new(geometry, case.config, false);
    let handle = || (G::layer(&fixture.segment), G::storage(&fixture.segment));
    let inside = fixture.segment.clone();
    for (number, holds) in [(0, gets == Gets::Inherited), (2, gets == Gets::Orphaned)] {
        let (layer, handle) = handle();
        assert_eq!(layer.claim(number), Ok(true));
        if holds {
            let lock = &Storage::<G::Layer>::control(&handle).lock.0;
            assert!(lock.acquire(&layer, Participant { number, generation: 1 }, Deadline::Never).is_ok());
        }
        G::die(&fixture.segment, number);
    }
    let (layer, segment) = handle();
    let successor: Body = Box::new(move || {
        assert_eq!(layer.claim(0), Ok(true));
        let (me, lock) = (Participant { number: 0, generation: 2 }, &Storage::<G::Layer>::control(&segment).lock.0);
        let deadline = if gets == Gets::Orphaned { Deadline::Now } else { Deadline::Never };
        if !lock.inherit(&layer, me) && lock.acquire(&layer, me, deadline).is_err() {
            return vec![event::NO_LOCK];
        }
        let seen = vec![count_up::<G>(&inside)];
        lock.release(&layer, me);
        seen
    });
    let ((layer, segment), inside) = (handle(), fixture.segment.clone());
    assert_eq!(layer.claim(1), Ok(true));
    let rounds = case.shape.messages;
    let rival: Body = Box::new(move || {
        let (me, lock) = (Participant { number: 1, generation: 1 }, &Storage::<G::Layer>::control(&segment).lock.0);
        let mut seen = Seen::new();
        for _ in 0..rounds {
            match lock.acquire(&layer, me, if gets == Gets::Free { Deadline::Never } else { Deadline::Now }) {
                Ok(_) => {
                    seen.push(count_up::<G>(&inside));
                    lock.release(&layer, me);
                }
                Err(_) => seen.push(event::NO_LOCK),
            }
        }
        seen
    });
    fixture.run(vec![(0, successor), (1, rival)], move |outcome| {
        let mut counts: Seen = outcome.iter().flat_map(data).collect();
        counts.sort_unstable();
        assert!(counts.iter().copied().eq(1..=counts.len() as u8), "S4: a count is lost: {outcome:?}");
    });
}

/// L1: in each round, the waiter sees what every notifier wrote before it notified.
pub fn no_notification_is_lost<G: Checked>(case: &Case) {
    let waits = case.shape.messages.into();
    notified::<G>(case, waits, |words, wait| words.iter().all(|&value| value() > wait), Before::Nothing);
}

/// L1: the same for a waiter that has slept before, and has not reset what it announced then.
pub fn no_notification_is_lost_on_a_second_sleep<G: Checked>(case: &Case) {
    notified::<G>(case, 1, |words, wait| words.iter().all(|&value| value() > wait), Before::Slept);
}

/// L1: the same for a waiter whose predecessor died after it had announced its sleep, and before its fence.
pub fn no_notification_is_lost_to_a_successor<G: Checked>(case: &Case) {
    notified::<G>(case, 1, |words, wait| words.iter().all(|&value| value() > wait), Before::DiedUnfenced);
}

/// L1: the same when each wait is for another notifier, so that a notification for an earlier wait may come late.
pub fn each_notification_counts<G: Checked>(case: &Case) {
    let waits = case.shape.producers.into();
    notified::<G>(case, waits, |words, wait| words[wait as usize]() > 0, Before::Nothing);
}

/// What happened on the signal before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    /// The waiter slept, and has not reset what it announced then.
    Slept,
    /// A predecessor died between its exchange and its fence.
    DiedUnfenced,
}

/// A predecessor waits, dies before its fence, and leaves the signal to `successor`.
fn die_unfenced<G: Checked>(signal: &<G::Layer as Layer>::Signal, segment: &G::Segment, successor: &G::Layer) {
    let predecessor = G::layer(segment);
    G::die_unfenced(&predecessor);
    let wait = || signal.wait(&predecessor, Deadline::Never, |_| None::<Found<()>>);
    match catch_unwind(AssertUnwindSafe(wait)) {
        Err(payload) if !payload.is::<Died>() => resume_unwind(payload),
        _ => hook::died(),
    }
    signal.reset(successor);
}

/// Each notifier counts up a word and notifies. The waiter waits `waits` times, until `satisfied` by the words' values.
fn notified<G: Checked>(case: &Case, waits: u64, satisfied: fn(&[&dyn Fn() -> u64], u64) -> bool, before: Before) {
    let (notifiers, rounds) = (case.shape.producers, u64::from(case.shape.messages));
    let mut geometry = case.shape.geometry();
    (geometry.consumers, geometry.producers) = (notifiers, 1);
    let fixture = Fixture::<G>::new(geometry, case.config, false);
    let handle = || (G::layer(&fixture.segment), G::storage(&fixture.segment));
    let mut participants: Vec<(u32, Body)> = Vec::new();
    let ((layer, segment), whole) = (handle(), fixture.segment.clone());
    if before == Before::Slept {
        let space = &Storage::<G::Layer>::control(&segment).space.0;
        let mut polls = 0;
        let woken = space.wait(&layer, Deadline::Never, |_| {
            polls += 1;
            if polls == 2 {
                Signal::notify_all(&layer, std::iter::once(space)); // just before the waiter would sleep
            }
            (polls > 2).then_some(Found::new(()))
        });
        assert!(woken.is_some());
    }
    let waiter = move || {
        let space = &Storage::<G::Layer>::control(&segment).space.0;
        let words = Storage::<G::Layer>::consumers(&segment).iter();
        let values: Vec<_> = words.map(|words| || Word::<u64>::load(&words.acked.0, Acquire)).collect();
        let values: Vec<_> = values.iter().map(|value| value as &dyn Fn() -> u64).collect();
        if before == Before::DiedUnfenced {
            die_unfenced::<G>(space, &whole, &layer);
        }
        for wait in 0..waits {
            assert!(
                space.wait(&layer, Deadline::Never, |_| satisfied(&values, wait).then_some(Found::new(()))).is_some()
            );
        }
        Seen::new()
    };
    participants.push((notifiers, Box::new(waiter)));
    for number in 0..notifiers {
        let (layer, segment) = handle();
        let notifies = move || {
            for round in 1..=rounds {
                let word = &Storage::<G::Layer>::consumers(&segment)[number as usize].acked.0;
                Word::<u64>::store(word, round, Release);
                let space = &Storage::<G::Layer>::control(&segment).space.0;
                Signal::notify_all(&layer, std::iter::once(space));
            }
            Seen::new()
        };
        participants.push((number, Box::new(notifies)));
    }
    fixture.run(participants, |_| {});
}
