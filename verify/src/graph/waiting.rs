//! Which waiting participants wait for ever.
//!
//! A graph in which a participant waits is no failure as long as one of its reads could have read a newer write: another
//! graph has that. If all its reads read the newest writes, no other graph does. (Lahav, Namakonov, Oberhauser, Podkopaev
//! and Vafeiadis, *Making Weak Memory Models Fair*, OOPSLA 2021.)
//!
//! A sleeping participant does not read again until a wake. The kernel compares the word and enqueues the thread in one
//! step, under the lock under which it wakes. So a wake comes after a sleep if a write that happened before the wake is
//! newer than the one that the sleeper has read. Such a wake ends that sleep, or another participant's.

use super::{
    event::{Event, Kind},
    execution::Graph,
    search::Status,
};

/// The participants that wait for ever; `None` if there is one that does not.
pub fn stuck(graph: &Graph, statuses: &[Status]) -> Option<Vec<usize>> {
    let waiting: Vec<usize> = (0..statuses.len()).filter(|&p| statuses[p] != Status::Done).collect();
    let is_stuck = |&participant: &usize| match statuses[participant] {
        Status::Done => false,
        Status::Waits(reads) => {
            let events = &graph.participants()[participant];
            let polled = &events[events.len() - (reads as usize).min(events.len())..];
            polled.iter().all(|&stamp| is_newest(graph, graph.at(stamp)))
        }
        Status::Sleeps => sleeps_on(graph, participant, statuses),
    };
    waiting.iter().all(is_stuck).then_some(waiting)
}

fn is_newest(graph: &Graph, event: &Event) -> bool {
    event.kind != Kind::Read || graph.position(event.location, event.from) == graph.writes(event.location).len()
}

/// Whether no wake ends this participant's sleep.
fn sleeps_on(graph: &Graph, participant: usize, statuses: &[Status]) -> bool {
    let Some(sleep) = graph.last(participant) else { return false };
    let position = graph.position(sleep.location, sleep.from);
    let newer = &graph.writes(sleep.location)[position..];
    let comes_after = |wake: &&Event| {
        newer.iter().any(|&write| {
            let write = graph.at(write);
            wake.happened.has(write.participant, write.index)
        })
    };
    let wakes = graph.events().iter().filter(|event| event.kind == Kind::Wake && event.location == sleep.location);
    let wakes: Vec<&Event> = wakes.filter(comes_after).collect();
    // Sleeps of others that each of these wakes may have ended.
    let others = graph.events().iter().filter(|other| {
        let is_park = matches!(other.op, super::program::Op::Park { .. });
        is_park && other.kind == Kind::Read && other.location == sleep.location
    });
    let others: Vec<&Event> = others
        .filter(|other| usize::from(other.participant) != participant)
        .filter(|other| statuses[usize::from(other.participant)] != Status::Sleeps || !is_last(graph, other))
        .collect();
    let ends = |wake: &Event, other: &Event| !wake.happened.has(other.participant, other.index);
    can_match(&wakes, &others, &ends, &mut vec![false; others.len()])
}

fn is_last(graph: &Graph, event: &Event) -> bool {
    graph.last(event.participant.into()).is_some_and(|last| last.index == event.index)
}

/// Whether each wake can end a sleep of its own.
fn can_match(
    wakes: &[&Event],
    sleeps: &[&Event],
    ends: &dyn Fn(&Event, &Event) -> bool,
    taken: &mut Vec<bool>,
) -> bool {
    let Some((wake, rest)) = wakes.split_first() else { return true };
    for place in 0..sleeps.len() {
        if !taken[place] && ends(wake, sleeps[place]) {
            taken[place] = true;
            if can_match(rest, sleeps, ends, taken) {
                return true;
            }
            taken[place] = false;
        }
    }
    false
}
