//! A wait that is woken for ever without being satisfied still checks liveness in time, and keeps its deadline.
//!
//! No model checker here has time in it, so a check that is put off for ever looks to them like one that is due at any
//! moment. This is the property of the wait loop that they cannot see (L2, per wait; see `src/timer.rs`):
//!
//! - no sleep begins when the liveness check is due, or the deadline has passed;
//! - no sleep may last beyond either.
//!
//! The layer is an adversary. Of each sleep it chooses how long it lasts and how it ends: a wake at once, a wake or a
//! signal just before the check is due, a sleep to its end, a notice of a death. After each, there may be news that do
//! not suffice. All sequences of choices up to a length are tried, on the shipping text of lock, signal and protocol.

use crate::tests::panic_message;
use ackcast::layer::{
    Deadline, Found, Layer, LivenessUnknown, Lock, LockError, Park, Parked, Participant, Poll, Signal, Spins,
};
use ackcast::lock::WordLock;
use ackcast::protocol::{
    Channel, Consumer, ConsumerEntry, Control, Geometry, Make, Producer, ProducerEntry, RecvError, SendError,
};
use ackcast::protocol::{Header, Reading, Storage, Writing};
use ackcast::signal::WordSignal;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// A tick of the clock.
const TICK: Duration = Duration::from_millis(1);
/// Ticks between two liveness checks.
const INTERVAL: u32 = 4;
/// Sleeps of a wait that are chosen freely.
const SLEEPS: usize = 6;
/// What a sleep can be.
const CHOICES: [Sleep; 5] = [
    Sleep { lasts: Some(0), ends: Parked::Woken },
    Sleep { lasts: Some(1), ends: Parked::Woken },
    Sleep { lasts: Some(INTERVAL - 1), ends: Parked::Woken },
    Sleep { lasts: None, ends: Parked::Woken },
    Sleep { lasts: Some(1), ends: Parked::CheckLiveness },
];

#[derive(Clone, Copy, Debug)]
struct Sleep {
    /// Ticks; `None`: to its end.
    lasts: Option<u32>,
    ends: Parked,
}

/// What the wait of one participant meets.
#[derive(Default)]
struct Adversary {
    now: Cell<Duration>,
    /// The last sleep was none, since its time was up before it.
    late: Cell<bool>,
    /// The wait does not see that time passes.
    stopped: Cell<bool>,
    /// When liveness was last checked, or the wait began.
    checked: Cell<Duration>,
    deadline: Cell<Option<Duration>>,
    /// What is chosen for the sleeps, and how many there were.
    sleeps: RefCell<Vec<usize>>,
    slept: Cell<usize>,
    /// The participants that are dead.
    dead: Cell<u32>,
    /// What happens in each sleep, and does not suffice.
    news: RefCell<Option<Box<dyn Fn()>>>,
}

/// One participant's handle.
#[derive(Clone, Default)]
struct AdversaryLayer(Rc<Adversary>);

impl std::fmt::Debug for AdversaryLayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AdversaryLayer").finish_non_exhaustive()
    }
}

impl AdversaryLayer {
    /// A wait begins.
    fn begin(&self, sleeps: &[usize], deadline: Option<u32>) -> Deadline {
        let now = self.0.now.get();
        self.0.checked.set(now);
        self.0.slept.set(0);
        *self.0.sleeps.borrow_mut() = sleeps.to_vec();
        self.0.deadline.set(deadline.map(|ticks| now + TICK * ticks));
        self.0.deadline.get().map_or(Deadline::Never, Deadline::At)
    }

    /// A liveness check is made now.
    fn check(&self) {
        self.0.checked.set(self.0.now.get());
    }

    fn tick(&self, ticks: u32) {
        self.0.now.set(self.0.now.get() + TICK * ticks);
    }
}

// SAFETY: one thread uses it, and no slot is accessed.
unsafe impl Layer for AdversaryLayer {
    type W32 = AtomicU32;
    type W64 = AtomicU64;
    type Lock = WordLock<Self>;
    type Signal = WordSignal<Self>;

    fn light_fence(&self, _: Ordering) {}

    fn heavy_fence(&self, _: Ordering) {}

