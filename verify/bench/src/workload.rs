//! The workloads.

use crate::message::VARIABLE;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A workload of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Workload {
    /// 64 bytes there and back, on two channels.
    PingPong,
    /// As many 64-byte messages as possible, to one consumer.
    Small,
    /// As many messages of 20 to 200 bytes as possible, to one consumer.
    Mixed,
    /// As many 4 KiB messages as possible, to one consumer.
    Large,
    /// As many 64-byte messages as possible, each to three consumers.
    Fan,
    /// As many 64-byte messages as possible, of two producers to one consumer.
    TwoToOne,
    /// As many 64-byte messages as possible, of four producers to one consumer.
    FourToOne,
    /// As many 64-byte messages as possible, of two producers, each to two consumers.
    TwoToTwo,
    /// A 64-byte message every millisecond.
    Paced,
    /// As many 64-byte messages, at random moments.
    Sporadic,
}

/// Where the processes of a measurement run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Placement {
    /// Where the kernel puts them.
    Free,
    /// Each on a core of its own.
    Pinned,
}

impl Workload {
    pub const ALL: [Self; 10] = [
        Self::PingPong,
        Self::Small,
        Self::Mixed,
        Self::Large,
        Self::Fan,
        Self::TwoToOne,
        Self::FourToOne,
        Self::TwoToTwo,
        Self::Paced,
        Self::Sporadic,
    ];

    /// Whether the consumers sleep between messages, because the messages are paced.
    pub const fn sleeps(self) -> bool {
        matches!(self, Self::Paced | Self::Sporadic)
    }

    pub const fn several(self) -> bool {
        self.producers() > 1
    }

    pub const fn size(self) -> usize {
        match self {
            Self::Large => 4096,
            Self::Mixed => VARIABLE,
            _ => 64,
        }
    }

    /// The length of the ring, if the participant has such an option: 64 or 256 KiB of messages.
    pub const fn slots(self) -> usize {
        if matches!(self, Self::Large) { 64 } else { 1024 }
    }

    pub const fn producers(self) -> usize {
        match self {
            Self::TwoToOne | Self::TwoToTwo => 2,
            Self::FourToOne => 4,
            _ => 1,
        }
    }

    pub const fn consumers(self) -> usize {
        match self {
            Self::Fan => 3,
            Self::TwoToTwo => 2,
            _ => 1,
        }
    }

    /// Two processes are measured in both placements. The kernel places more processes itself.
    pub const fn placements(self) -> &'static [Placement] {
        if self.producers() + self.consumers() > 2 { &[Placement::Free] } else { &[Placement::Free, Placement::Pinned] }
    }
}
