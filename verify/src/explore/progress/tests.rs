//! The waits of the shipping text make progress, and each fault is noticed in a faulty loop.

use super::{
    super::{
        Explored,
        layer::{INTERVAL, TICK},
        replay::Forgets,
    },
    Adversary, Fault, Found, Interference, explore, explore_by,
    faulty::{Loop, WORD},
};
use crate::{
    events::{Body, event},
    hook::Name,
    model::{case::Shape, config::ModelConfig, leak::leak_until_end},
    scenarios::{
        fixture::{Fixture, message, send},
        participants::{receive_event, send_event},
    },
};
use ackcast::{
    layer::Deadline,
    signal::{EMPTY, NOTIFIED, PARKED},
};

/// An entry's `state`: its first occupant; the same after it has left; its second occupant.
const COMES_AND_GOES: [u64; 3] = [0b11, 0b10, 0b101];

const fn number(participant: u64, generation: u64) -> u64 {
    (participant + 1) | generation << 9
}
/// The lock's word: free; its owner is participant 1, with and without CONTENDED; its owner is participant 2.
const FREE: u64 = 0;
const CONTENDED: u64 = 1 << 8;
const OWNER: u64 = number(1, 1);
const ANOTHER: u64 = number(2, 1);

const fn name(word: &'static str, owner: Option<u32>) -> Name {
    Name { word, owner }
}

/// The word may hold any of these values at any time.
fn any(name: Name, values: impl IntoIterator<Item = u64>) -> Interference {
    Interference { name, values: values.into_iter().collect(), advances: false, satisfies: None }
}

fn signal(name: Name) -> Interference {
    any(name, [EMPTY, PARKED, NOTIFIED].map(u64::from))
}

fn adversary(polled: &'static str, words: Vec<Interference>) -> Adversary {
    Adversary { words, polled, retries: 0, sleeps: None, deadline: None, stops_clock: false }
}

/// A wait and its adversary.
struct Wait {
    name: &'static str,
    body: fn(Deadline),
    adversary: Adversary,
}

impl Wait {
    /// Explores the wait with a deadline in so many ticks, or without one.
    fn explore(&self, ticks: Option<u8>) -> Found {
        let deadline = ticks.map_or(Deadline::Never, |ticks| Deadline::At(TICK * ticks.into()));
        let adversary = Adversary { deadline: ticks, ..self.adversary.clone() };
        let found = explore(&|| (self.body)(deadline), &adversary);
        let Found { places, states, bound, checks, .. } = found;
        println!(
            "{}, {deadline:?}: {places} places, {states} states, {checks} checks, at most {bound} steps",
            self.name
        );
        found
    }
}

fn fixture(shape: Shape) -> Fixture<Explored> {
    Fixture::new(shape.geometry(), ModelConfig::PARK_STACK, false)
}

/// A consumer waits for a message. Its producer, the second one, lives and publishes nothing.
fn data_wait() -> Wait {
    let body = |deadline| {
        let fixture = fixture(Shape::new(2, 1, 1, 1));
        let (mut consumer, first, second) = (fixture.consumer(), fixture.producer(), fixture.producer());
        let body: Body = Box::new(move || {
            let seen = consumer.receive(deadline).map(drop).map_or_else(receive_event, |()| event::SENT);
            leak_until_end((consumer, first, second));
            vec![seen]
        });
        fixture.run(vec![(0, body)], |_| {});
    };
    let words = vec![signal(name("data", Some(0))), any(name("state", Some(1)), COMES_AND_GOES)];
    Wait { name: "a consumer's wait for a message", body, adversary: adversary("published", words) }
}

