//! The results of a run.

use crate::message::CORRUPT;
use crate::participants::{Kind, Publishes, Waits};
use crate::reading::Reading;
use crate::workload::{Placement, Workload};
use serde::{Deserialize, Serialize};

/// All results of a run.
#[derive(Debug, Serialize, Deserialize)]
pub struct Results {
    pub machine: Machine,
    pub rounds: usize,
    pub participants: Vec<Participant>,
}

/// The results of a participant.
#[derive(Debug, Serialize, Deserialize)]
pub struct Participant {
    pub name: String,
    pub kind: Kind,
    pub waits: Waits,
    pub publishes: Publishes,
    pub series: Vec<Series>,
}

/// The measurements of a participant under a workload in a placement: a reading for each round, and more if some do not
/// count. Or the reason why there is none.
#[derive(Debug, Serialize, Deserialize)]
pub struct Series {
    pub workload: Workload,
    pub placement: Placement,
    pub readings: Vec<Reading>,
    pub failure: Option<String>,
}

/// The machine of a run.
#[derive(Debug, Serialize, Deserialize)]
pub struct Machine {
    pub processor: String,
    pub cores: usize,
    pub kernel: String,
    /// The load average just before. A load above 0 comes from other programs.
    pub load: f64,
}

impl Machine {
    pub fn here() -> Self {
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        Self {
            processor: model.map_or("unknown processor", |(_, model)| model.trim()).to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
            load: load.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(f64::NAN),
        }
    }
}

impl Results {
    /// The number of readings that do not count, and the number of all readings.
    pub fn slow(&self) -> (usize, usize) {
        let readings = || self.participants.iter().flat_map(|p| &p.series).flat_map(|series| &series.readings);
        (readings().filter(|reading| reading.slow).count(), readings().count())
    }

    /// The measurements that failed, and why.
    pub fn failures(&self) -> impl Iterator<Item = String> {
        self.participants
            .iter()
            .flat_map(|participant| participant.series.iter().filter_map(|series| series.failed(&participant.name)))
    }

    /// The participants that delivered wrong data, and what was wrong.
    pub fn corrupt(&self) -> Vec<String> {
        self.failures().filter(|failure| failure.contains(CORRUPT)).collect()
    }
}

impl Series {
    pub const fn new(workload: Workload, placement: Placement) -> Self {
        Self { workload, placement, readings: Vec::new(), failure: None }
    }

    pub fn title(&self) -> String {
        match self.placement {
            Placement::Free => format!("{:?}", self.workload),
            Placement::Pinned => format!("{:?} pinned", self.workload),
        }
    }

    fn failed(&self, participant: &str) -> Option<String> {
        Some(format!("{participant}, {}: {}", self.title(), self.failure.as_ref()?))
    }
}
