//! A graph as a trace: its events in an order in which each comes after those before it in program order and
//! reads-from.

use super::{
    event::{Event, INITIAL, Kind, Stamp},
    execution::Graph,
    participants::Participants,
    program::Op,
};
use crate::{
    explore::{memory::TORN, replay},
    hook::{self, Edges, Name, Step, Verdict},
};

/// The graph's events as steps of a trace. The two events of a read-modify-write are one step.
/// `racing` are the events that race.
pub(crate) fn steps(program: &Participants<'_>, graph: &Graph, racing: &[Stamp]) -> Vec<Step> {
    let order = in_order(graph);
    let shown: Vec<Stamp> = order.iter().copied().filter(|&stamp| !is_second_half(graph, stamp)).collect();
    let row = |stamp: Stamp| {
        // A write of a read-modify-write is shown with its read.
        let event = graph.at(stamp);
        let shown_as = if is_second_half(graph, stamp) {
            graph.participants()[usize::from(event.participant)][usize::from(event.index) - 1]
        } else {
            stamp
        };
        shown.iter().position(|&other| other == shown_as)
    };
    let step = |&stamp: &Stamp| {
        let event = graph.at(stamp);
        let mut step = operation(program, event);
        let happened = |&&other: &&Stamp| {
            let before = graph.at(other);
            other != stamp && event.happened.has(before.participant, before.index)
        };
        let past = shown.iter().filter(happened).filter_map(|&before| row(before)).collect();
        let mut edges = Edges { races: racing.contains(&stamp), past, ..Edges::default() };
        match event.kind {
            Kind::Read => {
                let read = if step.kind == hook::Kind::Park { event.value } else { program.result(event) };
                step.value = Some(read);
                step.written = event.then_writes();
                edges.from = (event.from != INITIAL).then(|| row(event.from)).flatten();
                let written = event.then_writes().and_then(|_| next_of(graph, event));
                edges.rank = written.map(|write| graph.position(event.location, write));
            }
            Kind::Write => {
                step.written = Some(event.value);
                edges.rank = Some(graph.position(event.location, stamp));
            }
            Kind::Fence | Kind::Wake | Kind::Death => {}
        }
        if step.name.word == "slot" && step.name.owner.is_some() {
            (step.value, step.written) = (step.value.and_then(first_byte), step.written.and_then(first_byte));
        }
        step.edges = Some(edges);
        step
    };
    shown.iter().map(step).collect()
}

/// The first byte of a slot's content, which names the message; `None` while it is written.
fn first_byte(content: u64) -> Option<u64> {
    (content != TORN).then_some(content >> 16 & 0xff)
}

/// The event after this one in program order.
fn next_of(graph: &Graph, event: &Event) -> Option<Stamp> {
    graph.participants()[usize::from(event.participant)].get(usize::from(event.index) + 1).copied()
}

/// Whether it is the write of a read-modify-write.
fn is_second_half(graph: &Graph, stamp: Stamp) -> bool {
    let event = graph.at(stamp);
    event.kind == Kind::Write && matches!(event.op, Op::Update { .. })
}

/// An order of the events: of those that may come next, the one that was added first.
fn in_order(graph: &Graph) -> Vec<Stamp> {
    let count = graph.events().len();
    let mut order: Vec<Stamp> = Vec::with_capacity(count);
    let mut done = vec![false; count];
    while order.len() < count {
        let may_come = |stamp: usize| {
            let event = &graph.events()[stamp];
            let own = &graph.participants()[usize::from(event.participant)];
            let before = event.index.checked_sub(1).is_none_or(|index| done[usize::from(own[usize::from(index)])]);
            let read = event.kind != Kind::Read || event.from == INITIAL || done[usize::from(event.from)];
            !done[stamp] && before && read
        };
        let pending = order.last().and_then(|&last| next_of(graph, graph.at(last)));
        let pending = pending.filter(|&next| is_second_half(graph, next)).map(usize::from);
        let next = pending.or_else(|| (0..count).find(|&stamp| may_come(stamp)));
        let Some(next) = next else { break };
        done[next] = true;
        order.push(next as Stamp);
    }
    order
}

/// The operation of the text that the event is.
fn operation(program: &Participants<'_>, event: &Event) -> Step {
    let number = program.numbers()[usize::from(event.participant)];
    let (participant, value, written, edges) = (Some(number), None, None, None);
    match program.text(event.participant.into(), event.before) {
        Some(replay::Next::Op(_, operation)) if event.kind != Kind::Death => {
            let replay::Operation { site, name, kind, order, verdict } = *operation;
            Step { participant, site, name, kind, order, verdict, value, written, edges }
        }
        // A death, before this operation, or the release of the number by the system.
        text => {
            let site = match text {
                Some(replay::Next::Op(_, operation)) => operation.site,
                _ => hook::Site { file: "the system", line: 0, column: 0 },
            };
            let (name, kind) = (Name { word: "alive", owner: Some(number) }, hook::Kind::Release);
            let (order, verdict) = (None, Verdict::Proceed);
            Step { participant, site, name, kind, order, verdict, value, written, edges }
        }
    }
}
