//! One hook for every operation of the checker layers: *(participant, call site, word, kind,
//! ordering) → proceed, or do otherwise*. Trace, mutation, crash and coverage are its four uses.
//!
//! Call sites come from `Location::caller()`, so they are found by running. All threads of an
//! execution run on the one OS thread that started it, in loom as in shuttle, so the state is the
//! OS thread's, and tests can run side by side.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fmt,
    panic::Location,
    sync::atomic::Ordering,
};

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Load,
    Store,
    Swap,
    Exchange,
    /// The two sides of an asymmetric fence.
    LightFence,
    HeavyFence,
    /// Access to a slot's plain memory.
    Read,
    Write,
    /// A signal's two sides, as the protocol calls them.
    Wait,
    Notify,
    /// The write lock, as the protocol calls it.
    Lock,
    Inherit,
    Unlock,
    /// What a thread sleeps on, as lock and signal call it.
    Park,
    Wake,
    /// The kernel's knowledge of who lives: never mutated.
    Claim,
    Disclaim,
    Alive,
}

impl Kind {
    /// Whether anybody else can tell that this was done. Reading a slot is in the way of its next
    /// writer; a notification is made of its steps, and nothing where it has none.
    const fn is_effect(self) -> bool {
        use Kind::{Alive, HeavyFence, LightFence, Load, Notify, Park, Wait};
        !matches!(self, Load | LightFence | HeavyFence | Alive | Wait | Park | Notify)
    }
}

/// A word, a lock, a signal or a slot, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    pub word: &'static str,
    pub owner: Option<u32>,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.owner {
            Some(owner) => write!(f, "{}[{owner}]", self.word),
            None => f.write_str(self.word),
        }
    }
}

/// A place in `src/` at which an operation is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    pub file: &'static str,
    pub line: u32,
    pub column: u32,
}

impl From<&'static Location<'static>> for Site {
    fn from(location: &'static Location<'static>) -> Self {
        Self { file: location.file(), line: location.line(), column: location.column() }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What to do instead of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// Use this ordering.
    Weaken(Weaker),
    /// A store, a wake, a notification, an unlock or a fence does not happen; an exchange claims
    /// that it did.
    Drop,
    /// A read-modify-write becomes a load and a store.
    Split,
    /// A heavy fence is a light one.
    Lighten,
    /// A wait returns at once, as if what it waits for had come.
    Skip,
}

/// An ordering that a mutant uses. (`Ordering` itself has no order.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weaker {
    Relaxed,
    Acquire,
    Release,
    AcqRel,
}

impl From<Weaker> for Ordering {
    fn from(weaker: Weaker) -> Self {
        match weaker {
            Weaker::Relaxed => Self::Relaxed,
            Weaker::Acquire => Self::Acquire,
            Weaker::Release => Self::Release,
            Weaker::AcqRel => Self::AcqRel,
        }
    }
}

/// One change to the text under test, as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mutant {
    pub site: Site,
    pub kind: Kind,
    pub operator: Operator,
}

/// A participant that stops dead before the operation that follows its first `step` effects.
///
/// A death between two operations that nobody else can see is the same as one before both: whatever
/// the others see of the one, they see of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    pub participant: u32,
    pub step: u32,
}

/// The panic payload of a [`Crash`]: whoever runs participants catches it.
#[derive(Debug)]
pub struct Died;

/// What the hook answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Proceed,
    Otherwise(Operator),
    /// Nothing happens at all: the participant is dead, or the execution has failed.
    Ignore,
}

impl Verdict {
    /// The ordering to use where the text says `order`.
    pub fn order(self, order: Ordering) -> Ordering {
        match self {
            Self::Otherwise(Operator::Weaken(weaker)) => weaker.into(),
            _ => order,
        }
    }
}

/// An operation that was executed.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub participant: Option<u32>,
    pub site: Site,
    pub name: Name,
    pub kind: Kind,
    pub order: Option<Ordering>,
    pub verdict: Verdict,
    /// What was read or written; of an exchange, what it found and what it put there.
    pub value: Option<u64>,
    pub written: Option<u64>,
}

/// What a site was seen to do.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub names: std::collections::BTreeSet<&'static str>,
    pub order: Option<Ordering>,
    pub count: u64,
}

/// What the hook is to do; nothing by default.
#[derive(Debug, Default)]
pub struct Armed {
    pub mutant: Option<Mutant>,
    pub crashes: Vec<Crash>,
    pub trace: bool,
    pub coverage: bool,
    /// Stop after so many executions, by failing with [`ENOUGH`]: for a first look only.
    pub executions: Option<u64>,
}

impl Armed {
    /// Whether a wait is to be skipped.
    fn skips(&self) -> bool {
        self.mutant.is_some_and(|mutant| mutant.operator == Operator::Skip)
    }
}

/// The failure that is none.
pub const ENOUGH: &str = "enough executions for a first look";

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
    pretend: BTreeMap<(u32, Name), u64>,
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
    static PERSONAL: Cell<bool> = const { Cell::new(false) };
    static DYING: Cell<bool> = const { Cell::new(false) };
    static EVICTIONS: Cell<u64> = const { Cell::new(0) };
    static MODE: Cell<Mode> = const { Cell::new(Mode::Ask) };
    static STATE: RefCell<State> = RefCell::default();
}

/// Arms the hook for the executions to come.
pub fn arm(armed: Armed) {
    PERSONAL.set(!armed.crashes.is_empty() || armed.trace || armed.skips());
    ARMED.set(PERSONAL.get() || armed.mutant.is_some() || armed.coverage);
    STATE.with_borrow_mut(|state| *state = State { armed, ..State::default() });
}

/// Disarms the hook; what it saw.
pub fn disarm() -> (Vec<Step>, BTreeMap<(Site, Kind), Seen>) {
    ARMED.set(false);
    let state = STATE.take();
    let mut coverage = BTreeMap::<_, Seen>::new();
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
    PERSONAL.set(true);
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
            state.pretend.clear();
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
    if ARMED.get() && PERSONAL.get() {
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
    let thread = PERSONAL.get().then(thread);
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
    if ARMED.get() && PERSONAL.get() && !is_over() {
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
pub fn pretended(thread: impl FnOnce() -> u64, name: Name) -> u64 {
    if !(ARMED.get() && PERSONAL.get()) {
        return 0;
    }
    STATE.with_borrow(|state| {
        if state.pretend.is_empty() {
            return 0;
        }
        let participant = state.participant(thread());
        participant.and_then(|p| state.pretend.get(&(p, name)).copied()).unwrap_or(0)
    })
}

/// The participant's last load failed its wait: from now on it reads one more.
pub fn pretend(thread: u64) {
    STATE.with_borrow_mut(|state| {
        if let Some((p, name)) = state.participant(thread).and_then(|p| Some((p, *state.loads.get(&p)?))) {
            *state.pretend.entry((p, name)).or_default() += 1;
        }
    });
}

/// The truth again.
pub fn stop_pretending(thread: u64) {
    STATE.with_borrow_mut(|state| {
        let participant = state.participant(thread);
        state.pretend.retain(|&(p, _), _| Some(p) != participant);
    });
}
