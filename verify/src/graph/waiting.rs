//! Which waiting participants wait for ever.
//!
//! A graph in which a participant waits is no failure as long as one of its reads could have read a newer write: another
//! graph has that. If all its reads read the newest writes, no other graph does. (Lahav, Namakonov, Oberhauser, Podkopaev
//! and Vafeiadis, *Making Weak Memory Models Fair*, OOPSLA 2021.)
//!
//! A sleeping participant does not read again until a wake. The kernel compares the word and enqueues the thread in one
//! step, under the lock under which it wakes. So a wake comes after a sleep if what happened before the wake knows a newer
//! write than the sleeper has read. Such a wake has ended that sleep, or another one. The sleeper sleeps for ever if each
//! such wake can have ended a sleep of another. `brute/sleep.rs` has the second opinion.

use super::{
    clock::Clock,
    consistency::Model,
    event::{Event, Kind},
    execution::Graph,
    program::{Op, Value},
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

/// What the end of an exploration is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Known<'k> {
    /// The initial values.
    pub initial: &'k [Value],
    /// The memory model.
    pub model: Model,
}

impl Known<'_> {
    /// The events that an event knows of: under sequential consistency, all that it depends on.
    const fn past(&self, event: &Event) -> Clock {
        match self.model {
            Model::Rc11 => event.happened,
            Model::Sc => event.prefix,
        }
    }
}

/// The participants that wait for ever; `None` if there is one that does not.
pub fn stuck(graph: &Graph, statuses: &[Status], known: &Known<'_>) -> Option<Vec<usize>> {
    let waiting: Vec<usize> = (0..statuses.len()).filter(|&p| statuses[p] != Status::Done).collect();
    let is_stuck = |&participant: &usize| match statuses[participant] {
        Status::Done => false,
        Status::Waits(reads) => {
            // A read-modify-write has one result, and two events.
            let events = graph.participants()[participant].iter().rev().map(|&stamp| graph.at(stamp));
            let operations = events.filter(|event| !(event.kind == Kind::Write && event.is_exclusive()));
            operations.take(reads as usize).all(|event| is_newest(graph, event))
        }
        Status::Sleeps => sleeps_on(graph, participant, statuses, known),
    };
    waiting.iter().all(is_stuck).then_some(waiting)
}

/// Whether an operation has read the newest write, or none. A read-modify-write has made a newer one itself: if another
/// participant has written since, what was read after it tells.
fn is_newest(graph: &Graph, event: &Event) -> bool {
    event.kind != Kind::Read
        || event.then_writes().is_some()
        || graph.position(event.location, event.from) == graph.writes(event.location).len()
}

/// Whether the wake comes after this park, which found the value at which it sleeps: what happened before the wake knows
/// a newer write than the one that the park has read.
fn comes_after(graph: &Graph, wake: &Event, park: &Event, known: &Known<'_>) -> bool {
    graph.newest_known(park.location, &known.past(wake)) > graph.position(park.location, park.from)
}

/// Whether no wake ends this participant's sleep.
fn sleeps_on(graph: &Graph, participant: usize, statuses: &[Status], known: &Known<'_>) -> bool {
    let Some(sleep) = graph.last(participant) else { return false };
    let events = || graph.events().iter().filter(|event| event.location == sleep.location);
    let wakes = events().filter(|event| event.kind == Kind::Wake);
    let wakes: Vec<&Event> = wakes.filter(|wake| comes_after(graph, wake, sleep, known)).collect();
    // Parks in which a participant may have slept, or sleeps.
    let is_last = |park: &Event| graph.last(park.participant.into()).is_some_and(|last| last.index == park.index);
    let sleeps = |park: &Event| is_last(park) && statuses[usize::from(park.participant)] == Status::Sleeps;
    let parks = events().filter(|park| park.kind == Kind::Read && matches!(park.op, Op::Park { .. }));
    let parks: Vec<&Event> = parks.filter(|park| sleeps(park) || slept_since(graph, park, known).is_some()).collect();
    let ends = |wake: &Event, park: &Event| {
        let owner = usize::from(park.participant);
        if came_before(graph, wake, park) {
            return false;
        }
        if sleeps(park) {
            // The wake found it asleep, and its word as it was. So it sleeps again.
            return !comes_after(graph, wake, park, known);
        }
        // A participant that this wake has woken knows what the wake knew.
        if comes_after(graph, wake, park, known) {
            return false;
        }
        // The park had returned before the wake: it is in the wake's past, or its participant sleeps again, and the
        // wake comes after that, too.
        let sleeps_again = statuses[owner] == Status::Sleeps
            && graph
                .last(owner)
                .is_some_and(|last| last.location == wake.location && comes_after(graph, wake, last, known));
        !wake.prefix.has(park.participant, park.index) && !sleeps_again
    };
    // A participant that slept until this wake was not woken by those before: they ended other sleeps.
    let all: Vec<&Event> = events().filter(|event| event.kind == Kind::Wake).collect();
    let missed = |wake: &Event, park: &Event| -> Vec<&Event> {
        let since = slept_since(graph, park, known);
        let earlier = all.iter().copied().filter(|other| {
            wake.prefix.has(other.participant, other.index)
                && (other.participant, other.index) != (wake.participant, wake.index)
                && !came_before(graph, other, park)
                && since.is_some_and(|since| graph.newest_known(park.location, &known.past(other)) > since)
        });
        earlier.collect()
    };
    let matching = Matching { parks: &parks, sleeps: &sleeps, ends: &ends, missed: &missed };
    matching.is_possible(&wakes, &mut vec![None; parks.len()])
}

