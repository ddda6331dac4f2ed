//! A graph grows by a read, or by a write.

use super::{Search, Step, Violation, is_asleep, race};
use crate::graph::{
    consistency::Fault,
    event::{Event, Kind, Stamp},
    execution::Graph,
    program::{Op, Program},
};

impl<P: Program> Search<'_, P> {
    pub(super) fn grow_read(&mut self, graph: &mut Graph, participant: usize, op: Op) -> Result<Step, Violation> {
        let read = graph.next_event(participant, Kind::Read, op);
        let newest = graph.writes(read.location).len();
        let oldest = match self.rules.fault {
            Fault::NoCoherence => 0,
            _ => graph.newest_known(read.location, &read.happened),
        };
        for position in oldest..newest {
            let from = graph.write_at(read.location, position);
            if !self.may_be_updated(graph, &read, position) {
                continue;
            }
            let mut copy = self.copy(graph);
            if let Err(race) = self.add_read(&mut copy, read, from) {
                graph.clone_from(&copy);
                return Err(race);
            }
            if self.is_consistent(&copy) {
                self.stack.push(copy);
            } else {
                self.spare.push(copy);
            }
        }
        // The newest write comes last: this is always consistent.
        let from = graph.write_at(read.location, newest);
        self.add_read(graph, read, from)?;
        Ok(Step::Grown)
    }

    /// Whether a read-modify-write may read the write at this place. If another one has read it, that one's read must
    /// be such that it can be revisited.
    pub(super) fn may_be_updated(&self, graph: &Graph, read: &Event, position: usize) -> bool {
        let Op::Update { update, .. } = read.op else { return true };
        let from = graph.write_at(read.location, position);
        let value = graph.write(from).map_or(self.initial[usize::from(read.location)], |write| write.value);
        if update.apply(value).is_none() || !graph.is_bound(read.location, position + 1) {
            return true;
        }
        let rival = graph.at(graph.write_at(read.location, position + 1));
        let rival = graph.read_of(rival).expect("it belongs to a read-modify-write");
        !read.prefix.has(rival.participant, rival.index)
    }

    pub(super) fn add_read(&mut self, graph: &mut Graph, mut read: Event, from: Stamp) -> Result<Stamp, Violation> {
        self.set_read(graph, &mut read, from);
        let stamp = graph.add(read);
        race(graph, stamp)?;
        Ok(stamp)
    }

    /// The read reads from this write.
    pub(super) fn set_read(&mut self, graph: &Graph, read: &mut Event, from: Stamp) {
        graph.reads(read, from, self.initial[usize::from(read.location)]);
        read.after = read.before;
        if !is_asleep(read) {
            read.after = self.program.after(read.participant.into(), read.before, read.value);
        }
    }

    /// Adds the write of a read-modify-write whose read is there.
    pub(super) fn grow_update(&mut self, graph: &mut Graph, participant: usize) -> Result<Step, Violation> {
        self.counts.steps += 1;
        let read = *graph.last(participant).expect("its read is there");
        let mut event = graph.next_event(participant, Kind::Write, read.op);
        event.value = read.then_writes().expect("it writes");
        event.know(Some(&read), graph.write(read.from));
        self.grow_write(graph, event)
    }

    /// Adds a write. Its location's order and its clocks are set, and its value.
    pub(super) fn grow_write(&mut self, graph: &mut Graph, mut event: Event) -> Result<Step, Violation> {
        if event.is_exclusive() {
            event.after = event.before;
        } else {
            // A write of plain memory also returns what was there. It is the newest, or there is a race.
            let there = graph.write_at(event.location, graph.writes(event.location).len());
            let initial = self.initial[usize::from(event.location)];
            let result = if event.is_plain() { graph.write(there).map_or(initial, |write| write.value) } else { 0 };
            event.after = self.program.after(event.participant.into(), event.before, result);
        }
        self.revisit(graph, &event)?;
        let newest = graph.writes(event.location).len() + 1;
        let places = self.places(graph, &event);
        let mut newest_is_free = false;
        for position in places {
            if position == newest {
                newest_is_free = true;
                continue;
            }
            let mut copy = self.copy(graph);
            copy.add_write(event, position);
            if let Err(race) = race(&copy, (copy.events().len() - 1) as Stamp) {
                graph.clone_from(&copy);
                return Err(race);
            }
            if self.is_consistent(&copy) {
                self.stack.push(copy);
            } else {
                self.spare.push(copy);
            }
        }
        if !newest_is_free {
            return Ok(Step::Dropped);
        }
        graph.add_write(event, newest);
        race(graph, (graph.events().len() - 1) as Stamp)?;
        Ok(Step::Grown)
    }

    /// The places that a write may have in its location's order.
    pub(super) fn places(&self, graph: &Graph, event: &Event) -> Vec<usize> {
        let newest = graph.writes(event.location).len() + 1;
        if event.is_exclusive() {
            let read = graph.last(event.participant.into()).expect("its read is there");
            let place = graph.position(event.location, read.from) + 1;
            let free = !graph.is_bound(event.location, place);
            return if free { vec![place] } else { vec![] };
        }
        let first = match self.rules.fault {
            Fault::NewestOnly => newest,
            _ => graph.newest_known(event.location, &event.happened) + 1,
        };
        (first..=newest).filter(|&place| !graph.is_bound(event.location, place)).collect()
    }
}
