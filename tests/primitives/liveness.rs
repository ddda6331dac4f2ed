//! A liveness check that meets a producer's last steps.

use crate::alone::Alone;
use ackcast::RecvError;
use ackcast::layer::Deadline;
use ackcast::lock::WordLock;
use ackcast::protocol::{Channel, Consumer, ConsumerEntry, Control, Finished, Geometry, Make, Producer, ProducerEntry};
use ackcast::protocol::{Header, Reading, Storage, Writing};
use ackcast::signal::WordSignal;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, AtomicU64};

/// The words of a channel for a consumer and a producer. It has no slots: nothing is sent.
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

/// Access to a slot. There are no slots.
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

/// What a producer does during the liveness check that finds it gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaves {
    Dies,
    Finishes,
    /// Another producer joins under its number.
    DiesAndIsSucceeded,
    FinishesAndIsSucceeded,
}

#[test]
fn liveness_check_names_no_finished_producer_and_no_successor() {
    use Leaves::{Dies, DiesAndIsSucceeded, Finishes, FinishesAndIsSucceeded};
    let geometry =
        Geometry { slots: 1, slot_size: 8, consumers: 1, producers: 1, start_with: 1, end_after: 2, retain: 0 };
    for leaves in [Dies, Finishes, DiesAndIsSucceeded, FinishesAndIsSucceeded] {
        let (consumers, producers) = ([ConsumerEntry::new(&mut Fresh, 0)], [ProducerEntry::new(&mut Fresh, 1)]);
        let words = Rc::new(Words { control: Control::new(&mut Fresh), consumers, producers });
        // SAFETY: one entry each, as the geometry says; each layer serves a single participant.
        let join = |layer| unsafe { Channel::new(layer, Shared(Rc::clone(&words)), geometry) };
        let mut producer = Producer::join(join(Alone::default())).unwrap();
        let (layer, channel) = (Alone::default(), join(Alone::default()));
        let successor = Rc::new(Cell::new(None));
        let joined = Rc::clone(&successor);
        *layer.leaves.borrow_mut() = Some(Box::new(move |_| {
            if matches!(leaves, Finishes | FinishesAndIsSucceeded) {
                assert_eq!(producer.finish(Deadline::Now), Ok(Finished::OthersRemain));
            }
            drop(producer);
            if matches!(leaves, DiesAndIsSucceeded | FinishesAndIsSucceeded) {
                joined.set(Some(Producer::join(channel).unwrap()));
            }
        }));
        let mut consumer = Consumer::join(join(layer)).unwrap();
        match consumer.receive(Deadline::Now).err() {
            Some(RecvError::TimedOut { next: 0 }) => assert_ne!(leaves, Dies, "the producer is lost"),
            Some(RecvError::ProducersLost(lost)) => assert_eq!(leaves, Dies, "the producer is not lost: {lost}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(successor.take().is_some(), matches!(leaves, DiesAndIsSucceeded | FinishesAndIsSucceeded));
    }
}
