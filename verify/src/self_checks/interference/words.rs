//! A channel on plain words, for the adversary's layer.

use super::adversary::AdversaryLayer;
use ackcast::lock::WordLock;
use ackcast::protocol::{
    Channel, ConsumerEntry, Control, Geometry, Header, Make, ProducerEntry, Reading, Storage, Writing,
};
use ackcast::signal::WordSignal;
use std::rc::Rc;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicU32, AtomicU64};

/// The words of a channel. It has no slots, because no test reads a message.
pub struct Words {
    control: Control<AdversaryLayer>,
    pub consumers: Vec<ConsumerEntry<AdversaryLayer>>,
    producers: Vec<ProducerEntry<AdversaryLayer>>,
}

/// Makes words that hold 0.
struct Zeros;

impl Make<AdversaryLayer> for Zeros {
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

/// A slot whose bytes are written and never read.
pub struct Scratch([u8; 8]);

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

/// A participant's handle on the words.
pub struct Shared(Rc<Words>);

// SAFETY: the words are always the same, and made for the geometry.
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

/// Two consumers, so that the producer waits for the slower of them.
pub const GEOMETRY: Geometry =
    Geometry { slots: 4, slot_size: 8, consumers: 2, producers: 1, start_with: 0, end_after: 1, retain: 0 };

pub fn words() -> Rc<Words> {
    Rc::new(Words {
        control: Control::new(&mut Zeros),
        consumers: (0..GEOMETRY.consumers).map(|number| ConsumerEntry::new(&mut Zeros, number)).collect(),
        producers: vec![ProducerEntry::new(&mut Zeros, GEOMETRY.consumers)],
    })
}

/// A participant's layer, and its handle on the channel.
pub fn channel(words: &Rc<Words>, geometry: Geometry) -> (AdversaryLayer, Channel<AdversaryLayer, Shared>) {
    let layer = AdversaryLayer::default();
    // SAFETY: there are as many entries as the geometry says; each layer is for one participant.
    (layer.clone(), unsafe { Channel::new(layer, Shared(Rc::clone(words)), geometry) })
}

/// Writes a consumer's `state` as its join does.
pub fn join(words: &Words, number: usize) {
    words.consumers[number].state.store(0b11, SeqCst);
}
