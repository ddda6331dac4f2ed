//! A participant alone: its own text, along a history of its operations' results.
//!
//! A participant is a function of the results of its operations, so no other thread has to run. Its operations are
//! answered from the history. The first operation without an answer stops the participant by unwinding: that operation
//! is what it does next.

use super::memory::{Address, Effect, Memory, Op, SlotAddress};
use crate::{
    checks::panics::text_of,
    events::{Body, Outcome, Seen},
    hook::{self, Died, Kind, Name, Site, Verdict},
};
use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind},
    sync::atomic::Ordering,
    time::Duration,
};

/// What a participant does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    Op(Op, Operation),
    /// It has returned.
    Ended(Seen),
    /// It dies by its own text.
    Died,
    /// A check in its text failed.
    Failed(String),
}

/// An operation as a trace shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    pub site: Site,
    pub name: Name,
    pub kind: Kind,
    /// The text's ordering, and the hook's answer.
    pub order: Option<Ordering>,
    pub verdict: Verdict,
}

impl Operation {
    pub fn new(site: &'static Location<'static>, name: Name, kind: Kind) -> Self {
        Self { site: site.into(), name, kind, order: None, verdict: Verdict::Proceed }
    }

    /// The same with an ordering.
    pub fn ordered(self, order: Ordering, verdict: Verdict) -> Self {
        Self { order: Some(order), verdict, ..self }
    }
}

/// A piece of what a participant still knows of its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Token {
    /// The result of an operation.
    Value(u64),
    /// It is inside a function of the lock or of a signal, called at this line and column.
    Inside(u32, u32),
    /// Such a function has returned this result.
    Out(u64),
    /// It parks while the word holds this value, until this time.
    Parked(Address, u64, Duration),
}

/// The words of a scenario's segment after the set-up.
#[derive(Clone, Debug)]
pub struct Start {
    pub memory: Memory,
    pub alive: Vec<Address>,
    pub slots: Vec<SlotAddress>,
    pub names: Vec<(&'static str, Address)>,
    /// The producers' `state` words, by their participants' numbers.
    pub states: Vec<(usize, Address)>,
    /// Words that only the owner of the write lock writes: the consumers' `state`, `finished`.
    pub guarded: Vec<Address>,
    /// The participants' numbers, in their order in the scenario.
    pub numbers: Vec<u32>,
}

impl Start {
    fn new() -> Self {
        let (alive, slots, names, states) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { memory: Memory::new(), alive, slots, names, states, guarded: Vec::new(), numbers: Vec::new() }
    }

    /// Whether the write lock's word has the number of `participant`.
    pub fn holds_lock(&self, memory: &Memory, participant: usize) -> bool {
        let holder = (self.count(memory, "lock") & 0xff).checked_sub(1);
        holder.is_some_and(|number| memory.is_owned(self.alive[number as usize], participant))
    }

