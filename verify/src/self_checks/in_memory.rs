//! The scenarios without deaths on atomics of the standard library, with a thread for each participant: for Miri, which
//! runs no system call on shared memory.
//!
//! ```sh
//! MIRIFLAGS="-Zmiri-many-seeds=0..16" cargo +nightly miri test -p ackcast-verify --lib in_memory
//! ```
//!
//! Miri finds data races and undefined behaviour in the schedules that it tries, and returns stale values where the
//! orderings allow it. A park only yields, so nothing but the words' orderings is between two participants.

use super::real_memory::run_in_threads;
use crate::{
    case,
    events::{self, Body, Outcome},
    model::{
        case::{Case, SIZE, Shape},
        config::ModelConfig,
    },
    scenarios::{come_and_go::*, environment::Environment, flow::*, late_reader::*, tries::*},
    template::threads::Atomic,
};
use ackcast::{
    layer::{Clock, Layer, LivenessUnknown, Memory, Park, Parked, Spins},
    lock::WordLock,
    protocol::{Channel, ConsumerEntry, Control, Geometry, Header, Make, ProducerEntry, Reading, Storage, Writing},
    signal::WordSignal,
};
use std::{
    cell::UnsafeCell,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence},
    },
    thread,
    time::{Duration, Instant},
};

/// A participant's handle on the segment: its layer, and its storage.
#[derive(Clone, Debug)]
struct InMemory(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    control: Control<InMemory>,
    consumers: Vec<ConsumerEntry<InMemory>>,
    producers: Vec<ProducerEntry<InMemory>>,
    slots: Vec<Slot>,
    alive: Vec<AtomicBool>,
    start: Instant,
}

/// Plain memory.
#[derive(Debug)]
struct Slot(UnsafeCell<(Header, [u8; SIZE])>);

// SAFETY: the protocol orders the accesses. That is what Miri checks.
unsafe impl Sync for Slot {}

struct Words;

impl Make<InMemory> for Words {
    fn w32(&mut self, _name: &'static str, _owner: Option<u32>) -> Atomic<AtomicU32> {
        Atomic::default()
    }

    fn w64(&mut self, _name: &'static str, _owner: Option<u32>) -> Atomic<AtomicU64> {
        Atomic::default()
    }

    fn lock(&mut self) -> WordLock<InMemory> {
        WordLock::new(Atomic::default())
    }

    fn signal(&mut self, _name: &'static str, _owner: Option<u32>) -> WordSignal<InMemory> {
        WordSignal::new(Atomic::default())
    }
}

// SAFETY: each fence is a full fence of its ordering.
unsafe impl Memory for InMemory {
    type W32 = Atomic<AtomicU32>;
    type W64 = Atomic<AtomicU64>;

    fn light_fence(&self, order: Ordering) {
        fence(order);
    }

    fn heavy_fence(&self, order: Ordering) {
        fence(order);
    }
}

impl Clock for InMemory {
    fn now(&self) -> Duration {
        self.0.start.elapsed()
    }
}

// SAFETY: an exchange gives a number to one holder at a time, and only its holder gives it back.
unsafe impl Layer for InMemory {
    type Lock = WordLock<Self>;
    type Signal = WordSignal<Self>;

    fn claim(&self, number: u32) -> Result<bool, LivenessUnknown> {
        Ok(!self.0.alive[number as usize].swap(true, Ordering::Acquire))
    }

    fn release(&self, number: u32) {
        self.0.alive[number as usize].store(false, Ordering::Release);
    }

    fn is_alive(&self, number: u32) -> Result<bool, LivenessUnknown> {
        Ok(self.0.alive[number as usize].load(Ordering::Acquire))
    }

    fn liveness_interval(&self, _now: Duration) -> Duration {
        Duration::from_secs(3_600)
    }
}

impl Park for InMemory {
    fn spin(&self, _spins: &mut Spins) -> bool {
        false
    }

    /// Returns early.
    fn park(&self, _word: &Self::W32, _expected: u32, _until: Duration) -> Parked {
        thread::yield_now();
        Parked::Woken
    }

    fn wake(&self, _word: &Self::W32) {}
}

