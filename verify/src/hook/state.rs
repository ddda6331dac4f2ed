//! What the hook knows of an execution, and how it decides.

use super::{Armed, Crash, Kind, Mutant, Name, Site, Step, Verdict};
use std::{collections::BTreeMap, panic::Location, sync::atomic::Ordering};

/// The key of a site's coverage: location, kind and word. Addresses stand for location and word, because they are cheap
/// to compare, so a site can have several keys.
pub(super) type Address = (*const Location<'static>, Kind, *const u8);

#[derive(Debug)]
pub(super) struct Visits {
    pub(super) site: &'static Location<'static>,
    pub(super) word: &'static str,
    pub(super) order: Option<Ordering>,
    pub(super) count: u64,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) armed: Armed,
    pub(super) threads: Vec<(u64, u32)>,
    /// All participants have joined: from now on steps are counted, and crashes happen.
    pub(super) running: bool,
    pub(super) steps: Vec<u32>,
    pub(super) dead: Vec<u32>,
    pub(super) trace: Vec<Step>,
    pub(super) coverage: BTreeMap<Address, Visits>,
    /// The last load of each participant, and what is added to the values that it reads.
    pub(super) loads: BTreeMap<u32, Name>,
    pub(super) inject_value: BTreeMap<(u32, Name), u64>,
}

impl State {
    /// The participant that acts on this thread.
    pub(super) fn participant(&self, thread: u64) -> Option<u32> {
        self.threads.iter().find(|&&(other, _)| other == thread).map(|&(_, participant)| participant)
    }

    /// The verdict; `None` is the participant's death.
    pub(super) fn consult(
        &mut self,
        thread: Option<u64>,
        site: &'static Location<'static>,
        name: Name,
        kind: Kind,
        order: Option<Ordering>,
    ) -> Option<Verdict> {
        let participant = thread.and_then(|thread| self.participant(thread));
        if let Some(p) = participant {
            if self.dead.contains(&p) {
                return Some(Verdict::Ignore);
            }
            if kind == Kind::Load && self.armed.skips() {
                self.loads.insert(p, name);
            }
            if self.running && !self.armed.crashes.is_empty() {
                let p = p as usize;
                self.steps.resize(self.steps.len().max(p + 1), 0);
                let step = self.steps[p];
                if self.armed.crashes.contains(&Crash { participant: p as u32, step }) {
                    self.dead.push(p as u32);
                    return None;
                }
                self.steps[p] += u32::from(kind.is_effect());
            }
        }
        let here =
            |mutant: Mutant| mutant.kind == kind && mutant.site.line == site.line() && mutant.site == Site::from(site);
        let verdict = match self.armed.mutant {
            Some(mutant) if here(mutant) => Verdict::Otherwise(mutant.operator),
            _ => Verdict::Proceed,
        };
        if self.armed.coverage {
            let address = (std::ptr::from_ref(site), kind, name.word.as_ptr());
            let none = || Visits { site, word: name.word, order, count: 0 };
            self.coverage.entry(address).or_insert_with(none).count += 1;
        }
        if self.armed.trace {
            let (site, value, written) = (site.into(), None, None);
            self.trace.push(Step { participant, site, name, kind, order, verdict, value, written, edges: None });
        }
        Some(verdict)
    }
}
