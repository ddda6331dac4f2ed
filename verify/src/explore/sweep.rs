//! Crash sweeps by exploration: in every state, every living participant may die.

use super::{Explored, Found, Rules, explore};
use crate::{
    case,
    checks::explain::must_pass,
    model::{
        case::{Case, Late, Shape},
        config::ModelConfig,
    },
    report::{
        counterexample::Counterexample,
        progress,
        tables::{self, EXPLORATIONS},
    },
    scenarios::survivors::{check_agreement, survivors_agree},
};
use std::time::Instant;

/// `survivors_agree` with this shape. Its config serves pictures only.
pub const fn survivors(producers: u32, consumers: u32, messages: u32, slots: u32) -> Case {
    let shape = Shape::new(producers, consumers, messages, slots);
    case!(survivors_agree, "C1 C2 L2", shape, ModelConfig::PARK_STACK)
}

/// The same with so many messages retained, at the oldest of which a late consumer joins.
pub const fn retaining(case: Case, retain: u32) -> Case {
    Case { shape: case.shape.retaining(retain), ..case }
}

/// Explores the case with up to this many deaths, each at any moment.
pub fn deaths(case: &Case, deaths: u8) -> Found {
    deaths_with_late(Late::None, case, deaths)
}

/// The same with a participant that joins late, after which all leave.
pub fn deaths_with_late(late: Late, case: &Case, deaths: u8) -> Found {
    explore(&|| check_agreement::<Explored>(case, late), Rules { deaths, late, ..Rules::default() })
}

/// Explores the case; panics with the failing execution. Checks that deaths had their effects.
pub fn sweep(case: Case, count: u8, late: Late) {
    let start = Instant::now();
    progress::begin(|| format!("{case}, {count} deaths"));
    let found = deaths_with_late(late, &case, count);
    progress::end();
    let Shape { producers, consumers, slots, .. } = case.shape;
    if let Some((why, steps)) = &found.failure {
        let (name, found_by) = (format!("explore::{}", case.shape), format!("states, with up to {count} deaths"));
        must_pass(Some(Counterexample::new(name, case, found_by, why, steps)));
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
    println!(
        "{shape}, {late:?} late, {count} deaths: {points} places, {states} states, {steps} steps, {outcomes} outcomes, {time:.1?}"
    );
    assert!(consumers == 0 || outcomes > 1 || count == 0, "deaths make a difference");
    assert!(outcomes > 1 || late == Late::None, "a late participant may join in time");
    let (late, seconds) = (format!("{late:?}"), format!("{:.1}", time.as_secs_f64()));
    tables::add(&EXPLORATIONS, &[&shape, &late, &count, &points, &states, &steps, &outcomes, &seconds]);
}

/// A shape by hand: "2 2 1 1 2", where the fifth number is that of the deaths. A sixth number makes a
/// participant join late: 1 the last consumer, 2 the last producer.
pub fn by_hand(wanted: &str) {
    let numbers: Vec<u32> = wanted.split_whitespace().map(|number| number.parse().expect("numbers")).collect();
    let &[producers, consumers, messages, slots, count, ref late @ ..] = &numbers[..] else {
        panic!("five numbers or six: {wanted}")
    };
    let late = match late {
        [] => Late::None,
        [1] => Late::Consumer,
        [2] => Late::Producer,
        _ => panic!("the sixth number is 1 or 2: {wanted}"),
    };
    sweep(survivors(producers, consumers, messages, slots), count as u8, late);
}