/// Access to a slot. It keeps the segment.
struct Access(*mut (Header, [u8; SIZE]), #[expect(dead_code)] Arc<Parts>);

// SAFETY: the slot is that of the segment, which `self` keeps.
unsafe impl Reading for Access {
    fn header(&self) -> Header {
        // SAFETY: the caller has read access to the slot.
        unsafe { (*self.0).0 }
    }

    fn bytes(&self) -> *const u8 {
        // SAFETY: the pointer is into the segment, which lives.
        unsafe { (&raw const (*self.0).1).cast() }
    }
}

// SAFETY: the slot is that of the segment, which `self` keeps.
unsafe impl Writing for Access {
    fn set_header(&mut self, header: Header) {
        // SAFETY: the caller has write access to the slot.
        unsafe { (*self.0).0 = header };
    }

    fn bytes(&self) -> *mut u8 {
        // SAFETY: the pointer is into the segment, which lives.
        unsafe { (&raw mut (*self.0).1).cast() }
    }
}

// SAFETY: the words are the segment's, and made for the geometry.
unsafe impl Storage<Self> for InMemory {
    type Reading = Access;
    type Writing = Access;

    fn control(&self) -> &Control<Self> {
        &self.0.control
    }

    fn consumers(&self) -> &[ConsumerEntry<Self>] {
        &self.0.consumers
    }

    fn producers(&self) -> &[ProducerEntry<Self>] {
        &self.0.producers
    }

    unsafe fn read(&self, index: usize) -> Access {
        Access(self.0.slots[index].0.get(), Arc::clone(&self.0))
    }

    unsafe fn write(&self, index: usize) -> Access {
        Access(self.0.slots[index].0.get(), Arc::clone(&self.0))
    }
}

const _: fn() = || {
    fn is_send<T: Send>() {}
    is_send::<Channel<InMemory, InMemory>>();
};

impl Environment for InMemory {
    type Layer = Self;
    type Storage = Self;
    type Segment = Self;

    fn segment(geometry: Geometry, _config: ModelConfig, _mortal: bool) -> Self {
        let Geometry { slots, consumers, producers, .. } = geometry;
        let slot = || Slot(UnsafeCell::new((Header { len: 0, kind: 0 }, [0; SIZE])));
        Self(Arc::new(Parts {
            control: Control::new(&mut Words),
            consumers: (0..consumers).map(|number| ConsumerEntry::new(&mut Words, number)).collect(),
            producers: (0..producers).map(|number| ProducerEntry::new(&mut Words, consumers + number)).collect(),
            slots: (0..slots).map(|_| slot()).collect(),
            alive: (0..consumers + producers).map(|_| AtomicBool::new(false)).collect(),
            start: Instant::now(),
        }))
    }

    fn channel(segment: &Self, geometry: Geometry) -> Channel<Self, Self> {
        // SAFETY: the segment was made for the geometry.
        unsafe { Channel::new(segment.clone(), segment.clone(), geometry) }
    }

    fn act_as(_number: u32) {}

    fn run(_segment: Self, participants: Vec<(u32, Body)>, judge: impl Fn(&Outcome) + 'static) {
        run_in_threads(participants, judge);
    }
}

/// Runs the scenario a few times.
fn repeat(case: Case, body: fn(&Case)) {
    drop(events::take_executions());
    (0..if cfg!(miri) { 1 } else { 50 }).for_each(|_| body(&case));
    assert!(!events::take_executions().1.is_empty(), "{}: the property was judged", case.name);
}

#[test]
fn scenarios_in_memory() {
    let shape = Shape::new;
    macro_rules! run {
        ($($body:ident $shape:expr),* $(,)?) => {
            $(repeat(case!($body, "", $shape, ModelConfig::PARK_STACK), $body::<InMemory>);)*
        };
    }
    run![
        consumer_gets_every_message shape(2, 2, 2, 1),
        lengths_are_kept shape(1, 1, 3, 2),
        batches_are_whole shape(2, 1, 2, 2),
        end_is_last shape(2, 2, 1, 1),
        kept_message_is_received_again shape(1, 1, 2, 1),
        consumer_joins_in_the_middle shape(1, 2, 2, 1),
        late_reader_gets_what_is_retained shape(1, 2, 2, 2).retaining(1),
        consumer_leaves_in_the_middle shape(1, 2, 2, 1),
        consumers_get_the_first_message shape(1, 2, 1, 1),
        consumer_joins_again_after_leaving shape(1, 1, 2, 1),
        producer_joins_late shape(2, 1, 1, 1),
        participants_try_without_waiting shape(2, 1, 2, 1),
    ];
}