    fn now(&self) -> Duration {
        if self.0.stopped.get() { Duration::ZERO } else { self.0.now.get() }
    }

    fn claim(&self, _: u32) -> Result<bool, LivenessUnknown> {
        Ok(true)
    }

    fn release(&self, _: u32) {}

    fn is_alive(&self, number: u32) -> Result<bool, LivenessUnknown> {
        self.check();
        Ok(self.0.dead.get() & (1 << number) == 0)
    }

    fn liveness_interval(&self, _: Duration) -> Duration {
        TICK * INTERVAL
    }
}

impl Park for AdversaryLayer {
    fn spin(&self, spins: &mut Spins) -> bool {
        spins.since.get_or_insert(self.now());
        self.tick(1); // a yield that ran another thread
        spins.polls += 1;
        spins.polls < 2
    }

    fn park(&self, _: &AtomicU32, _: u32, until: Duration) -> Parked {
        if until <= self.0.now.get() && !self.0.stopped.get() {
            let late = self.0.late.replace(true);
            assert!(!late, "it sleeps again though its time is up");
            return Parked::Woken; // no sleep: its time was up before
        }
        self.0.late.set(false);
        let (now, due) = (self.0.now.get(), self.0.checked.get() + TICK * INTERVAL);
        assert!(now < due, "a sleep begins {:?} after the liveness check was due", now - due);
        assert!(until <= due, "a sleep may last {:?} longer than to the liveness check", until - due);
        if let Some(deadline) = self.0.deadline.get() {
            assert!(now < deadline, "a sleep begins {:?} after the deadline", now - deadline);
            assert!(until <= deadline, "a sleep may last {:?} longer than to the deadline", until - deadline);
        }
        let slept = self.0.slept.get();
        self.0.slept.set(slept + 1);
        let Some(&choice) = self.0.sleeps.borrow().get(slept) else { return Parked::Stopped };
        let Sleep { lasts, ends } = CHOICES[choice];
        match lasts {
            Some(ticks) => self.tick(ticks),
            None => self.0.now.set(until),
        }
        self.0.news.borrow().iter().for_each(|news| news());
        ends
    }

    fn wake(&self, _: &AtomicU32) {}
}

/// Tries all sequences of sleeps.
fn each_sequence(mut wait: impl FnMut(&[usize])) {
    let count = CHOICES.len().pow(SLEEPS as u32);
    for number in 0..count {
        let sequence: Vec<_> =
            (0..SLEEPS).map(|sleep| number / CHOICES.len().pow(sleep as u32) % CHOICES.len()).collect();
        wait(&sequence);
    }
}

/// With no deadline, and with some.
const DEADLINES: [Option<u32>; 4] = [None, Some(1), Some(INTERVAL + 1), Some(3 * INTERVAL)];

#[test]
fn lock_checks_its_owner_in_time_under_interference() {
    let owner = Participant { number: 0, generation: 1 };
    let me = Participant { number: 1, generation: 1 };
    let mut in_time = 0;
    for deadline in DEADLINES {
        each_sequence(|sleeps| {
            let (layer, lock) = (AdversaryLayer::default(), WordLock::<AdversaryLayer>::new(AtomicU32::new(0)));
            assert!(lock.acquire(&layer, owner, Deadline::Now).is_ok());
            let deadline = layer.begin(sleeps, deadline);
            assert_eq!(lock.acquire(&layer, me, deadline), Err(LockError::Busy { owner: Some(0) }));
            in_time += usize::from(layer.0.slept.get() <= SLEEPS);
        });
    }
    assert!(in_time > 0, "no wait came to its deadline");
}

#[test]
fn signal_checks_liveness_in_time_under_interference() {
    for deadline in DEADLINES {
        each_sequence(|sleeps| {
            let (layer, signal) = (AdversaryLayer::default(), WordSignal::<AdversaryLayer>::new(AtomicU32::new(0)));
            let deadline = layer.begin(sleeps, deadline);
            let mut last = Poll::Words;
            let found = signal.wait(&layer, deadline, |look| {
                if look == Poll::WordsAndLiveness {
                    layer.check();
                }
                last = look;
                None::<Found<()>>
            });
            assert_eq!((found, last), (None, Poll::WordsAndLiveness), "the last poll is thorough");
        });
    }
}

