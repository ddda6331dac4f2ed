//! RC11, axiom by axiom, on relations as bit matrices: slow, and easy to compare with the paper.
//!
//! Lahav, Vafeiadis, Kang, Hur and Dreyer, *Repairing Sequential Consistency in C/C++11* (PLDI 2017), with the release
//! sequences of C++20 and with asymmetric fences.

use super::super::program::{Location, Value, Weight};
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Release, SeqCst};

/// Most events of a candidate, with the initial writes.
pub const EVENTS: usize = 16;

/// A relation: row `a` has bit `b` if `a` is before `b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relation(pub [u32; EVENTS]);

impl Relation {
    pub const EMPTY: Self = Self([0; EVENTS]);

    pub fn of(holds: impl Fn(usize, usize) -> bool) -> Self {
        let mut new = Self::EMPTY;
        for a in 0..EVENTS {
            for b in 0..EVENTS {
                new.0[a] |= u32::from(holds(a, b)) << b;
            }
        }
        new
    }

    pub const fn has(&self, a: usize, b: usize) -> bool {
        self.0[a] & (1 << b) != 0
    }

    pub fn or(self, other: Self) -> Self {
        let mut new = self;
        new.0.iter_mut().zip(other.0).for_each(|(row, other)| *row |= other);
        new
    }

    /// `self; other`.
    pub fn then(self, other: Self) -> Self {
        let row = |row: u32| (0..EVENTS).filter(|b| row & (1 << b) != 0).fold(0, |all, b| all | other.0[b]);
        Self(self.0.map(row))
    }

    pub fn inverse(self) -> Self {
        Self::of(|a, b| self.has(b, a))
    }

    /// The transitive closure.
    pub fn plus(self) -> Self {
        let mut all = self;
        loop {
            let more = all.or(all.then(all));
            if more == all {
                return all;
            }
            all = more;
        }
    }

    /// With the identity.
    pub fn optional(self) -> Self {
        self.or(Self::of(|a, b| a == b))
    }

    pub fn is_irreflexive(self) -> bool {
        (0..EVENTS).all(|a| !self.has(a, a))
    }

    pub fn is_acyclic(self) -> bool {
        self.plus().is_irreflexive()
    }
}

/// An event of a candidate.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// `None` is an initial write.
    pub participant: Option<u8>,
    pub index: u8,
    /// `None` is a fence.
    pub location: Option<Location>,
    pub read: Option<Value>,
    pub written: Option<Value>,
    /// The ordering; an access to plain memory has none.
    pub order: Option<Ordering>,
    pub weight: Weight,
}

impl Event {
    fn is_fence(&self) -> bool {
        self.location.is_none()
    }

    fn acquires(&self) -> bool {
        matches!(self.order, Some(Acquire | AcqRel | SeqCst)) && self.synchronises()
    }

    fn releases(&self) -> bool {
        matches!(self.order, Some(Release | AcqRel | SeqCst)) && self.synchronises()
    }

    fn synchronises(&self) -> bool {
        !self.is_fence() || self.weight != Weight::Light
    }

    fn is_sequential(&self) -> bool {
        self.order == Some(SeqCst)
    }
}

/// Which axiom is left out, for the negative twin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    Nothing,
    Coherence,
    SeqCst,
}

/// A candidate: events, reads-from, and modification order.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'e> {
    pub events: &'e [Event],
    pub po: Relation,
    pub rf: Relation,
    pub mo: Relation,
}

