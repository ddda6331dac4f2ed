//! One hook for every operation of the checker layers: *(participant, call site, word, kind,
//! ordering) → proceed, or do otherwise*. Trace, mutation, crash and coverage are its four uses.
//!
//! Call sites come from `Location::caller()`, so they are found by running. All threads of an
//! execution run on the one OS thread that started it, in loom as in shuttle, so the state is the
//! OS thread's, and tests can run side by side.

mod words;

pub use words::{Armed, Crash, Died, ENOUGH, Kind, Mutant, Name, Operator, Site, SiteCoverage, Step, Verdict, Weaker};

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    panic::Location,
    sync::atomic::Ordering,
};

/// A site's location, what is done there, and a word's name: their addresses, which are cheap to compare. One place
/// can have several.
type Address = (*const Location<'static>, Kind, *const u8);

#[derive(Debug)]
struct Visits {
    site: &'static Location<'static>,
    word: &'static str,
    order: Option<Ordering>,
    count: u64,
}

#[derive(Debug, Default)]
struct State {
    armed: Armed,
    threads: Vec<(u64, u32)>,
    /// All have joined: from now on steps are counted, and crash points are due.
    running: bool,
    steps: Vec<u32>,
    dead: Vec<u32>,
    trace: Vec<Step>,
    coverage: BTreeMap<Address, Visits>,
    /// The last load of each participant, and what it is to read in place of the truth.
    loads: BTreeMap<u32, Name>,
    inject_value: BTreeMap<(u32, Name), u64>,
}

/// Whether the hook is asked at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Ask,
    /// It is not, to measure what it costs.
    Bypass,
    /// Every operation is ignored.
    Quiet,
}

