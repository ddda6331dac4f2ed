//! The exploration: every consistent execution graph, each once.
//!
//! After TruSt: Kokologiannakis, Marmanis, Gladstein and Vafeiadis, *Truly Stateless, Optimal Dynamic Partial Order
//! Reduction* (POPL 2022). A graph grows by one event at a time. A read branches over the writes that it may read from, a
//! write over its places in modification order. A write may also *revisit* an earlier read that is not in its past: the
//! read then reads from it, and what came after the read is deleted, unless the write needs it. Each graph is reached
//! once, because a revisit happens only if every deleted event was added in the way that is always possible: a read
//! from the newest write, a write as the newest.
//!
//! What is different here. A death is one more event that a participant may add; it is deleted by no revisit, because
//! the revisit also happens from the graph in which the participant lives. A read-modify-write is two events. Where two
//! of them read from the same write, the second's write has no place, but may revisit the first.

mod growth;
mod revisit;

use super::{
    clock::EVENTS,
    consistency::{Fault, Model, is_consistent},
    event::{Event, Kind, Stamp},
    execution::Graph,
    program::{Next, Op, Program, Value},
    waiting::{self, Known},
};

pub use super::waiting::Status;

/// What to explore.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The memory model.
    pub model: Model,
    /// Most deaths by choice, each at any moment.
    pub deaths: u8,
    /// The participants that may die, as bits.
    pub victims: u16,
    /// For negative twins: what the checker does wrong.
    pub fault: Fault,
}

impl Default for Rules {
    fn default() -> Self {
        Self { model: Model::Rc11, deaths: 0, victims: u16::MAX, fault: Fault::None }
    }
}

/// What ends an exploration early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A check in a participant's text failed.
    Failed(String),
    /// Two accesses to a location are concurrent; one of them writes, and one of them is plain.
    Race(Stamp, Stamp),
    /// This participant has more events than fit: it repeats itself without an end, or spins where it should wait.
    Endless(usize),
    /// These participants wait for ever.
    Deadlock(Vec<usize>),
    /// A visitor rejected the graph.
    Rejected(String),
}

/// How many graphs there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Graphs in which every participant has ended or died.
    pub complete: u64,
    /// Graphs in which a participant waits for what another graph has.
    pub blocked: u64,
    /// Steps of the exploration: events added.
    pub steps: u64,
    /// Revisits.
    pub revisits: u64,
}

/// See the [module](self).
#[derive(Debug)]
pub struct Search<'p, P: Program> {
    program: &'p mut P,
    rules: Rules,
    initial: Vec<Value>,
    /// Graphs that have yet to grow.
    stack: Vec<Graph>,
    /// Graphs of which nothing is needed any more.
    spare: Vec<Graph>,
    counts: Counts,
}

/// Whether a graph goes on growing.
enum Step {
    Grown,
    /// This graph is inconsistent, or all that comes of it is on the stack.
    Dropped,
    Complete,
}

impl<'p, P: Program> Search<'p, P> {
    /// An exploration of the program.
    pub fn new(program: &'p mut P, rules: Rules) -> Self {
        let initial = program.initial();
        let stack = vec![Graph::new(program.participants(), initial.len())];
        Self { program, rules, initial, stack, spare: Vec::new(), counts: Counts::default() }
    }

    /// Explores all graphs, and calls `visit` for each in which no participant can go on.
    ///
    /// # Errors
    /// The first violation, and the graph that has it.
    pub fn run(
        mut self,
        mut visit: impl FnMut(&P, &Graph, Counts) -> Result<(), String>,
    ) -> (Counts, Option<(Violation, Graph)>) {
        while let Some(mut graph) = self.stack.pop() {
            loop {
                match self.grow(&mut graph) {
                    Ok(Step::Grown) => continue,
                    Ok(Step::Dropped) => break,
                    Ok(Step::Complete) => {}
                    Err(violation) => return (self.counts, Some((violation, graph))),
                }
                if let Some(violation) = self.complete(&graph) {
                    return (self.counts, Some((violation, graph)));
                }
                if let Err(why) = visit(self.program, &graph, self.counts) {
                    return (self.counts, Some((Violation::Rejected(why), graph)));
                }
                break;
            }
            self.spare.push(graph);
        }
        (self.counts, None)
    }

    /// Counts a graph in which no participant can go on, and looks for a deadlock.
    fn complete(&mut self, graph: &Graph) -> Option<Violation> {
        let statuses = statuses(self.program, graph);
        if statuses.iter().all(|status| *status == Status::Done) {
            self.counts.complete += 1;
            return None;
        }
        self.counts.blocked += 1;
        let stuck = waiting::stuck(graph, &statuses, &Known { initial: &self.initial, model: self.rules.model })?;
        Some(Violation::Deadlock(stuck))
    }

    /// A copy of the graph.
    fn copy(&mut self, graph: &Graph) -> Graph {
        let mut copy = self.spare.pop().unwrap_or_default();
        copy.clone_from(graph);
        copy
    }

