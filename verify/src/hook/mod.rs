//! The hook that every operation of the checkers' layers asks: *(participant, call site, word, kind, ordering) →
//! proceed, or do otherwise*. It serves four purposes: trace, mutation, crash, coverage.
//!
//! Call sites come from `Location::caller()`, so they are found by running. loom and shuttle run all threads of an
//! execution on the OS thread that started it. So the state is thread-local, and tests can run side by side.

mod state;
mod words;

pub use words::{
    Armed, Crash, Died, EXECUTION_LIMIT, Edges, Kind, Mutant, Name, Operator, Site, SiteCoverage, Step, Verdict,
    Weaker, Weight,
};

use state::State;
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    panic::Location,
    sync::atomic::Ordering,
};

/// How operations ask the hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Ask,
    /// They do not ask it, to measure its cost.
    Bypass,
    /// Every operation is ignored.
    Ignore,
}

thread_local! {
    static ARMED: Cell<bool> = const { Cell::new(false) };
    /// The hook needs the acting participant, which costs as much to find out as all the rest.
    static NEEDS_PARTICIPANT: Cell<bool> = const { Cell::new(false) };
    static DYING: Cell<bool> = const { Cell::new(false) };
    static EVICTIONS: Cell<u64> = const { Cell::new(0) };
    static MODE: Cell<Mode> = const { Cell::new(Mode::Ask) };
    static STATE: RefCell<State> = RefCell::default();
}

/// Arms the hook for the executions to come.
pub fn arm(armed: Armed) {
    NEEDS_PARTICIPANT.set(!armed.crashes.is_empty() || armed.trace || armed.skips());
    ARMED.set(NEEDS_PARTICIPANT.get() || armed.mutant.is_some() || armed.coverage);
    STATE.with_borrow_mut(|state| *state = State { armed, ..State::default() });
}

/// Disarms the hook; returns the trace and the coverage.
pub fn disarm() -> (Vec<Step>, BTreeMap<(Site, Kind), SiteCoverage>) {
    ARMED.set(false);
    let state = STATE.take();
    let mut coverage = BTreeMap::<_, SiteCoverage>::new();
    for ((_, kind, _), visits) in state.coverage {
        let seen = coverage.entry((Site::from(visits.site), kind)).or_default();
        seen.names.insert(visits.word);
        seen.order = visits.order;
        seen.count += visits.count;
    }
    (state.trace, coverage)
}

/// Fails the run if it has had all the executions that it may have.
pub fn limit_executions(executions: u64) {
    if ARMED.get() {
        let most = STATE.with_borrow(|state| state.armed.executions);
        assert!(most.is_none_or(|most| executions < most), "{EXECUTION_LIMIT}");
    }
}

/// Starts tracing with the next execution.
pub fn trace_from_now() {
    ARMED.set(true);
    NEEDS_PARTICIPANT.set(true);
    STATE.with_borrow_mut(|state| state.armed.trace = true);
}

/// Starts an execution.
pub fn begin() {
    if ARMED.get() {
        STATE.with_borrow_mut(|state| {
            state.threads.clear();
            state.running = false;
            state.steps.clear();
            state.dead.clear();
            state.trace.clear();
            state.loads.clear();
            state.inject_value.clear();
        });
    }
}

/// Starts the participants: steps of crash points are counted from here.
pub fn run() {
    if ARMED.get() {
        STATE.with_borrow_mut(|state| state.running = true);
    }
}

/// From now on, this thread of the engine acts for this participant.
pub fn act_as(thread: impl FnOnce() -> u64, participant: u32) {
    if ARMED.get() && NEEDS_PARTICIPANT.get() {
        let thread = thread();
        STATE.with_borrow_mut(|state| {
            state.threads.retain(|&(other, _)| other != thread);
            state.threads.push((thread, participant));
        });
    }
}

/// Runs `f` with every operation ignored: for destructors after the end of an execution.
pub fn ignoring<R>(f: impl FnOnce() -> R) -> R {
    with_mode(Mode::Ignore, f)
}

