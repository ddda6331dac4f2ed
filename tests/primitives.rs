//! Lock and signal on a layer that has no threads: what they ask it for, and that they ask for nothing
//! where nobody has to wait. (That they are right is for `verify/`; this is what being right may cost.)
//! And one moment that is too short for threads to meet.

use ackcast::RecvError;
use ackcast::layer::{
    Acquired, Deadline, Found, Layer, LivenessUnknown, Lock, LockError, Park, Parked, Participant, Poll, Signal, Spins,
};
use ackcast::lock::WordLock;
use ackcast::protocol::{Channel, Consumer, ConsumerEntry, Control, Finished, Geometry, Make, Producer, ProducerEntry};
use ackcast::protocol::{Header, Reading, Storage, Writing};
use ackcast::signal::WordSignal;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Spin,
    Park,
    Wake,
}

/// What the others do while we look again or sleep.
type Turn = Box<dyn FnOnce(&Alone)>;

/// The layer: it notes what it is asked for, and looking again or sleeping is the next turn of the others.
#[derive(Default)]
struct Alone {
    /// How often one looks again before one sleeps.
    looks: u32,
    turns: RefCell<VecDeque<Turn>>,
    /// What somebody does while the kernel is asked whether it lives. Then it is gone.
    leaves: RefCell<Option<Turn>>,
    asked: RefCell<Vec<Asked>>,
    heavy_fences: Cell<u32>,
}

impl Alone {
    fn new(looks: u32, turns: impl IntoIterator<Item = Turn>) -> Self {
        Self { looks, turns: RefCell::new(turns.into_iter().collect()), ..Self::default() }
    }

    /// What was asked for since the last question.
    fn asked(&self) -> Vec<Asked> {
        self.asked.take()
    }

    fn ask(&self, what: Asked) {
        self.asked.borrow_mut().push(what);
    }

    fn turn(&self) {
        let turn = self.turns.borrow_mut().pop_front();
        turn.expect("the test says what comes next")(self);
    }
}

impl fmt::Debug for Alone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alone").finish_non_exhaustive()
    }
}

// SAFETY: one thread uses it.
unsafe impl Layer for Alone {
    type W32 = AtomicU32;
    type W64 = AtomicU64;
    type Lock = WordLock<Self>;
    type Signal = WordSignal<Self>;

    fn light_fence(&self, order: Ordering) {
        fence(order);
    }

    fn heavy_fence(&self, order: Ordering) {
        self.heavy_fences.set(self.heavy_fences.get() + 1);
        fence(order);
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn claim(&self, _: u32) -> Result<bool, LivenessUnknown> {
        Ok(true)
    }

    fn release(&self, _: u32) {}

    fn is_alive(&self, _: u32) -> Result<bool, LivenessUnknown> {
        let leaves = self.leaves.take();
        Ok(leaves.map(|leaves| leaves(self)).is_none())
    }

    fn liveness_interval(&self, _: Duration) -> Duration {
        Duration::MAX
    }
}

impl Park for Alone {
    fn spin(&self, spins: &mut Spins) -> bool {
        if spins.polls == self.looks {
            return false;
        }
        spins.polls += 1;
        self.ask(Asked::Spin);
        self.turn();
        true
    }

    fn park(&self, word: &AtomicU32, expected: u32, _: Duration) -> Parked {
        assert_eq!(word.load(Ordering::Relaxed), expected, "nobody else runs");
        self.ask(Asked::Park);
        self.turn();
        Parked::Woken
    }