/// A producer waits for room. Consumer 1 lives and acknowledges nothing.
fn room_wait() -> Wait {
    let body = |deadline| {
        let fixture = fixture(Shape::new(1, 2, 3, 2));
        let (first, second, mut producer) = (fixture.consumer(), fixture.consumer(), fixture.producer());
        send(&mut producer, [1, 2]);
        let body: Body = Box::new(move || {
            let seen = send_event(producer.send(&message(3), deadline));
            leak_until_end((producer, first, second));
            vec![seen]
        });
        fixture.run(vec![(2, body)], |_| {});
    };
    let acked = any(name("acked", Some(0)), [0, 1, 2, 2 | 1 << 63]);
    let words = vec![signal(name("space", None)), any(name("state", Some(0)), COMES_AND_GOES), acked];
    Wait { name: "a producer's wait for room", body, adversary: adversary("acked", words) }
}

/// A producer waits for the write lock.
fn lock_body(deadline: Deadline) {
    let fixture = fixture(Shape::new(3, 1, 1, 1));
    let others = (fixture.consumer(), fixture.producer(), fixture.producer());
    let mut producer = fixture.producer();
    let body: Body = Box::new(move || {
        let seen = send_event(producer.send(&message(1), deadline));
        leak_until_end((producer, others));
        vec![seen]
    });
    fixture.run(vec![(3, body)], |_| {});
}

/// Two others pass the lock between them for ever. They come first so often.
fn lock_wait(retries: u8) -> Wait {
    let values = vec![OWNER, OWNER | CONTENDED, ANOTHER, ANOTHER | CONTENDED];
    let word = Interference { name: name("lock", None), values, advances: false, satisfies: Some(FREE) };
    let adversary = Adversary { retries, ..adversary("lock", vec![word]) };
    Wait { name: "a producer's wait for a lock that changes hands", body: lock_body, adversary }
}

/// The owner keeps the lock, as a dead one does. Another waiter sets CONTENDED.
fn kept_lock_wait() -> Wait {
    let values = vec![OWNER, OWNER | CONTENDED];
    let word = Interference { name: name("lock", None), values, advances: true, satisfies: Some(FREE) };
    Wait {
        name: "a producer's wait for a lock that is kept",
        body: lock_body,
        adversary: adversary("lock", vec![word]),
    }
}

/// A thread sleeps in the place of a consumer that has asked. Its producer, the second one, lives and publishes nothing.
/// The word stays PARKED: the thread is woken for ever, and not told.
fn told_wait() -> Wait {
    let body = |_| {
        let fixture = fixture(Shape::new(2, 2, 1, 1));
        let (mut consumer, spare) = (fixture.consumer(), fixture.consumer());
        let producers = (fixture.producer(), fixture.producer());
        assert_eq!(consumer.ask(), Ok(false), "nothing is published");
        let sleeper = fixture.channel();
        let body: Body = Box::new(move || {
            let told = sleeper.await_told(0);
            leak_until_end((consumer, spare, producers));
            vec![told as u8]
        });
        fixture.run(vec![(1, body)], |_| {});
    };
    let words = vec![any(name("data", Some(0)), [PARKED.into()]), any(name("state", Some(2)), COMES_AND_GOES)];
    Wait { name: "a sleep in the place of a consumer", body, adversary: adversary("data", words) }
}

fn waits() -> Vec<Wait> {
    vec![data_wait(), room_wait(), lock_wait(1), kept_lock_wait()]
}

fn told(found: &Found) -> String {
    found.faults.iter().map(|(fault, lines)| format!("{fault:?}:\n  {}\n", lines.join("\n  "))).collect()
}

/// Each wait comes to its liveness check, whatever the other participants do. A wait without a deadline goes on after.
#[test]
fn waits_check_liveness_under_every_interference() {
    for wait in waits().into_iter().chain([told_wait()]) {
        let found = wait.explore(None);
        assert!(found.faults.is_empty(), "{}: {}", wait.name, told(&found));
        assert!(found.checks > 0 && !found.ends, "{}: checks are made, and the wait goes on", wait.name);
    }
}

/// Each failed exchange of the lock's word costs two steps and no more. The thread that caused it has made progress.
#[test]
fn lock_wait_retries_in_two_steps() {
    let bounds = [0, 1, 2].map(|retries| {
        let found = lock_wait(retries).explore(None);
        assert!(found.faults.is_empty(), "{}", told(&found));
        found.bound
    });
    assert!(bounds.windows(2).all(|pair| pair[1] == pair[0] + 2), "{bounds:?}");
}

