//! Runs a scenario under a checker, counts its executions, and returns a failure as a value.

use crate::{
    config::ModelConfig,
    engine::{Engine, Loom, Shuttle},
    fixture::{self, Execution, Outcome, Shape},
    hook::{self, Armed, Step},
    progress, replay,
    segment::drop_leaked,
};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Once,
    time::{Duration, Instant},
};

/// A scenario with its parameters.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub name: &'static str,
    /// The properties it defends, by their names.
    pub defends: &'static str,
    pub shape: Shape,
    pub config: ModelConfig,
    pub loom: fn(&Case),
    pub shuttle: fn(&Case),
    pub graph: fn(&Case),
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} [{}]", self.name, self.shape, self.config)
    }
}

/// What runs the executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checker {
    /// All interleavings, no bound.
    Loom,
    /// All schedules, no bound.
    Dfs,
    /// This number of schedules, from this seed.
    Random(usize, u64),
    Pct(usize, u64),
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
    pub executions: u64,
    pub time: Duration,
    pub outcomes: BTreeSet<Outcome>,
    /// The same, with the other events of each execution.
    pub seen: BTreeSet<Execution>,
    pub failure: Option<Failure>,
}

/// What broke, and in which execution.
#[derive(Clone, Debug)]
pub struct Failure {
    pub message: String,
    /// Under shuttle: the schedule of the failing execution, for [`Checker::Replay`].
    pub schedule: Option<String>,
}

/// Most branches of an execution; an execution with more is a livelock and fails.
const MAX_BRANCHES: usize = 2_000;

thread_local! {
    /// The text of the first panic since a check began.
    static FIRST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
    /// Panics are a check's result, and are not printed.
    static SILENCED: Cell<bool> = const { Cell::new(false) };
}

/// A panic's text, if it has one.
pub fn text_of(payload: &(dyn std::any::Any + Send)) -> Option<String> {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref().copied()).map(|text| text.trim().to_owned())
}

/// Installs a panic hook that keeps a check's panics instead of printing them.
fn catch_panics() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // shuttle wraps the hook that it finds at its first run, so it must run before ours is installed.
        shuttle::check_dfs(|| {}, Some(1));
        let default = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !SILENCED.get() {
                return default(info);
            }
            // An engine ends its threads by panics without a text.
            if let Some(text) = text_of(info.payload()) {
                FIRST_PANIC.with_borrow_mut(|caught| {
                    caught.get_or_insert(text);
                });
            }
        }));
    });
}

/// Runs `f` without printing its panics.
pub fn silence_panics(f: impl FnOnce()) {
    catch_panics();
    SILENCED.set(true);
    f();
    SILENCED.set(false);
}

/// Why a run with these environment variables would not be exhaustive.
pub fn refused(mut names: impl Iterator<Item = String>) -> Option<String> {
    let bad = names.find(|name| name.starts_with("LOOM_MAX_") || name.starts_with("LOOM_CHECKPOINT_"))?;
    Some(format!("{bad} is set: it can make loom stop early and succeed, so nothing would be exhaustive; unset it"))
}

fn run(case: Case, checker: Checker, trace_from: Option<u64>) -> Result<(), String> {
    if let Some(why) = refused(std::env::vars().map(|(name, _)| name)) {
        panic!("{why}");
    }
    catch_panics();
    let start = move |body: fn(&Case)| {
        let count = fixture::count_execution();
        hook::limit_executions(count);
        if trace_from == Some(count) {
            hook::trace_from_now();
        }
        body(&case);
    };
    SILENCED.set(true);
    FIRST_PANIC.set(None);
    let result = catch_unwind(AssertUnwindSafe(|| match checker {
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
    }));
    SILENCED.set(false);
    drop_leaked();
    // The first panic is the cause; the last one may be a consequence.
    result.map_err(|last| {
        FIRST_PANIC.take().or_else(|| text_of(&*last)).unwrap_or_else(|| "a panic without a text".into())
    })
}

fn run_shuttle(scheduler: impl shuttle::scheduler::Scheduler + 'static, body: impl Fn() + Send + Sync + 'static) {
    let mut config = shuttle::Config::new();
    config.failure_persistence = shuttle::FailurePersistence::None;
    config.max_steps = shuttle::MaxSteps::FailAfter(100_000);
    config.silence_warnings = true;
    shuttle::Runner::new(replay::Recorded(scheduler), config).run(body);
}

/// Checks a case to the end, or to its first failure.
pub fn check(case: Case, checker: Checker, armed: Armed) -> Report {
    hook::arm(armed);
    drop(fixture::take_executions());
    progress::begin(|| format!("{case} {checker:?}"));
    let start = Instant::now();
    let result = run(case, checker, None);
    progress::end();
    let time = start.elapsed();
    let (executions, seen) = fixture::take_executions();
    let outcomes = seen.iter().map(|execution| execution.outcome.clone()).collect();
    let schedule = checker.is_shuttle().then(replay::last);
    let failure = result.err().map(|message| Failure { message, schedule });
    Report { executions, time, outcomes, seen, failure }
}

/// Checks again, deterministically, up to the failure; returns the steps of the failing execution.
pub fn trace(case: Case, checker: Checker, armed: Armed, report: &Report) -> Vec<Step> {
    hook::arm(armed);
    drop(fixture::take_executions());
    drop(run(case, checker, report.executions.checked_sub(1)));
    drop(fixture::take_executions());
    hook::disarm().0
}

/// A case: a scenario's body on each engine, with its parameters.
#[macro_export]
macro_rules! case {
    ($body:ident, $defends:literal, $shape:expr, $config:expr) => {
        $crate::check::Case {
            name: stringify!($body),
            defends: $defends,
            shape: $shape,
            config: $config,
            loom: $body::<$crate::engine::Loom>,
            shuttle: $body::<$crate::engine::Shuttle>,
            graph: $body::<$crate::explore::Explored>,
        }
    };
}

const _: fn() = || {
    fn engine<E: Engine>() {}
    engine::<Loom>();
    engine::<Shuttle>();
};