/// Whether the wake came before the park. What a sleeper has read came before its sleep. What a park that has returned
/// has read came before its return.
fn came_before(graph: &Graph, wake: &Event, park: &Event) -> bool {
    let sleeps = matches!(park.op, Op::Park { expected, .. } if expected == park.value);
    let start = if sleeps { Some(park) } else { previous(graph, park) };
    start.is_some_and(|start| start.prefix.has(wake.participant, wake.index))
}

/// The participant's event before this one.
fn previous<'g>(graph: &'g Graph, event: &Event) -> Option<&'g Event> {
    let index = event.index.checked_sub(1)?;
    let own = &graph.participants()[usize::from(event.participant)];
    Some(graph.at(own[usize::from(index)]))
}

/// The newest place of the word at which a park that has returned may have found the value at which it sleeps. For a park
/// that sleeps, the place that it has read.
fn slept_since(graph: &Graph, park: &Event, known: &Known<'_>) -> Option<usize> {
    let Op::Park { location, expected } = park.op else { return None };
    let newest = graph.position(location, park.from);
    if park.value == expected {
        return Some(newest);
    }
    let before = previous(graph, park).map(|before| known.past(before));
    let oldest = before.map_or(0, |before| graph.newest_known(location, &before));
    let value = |position| {
        let write = graph.write(graph.write_at(location, position));
        write.map_or(known.initial[usize::from(location)], |write| write.value)
    };
    (oldest..newest).rev().find(|&position| value(position) == expected)
}

/// Whether each wake can have ended a park of its own.
struct Matching<'m, 'g> {
    parks: &'m [&'g Event],
    /// Whether the participant sleeps in this park. Wakes that left the word as it was may have ended it again and again.
    sleeps: &'m dyn Fn(&Event) -> bool,
    ends: &'m dyn Fn(&Event, &Event) -> bool,
    /// The earlier wakes that this park must have missed if this wake has ended it.
    missed: &'m dyn Fn(&Event, &Event) -> Vec<&'g Event>,
}

impl<'g> Matching<'_, 'g> {
    /// `taken` has the wake that ended each park.
    fn is_possible(&self, wakes: &[&'g Event], taken: &mut Vec<Option<(u8, u8)>>) -> bool {
        let id = |wake: &Event| (wake.participant, wake.index);
        let Some((&wake, rest)) = wakes.split_first() else { return true };
        if taken.contains(&Some(id(wake))) {
            return self.is_possible(rest, taken);
        }
        (0..self.parks.len()).any(|place| {
            if taken[place].is_some() || !(self.ends)(wake, self.parks[place]) {
                return false;
            }
            if (self.sleeps)(self.parks[place]) {
                return self.is_possible(rest, taken);
            }
            taken[place] = Some(id(wake));
            let wakes = [rest, &(self.missed)(wake, self.parks[place])].concat();
            let possible = self.is_possible(&wakes, taken);
            if !possible {
                taken[place] = None;
            }
            possible
        })
    }
}
