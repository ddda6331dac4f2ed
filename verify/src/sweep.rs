//! The sweep over crash points: every participant dies at every step, alone and in pairs. loom runs all interleavings
//! of the others and judges orderings, on shapes that it finishes. The explorer has the larger shapes
//! (`explore/sweep.rs`).
//!
//! A step is an operation that other participants can notice, counted after all have joined: see [`Crash`]. A point
//! counts only if the death happens in some execution. A participant's points end where no execution reaches the next.

use crate::{
    case,
    check::{Case, Checker, Report, check, trace},
    config::{ModelConfig, WaitModel},
    fixture::{Outcome, Shape, event},
    hook::{Armed, Crash, Mutant, Operator, disarm},
    mutants::labelled,
    picture, report,
    scenarios::survivors::survivors_agree,
};
use std::time::{Duration, Instant};

/// The result of a sweep.
#[derive(Clone, Debug)]
pub struct Swept {
    case: Case,
    pub config: ModelConfig,
    /// Deaths in each check.
    pub deaths: usize,
    /// The participants that die, and at how many steps.
    pub victims: String,
    /// Crash points, or pairs of them, that were checked.
    pub points: u64,
    pub executions: u64,
    pub time: Duration,
}

impl Swept {
    /// Whether every execution of each point was run.
    pub fn exhaustive(&self) -> bool {
        checker(self.case) == Checker::Loom
    }

    pub fn shape(&self) -> String {
        let Shape { producers, consumers, messages, slots } = self.case.shape;
        format!("{producers}×{consumers}×{messages} on {slots}")
    }
}

/// No participant joins after the start, so a notification needs no fence. Without fences the edges must suffice, which
/// is the stricter check.
const fn survivors(producers: u32, consumers: u32, messages: u32, slots: u32) -> Case {
    case!(survivors_agree, "C1 C2 L2", Shape::new(producers, consumers, messages, slots), ModelConfig::ASSUME)
}

/// The case on the full stack, where a takeover consists of steps.
const fn sampled(case: Case) -> Case {
    Case { config: ModelConfig::PARK_STACK, ..case }
}

/// Schedules of each point, for cases that are too large for all executions.
const SCHEDULES: usize = if cfg!(loom) { 200 } else { 20 };

fn checker(case: Case) -> Checker {
    match case.config.waiting {
        WaitModel::Park => Checker::Random(SCHEDULES, 11),
        _ => Checker::Loom,
    }
}

fn name(case: &Case, number: u32) -> String {
    match number.checked_sub(case.shape.consumers) {
        Some(producer) => format!("producer {producer}"),
        None => format!("consumer {number}"),
    }
}

/// Runs the check with these deaths, and perhaps a mutant.
fn check_with_deaths(case: Case, crashes: &[Crash], mutant: Option<Mutant>) -> Report {
    let found = check(case, checker(case), Armed { mutant, crashes: crashes.to_vec(), ..Armed::default() });
    disarm();
    found
}

/// Whether all these deaths happened in some execution. Outcomes are in the order of participants' numbers.
fn happened(found: &Report, crashes: &[Crash]) -> bool {
    let died = |outcome: &Outcome, crash: &Crash| outcome[crash.participant as usize] == [event::DIED];
    found.outcomes.iter().any(|outcome| crashes.iter().all(|crash| died(outcome, crash)))
}

/// Panics with the failing execution, if there is a failure.
fn must_pass(case: Case, crashes: &[Crash], found: &Report) {
    let Some(failure) = &found.failure else { return };
    let armed = Armed { crashes: crashes.to_vec(), ..Armed::default() };
    let steps = trace(case, checker(case), armed, found);
    let table = picture::table(&case, &steps, &failure.message);
    panic!("\n{table}\n{:?} [{}] with {crashes:?}: {}", case.shape, case.config, failure.message);
}

/// Checks a point with its deaths; returns whether they all happen in some execution.
fn point(case: Case, crashes: &[Crash], swept: &mut Swept) -> bool {
    let found = check_with_deaths(case, crashes, None);
    if std::env::var_os("ACKCAST_SWEEP").is_some() {
        let (executions, time) = (found.executions, found.time);
        eprintln!("{} [{}] {crashes:?}: {executions} executions, {time:.1?}", swept.shape(), swept.config);
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
        swept.shape(),
        swept.config,
        swept.victims,
        swept.time
    );
    report::add_sweep(&swept);
}

