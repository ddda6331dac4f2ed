//! The participants: the limit, ackcast, and the peers, each in its own file.

mod broken;
mod disruptor;
mod iceoryx;
mod ipc_channel;
mod list;
pub mod memory;
mod ours;
mod pause;
mod pipes;
mod raw;
mod raw_several;
mod ringfire;
mod shmem_ipc;
mod single_slot;

use crate::child::{Role, play};
use crate::message::VARIABLE;
use crate::transport::Participant;
use crate::workload::Workload;
use anyhow::{Context, Result, bail};
pub use list::{all, broken};
use ours::Ours;
use pause::Pause;
use serde::{Deserialize, Serialize};
use std::os::fd::OwnedFd;

/// A participant by name.
pub struct Entry {
    pub name: &'static str,
    pub kind: Kind,
    /// How it waits. A reader of the table must know this to compare.
    pub waits: Waits,
    /// When its messages are visible.
    pub publishes: Publishes,
    /// How many producers it is measured with.
    producers: Producers,
    body: Body,
}

/// The participant's part in the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    Limit,
    Ours,
    Peer,
}

/// What a waiter does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Waits {
    /// Keeps a core busy.
    Spins,
    /// Keeps a core busy, but lets other threads have it.
    Yields,
    /// Sleeps.
    Parks,
}

/// When a message is visible to the consumers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Publishes {
    /// When the call that sends it returns: a call sends one message.
    Each,
    /// With the other messages of its batch: a call sends a batch.
    Batches,
}

impl Publishes {
    /// As the tables show it.
    pub const fn shown(self) -> &'static str {
        match self {
            Self::Each => "each message",
            Self::Batches => "batches",
        }
    }
}

/// The workloads of a participant, by their producers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Producers {
    One,
    Several,
    Any,
}

enum Body {
    Native(Box<dyn Native>),
    /// A script, run in this mode.
    Python(&'static str),
}

/// A [`Participant`] whose message size is a value.
trait Native {
    fn play(&self, role: &Role) -> Result<()>;
    fn prepare(&self, consumers: usize, slots: usize, size: usize) -> Result<Vec<OwnedFd>>;
}

/// Any participant, at the sizes of the tables.
struct Sized<P>(P);

impl<P: Participant> Native for Sized<P> {
    fn play(&self, role: &Role) -> Result<()> {
        match role.size {
            64 => play::<P, 64>(&self.0, role),
            VARIABLE => play::<P, VARIABLE>(&self.0, role),
            4096 => play::<P, 4096>(&self.0, role),
            size => bail!("not built for {size} bytes"),
        }
    }

    fn prepare(&self, consumers: usize, slots: usize, size: usize) -> Result<Vec<OwnedFd>> {
        self.0.prepare(consumers, slots, size)
    }
}

/// ackcast, at many sizes.
struct Scalable(Ours);

impl Native for Scalable {
    fn play(&self, role: &Role) -> Result<()> {
        match role.size {
            8 => play::<Ours, 8>(&self.0, role),
            64 => play::<Ours, 64>(&self.0, role),
            VARIABLE => play::<Ours, VARIABLE>(&self.0, role),
            512 => play::<Ours, 512>(&self.0, role),
            4096 => play::<Ours, 4096>(&self.0, role),
            32_768 => play::<Ours, 32_768>(&self.0, role),
            262_144 => play::<Ours, 262_144>(&self.0, role),
            1_048_576 => play::<Ours, 1_048_576>(&self.0, role),
            size => bail!("not built for {size} bytes"),
        }
    }

    fn prepare(&self, consumers: usize, slots: usize, size: usize) -> Result<Vec<OwnedFd>> {
        self.0.prepare(consumers, slots, size)
    }
}

/// The sizes that ackcast is built for.
pub const SIZES: [usize; 7] = [8, 64, 512, 4096, 32_768, 262_144, 1_048_576];

/// The participant of this name.
pub fn find(name: &str) -> Result<Entry> {
    all()
        .into_iter()
        .chain(broken())
        .find(|entry| entry.name == name)
        .with_context(|| format!("no participant {name:?}"))
}

impl Entry {
    pub fn play(&self, role: &Role) -> Result<()> {
        self.native()?.play(role)
    }

    pub fn prepare(&self, consumers: usize, slots: usize, size: usize) -> Result<Vec<OwnedFd>> {
        self.native()?.prepare(consumers, slots, size)
    }

    /// Whether it is measured under this workload. Batches need a workload that has more than one message at a time.
    pub fn takes(&self, workload: Workload) -> bool {
        let other = if workload.several() { Producers::One } else { Producers::Several };
        let one_by_one = workload.sleeps() || workload == Workload::PingPong;
        self.producers != other
            && !(one_by_one && self.publishes == Publishes::Batches)
            && !(workload == Workload::Mixed && self.script().is_some())
    }

    /// The script's mode, if it is a script.
    pub const fn script(&self) -> Option<&'static str> {
        match self.body {
            Body::Python(mode) => Some(mode),
            Body::Native(_) => None,
        }
    }

    fn native(&self) -> Result<&dyn Native> {
        match &self.body {
            Body::Native(native) => Ok(&**native),
            Body::Python(_) => bail!("{} is a script", self.name),
        }
    }
}