impl Candidate<'_> {
    fn only(&self, holds: impl Fn(&Event) -> bool) -> Relation {
        Relation::of(|a, b| a == b && self.events.get(a).is_some_and(&holds))
    }

    fn rb(&self) -> Relation {
        let rb = self.rf.inverse().then(self.mo);
        Relation::of(|a, b| a != b && rb.has(a, b))
    }

    /// Happens-before.
    pub fn hb(&self) -> Relation {
        let is_update = |event: &Event| event.read.is_some() && event.written.is_some();
        let rs = self.only(|event| event.written.is_some() && event.order.is_some());
        let rs = rs.then(self.rf.then(self.only(is_update)).plus().optional());
        let fence = self.only(Event::is_fence);
        let sw = self.only(Event::releases);
        let sw = sw.then(fence.then(self.po).or(Relation::of(|a, b| a == b)));
        let sw = sw.then(rs).then(self.rf).then(self.only(|event| event.read.is_some() && event.order.is_some()));
        let sw = sw.then(self.po.then(fence).or(Relation::of(|a, b| a == b))).then(self.only(Event::acquires));
        self.po.or(sw).plus()
    }

    fn is_atomic(&self) -> bool {
        let updates =
            (0..self.events.len()).filter(|&u| self.events[u].read.is_some() && self.events[u].written.is_some());
        updates.into_iter().all(|u| {
            let from = (0..self.events.len()).find(|&w| self.rf.has(w, u)).expect("it reads from some write");
            self.mo.has(from, u) && !(0..self.events.len()).any(|x| self.mo.has(from, x) && self.mo.has(x, u))
        })
    }

    /// Whether the order of two SeqCst events counts: light fences are ordered with heavy ones alone.
    fn counts(&self, a: usize, b: usize) -> bool {
        let weight = |at: usize| if self.events[at].is_fence() { self.events[at].weight } else { Weight::Full };
        match (weight(a), weight(b)) {
            (Weight::Light, other) | (other, Weight::Light) => other == Weight::Heavy,
            _ => true,
        }
    }

    fn psc_is_acyclic(&self, hb: Relation, eco: Relation) -> bool {
        let place = |at: usize| self.events.get(at).and_then(|event| event.location);
        let same = |a: usize, b: usize| place(a).is_some() && place(a) == place(b);
        let elsewhere = Relation::of(|a, b| self.po.has(a, b) && !same(a, b));
        let hb_same = Relation::of(|a, b| hb.has(a, b) && same(a, b));
        let scb = self.po.or(elsewhere.then(hb).then(elsewhere)).or(hb_same).or(self.mo).or(self.rb());
        let sc = self.only(Event::is_sequential);
        let fence = self.only(|event| event.is_sequential() && event.is_fence());
        let base = sc.or(fence.then(hb.optional())).then(scb).then(sc.or(hb.optional().then(fence)));
        let fences = fence.then(hb.or(hb.then(eco).then(hb))).then(fence);
        let psc = base.or(fences);
        Relation::of(|a, b| psc.has(a, b) && self.counts(a, b)).is_acyclic()
    }

    /// Whether RC11 allows it.
    pub fn is_consistent(&self, without: Without) -> bool {
        if !self.is_atomic() || !self.po.or(self.rf).is_acyclic() {
            return false;
        }
        let eco = self.rf.or(self.mo).or(self.rb()).plus();
        // Program order is a part of happens-before: most candidates fail here already.
        if without != Without::Coherence && !self.po.then(eco).is_irreflexive() {
            return false;
        }
        let hb = self.hb();
        let coherent = without == Without::Coherence || hb.is_irreflexive() && hb.then(eco).is_irreflexive();
        coherent && (without == Without::SeqCst || self.psc_is_acyclic(hb, eco))
    }

    /// Whether it is sequentially consistent.
    pub fn is_sequential(&self) -> bool {
        self.is_atomic() && self.po.or(self.rf).or(self.mo).or(self.rb()).is_acyclic()
    }

    /// Whether two accesses race.
    pub fn has_race(&self) -> bool {
        let hb = self.hb();
        let all = || 0..self.events.len();
        all().any(|a| {
            all().any(|b| {
                let (first, second) = (&self.events[a], &self.events[b]);
                a < b
                    && first.participant.is_some()
                    && first.location.is_some()
                    && first.location == second.location
                    && (first.written.is_some() || second.written.is_some())
                    && (first.order.is_none() || second.order.is_none())
                    && !hb.has(a, b)
                    && !hb.has(b, a)
            })
        })
    }
}
