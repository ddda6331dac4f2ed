//! The participants: the limit, ackcast, and the peers, each in its own file.

mod broken;
mod disruptor;
mod iceoryx;
mod ipc_channel;
pub mod memory;
mod ours;
mod pipes;
mod raw;
mod ringfire;
mod shmem_ipc;
mod single_slot;

use crate::child::{Role, play};
use crate::transport::Participant;
use ackcast::{Backend, Wait};
use anyhow::{Context, Result, bail};
use ours::{Ours, Way};
use raw::{Pause, Publishes, Raw};
use serde::{Deserialize, Serialize};
use std::os::fd::OwnedFd;

/// A participant by name.
pub struct Entry {
    pub name: &'static str,
    pub kind: Kind,
    /// How it waits. A reader of the table must know this to compare.
    pub waits: Waits,
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

/// Any participant, at the two sizes of the table.
struct Sized<P>(P);

impl<P: Participant> Native for Sized<P> {
    fn play(&self, role: &Role) -> Result<()> {
        match role.size {
            64 => play::<P, 64>(&self.0, role),
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

/// All participants, in the table's order.
pub fn all() -> Vec<Entry> {
    use Kind::{Limit, Ours as Us, Peer};
    use Waits::{Parks, Spins, Yields};
    let raw = |pause, publishes| Raw { pause, publishes };
    let ours = |way| Ours { way, backend: Backend::Futex, wait: Wait::Adaptive, slots: None };
    let us =
        |name, participant| Entry { name, kind: Us, waits: Parks, body: Body::Native(Box::new(Scalable(participant))) };
    vec![
        native("raw-spin", Limit, Spins, raw(Pause::Spin, Publishes::Together)),
        native("raw-yield", Limit, Yields, raw(Pause::Yield, Publishes::Together)),
        native("raw-each", Limit, Yields, raw(Pause::Yield, Publishes::Each)),
        us("ours", ours(Way::Copy)),
        us("ours-in-place", ours(Way::InPlace)),
        us("ours-batch", ours(Way::Batch)),
        us("ours-batch-in-place", ours(Way::Written)),
        us("ours-spin", Ours { wait: Wait::Spin, ..ours(Way::InPlace) }),
        us("ours-1-slot", Ours { slots: Some(1), ..ours(Way::Copy) }),
        us("ours-raw_sync", Ours { backend: Backend::RawSync, ..ours(Way::Copy) }),
        native("ringfire-futex", Peer, Parks, ringfire::Ringfire(ringfire::Wait::Futex)),
        native("ringfire-yield", Peer, Yields, ringfire::Ringfire(ringfire::Wait::Yield)),
        native("ringfire-spin", Peer, Spins, ringfire::Ringfire(ringfire::Wait::Spin)),
        native("disruptor-mp-block", Peer, Yields, disruptor::Disruptor(disruptor::Wait::Block)),
        native("disruptor-mp-spin", Peer, Spins, disruptor::Disruptor(disruptor::Wait::Spin)),
        native("iceoryx2-event", Peer, Parks, iceoryx::Iceoryx(iceoryx::Wait::Event)),
        native("iceoryx2-poll", Peer, Yields, iceoryx::Iceoryx(iceoryx::Wait::Poll)),
        native("shmem-ipc", Peer, Parks, shmem_ipc::ShmemIpc),
        native("ipc-channel", Peer, Parks, ipc_channel::IpcChannel),
        native("pipes", Peer, Parks, pipes::Pipes),
        native("raw_sync-slot", Peer, Parks, single_slot::SingleSlot),
        Entry { name: "python-slot", kind: Peer, waits: Parks, body: Body::Python("slot") },
        Entry { name: "python-pipe", kind: Peer, waits: Parks, body: Body::Python("pipe") },
    ]
}

fn native(name: &'static str, kind: Kind, waits: Waits, participant: impl Participant + 'static) -> Entry {
    Entry { name, kind, waits, body: Body::Native(Box::new(Sized(participant))) }
}

/// The participants that the benchmark's own checks must notice.
pub fn broken() -> Vec<Entry> {
    let broken = |name, flaw| native(name, Kind::Peer, Waits::Yields, broken::Broken(flaw));
    vec![broken("broken-loses", broken::Flaw::Loses), broken("broken-hangs", broken::Flaw::Hangs)]
}

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
