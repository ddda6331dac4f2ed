//! A column of a table: what was measured under a workload in a placement.

use super::Spread;
use super::unit::Unit;
use crate::participants::Kind;
use crate::reading::Reading;
use crate::results::{Participant, Results, Series};
use crate::workload::{Placement, Workload};

/// A value of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    Latency,
    Tail,
    Cpu,
    Rate,
    Share,
    Longest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub workload: Workload,
    pub placement: Placement,
    pub figure: Figure,
}

pub const fn column(workload: Workload, placement: Placement, figure: Figure) -> Column {
    Column { workload, placement, figure }
}

impl Figure {
    const fn of(self, reading: &Reading) -> Option<f64> {
        match self {
            Self::Latency | Self::Rate => Some(reading.value),
            Self::Tail => reading.tail,
            Self::Cpu => reading.cpu,
            Self::Share => reading.share,
            Self::Longest => reading.longest,
        }
    }
}

impl Column {
    pub const fn unit(&self) -> Unit {
        match self.figure {
            Figure::Latency | Figure::Tail | Figure::Longest => Unit::Time,
            Figure::Cpu => Unit::Milliseconds,
            Figure::Rate => Unit::PerSecond,
            Figure::Share => Unit::Percent,
        }
    }

    /// Whether less is better.
    pub const fn cost(&self) -> bool {
        !matches!(self.figure, Figure::Rate | Figure::Share)
    }

    /// The workload, the figure where it is not the workload's first, and the placement where there are two.
    pub fn title(&self) -> String {
        let workload = match self.workload {
            Workload::PingPong => "ping-pong, half a trip",
            Workload::Small => "1 → 1, 64 B",
            Workload::Mixed => "1 → 1, 20 to 200 B",
            Workload::Large => "1 → 1, 4 KiB",
            Workload::Fan => "1 → 3, 64 B",
            Workload::TwoToOne => "2 → 1",
            Workload::FourToOne => "4 → 1",
            Workload::TwoToTwo => "2 → 2",
            Workload::Paced => "1 kHz",
            Workload::Sporadic => "at random",
        };
        let figure = match self.figure {
            Figure::Rate => "",
            Figure::Latency if self.workload == Workload::PingPong => "",
            Figure::Latency => ", p50",
            Figure::Tail => ", p99",
            Figure::Cpu => ", CPU",
            Figure::Share => ", slowest share",
            Figure::Longest => ", longest call",
        };
        let placement = match self.placement {
            Placement::Free => "",
            Placement::Pinned => ", pinned",
        };
        format!("{workload}{figure}{placement}")
    }

    /// Whether the limit is comparable: a participant that never sleeps is no limit for those that sleep.
    pub const fn has_limit(&self) -> bool {
        !self.workload.sleeps() && matches!(self.figure, Figure::Latency | Figure::Rate)
    }

    /// The rounds of a participant, unless it was not measured.
    pub fn spread(&self, participant: &Participant) -> Option<Spread> {
        let here = |series: &&Series| (series.workload, series.placement) == (self.workload, self.placement);
        Spread::of_counting(&participant.series.iter().find(here)?.readings, |reading| self.figure.of(reading))
    }

    /// The participant with the best median among the chosen ones.
    pub fn best<'r>(&self, results: &'r Results, chosen: impl Fn(&Participant) -> bool) -> Option<(Spread, &'r str)> {
        let of = |p: &'r Participant| Some((self.spread(p)?, p.name.as_str()));
        let all = results.participants.iter().filter(|participant| chosen(participant)).filter_map(of);
        let best = |a: &(Spread, &str), b: &(Spread, &str)| a.0.median.total_cmp(&b.0.median);
        if self.cost() { all.min_by(best) } else { all.max_by(best) }
    }

    /// The limit's best median.
    pub fn limit(&self, results: &Results) -> Option<f64> {
        self.best(results, |participant| participant.kind == Kind::Limit).map(|(spread, _)| spread.median)
    }
}