/// The wait loop as it was: it checks liveness after a sleep that nothing has disturbed, and only then.
fn check_after_undisturbed_sleep(layer: &AdversaryLayer) {
    let word = AtomicU32::new(0);
    loop {
        let until = layer.now() + layer.liveness_interval(layer.now());
        match layer.park(&word, 0, until) {
            Parked::Stopped => return,
            Parked::Woken if layer.now() < until => {} // polls the words alone
            _ => layer.check(),
        }
    }
}

#[test]
fn check_after_undisturbed_sleeps_only_is_noticed() {
    let said = panic_message(|| {
        each_sequence(|sleeps| {
            let layer = AdversaryLayer::default();
            layer.begin(sleeps, None);
            check_after_undisturbed_sleep(&layer);
        });
    });
    assert!(said.contains("longer than to the liveness check"), "{said}");
}

/// Words of a channel; it has no slots, since no message gets that far.
struct Words {
    control: Control<AdversaryLayer>,
    consumers: Vec<ConsumerEntry<AdversaryLayer>>,
    producers: Vec<ProducerEntry<AdversaryLayer>>,
}

struct Fresh;

impl Make<AdversaryLayer> for Fresh {
    fn w32(&mut self, _: &'static str, _: Option<u32>) -> AtomicU32 {
        AtomicU32::new(0)
    }

    fn w64(&mut self, _: &'static str, _: Option<u32>) -> AtomicU64 {
        AtomicU64::new(0)
    }

    fn lock(&mut self) -> WordLock<AdversaryLayer> {
        WordLock::new(AtomicU32::new(0))
    }

    fn signal(&mut self, _: &'static str, _: Option<u32>) -> WordSignal<AdversaryLayer> {
        WordSignal::new(AtomicU32::new(0))
    }
}

/// A slot that is written and never read.
struct Scratch([u8; 8]);

// SAFETY: the bytes are this value's own.
unsafe impl Reading for Scratch {
    fn header(&self) -> Header {
        Header { len: 0, kind: Header::DATA }
    }

    fn bytes(&self) -> *const u8 {
        self.0.as_ptr()
    }
}

// SAFETY: the bytes are this value's own. (The pointer is not written through here.)
unsafe impl Writing for Scratch {
    fn set_header(&mut self, _: Header) {}

    fn bytes(&self) -> *mut u8 {
        self.0.as_ptr().cast_mut()
    }
}

struct Shared(Rc<Words>);

// SAFETY: the words are always the same, made for the geometry.
unsafe impl Storage<AdversaryLayer> for Shared {
    type Reading = Scratch;
    type Writing = Scratch;

    fn control(&self) -> &Control<AdversaryLayer> {
        &self.0.control
    }

    fn consumers(&self) -> &[ConsumerEntry<AdversaryLayer>] {
        &self.0.consumers
    }

    fn producers(&self) -> &[ProducerEntry<AdversaryLayer>] {
        &self.0.producers
    }

    unsafe fn read(&self, _: usize) -> Scratch {
        Scratch([0; 8])
    }

    unsafe fn write(&self, _: usize) -> Scratch {
        Scratch([0; 8])
    }
}

const GEOMETRY: Geometry = Geometry { slots: 4, slot_size: 8, consumers: 2, producers: 1, start_with: 0, end_after: 1 };

fn words() -> Rc<Words> {
    Rc::new(Words {
        control: Control::new(&mut Fresh),
        consumers: (0..GEOMETRY.consumers).map(|number| ConsumerEntry::new(&mut Fresh, number)).collect(),
        producers: vec![ProducerEntry::new(&mut Fresh, GEOMETRY.consumers)],
    })
}

fn channel(words: &Rc<Words>, geometry: Geometry) -> (AdversaryLayer, Channel<AdversaryLayer, Shared>) {
    let layer = AdversaryLayer::default();
    // SAFETY: as many entries as the geometry says; each layer is for one participant.
    (layer.clone(), unsafe { Channel::new(layer, Shared(Rc::clone(words)), geometry) })
}