/// Every participant dies at every step, one death at a time.
fn single(case: Case) {
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
fn double(case: Case, first: u32, second: u32) {
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

/// Runs [`double`] for each pair of participants.
fn pairs(case: Case, victims: &[(u32, u32)]) {
    for &(first, second) in victims {
        double(case, first, second);
    }
}

/// Sweeps these shapes.
fn sweep_all(cases: &[(u32, u32, u32, u32)]) {
    for &(producers, consumers, messages, slots) in cases {
        single(survivors(producers, consumers, messages, slots));
    }
}

#[test]
fn sweep_one_and_one_exhaustively() {
    sweep_all(&[(1, 1, 1, 1), (1, 1, 1, 2), (1, 1, 2, 1), (2, 1, 0, 1)]);
}

#[cfg(loom)]
#[test]
fn sweep_two_consumers_exhaustively() {
    sweep_all(&[(1, 2, 1, 1), (1, 2, 1, 2)]);
}

#[cfg(loom)]
#[test]
fn sweep_two_producers_exhaustively() {
    sweep_all(&[(2, 1, 1, 1)]);
}

#[test]
fn sweep_two_deaths_of_one_and_one_exhaustively() {
    pairs(survivors(1, 1, 1, 1), &[(0, 1)]);
    pairs(survivors(2, 1, 0, 1), &[(0, 1), (0, 2), (1, 2)]);
}

/// The explorer covers both shapes (`explore/sweep.rs`); that on 2 slots by hand only, because it takes long.
#[test]
fn sweep_two_and_two_sampled() {
    single(sampled(survivors(2, 2, 1, 1)));
    single(sampled(survivors(2, 2, 1, 2)));
}

/// The mutant with this operator at the site with this label, which `case` must reach.
fn mutant(case: Case, crashes: &[Crash], label: &str, operator: Operator) -> Mutant {
    let armed = Armed { coverage: true, executions: Some(500), crashes: crashes.to_vec(), ..Armed::default() };
    drop(check(case, Checker::Loom, armed));
    let (_, seen) = disarm();
    let (site, kind) = labelled(seen.keys(), label);
    Mutant { site, kind, operator }
}

/// The first step of a participant at which a death reveals the mutant, and the failure.
fn revealed_at(case: Case, participant: u32, mutant: Mutant) -> Option<(u32, String)> {
    for step in 0.. {
        let crashes = [Crash { participant, step }];
        let found = check_with_deaths(case, &crashes, Some(mutant));
        if let Some(failure) = &found.failure {
            return Some((step, failure.message.clone()));
        }
        if !happened(&found, &crashes) {
            break;
        }
    }
    None
}

/// A step of recovery is missing: no check without deaths fails, and the sweep does.
#[test]
fn sweep_reveals_missing_recovery() {
    let case = survivors(1, 1, 2, 1);
    let consumer_dies = [Crash { participant: 0, step: 0 }];
    let evict = mutant(case, &consumer_dies, "X12", Operator::Drop);
    let claim = mutant(case, &[], "X11", Operator::Drop);
    for (mutant, victim) in [(evict, 0), (claim, 1)] {
        let unharmed = check_with_deaths(case, &[], Some(mutant));
        assert!(unharmed.failure.is_none(), "without a death the mutant lives: {:?}", unharmed.failure);
        let (step, how) = revealed_at(case, victim, mutant).expect("the sweep finds it");
        println!("{} [{:?}]: {} dies at step {step}: {how}", mutant.site, mutant.operator, name(&case, victim));
    }
}

/// A shape by hand, point by point: `ACKCAST_SWEEP="1 2 1 1"`. A fifth number of 1 samples it, of 2 checks all pairs.
#[test]
fn one_sweep_by_hand() {
    let Ok(wanted) = std::env::var("ACKCAST_SWEEP") else { return };
    let numbers: Vec<u32> = wanted.split_whitespace().map(|number| number.parse().expect("numbers")).collect();
    let case = survivors(numbers[0], numbers[1], numbers[2], numbers[3]);
    let count = numbers[0] + numbers[1];
    match numbers.get(4) {
        Some(1) => single(sampled(case)),
        Some(_) => (0..count).for_each(|a| (a + 1..count).for_each(|b| pairs(case, &[(a, b)]))),
        None => single(case),
    }
}