    fn wake(&self, _: &AtomicU32) {
        self.ask(Asked::Wake);
    }
}

const WE: Participant = Participant { number: 3, generation: 7 };
const THEY: Participant = Participant { number: 4, generation: 7 };

fn free_lock() -> Rc<WordLock<Alone>> {
    Rc::new(WordLock::new(AtomicU32::new(0)))
}

/// A lock that they hold.
fn held_lock() -> Rc<WordLock<Alone>> {
    let lock = free_lock();
    assert_eq!(lock.acquire(&Alone::default(), THEY, Deadline::Never), Ok(Acquired::Clean));
    lock
}

fn nothing() -> Turn {
    Box::new(|_| {})
}

fn they_release(lock: &Rc<WordLock<Alone>>) -> Turn {
    let lock = Rc::clone(lock);
    Box::new(move |layer| lock.release(layer, THEY))
}

#[test]
fn uncontended_lock_asks_its_layer_for_nothing() {
    let (lock, layer) = (free_lock(), Alone::new(2, []));
    for deadline in [Deadline::Never, Deadline::Now, Deadline::At(Duration::ZERO)] {
        assert_eq!(lock.acquire(&layer, WE, deadline), Ok(Acquired::Clean));
        lock.release(&layer, WE);
        assert_eq!(layer.asked(), []);
    }
}

#[test]
fn try_neither_spins_nor_parks() {
    let (lock, layer) = (held_lock(), Alone::new(2, [nothing(), nothing()]));
    assert_eq!(lock.acquire(&layer, WE, Deadline::Now), Err(LockError::Busy { owner: Some(THEY.number) }));
    assert_eq!(layer.asked(), []);
    lock.release(&layer, THEY);
    assert_eq!(layer.asked(), [], "who only tried does not have to be woken");
}

#[test]
fn lock_released_while_spinning_needs_no_park_and_no_wake() {
    let lock = held_lock();
    let layer = Alone::new(3, [nothing(), they_release(&lock), nothing()]);
    assert_eq!(lock.acquire(&layer, WE, Deadline::Never), Ok(Acquired::Clean));
    assert_eq!(layer.asked(), [Asked::Spin, Asked::Spin]);
    lock.release(&layer, WE);
    assert_eq!(layer.asked(), []);
}

#[test]
fn release_wakes_once_after_a_contended_acquire() {
    let lock = held_lock();
    let layer = Alone::new(1, [nothing(), nothing(), they_release(&lock)]);
    assert_eq!(lock.acquire(&layer, WE, Deadline::Never), Ok(Acquired::Clean));
    // We sleep again if nothing has changed.
    assert_eq!(layer.asked(), [Asked::Spin, Asked::Park, Asked::Park, Asked::Wake]);
    lock.release(&layer, WE); // others may sleep, too: we cannot know
    assert_eq!(layer.asked(), [Asked::Wake]);
    assert_eq!(lock.acquire(&layer, WE, Deadline::Never), Ok(Acquired::Clean));
    lock.release(&layer, WE);
    assert_eq!(layer.asked(), [], "and that is over");
}

fn notify(signal: &WordSignal<Alone>, layer: &Alone) {
    Signal::notify_all(layer, std::iter::once(signal));
}

#[test]
fn signal_wakes_only_a_parked_waiter() {
    let signal = Rc::new(WordSignal::new(AtomicU32::new(0)));
    let there = Rc::new(Cell::new(false));
    let they_notify: Turn = {
        let (signal, there) = (Rc::clone(&signal), Rc::clone(&there));
        Box::new(move |layer| {
            notify(&signal, layer);
            there.set(true);
            notify(&signal, layer); // the first one has woken us already
        })
    };
    let layer = Alone::new(1, [nothing(), they_notify]);
    notify(&signal, &layer);
    assert_eq!(layer.asked(), [], "nobody waits");
    let poll = |_: Poll| there.get().then_some(Found::new(()));
    assert_eq!(signal.wait(&layer, Deadline::Now, poll), None);
    assert_eq!(layer.asked(), [], "to look is not to wait");
    assert_eq!(signal.wait(&layer, Deadline::Never, poll), Some(()));
    assert_eq!(layer.asked(), [Asked::Spin, Asked::Park, Asked::Wake]);
    notify(&signal, &layer);
    assert_eq!(layer.asked(), [], "nobody waits any more");
    assert_eq!(signal.wait(&layer, Deadline::Never, poll), Some(()));
    assert_eq!(layer.asked(), [], "it is there");
}

/// What is said once holds for many sleeps: their fence, too.
#[test]
fn waiter_fences_once_for_many_sleeps() {
    let signal = Rc::new(WordSignal::new(AtomicU32::new(0)));
    let told = Rc::new(Cell::new(0));
    let they_tell = || -> Turn {
        let (signal, told) = (Rc::clone(&signal), Rc::clone(&told));
        Box::new(move |layer| {
            told.set(told.get() + 1);
            notify(&signal, layer);
        })
    };
    let layer = Alone::new(0, [they_tell(), they_tell(), they_tell()]);
    for message in 1..=3 {
        let poll = |_: Poll| (told.get() == message).then_some(Found::new(()));
        assert_eq!(signal.wait(&layer, Deadline::Never, poll), Some(()));
        assert_eq!(layer.asked(), [Asked::Park, Asked::Wake], "message {message}");
    }
    assert_eq!(layer.heavy_fences.get(), 1);
    // Who finds something at once is in no need of being woken, and says so; and then it takes another fence.
    assert_eq!(signal.wait(&layer, Deadline::Never, |_| Some(Found::new(()))), Some(()));
    layer.turns.borrow_mut().push_back(they_tell());
    assert_eq!(signal.wait(&layer, Deadline::Never, |_| (told.get() == 4).then_some(Found::new(()))), Some(()));
    assert_eq!(layer.heavy_fences.get(), 2);
    // So does a successor, whatever was left: its predecessor may have died before its fence.
    signal.reset(&layer);
    layer.turns.borrow_mut().push_back(they_tell());
    assert_eq!(signal.wait(&layer, Deadline::Never, |_| (told.get() == 5).then_some(Found::new(()))), Some(()));
    assert_eq!(layer.heavy_fences.get(), 3);
}

/// The words of a channel for one consumer and one producer. It has no slots: nothing is sent.
struct Words {
    control: Control<Alone>,
    consumers: [ConsumerEntry<Alone>; 1],
    producers: [ProducerEntry<Alone>; 1],
}

struct Fresh;

impl Make<Alone> for Fresh {
    fn w32(&mut self, _: &'static str, _: Option<u32>) -> AtomicU32 {
        AtomicU32::new(0)
    }