/// The same for a wait with a deadline, which ends then. The deadline comes before, with or after the first check.
#[test]
fn waits_end_at_their_deadline_under_every_interference() {
    for wait in waits() {
        for ticks in 1..=2 * INTERVAL {
            let found = wait.explore(Some(ticks));
            assert!(found.faults.is_empty(), "{}: {}", wait.name, told(&found));
            assert!(found.checks > 0 && found.ends, "{}: it checks, and ends", wait.name);
        }
    }
}

/// Merging histories at a sleep loses nothing: with whole histories there are more places, but the same views.
#[test]
fn merging_at_sleeps_loses_no_state() {
    for (mut wait, sleeps) in [(data_wait(), 2), (room_wait(), 1), (lock_wait(1), 1), (kept_lock_wait(), 4)] {
        wait.adversary.words.truncate(2); // fewer histories: nothing is acknowledged
        let adversary = Adversary { sleeps: Some(sleeps), ..wait.adversary };
        let [whole, merged] = [Forgets::Nothing, Forgets::Steps]
            .map(|forgets| explore_by(&|| (wait.body)(Deadline::Never), &adversary, forgets));
        println!("{}: {} places with whole histories, {} without", wait.name, whole.places, merged.places);
        assert!(whole.places > merged.places, "{}: some are merged", wait.name);
        assert_eq!((whole.bound, &whole.views), (merged.bound, &merged.views), "{}", wait.name);
        assert!(whole.faults.is_empty() && merged.faults.is_empty(), "{}", wait.name);
    }
}

/// What is wrong with this loop, whose word stays 0.
fn faults(faulty: Loop) -> Found {
    let found = explore(&|| faulty.scenario(), &adversary(WORD.word, vec![]));
    println!("{faulty:?}: {} states, {} checks\n{}", found.states, found.checks, told(&found));
    found
}

/// Negative twin: each fault is noticed in a loop that has it, and no other is.
#[test]
fn faults_of_wait_loops_are_noticed() {
    for (faulty, expected) in [
        (Loop::Sound, &[][..]),
        (Loop::ChecksAfterUndisturbedSleep, &[Fault::Endless, Fault::SleepsWhenDue]),
        (Loop::SleepsOnceMore, &[Fault::SleepsWhenDue, Fault::SleepsWithoutPoll]),
        (Loop::PollsWhenDue, &[Fault::SleepsWithoutPoll]),
        (Loop::Spins, &[Fault::Spins]),
    ] {
        let found = faults(faulty);
        assert_eq!(found.faults.keys().copied().collect::<Vec<_>>(), expected, "{faulty:?}");
    }
    let cycle = &faults(Loop::ChecksAfterUndisturbedSleep).faults[&Fault::Endless];
    assert!(cycle.iter().any(|line| line.contains("Park")) && !cycle.iter().any(|line| line.contains("Alive")));
}

/// Negative twin: with a clock that stands still, no wait of the shipping text comes to a check.
#[test]
fn stopped_clock_is_endless() {
    for wait in waits().into_iter().chain([told_wait()]) {
        let adversary = Adversary { stops_clock: true, ..wait.adversary };
        let found = explore(&|| (wait.body)(Deadline::Never), &adversary);
        println!("{}: {}", wait.name, told(&found));
        assert!(found.faults.contains_key(&Fault::Endless) && found.checks == 0, "{}", wait.name);
    }
}

/// Negative twin: an adversary that lets the wait succeed is no interference, and that is noticed.
#[test]
fn satisfying_adversary_is_noticed() {
    let mut wait = data_wait();
    wait.adversary.words.push(any(name("published", None), [0, 1]));
    let found = wait.explore(None);
    assert!(found.faults.contains_key(&Fault::Satisfied), "{}", told(&found));
}
