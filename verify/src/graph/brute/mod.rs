//! A brute force over tiny programs: all candidate graphs, filtered by the axioms. It is the graph checker's second
//! opinion, and shares only the language of the programs with it.

mod axioms;
mod chance;
mod compare;
pub mod key;
mod sleep;

use super::{
    consistency::Model,
    program::{Next, Op, Value, Weight},
    tiny::Tiny,
};
use axioms::{Candidate, Event, Relation, Without};
use key::{Id, Key, Operation};
use std::collections::BTreeSet;

/// What the brute force finds.
#[derive(Debug, Default)]
pub struct Enumerated {
    /// Candidates that were judged.
    pub candidates: u64,
    /// The consistent graphs in which every participant has ended.
    pub complete: BTreeSet<Key>,
    /// The others: a participant waits.
    pub blocked: BTreeSet<Key>,
    /// A consistent graph has a data race.
    pub races: bool,
    /// In a consistent graph participants wait, and each has read the newest write.
    pub deadlocks: bool,
}

/// Most candidates of a program.
const MOST: u64 = 2_000;

/// A participant's run: its events, and whether it waits at its end.
#[derive(Clone, Debug)]
struct Run {
    events: Vec<Event>,
    waits: bool,
}

/// All runs of a participant, when reads can have these values by location.
fn runs(tiny: &Tiny, participant: usize, values: &[BTreeSet<Value>]) -> Vec<Run> {
    let mut done = Vec::new();
    let mut open = vec![(Vec::<Value>::new(), Vec::<Event>::new())];
    while let Some((results, events)) = open.pop() {
        let op = match tiny.next(participant, &results) {
            Next::Op(Op::Await { .. }) => {
                done.push(Run { events, waits: true });
                continue;
            }
            Next::Op(op) => op,
            _ => {
                done.push(Run { events, waits: false });
                continue;
            }
        };
        let mut go_on = |result: Value, location, read, written, order, weight| {
            let (participant, index) = (Some(participant as u8), events.len() as u8);
            let event = Event { participant, index, location, read, written, order, weight };
            open.push(([&results[..], &[result]].concat(), [&events[..], &[event]].concat()));
        };
        let full = Weight::Full;
        match op {
            Op::Load { location, order } => {
                for &value in &values[usize::from(location)] {
                    go_on(value, Some(location), Some(value), None, Some(order), full);
                }
            }
            Op::Read { location } => {
                for &value in &values[usize::from(location)] {
                    go_on(value, Some(location), Some(value), None, None, full);
                }
            }
            Op::Update { location, update, success, failure } => {
                for &value in &values[usize::from(location)] {
                    let written = update.apply(value);
                    let order = if written.is_some() { success } else { failure };
                    go_on(value, Some(location), Some(value), written, Some(order), full);
                }
            }
            Op::Store { location, value, order } => go_on(0, Some(location), None, Some(value), Some(order), full),
            Op::Write { location, value } => go_on(0, Some(location), None, Some(value), None, full),
            Op::Fence { weight, order } => go_on(0, None, None, None, Some(order), weight),
            Op::Await { .. } | Op::Park { .. } | Op::Wake { .. } => unreachable!("no tiny program by chance has it"),
        }
    }
    done
}

/// The runs of all participants, when the reads know each value that a graph can have. `None`: there are too many.
fn all_runs(tiny: &Tiny) -> Option<Vec<Vec<Run>>> {
    let mut values: Vec<BTreeSet<Value>> = tiny.initial.iter().map(|&value| BTreeSet::from([value])).collect();
    // A value that a graph has comes of a chain of writes, each of which occurs once.
    let most = tiny.instructions.iter().map(Vec::len).sum();
    for round in 0..=most {
        let all: Vec<_> = (0..tiny.instructions.len()).map(|participant| runs(tiny, participant, &values)).collect();
        let before: usize = values.iter().map(BTreeSet::len).sum();
        for event in all.iter().flatten().flat_map(|run| &run.events) {
            if let (Some(location), Some(written)) = (event.location, event.written) {
                values[usize::from(location)].insert(written);
            }
        }
        let after: usize = values.iter().map(BTreeSet::len).sum();
        if all.iter().map(Vec::len).product::<usize>() > 20_000 {
            return None;
        }
        if before == after || round == most {
            return Some(all);
        }
    }
    None
}

/// All orders of a list.
fn orders(list: &[usize]) -> Vec<Vec<usize>> {
    if list.is_empty() {
        return vec![vec![]];
    }
    let begin = |first: usize| {
        let rest: Vec<_> = list.iter().copied().filter(|&other| other != list[first]).collect();
        orders(&rest).into_iter().map(move |rest| [&[list[first]], &rest[..]].concat())
    };
    (0..list.len()).flat_map(begin).collect()
}

/// All choices of one from each list.
fn choices<T: Copy>(lists: &[Vec<T>]) -> Vec<Vec<T>> {
    lists.iter().fold(vec![vec![]], |all, list| {
        all.iter().flat_map(|chosen| list.iter().map(move |&next| [&chosen[..], &[next]].concat())).collect()
    })
}

/// All consistent graphs of a program; `None` if it has too many candidates.
pub fn enumerate(tiny: &Tiny, model: Model) -> Option<Enumerated> {
    enumerate_without(tiny, model, Without::Nothing)
}

