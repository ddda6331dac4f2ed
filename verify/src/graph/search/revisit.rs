//! A write revisits earlier reads.

use super::{Search, Violation, race};
use crate::graph::{
    consistency::Fault,
    event::{Event, INITIAL, Kind, Stamp},
    execution::Graph,
    program::Program,
};

impl<P: Program> Search<'_, P> {
    /// Lets earlier reads read from this write, which is not yet in the graph.
    pub(super) fn revisit(&mut self, graph: &mut Graph, event: &Event) -> Result<(), Violation> {
        if event.is_plain() || self.rules.fault == Fault::NoRevisit {
            return Ok(());
        }
        let in_past = |other: &Event| event.prefix.has(other.participant, other.index);
        for stamp in (0..graph.events().len() as Stamp).rev() {
            let read = graph.at(stamp);
            if in_past(read) {
                continue;
            }
            if !is_maximal(graph, stamp, event) {
                break;
            }
            if read.kind != Kind::Read || read.location != event.location || read.is_plain() {
                continue;
            }
            let read = *read;
            self.counts.revisits += 1;
            let mut base = self.spare.pop().unwrap_or_default();
            graph.restricted(&mut base, |other, event| other <= stamp || in_past(event));
            for position in self.places(&base, event) {
                let mut copy = self.copy(&base);
                copy.add_write(*event, position);
                let write = (copy.events().len() - 1) as Stamp;
                let mut read = read;
                self.set_read(&copy, &mut read, write);
                copy.replace(stamp, read);
                let last = read.index.checked_sub(1);
                let last = last.map(|index| copy.participants()[usize::from(read.participant)][usize::from(index)]);
                let happened = last.map(|last| copy.at(last).happened).unwrap_or_default();
                let oldest = match self.rules.fault {
                    Fault::NoCoherence => 0,
                    _ => copy.newest_known(read.location, &happened),
                };
                if position >= oldest && self.is_consistent(&copy) {
                    if let Err(race) = race(&copy, stamp) {
                        graph.clone_from(&copy);
                        return Err(race);
                    }
                    self.stack.push(copy);
                } else {
                    self.spare.push(copy);
                }
            }
            self.spare.push(base);
        }
        Ok(())
    }
}

/// Whether the event was added in the way that is always possible, as far as `write`, which is about to be added, can
/// tell: a read from the newest write, a write as the newest, among the events before it and those in `write`'s past.
fn is_maximal(graph: &Graph, stamp: Stamp, write: &Event) -> bool {
    let event = graph.at(stamp);
    let known = |other: Stamp| {
        let event = graph.at(other);
        other <= stamp || write.prefix.has(event.participant, event.index)
    };
    let from = match event.kind {
        Kind::Fence | Kind::Wake => return true,
        Kind::Death => return false,
        Kind::Read => event.from,
        Kind::Write => {
            let readers = (0..).zip(graph.events());
            let mut readers = readers.filter(|(_, read)| read.kind == Kind::Read && read.from == stamp);
            if readers.any(|(reader, _)| known(reader)) {
                return false;
            }
            stamp
        }
    };
    if from != INITIAL && !known(from) {
        return false;
    }
    let position = graph.position(event.location, from);
    !graph.writes(event.location)[position..].iter().any(|&newer| known(newer))
}