    /// The value of the word with this name.
    pub fn count(&self, memory: &Memory, name: &str) -> u64 {
        let word = self.names.iter().find(|&&(other, _)| other == name);
        word.map_or(0, |&(_, word)| memory.get(word))
    }
}

/// A participant at the end of its history.
#[derive(Clone, Debug)]
pub struct Position {
    pub next: Next,
    /// The last operation of its history.
    pub last: Option<Op>,
    /// What it still knows: histories with the same knowledge go on alike.
    pub known: Vec<Token>,
    /// The history.
    pub log: Vec<u64>,
}

/// The purpose of a run.
#[derive(Debug)]
enum Task {
    /// To set up: operations take effect at once.
    SetUp,
    /// To run the participant with this index.
    Run(usize),
    /// To judge this outcome, with the words' last values.
    Judge(Outcome, Vec<u64>),
}

struct Run {
    task: Task,
    engine: Engine,
    running: bool,
    start: Start,
    log: Vec<u64>,
    answered: usize,
    /// The operation that was answered last.
    last: Option<Op>,
    known: Vec<Token>,
    /// Indices into `known`: the beginnings of the functions that it is inside of.
    inside: Vec<usize>,
    forgets: Forgets,
    /// With a clock: when the next sleep ends by itself.
    until: Duration,
    next: Option<Next>,
}

/// The unwinding of a participant that has come to the end of its history.
struct Stopped;

thread_local! {
    static RUN: RefCell<Option<Run>> = const { RefCell::new(None) };
}

fn with<R>(f: impl FnOnce(&mut Run) -> R) -> R {
    RUN.with_borrow_mut(|run| f(run.as_mut().expect("an exploration is running")))
}

impl Run {
    /// The result of an operation; `None` where the history ends.
    fn answer(&mut self, op: Op, operation: Operation) -> Option<u64> {
        if !self.running {
            return match self.start.memory.apply(0, op) {
                Effect::Result(value) => Some(value),
                Effect::Wakes(_) => Some(0), // nothing sleeps yet
                came => panic!("the set-up neither waits nor wakes: {op:?} came to {came:?}"),
            };
        }
        let forgets = self.forgets != Forgets::Nothing;
        if let (Op::Park(word, value), true, Some(&inside)) = (op, forgets, self.inside.last()) {
            self.known.truncate(inside + 1);
            self.known.push(Token::Parked(word, value, self.until));
        }
        let answer = self.log.get(self.answered).copied();
        match answer {
            Some(value) => {
                self.answered += 1;
                self.last = Some(op);
                self.known.push(Token::Value(value));
            }
            None => self.next = Some(Next::Op(op, operation)),
        }
        answer
    }
}

/// The result of an operation of the running participant.
pub fn ask(op: Op, site: &'static Location<'static>, name: Name, kind: Kind) -> u64 {
    ask_as(op, Operation::new(site, name, kind))
}

/// The same for an operation with an ordering.
pub fn ask_as(op: Op, operation: Operation) -> u64 {
    with(|run| run.answer(op, operation)).unwrap_or_else(|| resume_unwind(Box::new(Stopped)))
}

/// Runs a function of the lock or of a signal. Afterwards only its result is known: its steps are forgotten.
pub fn within<R>(site: &'static Location<'static>, f: impl FnOnce() -> R, result: impl FnOnce(&R) -> Vec<Token>) -> R {
    if hook::is_over() {
        return f();
    }
    with(|run| {
        run.inside.push(run.known.len());
        run.known.push(Token::Inside(site.line(), site.column()));
    });
    let value = f();
    with(|run| {
        let inside = run.inside.pop().expect("it went inside");
        if run.forgets != Forgets::Nothing {
            run.known.truncate(inside);
        }
        if run.forgets != Forgets::Results {
            run.known.extend(result(&value));
        }
    });
    value
}

/// The amount of knowledge: an argument for [`known_since`].
pub fn place() -> usize {
    if hook::is_over() { 0 } else { with(|run| run.known.len()) }
}

/// The knowledge since `place`.
pub fn known_since(place: usize) -> Vec<Token> {
    if hook::is_over() { Vec::new() } else { with(|run| run.known[place..].to_vec()) }
}

/// With a clock: the participant's next sleep ends at this time by itself.
pub fn sleeps_until(until: Duration) {
    with(|run| run.until = until);
}

/// How many results the participant has had.
pub fn answered() -> usize {
    if hook::is_over() { 0 } else { with(|run| run.answered) }
}

/// Whether a participant runs, and no longer the set-up.
pub fn is_running() -> bool {
    with(|run| run.running)
}

/// What explores the participants.
pub fn engine() -> Engine {
    with(|run| run.engine)
}

/// Makes the words of the segment.
pub fn build<R>(f: impl FnOnce(&mut Start) -> R) -> R {
    with(|run| f(&mut run.start))
}

/// Runs, or judges, the participants that the scenario has set up.
pub fn run(participants: Vec<(u32, Body)>, judge: impl Fn(&Outcome)) {
    let task = with(|run| {
        run.running = true;
        run.start.numbers = participants.iter().map(|&(number, _)| number).collect();
        std::mem::replace(&mut run.task, Task::SetUp)
    });
    let mut bodies: Vec<Option<Body>> = participants.into_iter().map(|(_, body)| Some(body)).collect();
    let failed = |payload: Box<dyn std::any::Any + Send>| {
        Next::Failed(text_of(&*payload).unwrap_or_else(|| "a panic without a text".into()))
    };
    let next = match task {
        Task::SetUp => None,
        Task::Run(place) => {
            let body = bodies[place].take().expect("there is such a participant");
            match catch_unwind(AssertUnwindSafe(body)) {
                Ok(seen) => Some(Next::Ended(seen)),
                Err(payload) if payload.is::<Stopped>() => None,
                Err(payload) if payload.is::<Died>() => {
                    hook::died();
                    Some(Next::Died)
                }
                Err(payload) => Some(failed(payload)),
            }
        }
        Task::Judge(outcome, words) => {
            with(|run| {
                run.running = false;
                run.start.memory.set_words(&words);
            });
            catch_unwind(AssertUnwindSafe(|| judge(&outcome))).err().map(failed)
        }
    };
    with(|run| run.next = next.or(run.next.take()));
    hook::ignoring(|| drop(bodies));
}

/// The failure of a participant that is no function of its operations' results.
pub const KEEPS_STATE: &str = "a participant does not do the same when it runs again: it keeps state across \
     executions, or reads a clock or chance; make all its state in the scenario";

/// What a participant forgets of a function of the lock or of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgets {
    /// Everything but its result.
    Steps,
    /// Nothing: to test that forgetting steps makes no difference.
    Nothing,
    /// Everything, for the negative twin.
    Results,
}