    fn w64(&mut self, _: &'static str, _: Option<u32>) -> AtomicU64 {
        AtomicU64::new(0)
    }

    fn lock(&mut self) -> WordLock<Alone> {
        WordLock::new(AtomicU32::new(0))
    }

    fn signal(&mut self, _: &'static str, _: Option<u32>) -> WordSignal<Alone> {
        WordSignal::new(AtomicU32::new(0))
    }
}

/// Access to a slot, of which there is none.
enum NoSlot {}

// SAFETY: there is no value of this type.
unsafe impl Reading for NoSlot {
    fn header(&self) -> Header {
        match *self {}
    }

    fn bytes(&self) -> *const u8 {
        match *self {}
    }
}

// SAFETY: there is no value of this type.
unsafe impl Writing for NoSlot {
    fn set_header(&mut self, _: Header) {
        match *self {}
    }

    fn bytes(&self) -> *mut u8 {
        match *self {}
    }
}

struct Shared(Rc<Words>);

// SAFETY: the words are always the same. No slot is accessed.
unsafe impl Storage<Alone> for Shared {
    type Reading = NoSlot;
    type Writing = NoSlot;

    fn control(&self) -> &Control<Alone> {
        &self.0.control
    }

    fn consumers(&self) -> &[ConsumerEntry<Alone>] {
        &self.0.consumers
    }

    fn producers(&self) -> &[ProducerEntry<Alone>] {
        &self.0.producers
    }

    unsafe fn read(&self, _: usize) -> NoSlot {
        panic!("nothing is published")
    }

    unsafe fn write(&self, _: usize) -> NoSlot {
        panic!("nothing is sent")
    }
}

#[test]
fn producer_finishing_during_liveness_check_is_not_lost() {
    let geometry = Geometry { slots: 1, slot_size: 8, consumers: 1, producers: 1, start_with: 1, end_after: 2 };
    for finishes in [true, false] {
        let (consumers, producers) = ([ConsumerEntry::new(&mut Fresh, 0)], [ProducerEntry::new(&mut Fresh, 1)]);
        let words = Rc::new(Words { control: Control::new(&mut Fresh), consumers, producers });
        // SAFETY: one entry each, as the geometry says; each layer is for one participant.
        let join = |layer| unsafe { Channel::new(layer, Shared(Rc::clone(&words)), geometry) };
        let mut producer = Producer::join(join(Alone::default())).unwrap();
        let layer = Alone::default();
        *layer.leaves.borrow_mut() = Some(Box::new(move |_| {
            if finishes {
                assert_eq!(producer.finish(Deadline::Now), Ok(Finished::OthersRemain));
            }
            drop(producer);
        }));
        let mut consumer = Consumer::join(join(layer)).unwrap();
        match consumer.receive(Deadline::Now).err() {
            Some(RecvError::TimedOut { next: 0 }) => assert!(finishes, "it is lost"),
            Some(RecvError::ProducersLost(lost)) => assert!(!finishes, "it is not lost: {lost}"),
            other => panic!("{other:?}"),
        }
    }
}