/// Runs `f` without the hook, except for a check of the mode.
pub fn bypassing<R>(f: impl FnOnce() -> R) -> R {
    with_mode(Mode::Bypass, f)
}

fn with_mode<R>(mode: Mode, f: impl FnOnce() -> R) -> R {
    let before = MODE.replace(mode);
    let result = f();
    MODE.set(before);
    result
}

/// Whether operations are ignored, because the execution has failed or is over.
pub fn is_over() -> bool {
    MODE.get() == Mode::Ignore || std::thread::panicking()
}

/// Asks the hook; every operation does so first.
#[inline]
pub fn before(
    thread: impl FnOnce() -> u64,
    site: &'static Location<'static>,
    name: Name,
    kind: Kind,
    order: Option<Ordering>,
) -> Verdict {
    if MODE.get() == Mode::Bypass {
        return Verdict::Proceed;
    }
    if is_over() {
        return Verdict::Ignore;
    }
    if !ARMED.get() {
        return Verdict::Proceed;
    }
    let thread = NEEDS_PARTICIPANT.get().then(thread);
    let verdict = STATE.with_borrow_mut(|state| state.consult(thread, site, name, kind, order));
    verdict.unwrap_or_else(|| die())
}

/// An entry was taken from a dead participant.
pub fn evicted() {
    EVICTIONS.set(EVICTIONS.get() + 1);
}

/// The number of evictions so far, in all executions.
pub fn evictions() -> u64 {
    EVICTIONS.get()
}

/// Whether this participant may die: every participant may, unless there are crash points.
pub fn may_die(number: u32) -> bool {
    let dies = |crashes: &[Crash]| crashes.is_empty() || crashes.iter().any(|crash| crash.participant == number);
    !ARMED.get() || STATE.with_borrow(|state| dies(&state.armed.crashes))
}

/// The running participant dies. What it holds is dropped without a step.
pub fn die() -> ! {
    DYING.set(true);
    std::panic::resume_unwind(Box::new(Died))
}

/// The dead participant's handles are dropped.
pub fn died() {
    DYING.set(false);
}

/// Whether an access to plain memory may still end. After a failure, no execution is left in which it could.
pub fn can_end_access() -> bool {
    DYING.get() || !is_over()
}

/// Completes the traced step with the values read and written. Other threads may have run since [`before`], so the step
/// is searched for.
#[inline]
pub fn after(thread: impl FnOnce() -> u64, kind: Kind, value: Option<u64>, written: Option<u64>) {
    if ARMED.get() && NEEDS_PARTICIPANT.get() && !is_over() {
        STATE.with_borrow_mut(|state| {
            if state.armed.trace {
                let participant = state.participant(thread());
                let place = state.trace.iter().rposition(|step| step.participant == participant && step.kind == kind);
                if let Some(place) = place {
                    // An operation takes place when it ends, because the engine switches threads before it.
                    let mut step = state.trace.remove(place);
                    (step.value, step.written) = (value, written);
                    state.trace.push(step);
                }
            }
        });
    }
}

/// What a load of `name` adds to the real value, if the participant skips a wait.
pub fn injected(thread: impl FnOnce() -> u64, name: Name) -> u64 {
    if !(ARMED.get() && NEEDS_PARTICIPANT.get()) {
        return 0;
    }
    STATE.with_borrow(|state| {
        if state.inject_value.is_empty() {
            return 0;
        }
        let participant = state.participant(thread());
        participant.and_then(|p| state.inject_value.get(&(p, name)).copied()).unwrap_or(0)
    })
}

/// The participant's last load failed its wait: from now on that load reads 1 more.
pub fn inject_value(thread: u64) {
    STATE.with_borrow_mut(|state| {
        if let Some((p, name)) = state.participant(thread).and_then(|p| Some((p, *state.loads.get(&p)?))) {
            *state.inject_value.entry((p, name)).or_default() += 1;
        }
    });
}

/// The participant reads real values again.
pub fn stop_injecting(thread: u64) {
    STATE.with_borrow_mut(|state| {
        let participant = state.participant(thread);
        state.inject_value.retain(|&(p, _), _| Some(p) != participant);
    });
}
