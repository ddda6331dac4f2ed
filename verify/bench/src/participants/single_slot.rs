//! A first attempt with raw_sync and shared_memory: a slot with a mutex, and two events for each consumer. The events
//! are "there is a message" and "I have read it".

use super::memory::Memory;
use crate::message::{Check, fill};
use crate::transport::{Participant, Rx, Transport, Tx};
use anyhow::{Result, anyhow};
use raw_sync::Timeout;
use raw_sync::events::{Event, EventImpl, EventInit, EventState};
use raw_sync::locks::{LockImpl, LockInit, Mutex};

pub struct SingleSlot;

/// The room for a mutex or an event.
const ROOM: usize = 256;

/// The mutex, the events and the slot, as a process sees them. The handles are dropped before the mapping.
struct View {
    mutex: Box<dyn LockImpl>,
    /// For each consumer: a message is there; the message has been read.
    events: Vec<[Box<dyn EventImpl>; 2]>,
    slot: *mut u8,
    _memory: Memory,
}

impl View {
    fn new(memory: Memory, consumers: usize, create: bool) -> Result<Self> {
        let at = |place: usize| memory.start().wrapping_add(place * ROOM);
        let slot = at(1 + 2 * consumers);
        let event = |place: usize| {
            // SAFETY: `ROOM` bytes of the mapping, for this event alone; initialised by the creator of the mapping.
            let made = unsafe { if create { Event::new(at(place), true) } else { Event::from_existing(at(place)) } };
            made.map(|(event, _)| event).map_err(failed)
        };
        let events = (0..consumers).map(|consumer| Ok([event(1 + 2 * consumer)?, event(2 + 2 * consumer)?]));
        let events = events.collect::<Result<_>>()?;
        // SAFETY: as above, for this mutex alone.
        let made = unsafe { if create { Mutex::new(at(0), slot) } else { Mutex::from_existing(at(0), slot) } };
        Ok(Self { mutex: made.map_err(failed)?.0, events, slot, _memory: memory })
    }

    /// Uses the slot under the mutex.
    fn with_slot<const N: usize>(&self, on: impl FnOnce(&mut [u8; N])) -> Result<()> {
        let _guard = self.mutex.lock().map_err(failed)?;
        // SAFETY: the mapping ends with `N` bytes for the slot, and we hold the mutex round them.
        on(unsafe { &mut *self.slot.cast() });
        Ok(())
    }
}

fn failed(error: Box<dyn std::error::Error>) -> anyhow::Error {
    anyhow!("{error}")
}

impl Participant for SingleSlot {
    type Tx<const N: usize> = Sender<N>;
    type Rx<const N: usize> = Receiver;

    fn create<const N: usize>(&self, transport: &Transport) -> Result<Sender<N>> {
        let memory = Memory::create(&transport.name, (1 + 2 * transport.consumers) * ROOM + N)?;
        Ok(Sender(View::new(memory, transport.consumers, true)?))
    }

    fn attach<const N: usize>(&self, transport: &Transport, consumer: usize) -> Result<Receiver> {
        Ok(Receiver(View::new(Memory::open(&transport.name)?, transport.consumers, false)?, consumer))
    }
}

pub struct Sender<const N: usize>(View);

impl<const N: usize> Tx for Sender<N> {
    fn send(&mut self, first: u64, count: u64) -> Result<()> {
        for tag in first..first + count {
            self.0.with_slot::<N>(|slot| _ = fill(slot, tag))?;
            for [there, _] in &self.0.events {
                there.set(EventState::Signaled).map_err(failed)?;
            }
            for [_, read] in &self.0.events {
                read.wait(Timeout::Infinite).map_err(failed)?;
            }
        }
        Ok(())
    }
}

pub struct Receiver(View, usize);

impl<const N: usize> Rx<N> for Receiver {
    fn receive(&mut self, check: &mut Check<N>) -> Result<()> {
        let [there, read] = &self.0.events[self.1];
        there.wait(Timeout::Infinite).map_err(failed)?;
        self.0.with_slot(|slot| check.see(slot))?;
        read.set(EventState::Signaled).map_err(failed)
    }
}