/// A consumer's `state`, as its join writes it.
fn join(words: &Words, number: usize) {
    words.consumers[number].state.store(0b11, SeqCst);
}

/// Consumer 1 acknowledges nothing and lives. Consumer 0 acknowledges a message in each sleep, or joins and leaves.
#[test]
fn room_wait_checks_the_binding_consumer_in_time() {
    for deadline in DEADLINES {
        for comes_and_goes in [false, true] {
            each_sequence(|sleeps| {
                let words = words();
                let (layer, channel) = channel(&words, GEOMETRY);
                let mut producer = Producer::join(channel).unwrap();
                join(&words, 0);
                join(&words, 1);
                (0..GEOMETRY.slots).for_each(|_| producer.send(&[0; 8], Deadline::Now).unwrap());
                let consumer = Rc::clone(&words);
                *layer.0.news.borrow_mut() = Some(Box::new(move || {
                    let entry = &consumer.consumers[0];
                    match comes_and_goes {
                        true => entry.state.store(entry.state.load(Relaxed) ^ 1, SeqCst),
                        false => entry.acked.0.store((entry.acked.0.load(Relaxed) + 1).min(4), SeqCst),
                    }
                }));
                let deadline = layer.begin(sleeps, deadline);
                let sent = producer.send(&[0; 8], deadline);
                assert!(matches!(sent, Err(SendError::TimedOut(_))), "{sent:?}");
            });
        }
    }
}

/// The same, and consumer 1 is dead: the send ends with its eviction, at the first check.
#[test]
fn dead_consumer_is_evicted_in_time_under_interference() {
    each_sequence(|sleeps| {
        let words = words();
        let (layer, channel) = channel(&words, GEOMETRY);
        let mut producer = Producer::join(channel).unwrap();
        join(&words, 0);
        join(&words, 1);
        (0..GEOMETRY.slots).for_each(|_| producer.send(&[0; 8], Deadline::Now).unwrap());
        words.consumers[0].acked.0.store(4, SeqCst);
        layer.0.dead.set(0b10);
        let began = layer.now();
        let deadline = layer.begin(sleeps, None);
        match producer.send(&[0; 8], deadline) {
            Ok(()) => assert_eq!(producer.channel().evicted(), 1),
            Err(error) => assert!(layer.now() < began + TICK * INTERVAL, "{error} {:?} after the start", layer.now()),
        }
    });
}

/// A producer lives and publishes nothing.
#[test]
fn data_wait_checks_the_producers_in_time() {
    for deadline in DEADLINES {
        each_sequence(|sleeps| {
            let words = words();
            let (_, of_producer) = channel(&words, GEOMETRY);
            let _producer = Producer::join(of_producer).unwrap();
            let (layer, of_consumer) = channel(&words, GEOMETRY);
            let mut consumer = Consumer::join(of_consumer).unwrap();
            let deadline = layer.begin(sleeps, deadline);
            let received = consumer.receive(deadline).map(drop);
            assert_eq!(received, Err(RecvError::TimedOut { next: 0 }));
        });
    }
}

/// The shipping text finds out nothing if time stands still for it: the property is about the true clock.
#[test]
fn stopped_clock_is_noticed() {
    let owner = Participant { number: 0, generation: 1 };
    let me = Participant { number: 1, generation: 1 };
    let lock = panic_message(|| {
        each_sequence(|sleeps| {
            let (layer, lock) = (AdversaryLayer::default(), WordLock::<AdversaryLayer>::new(AtomicU32::new(0)));
            assert!(lock.acquire(&layer, owner, Deadline::Now).is_ok());
            layer.begin(sleeps, None);
            layer.0.stopped.set(true);
            let _ = lock.acquire(&layer, me, Deadline::Never);
        });
    });
    let signal = panic_message(|| {
        each_sequence(|sleeps| {
            let (layer, signal) = (AdversaryLayer::default(), WordSignal::<AdversaryLayer>::new(AtomicU32::new(0)));
            layer.begin(sleeps, None);
            layer.0.stopped.set(true);
            signal.wait(&layer, Deadline::Never, |_| None::<Found<()>>);
        });
    });
    for said in [lock, signal] {
        assert!(said.contains("after the liveness check was due"), "{said}");
    }
}
