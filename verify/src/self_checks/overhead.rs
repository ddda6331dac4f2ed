//! The hook's cost: printed and not judged, because the machine runs other programs, too.

use crate::{
    case,
    checks::run::{Checker, check},
    hook::{self, Armed, Kind, Mutant, Name, Operator, Site},
    model::{
        case::{Case, Shape},
        config::ModelConfig,
        engine::{Engine, Loom},
    },
    scenarios::flow::consumer_gets_every_message,
};
use rustix::time::{ClockId, clock_gettime};
use std::{hint::black_box, panic::Location, sync::atomic::Ordering::Relaxed};

/// The CPU time of this thread in seconds.
fn seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Executions per second of a run to the end.
fn rate(case: Case, armed: Armed) -> f64 {
    let start = seconds();
    let found = check(case, Checker::Loom, armed);
    hook::disarm();
    assert!(found.failure.is_none(), "{:?}", found.failure);
    found.executions as f64 / (seconds() - start)
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// Nanoseconds of a question to the unarmed hook and its answer.
fn nanoseconds() -> f64 {
    const TIMES: u32 = 1_000_000;
    let name = Name { word: "published", owner: None };
    let start = seconds();
    for n in 0..TIMES {
        black_box(hook::before(Loom::thread, Location::caller(), black_box(name), Kind::Load, Some(Relaxed)));
        hook::after(Loom::thread, Kind::Load, Some(n.into()), None);
    }
    (seconds() - start) * 1e9 / f64::from(TIMES)
}

/// A mutant at a site that is never reached.
const NOWHERE: Mutant =
    Mutant { site: Site { file: "", line: 0, column: 0 }, kind: Kind::Load, operator: Operator::Drop };

/// Rounds of bypassed, unarmed and armed runs, one after the other.
#[test]
fn hook_overhead() {
    let rounds = std::env::var("ACKCAST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1);
    let messages = if rounds > 1 { 3 } else { 2 };
    let case = case!(consumer_gets_every_message, "", Shape::new(1, 2, messages, 1), ModelConfig::ASSUME);
    let (mut without, mut unarmed, mut mutated, mut covered, mut traced) = (vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..rounds {
        without.push(hook::bypassing(|| rate(case, Armed::default())));
        unarmed.push(rate(case, Armed::default()));
        mutated.push(rate(case, Armed { mutant: Some(NOWHERE), ..Armed::default() }));
        covered.push(rate(case, Armed { coverage: true, ..Armed::default() }));
        traced.push(rate(case, Armed { trace: true, ..Armed::default() }));
    }
    let without = median(without);
    println!("{} [{}], {rounds} rounds, medians of executions per second", case.shape, case.config);
    println!("without the hook: {without:.0}; a question to it, unarmed: {:.1} ns", nanoseconds());
    for (what, rates) in [("unarmed", unarmed), ("mutant", mutated), ("coverage", covered), ("trace", traced)] {
        let rate = median(rates);
        println!("{what}: {rate:.0}, {:+.1} %", (without / rate - 1.0) * 100.0);
    }
}
