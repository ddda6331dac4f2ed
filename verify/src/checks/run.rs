//! Runs a scenario under a checker, counts its executions, and returns a failure as a value.

use super::{panics::first_panic, replay};
use crate::{
    events::{self, Execution, Outcome},
    hook::{self, Armed, Step},
    model::{case::Case, leak::drop_leaked},
    report::progress,
};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

/// What runs the executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checker {
    /// All interleavings, no bound.
    Loom,
    /// All schedules, no bound.
    Dfs,
    /// This number of schedules, from this seed.
    Random(usize, u64),
    /// The same by probabilistic concurrency testing, with three changes of priority.
    Pct(usize, u64),
    /// The same by a uniform random walk.
    Urw(usize, u64),
    /// The schedule that a failure printed.
    Replay(&'static str),
}

impl Checker {
    /// Whether every execution is run.
    pub const fn is_exhaustive(self) -> bool {
        matches!(self, Self::Loom | Self::Dfs)
    }

    /// Whether shuttle runs the executions.
    pub const fn is_shuttle(self) -> bool {
        !matches!(self, Self::Loom)
    }
}

/// What a check found.
#[derive(Clone, Debug)]
pub struct Report {
    /// How many executions there were, up to the failing one if there is a failure.
    pub executions: u64,
    /// How long they took.
    pub time: Duration,
    /// The outcomes of these executions.
    pub outcomes: BTreeSet<Outcome>,
    /// The same, with the other events of each execution.
    pub seen: BTreeSet<Execution>,
    /// The first failure, if there is one.
    pub failure: Option<Failure>,
}

/// What broke, and in which execution.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The panic's message.
    pub message: String,
    /// Under shuttle: the schedule of the failing execution, for [`Checker::Replay`].
    pub schedule: Option<String>,
}

/// Most branches of an execution; an execution with more is a livelock and fails.
const MAX_BRANCHES: usize = 2_000;

/// Why a run with these environment variables would not be exhaustive.
pub fn refused(mut names: impl Iterator<Item = String>) -> Option<String> {
    let bad = names.find(|name| name.starts_with("LOOM_MAX_") || name.starts_with("LOOM_CHECKPOINT_"))?;
    Some(format!("{bad} is set: it can make loom stop early and succeed, so nothing would be exhaustive; unset it"))
}

fn run(case: Case, checker: Checker, trace_from: Option<u64>) -> Result<(), String> {
    if let Some(why) = refused(std::env::vars().map(|(name, _)| name)) {
        panic!("{why}");
    }
    let start = move |body: fn(&Case)| {
        let count = events::count_execution();
        progress::executions(count);
        hook::limit_executions(count);
        if trace_from == Some(count) {
            hook::trace_from_now();
        }
        body(&case);
    };
    let result = first_panic(|| match checker {
        Checker::Loom => {
            let mut builder = loom::model::Builder::new();
            builder.max_threads = loom::MAX_THREADS;
            builder.max_branches = MAX_BRANCHES;
            (builder.max_permutations, builder.max_duration, builder.preemption_bound) = (None, None, None);
            (builder.checkpoint_file, builder.checkpoint_interval) = (None, usize::MAX);
            (builder.expect_explicit_explore, builder.location, builder.log) = (false, false, false);
            builder.check(move || start(case.loom));
        }
        Checker::Dfs => run_shuttle(shuttle::scheduler::DfsScheduler::new(None, false), move || start(case.shuttle)),
        Checker::Random(count, seed) => {
            run_shuttle(shuttle::scheduler::RandomScheduler::new_from_seed(seed, count), move || start(case.shuttle));
        }
        Checker::Pct(count, seed) => {
            run_shuttle(shuttle::scheduler::PctScheduler::new_from_seed(seed, 3, count), move || start(case.shuttle));
        }
        Checker::Urw(count, seed) => {
            run_shuttle(shuttle::scheduler::UrwRandomScheduler::new_from_seed(seed, count), move || {
                start(case.shuttle)
            });
        }
        Checker::Replay(schedule) => run_shuttle(replay::scheduler(schedule), move || start(case.shuttle)),
    });
    drop_leaked();
    result
}

fn run_shuttle(scheduler: impl shuttle::scheduler::Scheduler + 'static, body: impl Fn() + Send + Sync + 'static) {
    let mut config = shuttle::Config::new();
    config.failure_persistence = shuttle::FailurePersistence::None;
    config.max_steps = shuttle::MaxSteps::FailAfter(100_000);
    config.silence_warnings = true;
    shuttle::Runner::new(replay::Recorded::new(scheduler), config).run(body);
}

/// Checks a case to the end, or to its first failure.
pub fn check(case: Case, checker: Checker, armed: Armed) -> Report {
    hook::arm(armed);
    drop(events::take_executions());
    progress::begin(|| format!("{case} {checker:?}"));
    let start = Instant::now();
    let result = run(case, checker, None);
    progress::end();
    let time = start.elapsed();
    let (executions, seen) = events::take_executions();
    let outcomes = seen.iter().map(|execution| execution.outcome.clone()).collect();
    let schedule = checker.is_shuttle().then(replay::last);
    let failure = result.err().map(|message| Failure { message, schedule });
    Report { executions, time, outcomes, seen, failure }
}

/// Checks again, deterministically, up to the failure; returns the steps of the failing execution.
pub fn trace(case: Case, checker: Checker, armed: Armed, report: &Report) -> Vec<Step> {
    hook::arm(armed);
    drop(events::take_executions());
    drop(run(case, checker, report.executions.checked_sub(1)));
    drop(events::take_executions());
    hook::disarm().0
}
