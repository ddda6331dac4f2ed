//! The axioms that an added event may violate.
//!
//! Coherence and atomicity hold by construction: a read is offered only the writes that it may read, a write only its
//! possible places. What remains is the order of SeqCst events, after Lahav, Vafeiadis, Kang, Hur and Dreyer,
//! *Repairing Sequential Consistency in C/C++11* (PLDI 2017), or sequential consistency of all.

use super::{
    event::{Event, INITIAL, Kind, Stamp},
    execution::Graph,
    program::{Location, Weight},
};

/// A memory model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Model {
    /// RC11, with the release sequences of C++20, and asymmetric fences.
    #[default]
    Rc11,
    /// Sequential consistency of all accesses.
    Sc,
}

/// Which axioms are left out: for negative twins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// None.
    #[default]
    None,
    /// A write revisits no read.
    NoRevisit,
    /// A read may be older than one that it follows.
    NoCoherence,
    /// A write is always the newest.
    NewestOnly,
    /// SeqCst fences are not ordered.
    NoSeqCst,
}

/// Whether the graph is consistent, apart from coherence and atomicity.
pub fn is_consistent(graph: &Graph, model: Model) -> bool {
    match model {
        Model::Rc11 => sequential_events_are_ordered(graph),
        Model::Sc => is_sequential(graph),
    }
}

/// The place of each write in its location's modification order, of each read's write for a read.
fn positions(graph: &Graph) -> Vec<usize> {
    let mut positions = vec![0; graph.events().len()];
    let locations = graph.events().iter().map(|event| event.location).max().map_or(0, |last| last + 1);
    for location in 0..locations {
        for (index, &write) in graph.writes(location).iter().enumerate() {
            positions[write as usize] = index + 1;
        }
    }
    for (stamp, event) in graph.events().iter().enumerate() {
        if event.kind == Kind::Read && event.from != INITIAL {
            positions[stamp] = positions[event.from as usize];
        }
    }
    positions
}

/// po ∪ rf ∪ mo ∪ rb has no cycle.
fn is_sequential(graph: &Graph) -> bool {
    let positions = positions(graph);
    let mut incoming = vec![0_u16; graph.events().len()];
    let each_edge = |stamp: usize, edge: &mut dyn FnMut(Stamp)| {
        let event = &graph.events()[stamp];
        let own = &graph.participants()[event.participant as usize];
        own.get(event.index as usize + 1).iter().for_each(|&&next| edge(next));
        if matches!(event.kind, Kind::Read | Kind::Write) {
            // Its successor in mo; for a read, that of its write.
            graph.writes(event.location).get(positions[stamp]).iter().for_each(|&&next| edge(next));
        }
        if event.kind == Kind::Write {
            for (reader, read) in graph.events().iter().enumerate() {
                if read.kind == Kind::Read && read.from == stamp as Stamp {
                    edge(reader as Stamp);
                }
            }
        }
    };
    // A read-modify-write's read has an edge to the write after its own, which is its own write: no cycle.
    let mut count = 0;
    for stamp in 0..graph.events().len() {
        each_edge(stamp, &mut |next| incoming[next as usize] += 1);
    }
    let mut ready: Vec<usize> = (0..incoming.len()).filter(|&stamp| incoming[stamp] == 0).collect();
    while let Some(stamp) = ready.pop() {
        count += 1;
        each_edge(stamp, &mut |next| {
            incoming[next as usize] -= 1;
            if incoming[next as usize] == 0 {
                ready.push(next as usize);
            }
        });
    }
    count == incoming.len()
}

/// Whether an order between these two counts. Light fences are ordered with heavy ones alone.
const fn are_ordered(a: Weight, b: Weight) -> bool {
    match (a, b) {
        (Weight::Light, other) | (other, Weight::Light) => matches!(other, Weight::Heavy),
        _ => true,
    }
}

/// psc has no cycle.
fn sequential_events_are_ordered(graph: &Graph) -> bool {
    let events = graph.events();
    let sequential: Vec<(Stamp, Weight)> =
        (0..).zip(events).filter_map(|(stamp, event)| Some((stamp, event.sequential()?))).collect();
    if sequential.len() < 2 {
        return true;
    }
    let edges = if sequential.iter().all(|&(stamp, _)| graph.at(stamp).kind == Kind::Fence) {
        between_fences(graph, &sequential)
    } else {
        between_all(graph, &sequential)
    };
    is_acyclic(&edges)
}

type Row = u64;

fn is_acyclic(edges: &[Row]) -> bool {
    let mut left: Row = if edges.len() == 64 { Row::MAX } else { (1 << edges.len()) - 1 };
    loop {
        // Removes the events without a successor.
        let ends = (0..edges.len()).filter(|&a| left & (1 << a) != 0 && edges[a] & left == 0);
        let ends = ends.fold(0, |ends, a| ends | 1 << a);
        if ends == 0 {
            return left == 0;
        }
        left &= !ends;
    }
}