/// What explores the participants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The explorer: states under sequential consistency. Lock and signal are the shipping text, and fences are no step.
    States,
    /// The graph checker. A wait whose operations did not suffice is an operation, [`Op::Await`].
    Graphs,
    /// As `States`, with a clock: a word that no participant writes.
    Clocked,
}

/// A scenario that can be run again and again, a participant at a time.
#[derive(Clone, Copy)]
pub struct Scenario<'s> {
    pub body: &'s dyn Fn(),
    pub engine: Engine,
    pub forgets: Forgets,
}

impl Scenario<'_> {
    fn start(self, task: Task, log: Vec<u64>) -> Run {
        let start = Start::new();
        let (known, inside) = (Vec::new(), Vec::new());
        let Self { body, engine, forgets } = self;
        let (until, next) = (Duration::ZERO, None);
        let run = Run {
            task,
            engine,
            running: false,
            start,
            log,
            answered: 0,
            last: None,
            known,
            inside,
            forgets,
            until,
            next,
        };
        RUN.set(Some(run));
        body();
        RUN.take().expect("the run has begun")
    }

    /// The segment after the set-up.
    pub fn set_up(self) -> Start {
        self.start(Task::SetUp, vec![]).start
    }

    /// The position of the participant with this index after this history.
    pub fn position(self, place: usize, log: Vec<u64>) -> Position {
        let run = self.start(Task::Run(place), log);
        // With the same results, the participant has not done the same again.
        let next = if run.answered == run.log.len() { run.next } else { Some(Next::Failed(KEEPS_STATE.into())) };
        let next = next.expect("a participant goes on, ends or dies");
        Position { next, last: run.last, known: run.known, log: run.log }
    }

    /// Why the scenario rejects this outcome, with these last values of the words, if it does.
    pub fn judge(self, outcome: Outcome, words: &[u64]) -> Option<String> {
        match self.start(Task::Judge(outcome, words.to_vec()), vec![]).next? {
            Next::Failed(why) => Some(why),
            _ => None,
        }
    }
}