    /// Adds the next event of some participant.
    fn grow(&mut self, graph: &mut Graph) -> Result<Step, Violation> {
        if let Some(participant) = graph.pending() {
            return self.grow_update(graph, participant);
        }
        for participant in 0..graph.participants().len() {
            if graph.last(participant).is_some_and(is_asleep) {
                continue;
            }
            let Some(place) = graph.place(participant) else { continue };
            if graph.participants()[participant].len() + 1 >= EVENTS {
                return Err(Violation::Endless(participant));
            }
            let op = match self.program.next(participant, place) {
                Next::Op(Op::Await { .. }) if is_stale(graph, participant) => return Ok(Step::Dropped),
                Next::Op(Op::Await { .. }) | Next::Ended | Next::Died => continue,
                Next::Failed(why) => return Err(Violation::Failed(why)),
                Next::Op(op) => op,
            };
            if graph.deaths < self.rules.deaths && self.rules.victims & (1 << participant) != 0 {
                self.branch_to_death(graph, participant, op);
            }
            self.counts.steps += 1;
            return match op {
                Op::Load { .. } | Op::Read { .. } | Op::Update { .. } | Op::Park { .. } => {
                    self.grow_read(graph, participant, op)
                }
                Op::Store { .. } | Op::Write { .. } => {
                    let event = graph.next_event(participant, Kind::Write, op);
                    self.grow_write(graph, event)
                }
                Op::Fence { .. } => {
                    let event = graph.next_event(participant, Kind::Fence, op);
                    self.add_simple(graph, event)
                }
                Op::Wake { .. } => {
                    let event = graph.next_event(participant, Kind::Wake, op);
                    self.add_simple(graph, event)
                }
                Op::Await { .. } => Ok(Step::Dropped),
            };
        }
        Ok(Step::Complete)
    }

    /// The participant may die instead.
    fn branch_to_death(&mut self, graph: &Graph, participant: usize, op: Op) {
        let Some(place) = graph.place(participant) else { return };
        let Some(after) = self.program.dies(participant, place) else { return };
        let mut copy = self.copy(graph);
        let mut death = copy.next_event(participant, Kind::Death, op);
        (death.location, death.value, death.after) = (0, 0, after);
        copy.deaths += 1;
        copy.add(death);
        self.stack.push(copy);
    }

    /// Adds an event that neither reads nor writes. No inconsistency comes of it, because nothing is after it.
    fn add_simple(&mut self, graph: &mut Graph, mut event: Event) -> Result<Step, Violation> {
        event.after = self.program.after(event.participant.into(), event.before, 0);
        graph.add(event);
        Ok(Step::Grown)
    }

    fn is_consistent(&self, graph: &Graph) -> bool {
        self.rules.fault == Fault::NoSeqCst || is_consistent(graph, self.rules.model)
    }
}

/// Whether the event added last is the participant's, and a read that could have read a newer write. If the participant
/// waits because of it, no revisit of this or of an earlier read comes from this graph: the participant waits for ever
/// in all that comes of it, and what the others do is in other graphs, too.
fn is_stale(graph: &Graph, participant: usize) -> bool {
    let Some(last) = graph.events().last() else { return false };
    usize::from(last.participant) == participant
        && last.kind == Kind::Read
        && graph.position(last.location, last.from) < graph.writes(last.location).len()
}
/// Whether the participant sleeps: its last event is the read of a park that found the value at which it sleeps.
pub fn is_asleep(event: &Event) -> bool {
    event.kind == Kind::Read && matches!(event.op, Op::Park { expected, .. } if expected == event.value)
}

/// A data race of this event.
fn race(graph: &Graph, stamp: Stamp) -> Result<(), Violation> {
    let event = graph.at(stamp);
    let accesses = |event: &Event| matches!(event.kind, Kind::Read | Kind::Write);
    for (other, earlier) in (0..).zip(graph.events()) {
        if other != stamp
            && accesses(earlier)
            && earlier.location == event.location
            && (earlier.is_plain() || event.is_plain())
            && (earlier.kind == Kind::Write || event.kind == Kind::Write)
            && !event.happened.has(earlier.participant, earlier.index)
            && !earlier.happened.has(event.participant, event.index)
        {
            return Err(Violation::Race(other, stamp));
        }
    }
    Ok(())
}

/// What each participant does at the end of the graph.
pub fn statuses<P: Program>(program: &P, graph: &Graph) -> Vec<Status> {
    let status = |participant| {
        if graph.last(participant).is_some_and(is_asleep) {
            return Status::Sleeps;
        }
        let place = graph.place(participant).expect("no update is left half done");
        match program.next(participant, place) {
            Next::Op(Op::Await { reads }) => Status::Waits(reads),
            _ => Status::Done,
        }
    };
    (0..graph.participants().len()).map(status).collect()
}
