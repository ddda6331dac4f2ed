//! The protocol: one text for every layer.
//!
//! | word | meaning |
//! | --- | --- |
//! | [`Control::lock`] | the write lock: one writer at a time (S4) |
//! | [`Control::published`] | message *n* is readable if and only if this counts more than *n* messages |
//! | [`ConsumerEntry::acked`] | the consumer has acknowledged every message below this number (S3) |
//! | [`ConsumerEntry::state`] | whether that acknowledgement counts |
//! | [`ConsumerEntry::data`], [`Control::space`] | where a consumer waits for a message, and the writer for a free slot |
//!
//! A message goes through four files: `producer/await_room.rs` (its slot is free), `producer/free_slot.rs` (it is
//! written), `producer/prepared.rs` (it is published), `consumer.rs` (it is read and acknowledged). Participants join
//! and leave in `registry.rs`.
//!
//! # Labels
//!
//! Each operation on what processes share has a label, in a comment at its site or just above it. The table lists all
//! of them. `verify` checks that the table and the sites agree, and every document names sites by label. A label
//! without its letter means all of them: E7 is E7a to E7f. A label's link leads to what it is for and what breaks
//! without it; in the repository, `docs/orderings/` has a page for each.
//!
//! - **E**: an edge, from a release to an acquire. **F, J, N**: fences. **R**: requests for a wake.
//! - **X**: a word that a single participant may write, because it holds the lock or the number. **H**: a relaxed
//!   access: a hint, or exact by the label that its row names.
//! - **D**: a slot's bytes. **K**: the kernel's knowledge of living participants. **P**: parking and waking. **C**: the
//!   call of a lock or a signal.
//!
//! | label | site | access | partner | carries |
//! | --- | --- | --- | --- | --- |
//! | [E1](orderings::E1) | prepared::publish | published: store Release | E2 | the bytes of the prepared slots, and of earlier ones by the lock |
//! | [E2a](orderings::E2a) | consumer::poll | published: load Acquire | E1 | the same |
//! | [E2b](orderings::E2b) | registry::take_consumer_entry | published: load Acquire | E1 | nothing: a lower bound of the start |
//! | [E2c](orderings::E2c) | mod::published | published: load Acquire | E1 | nothing: a snapshot |
//! | [E2d](orderings::E2d) | registry::take_consumer_entry | published: load Acquire | E1, by J and N | the start |
//! | [E3a](orderings::E3a) | consumer::acknowledge | acked: store Release | E4 | the consumer's reads of acknowledged slots |
//! | [E3b](orderings::E3b) | registry::take_consumer_entry | acked: store Release | E4 | the previous occupant's reads |
//! | [E3c](orderings::E3c) | registry::take_consumer_entry | acked: store Release | E4 | the same, and the start |
//! | [E4](orderings::E4) | await_room::lowest_acknowledgement | acked: load Acquire | E3a, E3b, E3c | what these carry |
//! | [E5](orderings::E5) | registry::leave_consumer_entry | state: store Release | E6 | all reads of the leaver |
//! | [E6](orderings::E6) | await_room::lowest_acknowledgement | state: load Acquire | E5, E9, X12 | what these carry |
//! | [E7a](orderings::E7a) | lock::acquire | lock: exchange AcqRel | E8; E7c | the previous owner's work; our claim |
//! | [E7b](orderings::E7b) | lock::acquire | lock: exchange AcqRel | E8; E7c | the same |
//! | [E7c](orderings::E7c) | lock::acquire | lock: load Acquire | E7a, E7b, E7d, E7e, E7f | the claim of the owner that the word names |
//! | [E7d](orderings::E7d) | lock::acquire | lock: exchange AcqRel | E8; E7c | the previous owner's work; our claim |
//! | [E7e](orderings::E7e) | lock::acquire | lock: exchange AcqRel | a death, by K2; E7c | the dead owner's work; our claim |
//! | [E7f](orderings::E7f) | lock::inherit | lock: exchange AcqRel | a death, by K1; E7c | the dead predecessor's work; our claim |
//! | [E8](orderings::E8) | lock::release | lock: swap Release | E7a, E7b, E7d | the owner's work |
//! | [E9](orderings::E9) | registry::take_consumer_entry | state: store Release | E6 | the acknowledgement with JOINING, and for K3 the claim |
//! | [E10](orderings::E10) | registry::vacate_producer_entry | state: store Release | E11 | all messages of the producer |
//! | [E11](orderings::E11) | registry::attached_producers | state: load Acquire | E10 | the same |
//! | [E12](orderings::E12) | progress::progress_of | acked: load Acquire | E3a, E3b, E3c | what these carry |
//! | [F1](orderings::F1) | signal::announce | heavy fence SeqCst | F2 | the waiter's poll sees what the notifier wrote before F2, or F3 reads PARKED |
//! | [F2](orderings::F2) | signal::notify_all | light fence SeqCst | F1, J | the same |
//! | [F3](orderings::F3) | signal::notify_all | signal: load Relaxed | R2, R1, H9, H10 | whether the waiter sleeps; ordered by F2 |
//! | [F4](orderings::F4) | progress::attached | light fence SeqCst | J | a state reads ACTIVE, or the joiner's start counts what was read |
//! | [J](orderings::J) | registry::take_consumer_entry | heavy fence SeqCst | N, F4 | the writer reads ACTIVE, or the joiner its publication |
//! | [N](orderings::N) | producer::notify | notify_all | J | the same: the fence is F2, after E1 |
//! | [R1](orderings::R1) | signal::notify_parked | signal: exchange Release | R2 | what the notifier wrote |
//! | [R2](orderings::R2) | signal::announce | signal: swap Acquire | R1 | the same |
//! | [R3](orderings::R3) | lock::acquire | lock: exchange Relaxed | E8 | the owner shall wake a thread |
//! | [X1](orderings::X1) | producer::begin | published: load owned | E1, by the lock | the last publication |
//! | [X2](orderings::X2) | producer::finish | finished: load owned | X3 | the count |
//! | [X3](orderings::X3) | producer::finish | finished: store Relaxed | X2 | the same, by the lock |
//! | [X4](orderings::X4) | producer::recover | takeovers: load owned | X5 | the count |
//! | [X5](orderings::X5) | producer::recover | takeovers: store Relaxed | X4 | the same, by the lock |
//! | [X6](orderings::X6) | registry::evict | evicted: load owned | X7 | the count |
//! | [X7](orderings::X7) | registry::evict | evicted: store Relaxed | X6 | the same, by the lock |
//! | [X8](orderings::X8) | registry::take_consumer_entry | generation: load owned | X9 | the last occupant's generation |
//! | [X9](orderings::X9) | registry::take_consumer_entry | generation: store Relaxed | X8 | the same, by K1 |
//! | [X10](orderings::X10) | registry::take_producer_entry | state: load owned | X11 | the last occupant's generation |
//! | [X11](orderings::X11) | registry::take_producer_entry | state: store Relaxed | X10 | the same, by K1 |
//! | [X12](orderings::X12) | registry::evict | state: exchange Relaxed | E9 | the value has the generation, so no successor's entry matches; the lock carries K3's death to the next writer |
//! | [H1](orderings::H1) | lock::acquire | lock: load Relaxed | E7b | a guess |
//! | [H2](orderings::H2) | lock::inherit | lock: load Relaxed | E7f | exact for our number, by K1 |
//! | [H3](orderings::H3) | observe::evicted | evicted: load Relaxed | | a statistic |
//! | [H4](orderings::H4) | observe::takeovers | takeovers: load Relaxed | | a statistic |
//! | [H5a](orderings::H5a) | observe::consumers | state: load Relaxed | | a snapshot |
//! | [H5b](orderings::H5b) | observe::acknowledged | acked: load Relaxed | | a snapshot |
//! | [H6](orderings::H6) | producer::notify | state: load Relaxed | E9 | which consumers may wait; ordered by F2 against J |
//! | [H7](orderings::H7) | registry::lost_producers | state: load Relaxed | X11, E10 | the last state, or a successor's; after K5 |
//! | [H8](orderings::H8) | signal::stay_awake | signal: load Relaxed | | whether H9 is needed |
//! | [H9](orderings::H9) | signal::stay_awake | signal: store Relaxed | F3 | the waiter does not sleep |
//! | [H10](orderings::H10) | signal::reset | signal: store Relaxed | R2, R1, F3 | the next waiter makes a fence |
//! | [H11](orderings::H11) | observe::published | published: load Relaxed | | a snapshot |
//! | [H12](orderings::H12) | observe::finished | finished: load Relaxed | | a statistic |
//! | [H13](orderings::H13) | observe::producers | state: load Relaxed | | a snapshot |
//! | [H14](orderings::H14) | lock::owner | lock: load Relaxed | | a statistic |
//! | [H15](orderings::H15) | signal::is_parked | signal: load Relaxed | | a statistic |
//! | [H16](orderings::H16) | signal::await_told | signal: load Relaxed | R1, H9 | whether the waiter is to poll again |
//! | [H17](orderings::H17) | progress::progress_of | state: load Relaxed | E9, E5 | whose acknowledgement E12 has read |
//! | [D1](orderings::D1) | free_slot::new | slot: write | E1 | the message; after E7 and E4, E6 or K3 |
//! | [D2](orderings::D2) | free_slot::copy_previous | slot: read | E7 | the previous message |
//! | [D3](orderings::D3) | prepared::extend | slot: write | E1 | the message; after E7 and E4, E6 or K3 |
//! | [D4](orderings::D4) | consumer::open | slot: read | E2a | the message; before E3a or E5 |
//! | [K1](orderings::K1) | registry::claim_first_free | claim | K6, K7 or a death | everything the last claimant did |
//! | [K2](orderings::K2) | lock::acquire | is_alive | a death, K7 | everything the dead owner did |
//! | [K3](orderings::K3) | await_room::is_consumer_alive | is_alive | a death, K6 | everything the dead consumer did |
//! | [K4](orderings::K4) | registry::another_producer_lives | is_alive | a death, K7 | everything the dead producer did |
//! | [K5](orderings::K5) | registry::lost_producers | is_alive | a death, K7 | everything the dead producer did |
//! | [K6](orderings::K6) | registry::leave_consumer_entry | release | K1 | everything the consumer did |
//! | [K7](orderings::K7) | producer::drop | release | K1 | everything the producer did |
//! | [K8](orderings::K8) | progress::is_alive | is_alive | a death, K6, K7 | everything the participant did |
//! | [P1](orderings::P1) | lock::acquire | park | P2 | |
//! | [P2](orderings::P2) | lock::release | wake | P1 | |
//! | [P3](orderings::P3) | signal::sleep | park | P4 | |
//! | [P4](orderings::P4) | signal::notify_parked | wake | P3 | |
//! | [P5](orderings::P5) | signal::end_ask | wake | P3 | |
//! | [C1](orderings::C1) | write_lock::acquire | acquire | | calls E7a to E7e |
//! | [C2](orderings::C2) | write_lock::inherit | inherit | | calls E7f |
//! | [C3](orderings::C3) | write_lock::release | release | | calls E8 |
//! | [C4](orderings::C4) | consumer::await_next | wait | N | calls R2 and F1 |
//! | [C5](orderings::C5) | await_room::await_room | wait | C6, C7, C8 | calls R2 and F1 |
//! | [C6](orderings::C6) | consumer::acknowledge | notify_all | C5 | calls F2, F3 and R1 |
//! | [C7](orderings::C7) | registry::take_consumer_entry | notify_all | C5 | calls F2, F3 and R1 |
//! | [C8](orderings::C8) | registry::leave_consumer_entry | notify_all | C5 | calls F2, F3 and R1 |
//! | [C9](orderings::C9) | producer::recover | reset | | calls H10 |
//! | [C10](orderings::C10) | registry::take_consumer_entry | reset | | calls H10 |
//! | [C11](orderings::C11) | consumer::await_next | ask | N | calls R2 and F1 |
//! | [C12](orderings::C12) | mod::await_told | await_told | C11 | calls P3 |
//! | [C13](orderings::C13) | consumer::end_ask | end_ask | C12 | calls H8, H9 and P5 |
#![deny(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::unreachable
)]

