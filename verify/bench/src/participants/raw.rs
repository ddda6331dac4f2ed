//! The limit: a broadcast ring of nothing but words and slots. It has no wake-ups, no liveness, no joining, no end and
//! no checks. It shows what shared memory itself allows on this machine.

use super::memory::Memory;
use super::{Pause, Publishes};
use crate::message::{Check, fill};
use crate::transport::{Participant, Rx, Transport, Tx};
use anyhow::Result;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

pub struct Raw {
    pub pause: Pause,
    pub publishes: Publishes,
    /// A message is made in memory of its own and copied into its slot: the limit of a call that takes a message.
    pub copies: bool,
}

/// Upper bound on the consumers of a ring.
const CONSUMERS: usize = 16;

/// A word on a line of its own.
#[repr(C, align(128))]
pub struct Word(pub AtomicU64);

/// The words before the slots.
#[repr(C)]
pub struct Words {
    /// The number of published messages. With several producers, the number of claimed messages.
    pub head: Word,
    /// The number of messages that each consumer has finished with.
    tails: [Word; CONSUMERS],
}

impl Words {
    /// The words at the start of a ring's memory.
    pub fn of(memory: &Memory) -> &Self {
        // SAFETY: the mapping starts with these atomics, and any bytes are valid atomics.
        unsafe { &*memory.start().cast() }
    }

    /// The number of messages that all of the first `consumers` have finished with.
    #[inline(always)]
    pub fn done(&self, consumers: usize) -> u64 {
        self.tails[..consumers].iter().map(|tail| tail.0.load(Ordering::Acquire)).min().unwrap_or(0)
    }

    /// The consumer has finished with so many messages.
    #[inline(always)]
    pub fn finish(&self, consumer: usize, messages: u64) {
        self.tails[consumer].0.store(messages, Ordering::Release);
    }
}

/// A process's view of the ring.
struct Ring<const N: usize> {
    memory: Memory,
    slots: u64,
    pause: Pause,
    publishes: Publishes,
}

impl<const N: usize> Ring<N> {
    fn words(&self) -> &Words {
        Words::of(&self.memory)
    }

    fn slot(&self, number: u64) -> *mut [u8; N] {
        let offset = size_of::<Words>() + (number % self.slots) as usize * N;
        self.memory.start().wrapping_add(offset).cast()
    }
}

impl Participant for Raw {
    type Tx<const N: usize> = Sender<N>;
    type Rx<const N: usize> = Receiver<N>;

    fn create<const N: usize>(&self, transport: &Transport) -> Result<Sender<N>> {
        let memory = Memory::create(&transport.name, size_of::<Words>() + transport.slots * N)?;
        let ring = Ring { memory, slots: transport.slots as u64, pause: self.pause, publishes: self.publishes };
        let message = self.copies.then(|| Box::new([0; N]));
        Ok(Sender { ring, consumers: transport.consumers, free_until: 0, published: 0, message })
    }

    fn attach<const N: usize>(&self, transport: &Transport, consumer: usize) -> Result<Receiver<N>> {
        let memory = Memory::open(&transport.name)?;
        let ring = Ring { memory, slots: transport.slots as u64, pause: self.pause, publishes: self.publishes };
        Ok(Receiver { ring, consumer, next: 0 })
    }
}

pub struct Sender<const N: usize> {
    ring: Ring<N>,
    consumers: usize,
    /// The first message without room, as of the last poll.
    free_until: u64,
    published: u64,
    /// Where messages are made before they are copied.
    message: Option<Box<[u8; N]>>,
}

impl<const N: usize> Tx for Sender<N> {
    #[inline]
    fn send(&mut self, first: u64, count: u64) -> Result<()> {
        let (mut tag, end) = (first, first + count);
        let words = self.ring.words();
        while tag < end {
            let consumers = self.consumers;
            let (published, slots) = (self.published, self.ring.slots);
            let free_until = &mut self.free_until;
            self.ring.pause.until(|| {
                if *free_until <= published {
                    *free_until = words.done(consumers) + slots;
                }
                *free_until > published
            });
            for _ in 0..(self.free_until - self.published).min(end - tag) {
                // SAFETY: every consumer is done with this slot, and no consumer reads it before `head` says so.
                let slot = unsafe { &mut *self.ring.slot(self.published) };
                match &mut self.message {
                    None => _ = fill(slot, tag),
                    Some(message) => {
                        fill(message, tag);
                        copy(message, slot);
                    }
                }
                self.published += 1;
                tag += 1;
                if self.ring.publishes == Publishes::Each {
                    words.head.0.store(self.published, Ordering::Release);
                }
            }
            words.head.0.store(self.published, Ordering::Release);
        }
        Ok(())
    }
}

/// Copies a message that was just made. Words are loaded one by one, because a wider load would wait for the stores.
#[inline(always)]
fn copy<const N: usize>(message: &[u8; N], slot: &mut [u8; N]) {
    if N > 256 {
        return *slot = *black_box(message);
    }
    for (from, to) in message.chunks_exact(8).zip(slot.chunks_exact_mut(8)) {
        // SAFETY: a reference to eight bytes, which need no alignment as an array of bytes.
        to.copy_from_slice(&unsafe { from.as_ptr().cast::<Unaligned>().read_volatile() }.0.to_ne_bytes());
    }
}

/// A word at any address.
#[derive(Clone, Copy)]
#[repr(C, packed)]
struct Unaligned(u64);

pub struct Receiver<const N: usize> {
    ring: Ring<N>,
    consumer: usize,
    next: u64,
}

impl<const N: usize> Rx<N> for Receiver<N> {
    #[inline]
    fn receive(&mut self, check: &mut Check<N>) -> Result<()> {
        let words = self.ring.words();
        let mut head = 0;
        self.ring.pause.until(|| {
            head = words.head.0.load(Ordering::Acquire);
            head > self.next
        });
        // A quarter of the ring at a time, so that the producer need not wait for all of it.
        let until = head.min(self.next + (self.ring.slots / 4).max(1));
        for number in self.next..until {
            // SAFETY: it is published, and not overwritten before our tail says that we are done.
            check.see(unsafe { &*self.ring.slot(number) });
        }
        self.next = until;
        words.finish(self.consumer, until);
        Ok(())
    }
}