fn has_happened(before: &Event, after: &Event) -> bool {
    after.happened.has(before.participant, before.index)
}

/// psc_F = [F]; (hb ∪ hb; eco; hb); [F], for fences alone.
///
/// eco between two accesses of a location is an order of numbers: twice the place of the write, and one more for its
/// readers. So of all accesses after a fence the lowest matters, and of all before a fence the highest.
fn between_fences(graph: &Graph, fences: &[(Stamp, Weight)]) -> Vec<Row> {
    assert!(fences.len() <= 64, "a graph has too many SeqCst fences");
    let (events, positions) = (graph.events(), positions(graph));
    let locations = events.iter().map(|event| event.location).max().map_or(0, |last| usize::from(last) + 1);
    let mut lowest = vec![u16::MAX; fences.len() * locations];
    let mut highest = vec![0_u16; fences.len() * locations];
    for (stamp, event) in events.iter().enumerate() {
        let rank = match event.kind {
            Kind::Write => 2 * positions[stamp],
            Kind::Read => 2 * positions[stamp] + 1,
            _ => continue,
        };
        for (number, &(fence, _)) in fences.iter().enumerate() {
            let fence = graph.at(fence);
            let at = number * locations + usize::from(event.location);
            if has_happened(fence, event) {
                lowest[at] = lowest[at].min(rank as u16);
            } else if has_happened(event, fence) {
                highest[at] = highest[at].max(rank as u16);
            }
        }
    }
    let edge = |(a, &(from, heavy)): (usize, &(Stamp, Weight)), (b, &(to, other)): (usize, &(Stamp, Weight))| {
        a != b
            && are_ordered(heavy, other)
            && (has_happened(graph.at(from), graph.at(to))
                || (0..locations).any(|location| lowest[a * locations + location] < highest[b * locations + location]))
    };
    let row = |from| {
        let to = fences.iter().enumerate().filter(|&to| edge(from, to));
        to.fold(0, |row, (b, _)| row | 1 << b)
    };
    fences.iter().enumerate().map(row).collect()
}

/// psc of fences and accesses, from its definition.
fn between_all(graph: &Graph, sequential: &[(Stamp, Weight)]) -> Vec<Row> {
    assert!(sequential.len() <= 64, "a graph has too many SeqCst events");
    let (events, positions) = (graph.events(), positions(graph));
    let rank = |stamp: usize| match events[stamp].kind {
        Kind::Write => Some(2 * positions[stamp]),
        Kind::Read => Some(2 * positions[stamp] + 1),
        _ => None,
    };
    let on = |stamp: usize| -> Option<Location> { rank(stamp).map(|_| events[stamp].location) };
    let hb = |a: usize, b: usize| a != b && has_happened(&events[a], &events[b]);
    let po = |a: usize, b: usize| events[a].participant == events[b].participant && events[a].index < events[b].index;
    let eco = |a: usize, b: usize| a != b && on(a).is_some() && on(a) == on(b) && rank(a) < rank(b);
    let all = || 0..events.len();
    // mo and rb; rf is no part of scb unless it is in hb.
    let from_read_or_mo = |a: usize, b: usize| eco(a, b) && events[b].kind == Kind::Write;
    let elsewhere = |a: usize, b: usize| po(a, b) && (on(a).is_none() || on(a) != on(b));
    let scb = |a: usize, b: usize| {
        po(a, b)
            || hb(a, b) && on(a).is_some() && on(a) == on(b)
            || from_read_or_mo(a, b)
            || all().any(|c| elsewhere(a, c) && all().any(|d| (hb(c, d)) && elsewhere(d, b)))
    };
    let is_fence = |a: usize| events[a].kind == Kind::Fence;
    let edge = |a: usize, b: usize| {
        let exits = all().filter(|&x| x == a || is_fence(a) && hb(a, x));
        let entries: Vec<usize> = all().filter(|&y| y == b || is_fence(b) && hb(y, b)).collect();
        let base = exits.into_iter().any(|x| entries.iter().any(|&y| scb(x, y)));
        let fences =
            is_fence(a) && is_fence(b) && (hb(a, b) || all().any(|x| hb(a, x) && all().any(|y| eco(x, y) && hb(y, b))));
        base || fences
    };
    let row = |&(from, weight): &(Stamp, Weight)| {
        let to = sequential.iter().enumerate();
        let to = to.filter(|&(_, &(to, other))| {
            from != to && are_ordered(weight, other) && edge(usize::from(from), usize::from(to))
        });
        to.fold(0, |row, (b, _)| row | 1 << b)
    };
    sequential.iter().map(row).collect()
}
