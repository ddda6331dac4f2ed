//! Crash sweeps by exploration: in every state, everybody who lives may die there and then.

use super::{Explored, Found, Rules, explore};
use crate::{
    case,
    check::Case,
    doubles::Doubles,
    picture, progress, report,
    scenarios::deaths::{survivors_agree, survivors_who_come_and_go_agree},
    world::Shape,
};
use std::time::{Duration, Instant};

/// An exploration that passed.
#[derive(Clone, Debug)]
pub struct Exploration {
    pub shape: Shape,
    /// The last consumer comes late, and everybody leaves.
    pub comes_and_goes: bool,
    pub deaths: u8,
    /// Places in the participants' text at which somebody died.
    pub points: usize,
    pub states: u64,
    pub steps: u64,
    pub outcomes: usize,
    pub time: Duration,
}

/// `survivors_agree` of this shape; its doubles are named for pictures alone.
pub const fn survivors(producers: u32, consumers: u32, messages: u32, slots: u32) -> Case {
    let shape = Shape::new(producers, consumers, messages, slots);
    case!(survivors_agree, "C1 C2 L2", shape, Doubles::PARK_STACK)
}

/// Explores it with so many deaths, at any moment each.
pub fn deaths(case: &Case, deaths: u8) -> Found {
    explore(&|| survivors_agree::<Explored>(case), Rules { deaths, ..Rules::default() })
}

/// The same where the last consumer joins in the middle, and everybody leaves.
pub fn deaths_of_who_come_and_go(case: &Case, deaths: u8) -> Found {
    let rules = Rules { deaths, comes_and_goes: true, ..Rules::default() };
    explore(&|| survivors_who_come_and_go_agree::<Explored>(case), rules)
}

/// No failure, or it is explained; each death that can be noticed was.
fn sweep(case: Case, count: u8, comes_and_goes: bool) {
    let start = Instant::now();
    progress::begin(|| format!("{case}, {count} deaths"));
    let found = if comes_and_goes { deaths_of_who_come_and_go(&case, count) } else { deaths(&case, count) };
    progress::end();
    let Shape { producers, consumers, slots, .. } = case.shape;
    if let Some((why, steps)) = &found.failure {
        panic!("\n{}\n{} with {count} deaths: {why}", picture::table(&case, steps, why), case.shape);
    }
    let most = |name| found.counts.iter().filter(|count| count.0 == name).map(|count| count.1).max();
    let takeovers = if producers > 1 { u64::from(count) } else { 0 };
    assert_eq!(most("takeovers"), Some(takeovers.min(producers.saturating_sub(1).into())), "dead owners are replaced");
    assert_eq!(
        most("evicted") > Some(0),
        count > 0 && case.shape.messages * producers >= slots,
        "dead consumers are evicted"
    );
    let Found { states, transitions: steps, .. } = found;
    let (points, outcomes, shape, time) = (found.died_at.len(), found.outcomes.len(), case.shape, start.elapsed());
    let which = if comes_and_goes { "coming and going, " } else { "" };
    println!(
        "{shape}, {which}{count} deaths: {points} places, {states} states, {steps} steps, {outcomes} outcomes, {time:.1?}"
    );
    assert!(consumers == 0 || outcomes > 1 || count == 0, "deaths make a difference");
    assert!(outcomes > 1 || !comes_and_goes, "who comes late may come in time");
    report::add_exploration(&Exploration {
        shape,
        comes_and_goes,
        deaths: count,
        points,
        states,
        steps,
        outcomes,
        time,
    });
}

/// Nobody dies, one does, or two do.
fn sweep_all(shapes: &[(u32, u32, u32, u32)]) {
    for &(producers, consumers, messages, slots) in shapes {
        (0..=2).for_each(|count| sweep(survivors(producers, consumers, messages, slots), count, false));
    }
}

fn sweep_who_come_and_go(shapes: &[(u32, u32, u32, u32)]) {
    for &(producers, consumers, messages, slots) in shapes {
        (0..=2).for_each(|count| sweep(survivors(producers, consumers, messages, slots), count, true));
    }
}

/// Where nobody dies nobody patrols, so a lost wake-up is a deadlock.
#[test]
fn explored_one_and_one() {
    sweep_all(&[(1, 1, 1, 1), (1, 1, 1, 2), (1, 1, 2, 1), (2, 1, 0, 1)]);
}

#[test]
fn explored_two_consumers() {
    sweep_all(&[(1, 2, 1, 1), (1, 2, 1, 2)]);
}

#[test]
fn explored_two_producers() {
    sweep_all(&[(2, 1, 1, 1), (2, 1, 1, 2)]);
}

/// The last consumer joins in the middle, and everybody leaves.
#[test]
fn explored_coming_and_going() {
    sweep_who_come_and_go(&[(1, 1, 1, 1), (1, 1, 2, 1), (1, 1, 2, 2), (2, 1, 0, 1)]);
    if cfg!(loom) {
        sweep_who_come_and_go(&[(1, 2, 1, 1)]);
    }
}

#[cfg(loom)]
#[test]
fn explored_coming_and_going_with_two_producers() {
    sweep_who_come_and_go(&[(2, 1, 1, 1)]);
}

/// With a message and a death there are a hundred million states: that is for the hand.
#[test]
fn explored_two_and_two() {
    sweep_all(&[(2, 2, 0, 1)]);
    if cfg!(loom) {
        sweep(survivors(2, 2, 1, 1), 0, false);
    }
}

/// One configuration by hand: `ACKCAST_EXPLORE="2 2 1 1 2"`, the last number that of the deaths. A sixth number, and
/// the last consumer comes late, and everybody leaves.
#[test]
fn one_exploration_by_hand() {
    let Ok(wanted) = std::env::var("ACKCAST_EXPLORE") else { return };
    let numbers: Vec<u32> = wanted.split_whitespace().map(|number| number.parse().expect("numbers")).collect();
    let &[producers, consumers, messages, slots, count, ref late @ ..] = &numbers[..] else {
        panic!("five numbers or six: {wanted}")
    };
    sweep(survivors(producers, consumers, messages, slots), count as u8, !late.is_empty());
}
