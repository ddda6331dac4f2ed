//! The list of the participants.

use super::broken::{Broken, Flaw};
use super::disruptor::{self, Disruptor};
use super::iceoryx::{self, Iceoryx};
use super::ipc_channel::IpcChannel;
use super::ours::{Ours, Receives, Sends};
use super::pipes::Pipes;
use super::raw::Raw;
use super::raw_several::RawSeveral;
use super::ringfire::{self, Ringfire};
use super::shmem_ipc::ShmemIpc;
use super::single_slot::SingleSlot;
use super::{Body, Entry, Kind, Native, Pause, Producers, Publishes, Scalable, Sized, Waits};
use crate::transport::Participant;
use Kind::{Limit, Peer};
use Publishes::{Batches, Each};
use Waits::{Parks, Spins, Yields};
use ackcast::{Backend, Wait};

/// All participants, in the tables' order.
pub fn all() -> Vec<Entry> {
    let mut all = limits();
    all.extend(ours());
    all.extend(peers());
    all
}

fn limits() -> Vec<Entry> {
    let raw =
        |name, waits, pause, publishes| entry(name, Limit, waits, publishes, Raw { pause, publishes, copies: false });
    let copies = Raw { pause: Pause::Yield, publishes: Each, copies: true };
    let several = |name, waits, pause, publishes| {
        let limit = entry(name, Limit, waits, publishes, RawSeveral { pause, publishes });
        Entry { producers: Producers::Several, ..limit }
    };
    vec![
        raw("raw-spin", Spins, Pause::Spin, Each),
        raw("raw-spin-batch", Spins, Pause::Spin, Batches),
        raw("raw-yield", Yields, Pause::Yield, Each),
        raw("raw-yield-batch", Yields, Pause::Yield, Batches),
        entry("raw-copy", Limit, Yields, Each, copies),
        several("raw-several-spin", Spins, Pause::Spin, Each),
        several("raw-several-spin-batch", Spins, Pause::Spin, Batches),
        several("raw-several-yield", Yields, Pause::Yield, Each),
        several("raw-several-yield-batch", Yields, Pause::Yield, Batches),
    ]
}

fn ours() -> Vec<Entry> {
    let of = |sends, receives| Ours {
        sends,
        receives,
        backend: Backend::Futex,
        wait: Wait::Adaptive,
        slots: None,
        half_slot: false,
    };
    let copies = of(Sends::Copies, Receives::Copies);
    let in_place = of(Sends::Loans, Receives::Borrows);
    let drain = of(Sends::Loans, Receives::Batches);
    let row = |name, publishes, ours| native(name, Kind::Ours, Parks, publishes, Scalable(ours));
    vec![
        row("ours", Each, copies).any(),
        row("ours-in-place", Each, in_place).any(),
        row("ours-drain", Each, drain).any(),
        row("ours-half-slot", Each, Ours { half_slot: true, ..drain }),
        row("ours-batch", Batches, of(Sends::Batches, Receives::Batches)).any(),
        row("ours-batch-in-place", Batches, of(Sends::WrittenBatches, Receives::Batches)).any(),
        Entry { waits: Spins, ..row("ours-spin", Each, Ours { wait: Wait::Spin, ..in_place }) },
        row("ours-park", Each, Ours { wait: Wait::Park, ..in_place }),
        row("ours-1-slot", Each, Ours { slots: Some(1), ..copies }),
        row("ours-raw_sync", Each, Ours { backend: Backend::RawSync, ..copies }),
    ]
}

fn peers() -> Vec<Entry> {
    let ringfire = |name, waits, wait, publishes| entry(name, Peer, waits, publishes, Ringfire(wait, publishes));
    let disruptor = |name, waits, wait, publishes| entry(name, Peer, waits, publishes, Disruptor(wait, publishes));
    let iceoryx = |name, waits, wait, publishes| entry(name, Peer, waits, publishes, Iceoryx(wait, publishes)).any();
    let python = |name, mode| Entry {
        name,
        kind: Peer,
        waits: Parks,
        publishes: Each,
        producers: Producers::One,
        body: Body::Python(mode),
    };
    vec![
        ringfire("ringfire-futex", Parks, ringfire::Wait::Futex, Each),
        ringfire("ringfire-futex-batch", Parks, ringfire::Wait::Futex, Batches),
        ringfire("ringfire-yield", Yields, ringfire::Wait::Yield, Each).any(),
        ringfire("ringfire-yield-batch", Yields, ringfire::Wait::Yield, Batches).any(),
        ringfire("ringfire-spin", Spins, ringfire::Wait::Spin, Each).any(),
        ringfire("ringfire-spin-batch", Spins, ringfire::Wait::Spin, Batches).any(),
        disruptor("disruptor-mp-block", Yields, disruptor::Wait::Block, Each),
        disruptor("disruptor-mp-block-batch", Yields, disruptor::Wait::Block, Batches),
        disruptor("disruptor-mp-spin", Spins, disruptor::Wait::Spin, Each),
        disruptor("disruptor-mp-spin-batch", Spins, disruptor::Wait::Spin, Batches),
        iceoryx("iceoryx2-event", Parks, iceoryx::Wait::Event, Each),
        iceoryx("iceoryx2-event-batch", Parks, iceoryx::Wait::Event, Batches),
        iceoryx("iceoryx2-poll", Yields, iceoryx::Wait::Poll, Each),
        entry("shmem-ipc", Peer, Parks, Each, ShmemIpc(Each)),
        entry("shmem-ipc-batch", Peer, Parks, Batches, ShmemIpc(Batches)),
        entry("ipc-channel", Peer, Parks, Each, IpcChannel),
        entry("pipes", Peer, Parks, Each, Pipes(Each)).any(),
        entry("pipes-batch", Peer, Parks, Batches, Pipes(Batches)).any(),
        entry("raw_sync-slot", Peer, Parks, Each, SingleSlot),
        python("python-slot", "slot"),
        python("python-pipe", "pipe"),
    ]
}

/// The participants that the benchmark's own checks must notice.
pub fn broken() -> Vec<Entry> {
    let (pause, publishes) = (Pause::Yield, Batches);
    let one = |name, flaw| entry(name, Peer, Yields, publishes, Broken(Raw { pause, publishes, copies: false }, flaw));
    let several = Broken(RawSeveral { pause, publishes }, Flaw::Loses);
    vec![
        one("broken-loses", Flaw::Loses),
        one("broken-hangs", Flaw::Hangs),
        Entry { producers: Producers::Several, ..entry("broken-several-loses", Peer, Yields, publishes, several) },
    ]
}

/// A participant at the sizes of the tables.
fn entry(
    name: &'static str,
    kind: Kind,
    waits: Waits,
    publishes: Publishes,
    participant: impl Participant + 'static,
) -> Entry {
    native(name, kind, waits, publishes, Sized(participant))
}

fn native(
    name: &'static str,
    kind: Kind,
    waits: Waits,
    publishes: Publishes,
    participant: impl Native + 'static,
) -> Entry {
    Entry { name, kind, waits, publishes, producers: Producers::One, body: Body::Native(Box::new(participant)) }
}

impl Entry {
    /// The same, measured with one producer and with several.
    fn any(self) -> Self {
        Self { producers: Producers::Any, ..self }
    }
}