thread_local! {
    static ARMED: Cell<bool> = const { Cell::new(false) };
    /// Armed with something that asks who acts, which costs as much as all the rest.
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

/// Disarms the hook; what it saw.
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

/// An execution is about to begin, after so many others.
pub fn allow(executions: u64) {
    if ARMED.get() {
        let most = STATE.with_borrow(|state| state.armed.executions);
        assert!(most.is_none_or(|most| executions < most), "{ENOUGH}");
    }
}

/// Starts tracing with the next execution.
pub fn trace_from_now() {
    ARMED.set(true);
    NEEDS_PARTICIPANT.set(true);
    STATE.with_borrow_mut(|state| state.armed.trace = true);
}

/// An execution begins.
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

/// The participants begin: crash points are counted from here.
pub fn run() {
    if ARMED.get() {
        STATE.with_borrow_mut(|state| state.running = true);
    }
}

/// The engine's thread `thread` acts for this participant from now on.
pub fn act_as(thread: impl FnOnce() -> u64, participant: u32) {
    if ARMED.get() && NEEDS_PARTICIPANT.get() {
        let thread = thread();
        STATE.with_borrow_mut(|state| {
            state.threads.retain(|&(other, _)| other != thread);
            state.threads.push((thread, participant));
        });
    }
}

/// Runs `f` with every operation ignored: for destructors of what the model no longer knows.
pub fn ignoring<R>(f: impl FnOnce() -> R) -> R {
    within(Mode::Quiet, f)
}

/// Runs `f` as if there were no hook, but for the look whether there is one.
pub fn bypassing<R>(f: impl FnOnce() -> R) -> R {
    within(Mode::Bypass, f)
}

fn within<R>(mode: Mode, f: impl FnOnce() -> R) -> R {
    let before = MODE.replace(mode);
    let result = f();
    MODE.set(before);
    result
}

/// Whether operations are to be ignored, because the execution has failed or is over.
pub fn is_over() -> bool {
    MODE.get() == Mode::Quiet || std::thread::panicking()
}

/// To be asked before each operation.
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

impl State {
    /// Who acts on this thread.
    fn participant(&self, thread: u64) -> Option<u32> {
        self.threads.iter().find(|&&(other, _)| other == thread).map(|&(_, participant)| participant)
    }

    /// The answer; `None` is death.
    fn consult(
        &mut self,
        thread: Option<u64>,
        site: &'static Location<'static>,
        name: Name,
        kind: Kind,
        order: Option<Ordering>,
    ) -> Option<Verdict> {
        let participant = thread.and_then(|thread| self.participant(thread));
        if let Some(p) = participant {
            if self.dead.contains(&p) {
                return Some(Verdict::Ignore);
            }
            if kind == Kind::Load && self.armed.skips() {
                self.loads.insert(p, name);
            }
            if self.running && !self.armed.crashes.is_empty() {
                let p = p as usize;
                self.steps.resize(self.steps.len().max(p + 1), 0);
                let step = self.steps[p];
                if self.armed.crashes.contains(&Crash { participant: p as u32, step }) {
                    self.dead.push(p as u32);
                    return None;
                }
                self.steps[p] += u32::from(kind.is_effect());
            }
        }
        let here =
            |mutant: Mutant| mutant.kind == kind && mutant.site.line == site.line() && mutant.site == Site::from(site);
        let verdict = match self.armed.mutant {
            Some(mutant) if here(mutant) => Verdict::Otherwise(mutant.operator),
            _ => Verdict::Proceed,
        };
        if self.armed.coverage {
            let address = (std::ptr::from_ref(site), kind, name.word.as_ptr());
            let none = || Visits { site, word: name.word, order, count: 0 };
            self.coverage.entry(address).or_insert_with(none).count += 1;
        }
        if self.armed.trace {
            let (site, value, written) = (site.into(), None, None);
            self.trace.push(Step { participant, site, name, kind, order, verdict, value, written });
        }
        Some(verdict)
    }
}

/// An entry was taken from a dead participant.
pub fn evicted() {
    EVICTIONS.set(EVICTIONS.get() + 1);
}

/// How often that has happened so far, in all executions.
pub fn evictions() -> u64 {
    EVICTIONS.get()
}

/// Whether this participant may die: all may, unless crash points say who does.
pub fn may_die(number: u32) -> bool {
    let dies = |crashes: &[Crash]| crashes.is_empty() || crashes.iter().any(|crash| crash.participant == number);
    !ARMED.get() || STATE.with_borrow(|state| dies(&state.armed.crashes))
}

/// The running participant stops dead. What it holds is dropped, without a step.
pub fn die() -> ! {
    DYING.set(true);
    std::panic::resume_unwind(Box::new(Died))
}

/// The dead is gone.
pub fn died() {
    DYING.set(false);
}

/// Whether access to plain memory may still end: in a failed execution there is nothing to end.
pub fn can_end_access() -> bool {
    DYING.get() || !is_over()
}

/// What an operation read, and what it wrote. Other threads may have come in between, so the step
/// is looked for by its place.
#[inline]
pub fn after(thread: impl FnOnce() -> u64, kind: Kind, value: Option<u64>, written: Option<u64>) {
    if ARMED.get() && NEEDS_PARTICIPANT.get() && !is_over() {
        STATE.with_borrow_mut(|state| {
            if state.armed.trace {
                let participant = state.participant(thread());
                let place = state.trace.iter().rposition(|step| step.participant == participant && step.kind == kind);
                if let Some(place) = place {
                    // An operation takes place when it ends: threads switch before, not after.
                    let mut step = state.trace.remove(place);
                    (step.value, step.written) = (value, written);
                    state.trace.push(step);
                }
            }
        });
    }
}

/// What a load of `name` is to add to the truth, for whoever skips a wait.
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

/// The participant's last load failed its wait: from now on it reads one more.
pub fn inject_value(thread: u64) {
    STATE.with_borrow_mut(|state| {
        if let Some((p, name)) = state.participant(thread).and_then(|p| Some((p, *state.loads.get(&p)?))) {
            *state.inject_value.entry((p, name)).or_default() += 1;
        }
    });
}

/// The truth again.
pub fn stop_injecting(thread: u64) {
    STATE.with_borrow_mut(|state| {
        let participant = state.participant(thread);
        state.inject_value.retain(|&(p, _), _| Some(p) != participant);
    });
}