#[cfg(doc)]
#[path = "../../docs/orderings/labels.rs"]
pub mod orderings;

mod consumer;
mod error;
mod event;
mod observe;
mod payload;
mod producer;
mod progress;
mod registry;
pub(crate) mod ring;
mod start;
mod storage;
mod words;

pub use consumer::{Batch, Consumer, Message};
pub use error::{BatchError, BlockedOn, Corruption, DeadProducers, JoinError, RecvError, SendError};
pub use event::Event;
pub use observe::Observed;
pub use payload::Lengths;
pub use producer::{Finished, FreeSlot, MAX_PUBLISH_BATCH, Prepared, Producer, WriteGuard, max_prepared};
pub use progress::{Attached, Progress};
pub use start::Start;
pub use storage::{Header, Reading, Storage, Writing};
pub use words::{Acknowledged, CachePadded, ConsumerEntry, Control, EntryState, Make, ProducerEntry, Published};

use self::ring::Ring;
use crate::layer::{Layer, Signal as _, Told, Word};
use core::sync::atomic::Ordering::Acquire;

/// How a channel is laid out: fixed at creation, checked once at attach, and kept outside of the segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Slots in the ring, at least 1.
    pub slots: u32,
    /// Bytes a slot can hold.
    pub slot_size: u32,
    /// How many consumers can be attached at a time, at least 1.
    pub consumers: u32,
    /// How many producers can be attached at a time, at least 1.
    pub producers: u32,
    /// The first message waits until this many consumers are attached.
    pub start_with: u32,
    /// END is published once this many producers have finished and no other producer lives.
    pub end_after: u32,
    /// A joiner may start up to this many messages back: fewer than `slots`.
    pub retain: u32,
}

