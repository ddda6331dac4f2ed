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
    program::Op,
};

/// A participant at the end of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It has returned, or died.
    Done,
    /// Its last operations, as many, did not suffice.
    Waits(u32),
    /// It sleeps on a word; its last event is the read of that.
    Sleeps,
}

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

/// Whether the wake comes after this park, which found the value at which it sleeps: a write is newer than the one that
/// the park has read, and happened before the wake.
fn comes_after(graph: &Graph, wake: &Event, park: &Event) -> bool {
    let position = graph.position(park.location, park.from);
    graph.writes(park.location)[position..].iter().any(|&write| {
        let write = graph.at(write);
        wake.happened.has(write.participant, write.index)
    })
}

/// Whether no wake ends this participant's sleep.
fn sleeps_on(graph: &Graph, participant: usize, statuses: &[Status]) -> bool {
    let Some(sleep) = graph.last(participant) else { return false };
    let events = || graph.events().iter().filter(|event| event.location == sleep.location);
    let wakes = events().filter(|event| event.kind == Kind::Wake);
    let wakes: Vec<&Event> = wakes.filter(|wake| comes_after(graph, wake, sleep)).collect();
    // Parks of others that have returned. A wake may have ended such a park, unless the park had returned before: it
    // happened before the wake, or its participant sleeps again, and the wake comes after that, too.
    let returned = |park: &&Event| {
        let owner = usize::from(park.participant);
        let is_last = graph.last(owner).is_some_and(|last| last.index == park.index);
        park.kind == Kind::Read
            && matches!(park.op, Op::Park { .. })
            && owner != participant
            && !(is_last && statuses[owner] == Status::Sleeps)
    };
    let parks: Vec<&Event> = events().filter(returned).collect();
    let ends = |wake: &Event, park: &Event| {
        let owner = usize::from(park.participant);
        let sleeps_again = statuses[owner] == Status::Sleeps
            && graph.last(owner).is_some_and(|last| last.location == wake.location && comes_after(graph, wake, last));
        !wake.happened.has(park.participant, park.index) && !sleeps_again
    };
    can_match(&wakes, &parks, &ends, &mut vec![false; parks.len()])
}

/// Whether each wake can end a park of its own.
fn can_match(wakes: &[&Event], parks: &[&Event], ends: &dyn Fn(&Event, &Event) -> bool, taken: &mut [bool]) -> bool {
    let Some((wake, rest)) = wakes.split_first() else { return true };
    for place in 0..parks.len() {
        if !taken[place] && ends(wake, parks[place]) {
            taken[place] = true;
            if can_match(rest, parks, ends, taken) {
                return true;
            }
            taken[place] = false;
        }
    }
    false
}
