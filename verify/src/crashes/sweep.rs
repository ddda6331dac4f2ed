//! The sweep over crash points: every participant dies at every step, alone and in pairs. loom runs all interleavings
//! of the others and judges orderings, on the smallest shapes. Graphs judge them on larger ones (`graph/check.rs`), and
//! the explorer has the full stack (`explore/sweep.rs`).
//!
//! A step is an operation that other participants can notice, counted after all have joined: see [`Crash`]. A point
//! counts only if the death happens in some execution. A participant's points end where no execution reaches the next.

use crate::{
    case,
    checks::{
        explain,
        run::{Checker, Report, check, trace},
    },
    events::{Outcome, event},
    hook::{Armed, Crash, Mutant, disarm},
    model::{
        case::{Case, Shape},
        config::ModelConfig,
    },
    report::{
        counterexample::Counterexample,
        tables::{self, CRASH_POINTS},
    },
    scenarios::survivors::survivors_agree,
};
use std::time::{Duration, Instant};

/// The result of a sweep.
#[derive(Clone, Debug)]
pub struct Swept {
    case: Case,
    /// The configuration of the check.
    pub config: ModelConfig,
    /// Deaths in each check.
    pub deaths: usize,
    /// The participants that die, and at how many steps.
    pub victims: String,
    /// Crash points, or pairs of them, that were checked.
    pub points: u64,
    /// The executions of all points.
    pub executions: u64,
    /// How long the sweep took.
    pub time: Duration,
}

impl Swept {
    /// Adds the sweep to the report.
    fn add_to_report(&self) {
        let Self { case, config, deaths, victims, points, executions, time } = self;
        let seconds = format!("{:.1}", time.as_secs_f64());
        tables::add(&CRASH_POINTS, &[&case.shape, config, deaths, victims, points, executions, &seconds]);
    }
}

/// No participant joins after the start, so a notification needs no fence. Without fences the edges must suffice, which
/// is the stricter check.
pub const fn survivors(producers: u32, consumers: u32, messages: u32, slots: u32) -> Case {
    case!(survivors_agree, "C1 C2 L2", Shape::new(producers, consumers, messages, slots), ModelConfig::ASSUME)
}

/// A participant's name.
pub fn name(case: &Case, number: u32) -> String {
    match number.checked_sub(case.shape.consumers) {
        Some(producer) => format!("producer {producer}"),
        None => format!("consumer {number}"),
    }
}

/// Runs the check with these deaths, and perhaps a mutant.
pub fn check_with_deaths(case: Case, crashes: &[Crash], mutant: Option<Mutant>) -> Report {
    let found = check(case, Checker::Loom, Armed { mutant, crashes: crashes.to_vec(), ..Armed::default() });
    disarm();
    found
}

/// Whether all these deaths happened in some execution. Outcomes are in the order of participants' numbers.
pub fn happened(found: &Report, crashes: &[Crash]) -> bool {
    let died = |outcome: &Outcome, crash: &Crash| outcome[crash.participant as usize] == [event::DIED];
    found.outcomes.iter().any(|outcome| crashes.iter().all(|crash| died(outcome, crash)))
}

/// Panics with the failing execution, if there is a failure.
fn must_pass(case: Case, crashes: &[Crash], found: &Report) {
    let Some(failure) = &found.failure else { return };
    let armed = Armed { crashes: crashes.to_vec(), ..Armed::default() };
    let steps = trace(case, Checker::Loom, armed, found);
    let deaths = crashes.iter().map(|crash| format!("{} at step {}", name(&case, crash.participant), crash.step));
    let deaths = deaths.collect::<Vec<_>>().join(", ");
    let found_by = format!("loom, execution {}, with the death of {deaths}", found.executions);
    let test = format!("crash_points::{}", case.shape);
    explain::must_pass(Some(Counterexample::new(test, case, found_by, &failure.message, &steps)));
}

/// Checks a point with its deaths; returns whether they all happen in some execution.
fn point(case: Case, crashes: &[Crash], swept: &mut Swept) -> bool {
    let found = check_with_deaths(case, crashes, None);
    if std::env::var_os("ACKCAST_SWEEP").is_some() {
        let (executions, time) = (found.executions, found.time);
        eprintln!("{} [{}] {crashes:?}: {executions} executions, {time:.1?}", swept.case.shape, swept.config);
    }
    must_pass(case, crashes, &found);
    let happened = happened(&found, crashes);
    swept.executions += found.executions;
    swept.points += u64::from(happened);
    happened
}

/// The number of points of `participant`: the first step at which no death happens.
fn steps_of(case: Case, participant: u32, swept: &mut Swept) -> u32 {
    (0..).find(|&step| !point(case, &[Crash { participant, step }], swept)).unwrap_or_default()
}

fn begin(case: Case, deaths: usize) -> (Swept, Instant) {
    let Case { config, .. } = case;
    let (victims, points, executions, time) = (String::new(), 0, 0, Duration::ZERO);
    (Swept { case, config, deaths, victims, points, executions, time }, Instant::now())
}

fn end((mut swept, start): (Swept, Instant)) {
    swept.time = start.elapsed();
    let (points, executions) = (swept.points, swept.executions);
    println!(
        "{} [{}] {}: {points} points, {executions} executions, {:.1?}",
        swept.case.shape, swept.config, swept.victims, swept.time
    );
    swept.add_to_report();
}

/// Every participant dies at every step, one death at a time.
pub fn single(case: Case) {
    let mut sweep = begin(case, 1);
    for participant in 0..case.shape.consumers + case.shape.producers {
        let steps = steps_of(case, participant, &mut sweep.0);
        assert!(steps > 0, "{} takes steps", name(&case, participant));
        let comma = if participant > 0 { ", " } else { "" };
        sweep.0.victims += &format!("{comma}{} {steps}", name(&case, participant));
    }
    end(sweep);
}

/// Two participants die, each at every step. Some pairs of deaths cannot happen, because a participant may need the
/// other to reach its step.
pub fn double(case: Case, first: u32, second: u32) {
    let mut alone = begin(case, 1).0;
    let [firsts, seconds] = [first, second].map(|victim| steps_of(case, victim, &mut alone));
    let mut sweep = begin(case, 2);
    for step in 0..firsts {
        for other in 0..seconds {
            let crashes = [Crash { participant: first, step }, Crash { participant: second, step: other }];
            point(case, &crashes, &mut sweep.0);
        }
    }
    assert!(sweep.0.points > 0, "some pair of deaths happens");
    sweep.0.victims = format!("{} × {}", name(&case, first), name(&case, second));
    end(sweep);
}

/// A shape by hand, point by point: "1 2 1 1". A fifth number of 2 checks all pairs.
pub fn by_hand(wanted: &str) {
    let numbers: Vec<u32> = wanted.split_whitespace().map(|number| number.parse().expect("numbers")).collect();
    let case = survivors(numbers[0], numbers[1], numbers[2], numbers[3]);
    let count = numbers[0] + numbers[1];
    match numbers.get(4) {
        Some(_) => (0..count).for_each(|a| (a + 1..count).for_each(|b| double(case, a, b))),
        None => single(case),
    }
}