/// A channel as one participant holds it.
#[derive(Debug)]
pub struct Channel<L: Layer, S: Storage<L>> {
    layer: L,
    storage: S,
    geometry: Geometry,
    ring: Ring,
}

impl<L: Layer, S: Storage<L>> Channel<L, S> {
    /// A handle on `storage`. The layer is this handle's own, and has claimed no number yet.
    ///
    /// # Safety
    /// `storage` has the entries, and slots of the number and size, that `geometry` says. No other channel uses the
    /// layer's claims: two participants of one number would write one slot at the same time.
    pub const unsafe fn new(layer: L, storage: S, geometry: Geometry) -> Self {
        Self { layer, storage, geometry, ring: Ring::new(geometry.slots) }
    }

    /// The layer.
    ///
    /// # Safety
    /// The caller neither claims nor releases a number, because this handle's participant relies on its claim.
    pub const unsafe fn layer(&self) -> &L {
        &self.layer
    }

    /// The storage.
    ///
    /// # Safety
    /// The caller changes no word and accesses no slot, because the protocol relies on its words for access to slots.
    pub const unsafe fn storage(&self) -> &S {
        &self.storage
    }

    /// What is published. Stale when it returns, but never ahead.
    pub fn published(&self) -> Published {
        // E2c (Acquire): a snapshot; no slot is read on its account.
        Published::from_word(self.control().published.0.load(Acquire))
    }

