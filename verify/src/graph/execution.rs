//! An execution graph: events, which write each read reads from, and the order of the writes of each location.

use super::{
    clock::Clock,
    event::{Event, INITIAL, Kind, Stamp},
    program::{Location, Op, Place, Value},
};

/// See the [module](self). The initial write of a location is no event: it comes before all others.
#[derive(Debug, Default)]
pub struct Graph {
    events: Vec<Event>,
    /// By participant: its events in program order.
    participants: Vec<Vec<Stamp>>,
    /// By location: its writes in modification order.
    writes: Vec<Vec<Stamp>>,
    /// How many participants have died by choice.
    pub deaths: u8,
}

impl Clone for Graph {
    fn clone(&self) -> Self {
        let (participants, writes) = (self.participants.clone(), self.writes.clone());
        Self { events: self.events.clone(), participants, writes, deaths: self.deaths }
    }

    fn clone_from(&mut self, other: &Self) {
        self.events.clone_from(&other.events);
        self.participants.clone_from(&other.participants);
        self.writes.clone_from(&other.writes);
        self.deaths = other.deaths;
    }
}

impl Graph {
    /// The graph without events.
    pub fn new(participants: usize, locations: usize) -> Self {
        let (participants, writes) = (vec![vec![]; participants], vec![vec![]; locations]);
        Self { events: Vec::new(), participants, writes, deaths: 0 }
    }

    /// All events, in the order in which they were added.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The event of this stamp.
    pub fn at(&self, stamp: Stamp) -> &Event {
        &self.events[stamp as usize]
    }

    /// The write of this stamp; `None` is the initial one.
    pub fn write(&self, stamp: Stamp) -> Option<&Event> {
        self.events.get(stamp as usize)
    }

    /// The events of each participant in program order.
    pub fn participants(&self) -> &[Vec<Stamp>] {
        &self.participants
    }

    /// The writes of a location in modification order, without the initial one.
    pub fn writes(&self, location: Location) -> &[Stamp] {
        &self.writes[location as usize]
    }

    /// The newest value of each location.
    pub fn last_values(&self, initial: &[Value]) -> Vec<Value> {
        let last =
            |(writes, &initial): (&Vec<Stamp>, &Value)| writes.last().map_or(initial, |&write| self.at(write).value);
        self.writes.iter().zip(initial).map(last).collect()
    }

    /// The participant's last event.
    pub fn last(&self, participant: usize) -> Option<&Event> {
        self.participants[participant].last().map(|&stamp| self.at(stamp))
    }

    /// The place of a write in the modification order of its location: 0 is the initial write.
    pub fn position(&self, location: Location, write: Stamp) -> usize {
        if write == INITIAL {
            return 0;
        }
        let writes = self.writes(location);
        writes.iter().rposition(|&other| other == write).map_or(0, |index| index + 1)
    }

    /// The write at this place of the modification order.
    pub fn write_at(&self, location: Location, position: usize) -> Stamp {
        position.checked_sub(1).map_or(INITIAL, |index| self.writes(location)[index])
    }

    /// The place of the newest write of a location that happened before an event with this past, or that was read by
    /// a read which happened before it. The event can read no older write, and its own write is newer.
    pub fn newest_known(&self, location: Location, happened: &Clock) -> usize {
        let mut newest = 0;
        for (stamp, event) in self.events.iter().enumerate() {
            if event.location != location || !happened.has(event.participant, event.index) {
                continue;
            }
            let write = match event.kind {
                Kind::Read => event.from,
                Kind::Write => stamp as Stamp,
                _ => continue,
            };
            newest = newest.max(self.position(location, write));
        }
        newest
    }

    /// Whether the write at this place belongs to a read-modify-write, so that nothing comes between it and the write
    /// that this one has read.
    pub fn is_bound(&self, location: Location, position: usize) -> bool {
        self.writes(location).get(position.wrapping_sub(1)).is_some_and(|&write| self.at(write).is_exclusive())
    }

    /// The read of the read-modify-write that this write belongs to.
    pub fn read_of(&self, write: &Event) -> Option<&Event> {
        let index = write.is_exclusive().then(|| write.index.checked_sub(1))??;
        Some(self.at(self.participants[write.participant as usize][index as usize]))
    }

    /// The participant's next event. Its clocks are those of an event that reads nothing.
    pub fn next_event(&self, participant: usize, kind: Kind, op: Op) -> Event {
        let last = self.last(participant);
        let mut event = Event::new(participant as u8, last, kind, op);
        event.know(last, None);
        event
    }

    /// Adds an event whose clocks are set, a read or a fence.
    pub fn add(&mut self, event: Event) -> Stamp {
        let stamp = self.events.len() as Stamp;
        assert_ne!(stamp, INITIAL, "a graph has too many events");
        self.participants[event.participant as usize].push(stamp);
        self.events.push(event);
        stamp
    }

    /// Adds a write at this place of its location's modification order.
    pub fn add_write(&mut self, event: Event, position: usize) {
        let stamp = self.add(event);
        self.writes[event.location as usize].insert(position - 1, stamp);
    }

    /// Makes a read read from a write, and sets its value and its clocks.
    pub fn reads(&self, read: &mut Event, from: Stamp, initial: Value) {
        let write = self.write(from);
        (read.from, read.value) = (from, write.map_or(initial, |write| write.value));
        let last = read.index.checked_sub(1).map(|index| {
            let events = &self.participants[read.participant as usize];
            self.at(events[index as usize])
        });
        read.know(last, write);
    }

    /// The place of a participant; `None` if its next event is the write of a read-modify-write.
    pub fn place(&self, participant: usize) -> Option<Place> {
        let Some(last) = self.last(participant) else { return Some(0) };
        last.then_writes().is_none().then_some(last.after)
    }

    /// The participant whose next event is the write of a read-modify-write.
    pub fn pending(&self) -> Option<usize> {
        let is_pending = |&participant: &usize| self.last(participant).is_some_and(|last| last.then_writes().is_some());
        (0..self.participants.len()).find(is_pending)
    }

    /// The graph of the events for which `keeps` holds, which are closed under program order and reads-from.
    pub fn restricted(&self, into: &mut Self, keeps: impl Fn(Stamp, &Event) -> bool) {
        let mut stamps = [INITIAL; 2048];
        assert!(self.events.len() <= stamps.len(), "a graph has too many events");
        into.events.clear();
        into.deaths = self.deaths;
        for (stamp, event) in self.events.iter().enumerate() {
            if keeps(stamp as Stamp, event) {
                stamps[stamp] = into.events.len() as Stamp;
                into.events.push(*event);
            }
        }
        let renamed = |stamp: Stamp| if stamp == INITIAL { INITIAL } else { stamps[stamp as usize] };
        for event in &mut into.events {
            event.from = renamed(event.from);
        }
        let kept = |all: &Vec<Vec<Stamp>>, into: &mut Vec<Vec<Stamp>>| {
            into.resize(all.len(), Vec::new());
            for (list, into) in all.iter().zip(into) {
                into.clear();
                into.extend(list.iter().map(|&stamp| stamps[stamp as usize]).filter(|&stamp| stamp != INITIAL));
            }
        };
        kept(&self.participants, &mut into.participants);
        kept(&self.writes, &mut into.writes);
    }

    /// Replaces an event.
    pub fn replace(&mut self, stamp: Stamp, event: Event) {
        self.events[stamp as usize] = event;
    }
}
