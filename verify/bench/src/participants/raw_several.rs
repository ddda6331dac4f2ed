//! The limit for several producers: a bounded ring after Vyukov. A producer claims its slots by adding to a common head,
//! and a sequence word for each slot says that the slot's message is complete. Each consumer gets every message.

use super::memory::Memory;
use super::raw::Words;
use super::{Pause, Publishes};
use crate::message::{Check, fill};
use crate::transport::{Participant, Rx, Transport, Tx};
use anyhow::Result;
use std::sync::atomic::{AtomicU64, Ordering};

pub struct RawSeveral {
    pub pause: Pause,
    pub publishes: Publishes,
}

/// A process's view of the ring.
struct Ring<const N: usize> {
    memory: Memory,
    slots: u64,
    pause: Pause,
    publishes: Publishes,
}

impl<const N: usize> Ring<N> {
    /// After the words: a sequence word for each slot, and the slots.
    const fn size(slots: usize) -> usize {
        size_of::<Words>() + slots * (size_of::<AtomicU64>() + N)
    }

    /// The number of the slot's message plus one, once it is complete.
    #[inline(always)]
    fn sequence(&self, number: u64) -> &AtomicU64 {
        let offset = size_of::<Words>() + (number % self.slots) as usize * size_of::<AtomicU64>();
        // SAFETY: `size` bytes are mapped, and any bytes are a valid atomic.
        unsafe { &*self.memory.start().wrapping_add(offset).cast() }
    }

    #[inline(always)]
    fn slot(&self, number: u64) -> *mut [u8; N] {
        let offset = Self::size(0) + self.slots as usize * size_of::<AtomicU64>() + (number % self.slots) as usize * N;
        self.memory.start().wrapping_add(offset).cast()
    }
}

impl RawSeveral {
    fn ring<const N: usize>(&self, memory: Memory, transport: &Transport) -> Ring<N> {
        Ring { memory, slots: transport.slots as u64, pause: self.pause, publishes: self.publishes }
    }

    fn sender<const N: usize>(&self, memory: Memory, transport: &Transport) -> Sender<N> {
        Sender { ring: self.ring(memory, transport), consumers: transport.consumers, free_until: 0 }
    }
}

impl Participant for RawSeveral {
    type Tx<const N: usize> = Sender<N>;
    type Rx<const N: usize> = Receiver<N>;

    fn create<const N: usize>(&self, transport: &Transport) -> Result<Sender<N>> {
        Ok(self.sender(Memory::create(&transport.name, Ring::<N>::size(transport.slots))?, transport))
    }

    fn join<const N: usize>(&self, transport: &Transport, _: usize) -> Result<Sender<N>> {
        Ok(self.sender(Memory::open(&transport.name)?, transport))
    }

    fn attach<const N: usize>(&self, transport: &Transport, consumer: usize) -> Result<Receiver<N>> {
        Ok(Receiver { ring: self.ring(Memory::open(&transport.name)?, transport), consumer, next: 0 })
    }
}

pub struct Sender<const N: usize> {
    ring: Ring<N>,
    consumers: usize,
    /// The first message without room, as of the last poll.
    free_until: u64,
}

impl<const N: usize> Tx for Sender<N> {
    #[inline]
    fn send(&mut self, first: u64, count: u64) -> Result<()> {
        let (ring, consumers) = (&self.ring, self.consumers);
        let words = Words::of(&ring.memory);
        let claims = if ring.publishes == Publishes::Each { 1 } else { count };
        for start in (first..first + count).step_by(claims as usize) {
            let claimed = words.head.0.fetch_add(claims, Ordering::Relaxed);
            for index in 0..claims {
                let number = claimed + index;
                let free_until = &mut self.free_until;
                ring.pause.until(|| {
                    if *free_until <= number {
                        *free_until = words.done(consumers) + ring.slots;
                    }
                    *free_until > number
                });
                // SAFETY: every consumer is done with this slot, and no other producer has claimed its number.
                fill(unsafe { &mut *ring.slot(number) }, start + index);
                ring.sequence(number).store(number + 1, Ordering::Release);
            }
        }
        Ok(())
    }
}

pub struct Receiver<const N: usize> {
    ring: Ring<N>,
    consumer: usize,
    next: u64,
}

impl<const N: usize> Rx<N> for Receiver<N> {
    #[inline]
    fn receive(&mut self, check: &mut Check<N>) -> Result<()> {
        let ring = &self.ring;
        let complete = |number: u64| ring.sequence(number).load(Ordering::Acquire) == number + 1;
        ring.pause.until(|| complete(self.next));
        // A quarter of the ring at a time, so that the producers need not wait for all of it.
        let most = self.next + (ring.slots / 4).max(1);
        while self.next < most && complete(self.next) {
            // SAFETY: it is complete, and not overwritten before our tail says that we are done.
            check.see(unsafe { &*ring.slot(self.next) });
            self.next += 1;
        }
        Words::of(&ring.memory).finish(self.consumer, self.next);
        Ok(())
    }
}