fn enumerate_without(tiny: &Tiny, model: Model, without: Without) -> Option<Enumerated> {
    let all = all_runs(tiny)?;
    let mut found = Enumerated::default();
    let picks: Vec<Vec<usize>> = all.iter().map(|runs| (0..runs.len()).collect()).collect();
    for pick in choices(&picks) {
        let runs: Vec<&Run> = pick.iter().zip(&all).map(|(&run, runs)| &runs[run]).collect();
        judge(tiny, &runs, model, without, &mut found)?;
    }
    Some(found)
}

/// Judges all candidates with these runs.
fn judge(tiny: &Tiny, runs: &[&Run], model: Model, without: Without, found: &mut Enumerated) -> Option<()> {
    let initial = (0_u8..).zip(&tiny.initial).map(|(location, &value)| {
        let (location, written) = (Some(location), Some(value));
        Event { participant: None, index: 0, location, read: None, written, order: None, weight: Weight::Full }
    });
    let events: Vec<Event> = initial.chain(runs.iter().flat_map(|run| run.events.iter().copied())).collect();
    if events.len() > axioms::EVENTS {
        return None;
    }
    let first = tiny.initial.len();
    let reads: Vec<usize> = (first..events.len()).filter(|&at| events[at].read.is_some()).collect();
    let sources: Vec<Vec<usize>> = reads
        .iter()
        .map(|&read| {
            let fits = |&write: &usize| {
                write != read
                    && events[write].location == events[read].location
                    && events[write].written == events[read].read
            };
            (0..events.len()).filter(fits).collect()
        })
        .collect();
    if sources.iter().any(Vec::is_empty) {
        return Some(()); // a read has a value that nothing writes in these runs
    }
    let po = Relation::of(|a, b| {
        let (Some(a), Some(b)) = (events.get(a), events.get(b)) else { return false };
        match (a.participant, b.participant) {
            (None, Some(_)) => true,
            (Some(p), Some(q)) => p == q && a.index < b.index,
            _ => false,
        }
    });
    let writes: Vec<Vec<usize>> = (0..first)
        .map(|location| {
            let of = |&at: &usize| events[at].location == Some(location as u8) && events[at].written.is_some();
            (first..events.len()).filter(of).collect()
        })
        .collect();
    let mos: Vec<Vec<Vec<usize>>> = writes.iter().map(|list| orders(list)).collect();
    let mo_picks: Vec<Vec<usize>> = mos.iter().map(|orders| (0..orders.len()).collect()).collect();
    let (rfs, mo_picks) = (choices(&sources), choices(&mo_picks));
    found.candidates += rfs.len() as u64 * mo_picks.len() as u64;
    if found.candidates > MOST {
        return None;
    }
    for from in &rfs {
        let rf = Relation::of(|a, b| reads.iter().zip(from).any(|(&read, &write)| (a, b) == (write, read)));
        for pick in &mo_picks {
            let order: Vec<&Vec<usize>> = pick.iter().zip(&mos).map(|(&number, orders)| &orders[number]).collect();
            let place = |at: usize| {
                let location = usize::from(events.get(at)?.location?);
                if at < first {
                    return Some((location, 0));
                }
                order[location].iter().position(|&write| write == at).map(|place| (location, place + 1))
            };
            let mo = Relation::of(|a, b| match (place(a), place(b)) {
                (Some((x, p)), Some((y, q))) => x == y && p < q,
                _ => false,
            });
            let candidate = Candidate { events: &events, po, rf, mo };
            let fits = match model {
                Model::Rc11 => candidate.is_consistent(without),
                Model::Sc => candidate.is_sequential(),
            };
            if fits {
                note(&candidate, runs, &order, first, found);
            }
        }
    }
    Some(())
}

/// Takes down a consistent graph.
fn note(candidate: &Candidate<'_>, runs: &[&Run], order: &[&Vec<usize>], first: usize, found: &mut Enumerated) {
    let events = candidate.events;
    let id = |at: usize| -> Option<Id> { Some((events[at].participant?, events[at].index)) };
    let from = |at: usize| (0..events.len()).find(|&write| candidate.rf.has(write, at));
    let operation = |at: usize| {
        let Event { location, read, written, .. } = events[at];
        Operation { location, read, written, from: from(at).and_then(id) }
    };
    let of = |participant: usize| {
        let own = (first..events.len()).filter(move |&at| events[at].participant == Some(participant as u8));
        own.map(operation).collect()
    };
    let operations = (0..runs.len()).map(of).collect();
    let writes = order.iter().map(|list| list.iter().filter_map(|&at| id(at)).collect()).collect();
    found.races |= candidate.has_race();
    let waiting: Vec<usize> = (0..runs.len()).filter(|&participant| runs[participant].waits).collect();
    let key = Key { operations, writes };
    if waiting.is_empty() {
        found.complete.insert(key);
        return;
    }
    found.blocked.insert(key);
    let is_newest = |&participant: &usize| {
        let own = (first..events.len()).filter(|&at| events[at].participant == Some(participant as u8));
        let polled = own.max().expect("it has polled");
        let write = from(polled).expect("it has read");
        // A read-modify-write's own write is newer than what it has read, and changes nothing for it.
        !(0..events.len()).any(|newer| newer != polled && candidate.mo.has(write, newer))
    };
    found.deadlocks |= waiting.iter().all(is_newest);
}
