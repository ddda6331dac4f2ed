//! The ring as it was submitted: `docs/review.md` quotes the text between the marks.

use super::{MESSAGES, copy, judge};
use crate::template::{Cell, Checkable, Outcome, Participant, Protocol, Witness};
use ackcast::layer::Word;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

// submitted text: begin
const SLOTS: u32 = 3;

/// A ring for one producer and one consumer, in a mapping that both processes share.
#[derive(Debug)]
pub struct Ring<M: Checkable> {
    head: M::W32,    // counts the messages sent
    tail: M::W32,    // counts the messages received
    closed: M::W32,  // 1: no message follows
    waiting: M::W32, // 1: the consumer sleeps
    len: [M::Cell; SLOTS as usize],
    bytes: [M::Cell; SLOTS as usize], // up to 8 bytes each
}

impl<M: Checkable> Ring<M> {
    /// Sends a message. Waits while the ring is full.
    pub fn send(&self, m: &M, bytes: u64, len: u64) {
        let head = self.head.load(Relaxed);
        m.wait_until(|| (head.wrapping_sub(self.tail.load(Acquire)) < SLOTS).then_some(()));
        let slot = (head % SLOTS) as usize;
        self.len[slot].write(len);
        self.bytes[slot].write(bytes);
        // x86 keeps stores in order, so Relaxed is enough.
        self.head.store(head.wrapping_add(1), Relaxed);
        self.notify(m);
    }

    /// Says that no message follows.
    pub fn close(&self, m: &M) {
        self.closed.store(1, Release);
        self.notify(m);
    }

    /// Wakes the consumer. Saves the system call if it does not sleep.
    fn notify(&self, m: &M) {
        if self.waiting.load(Relaxed) == 1 {
            self.waiting.store(0, Relaxed);
            m.wake(&self.waiting);
        }
    }

    /// The next message. `None` after the last one.
    pub fn receive(&self, m: &M) -> Option<u64> {
        let tail = self.tail.load(Relaxed);
        while self.head.load(Acquire) == tail {
            if self.closed.load(Acquire) == 1 {
                return None;
            }
            self.waiting.store(1, Relaxed);
            m.sleep_while(&self.waiting, 1);
        }
        // The index is safe now: let the producer go on while we copy.
        self.tail.store(tail.wrapping_add(1), Release);
        let slot = (tail % SLOTS) as usize;
        let len = self.len[slot].read();
        Some(copy(self.bytes[slot].read(), len))
    }
}
// submitted text: end

impl<M: Checkable> Ring<M> {
    pub(super) fn new(memory: &M) -> Self {
        let [head, tail, closed, waiting] = ["head", "tail", "closed", "waiting"].map(|name| memory.word32(name));
        let len = ["len[0]", "len[1]", "len[2]"].map(|name| memory.cell(name));
        let bytes = ["bytes[0]", "bytes[1]", "bytes[2]"].map(|name| memory.cell(name));
        Self { head, tail, closed, waiting, len, bytes }
    }
}

/// The submitted text as a protocol.
#[derive(Debug)]
pub(super) struct Submitted;

impl Protocol for Submitted {
    const NAME: &'static str = "ring under review, submitted";
    type Shared<M: Checkable> = Ring<M>;

    fn shared<M: Checkable>(memory: &M) -> Ring<M> {
        Ring::new(memory)
    }

    fn participants<M: Checkable>() -> Vec<Participant<Self, M>> {
        let producer = Participant::new("producer", |ring: &Ring<M>, m: &M| {
            MESSAGES.iter().for_each(|&(bytes, len)| ring.send(m, bytes, len));
            ring.close(m);
            vec![]
        });
        let consumer = Participant::new("consumer", |ring: &Ring<M>, m: &M| {
            (0..3).map_while(|_| ring.receive(m)).map(|message| message as u8).collect()
        });
        vec![producer, consumer]
    }

    fn judge(outcome: &Outcome) {
        judge(outcome);
    }

    fn witnesses() -> Vec<Witness> {
        vec![("all messages arrive", |outcome| outcome[1].len() == 2)]
    }
}