    /// How many dead consumers were evicted so far.
    pub fn evicted(&self) -> u32 {
        self.observe().evicted()
    }

    /// How often the write lock was taken over from a dead owner so far.
    pub fn takeovers(&self) -> u32 {
        self.observe().takeovers()
    }

    /// The consumer places by number, each with its state and its acknowledgement. A VACANT place has the
    /// acknowledgement of its last consumer. A dead consumer counts as ACTIVE until it is evicted.
    pub fn acknowledged(&self) -> impl Iterator<Item = (u32, EntryState, Acknowledged)> + '_ {
        let words = self.observe();
        words.consumers().filter_map(move |(number, state)| {
            let acknowledged = words.acknowledged(number)?;
            Some((number, state, acknowledged))
        })
    }

    /// Sleeps in the place of the consumer of this number, which has [asked](Consumer::ask). Returns when that consumer
    /// is to ask again: it was notified, no producer lives any more, or the system does not say whether one does.
    ///
    /// This handle is another than the consumer's, because each sleeper has a layer of its own.
    pub fn await_told(&self, consumer: u32) -> Told {
        let Some(entry) = self.storage.consumers().get(consumer as usize) else { return Told::Check };
        // C12 (calls P3): the sleep of C11.
        entry.data.await_told(&self.layer, || !matches!(self.lost_producers(), Ok(None)))
    }

    /// The words, for an observer.
    pub fn observe(&self) -> Observed<'_, L> {
        Observed::new(self.control(), self.storage.consumers(), self.storage.producers())
    }

    fn control(&self) -> &Control<L> {
        self.storage.control()
    }
}
