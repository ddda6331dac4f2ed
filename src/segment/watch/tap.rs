//! Reading messages as no consumer: no producer waits for the reader.
//!
//! Slots are plain memory, which a producer may overwrite while they are read. So the kernel copies them, by pread(2),
//! and no Rust reference to them exists. A copy is used only if no producer can have written the slot before the copy
//! was made. The order that must not happen, for message *n* and a message *m* = *n* + *k* × slots that comes to the
//! same slot later:
//!
//! ```text
//!   producer                              tap
//!                                         published reads more than n         (H11)
//!   writes the first half of m
//!                                         copies the slot: half m, half n
//!                                         uses the copy as n
//! ```
//!
//! So the tap makes a fence after the copy, and then judges it by the words. Let *q* be what is published when the
//! producer writes *m*. By the producer's program order, and by the lock,
//! 1. *m* is below *q* + B, where B is [`max_prepared`]: a producer writes no more than B messages that it has not
//!    published (`prepared.rs`);
//! 2. each consumer that the producer's loads E6 have found ACTIVE has acknowledged a message above *m* - slots (E4),
//!    or is dead and was evicted (X12); each other consumer starts at *m* - slots + 1 or later (J, N).
//!
//! If the copy has a byte of *m*, the loads after the fence see at least what the producer has seen and stored before
//! it wrote that byte. So the copy is *n*, whole, if those loads find
//! - (a) *n* + slots ≥ *p* + B, where *p* is published. Else *p* ≥ *q*, so *m* < *p* + B ≤ *n* + slots ≤ *m*: a
//!   contradiction. Or
//! - (b) a consumer that is ACTIVE, is not JOINING, and has acknowledged no message above *n*. Else, by 2, it had
//!   acknowledged *n* before the byte was written, or starts above *n*. An acknowledgement decreases only when another
//!   consumer takes the entry, which starts above *n*, too. The state is loaded before the acknowledgement, with a
//!   fence between: so the acknowledgement is that occupant's, or a later one's.
//!
//! **Where this rests on the processor.** The copy races with the producer's plain stores, so the language's memory
//! model says nothing of it. The argument needs that a store that one other processor has seen is seen by all
//! (multi-copy atomicity: x86-64, ARMv8, RISC-V), and that the producer's stores to words and slots become visible in
//! program order.
//! - x86-64: stores do. The tap needs no instruction for its fence.
//! - Other processors, asymmetric fences: the tap makes the heavy fence, a membarrier(2). A producer whose byte was
//!   copied has made a full fence after that byte when the call returns. All its earlier stores are visible.
//! - Other processors, symmetric fences: F2 orders E1 before the writes of later messages, so (a) holds. Nothing orders
//!   X12 before them, so (b) is not used.
//!
//! **What a tap sees.** On a ring of 4 slots or more, the newest quarter of it is safe by (a) alone. The newest
//! message is, for as long as no further message comes. On 1, 2 or 3 slots (a) never holds: the tap sees the messages
//! that some consumer has yet to acknowledge.

use super::{TapError, Tapped, Watch};
use crate::layers::Fences;
use crate::protocol::{Corruption, Geometry, Header, Published, max_prepared};
use crate::segment::file::failed;
use crate::segment::{HeaderFault, OpenError};
use core::sync::atomic::{Ordering::Acquire, Ordering::SeqCst, fence};

/// Reads a channel's messages without being one of its consumers; see [`Watch::tap`].
///
/// No producer waits for a tap, so it may miss messages, and says how many. It returns a message only if it is whole:
/// no producer has begun to overwrite it before it was copied.
///
/// On a ring of fewer than 4 slots, a tap sees only messages that some consumer has not acknowledged yet.
#[derive(Debug)]
pub struct Tap {
    watch: Watch,
    /// The next message to read.
    next: u64,
    missed: u64,
    /// B: the most messages that a producer writes before it publishes them.
    most_prepared: u64,
    /// What the last poll copied: as much of a slot as its message fills.
    buffer: Vec<u8>,
    judge: Judge,
}

/// Which copies are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judge {
    /// Those that (a) or (b) allows.
    Both,
    /// Those that (a) allows.
    Published,
    /// All: the negative twin, in which torn messages are seen.
    #[cfg(test)]
    None,
}

impl Tap {
    pub(super) fn new(watch: Watch) -> Result<Self, OpenError> {
        let is_ordered = cfg!(target_arch = "x86_64");
        let fences = watch.fences();
        if !is_ordered && !fences.usable() {
            return Err(OpenError::Unusable { name: watch.name.clone(), fault: HeaderFault::Membarrier });
        }
        let judge = if is_ordered || fences == Fences::Asymmetric { Judge::Both } else { Judge::Published };
        let published = watch.published();
        // END is told to each tap.
        let next = published.count().saturating_sub(u64::from(published.ended()));
        let most_prepared = max_prepared(watch.geometry().slots);
        Ok(Self { watch, next, missed: 0, most_prepared, buffer: Vec::new(), judge })
    }

    /// The watched channel.
    ///
    /// ```
    /// # use ackcast::{Channel, Name, Producer, Tapped, Watch};
    /// # let name = Name::new(&format!("example-tap-watch-{}", std::process::id()))?;
    /// # let _channel = Channel::create(name.as_str()).slots(8).consumers(0).build()?;
    /// # let mut producer = Producer::attach(name.as_str())?;
    /// let tap = Watch::open(&name)?.tap()?;
    /// assert!(tap.watch().stats()?.in_use);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn watch(&self) -> &Watch {
        &self.watch
    }

    /// How many messages were missed so far.
    ///
    /// ```
    /// # use ackcast::{Channel, Name, Producer, Tapped, Watch};
    /// # let name = Name::new(&format!("example-tap-missed-{}", std::process::id()))?;
    /// # let _channel = Channel::create(name.as_str()).slots(8).consumers(0).build()?;
    /// # let mut producer = Producer::attach(name.as_str())?;
    /// let mut tap = Watch::open(&name)?.tap()?;
    /// producer.send_batch(&["message"; 100])?; // a ring has room for 8 of them
    /// while tap.poll()? != Tapped::Empty {}
    /// assert!(tap.missed() > 90);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn missed(&self) -> u64 {
        self.missed
    }

    /// Starts with the oldest message that can still be read, in place of the next one that is published. Messages
    /// before it do not count as missed.
    ///
    /// ```
    /// # use ackcast::{Channel, Name, Producer, Tapped, Watch};
    /// # let name = Name::new(&format!("example-tap-rewind-{}", std::process::id()))?;
    /// # let _channel = Channel::create(name.as_str()).slots(8).consumers(0).build()?;
    /// # let mut producer = Producer::attach(name.as_str())?;
    /// producer.send(b"old")?;
    /// let mut tap = Watch::open(&name)?.tap()?;
    /// assert_eq!(tap.poll()?, Tapped::Empty);
    /// tap.rewind();
    /// assert_eq!(tap.poll()?, Tapped::Message { sequence: 0, bytes: b"old" });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rewind(&mut self) {
        let published = self.watch.published();
        let ring = u64::from(self.watch.geometry().slots);
        let oldest = published.count().saturating_sub(ring);
        self.next = oldest.max(self.oldest_safe(published)).min(self.next);
    }

    /// Reads the next message, if it is published. Never waits.
    ///
    /// # Errors
    /// See [`TapError`]. After [`TapError::Corrupt`], the next call goes on with the next message.
    ///
    /// ```
    /// # use ackcast::{Channel, Name, Producer, Tapped, Watch};
    /// # let name = Name::new(&format!("example-tap-poll-{}", std::process::id()))?;
    /// # let _channel = Channel::create(name.as_str()).slots(8).consumers(0).build()?;
    /// # let mut producer = Producer::attach(name.as_str())?;
    /// let mut tap = Watch::open(&name)?.tap()?;
    /// producer.send(b"Hello")?;
    /// producer.finish()?;
    /// assert_eq!(tap.poll()?, Tapped::Message { sequence: 0, bytes: b"Hello" });
    /// assert_eq!(tap.poll()?, Tapped::Ended);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn poll(&mut self) -> Result<Tapped<'_>, TapError> {
        if self.watch.locks.is_inherited() {
            return Err(OpenError::Inherited { name: self.watch.name.clone() }.into());
        }
        self.watch.is_removed()?; // checks the size before the words are read
        let published = self.watch.published();
        let (count, next) = (published.count(), self.next);
        if next == count {
            return Ok(if published.ended() { Tapped::Ended } else { Tapped::Empty });
        }
        if next > count {
            let slots = self.watch.geometry().slots;
            return Err(TapError::Corrupt(Corruption::Published { published: count, next, slots }));
        }
        if published.ended() && next.saturating_add(1) == count {
            self.next = count; // END has no payload: its place is known by the count
            return Ok(Tapped::Ended);
        }
        let header = self.copy(next)?;
        self.order();
        if !self.is_whole(next) {
            return Ok(self.skip());
        }
        let slot_size = self.watch.geometry().slot_size;
        self.next = next.saturating_add(1);
        match header {
            Header { kind: Header::DATA, len } if len <= slot_size => {
                Ok(Tapped::Message { sequence: next, bytes: &self.buffer })
            }
            Header { kind, len } => {
                let message = next;
                Err(TapError::Corrupt(Corruption::Slot { message, kind, len, slot_size }))
            }
        }
    }

    /// Copies message `n`'s slot into the buffer: its first bytes, as many as its header says.
    fn copy(&mut self, n: u64) -> Result<Header, TapError> {
        let layout = &self.watch.checked.layout;
        let Geometry { slots, slot_size, .. } = self.watch.geometry();
        let slot = (n % u64::from(slots)) as usize; // a ring has at least one slot
        let mut header = [0; 8];
        self.read_at(layout.header(slot), &mut header)?;
        let [len, kind] = [0, 4].map(|at| {
            let mut word = [0; 4];
            word.copy_from_slice(&header[at..at + 4]);
            u32::from_ne_bytes(word)
        });
        // A header that is being written may be of any length.
        let mut buffer = core::mem::take(&mut self.buffer);
        buffer.resize(len.min(slot_size) as usize, 0);
        let done = self.read_at(layout.slots + slot * layout.stride, &mut buffer);
        self.buffer = buffer;
        done?;
        Ok(Header { len, kind })
    }

    /// Reads bytes of the file.
    fn read_at(&self, offset: usize, bytes: &mut [u8]) -> Result<(), OpenError> {
        let mut done = 0;
        while done < bytes.len() {
            let read = rustix::io::pread(self.watch.locks.file(), &mut bytes[done..], (offset + done) as u64);
            match read {
                Ok(0) => {
                    let (found, expected) = ((offset + done) as u64, self.watch.checked.layout.size as u64);
                    let fault = HeaderFault::Size { found, expected }; // it was truncated
                    return Err(OpenError::Unusable { name: self.watch.name.clone(), fault });
                }
                Ok(count) => done += count,
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(failed(&self.watch.name, "reading its file", errno)),
            }
        }
        Ok(())
    }

    /// The fence between the copy and the loads that judge it.
    fn order(&self) {
        if cfg!(target_arch = "x86_64") {
            fence(Acquire);
        } else {
            self.watch.fences().heavy(SeqCst);
        }
    }

    /// Whether the copy of message `n` is whole: whether (a) or (b) holds. Called after [`order`](Tap::order).
    fn is_whole(&self, n: u64) -> bool {
        match self.judge {
            #[cfg(test)]
            Judge::None => true,
            // Mostly (a), which leaves the cache lines of the acknowledgements to the consumers.
            _ => {
                let published = self.watch.published();
                n >= self.safe_by_count(published) || n >= self.oldest_safe(published)
            }
        }
    }

    /// (a) holds for the published messages from this one on.
    fn safe_by_count(&self, published: Published) -> u64 {
        let slots = self.watch.geometry().slots;
        published.count().saturating_add(self.most_prepared).saturating_sub(slots.into())
    }

    /// (a) or (b) holds for the published messages from this one on.
    fn oldest_safe(&self, published: Published) -> u64 {
        let by_count = self.safe_by_count(published);
        if self.judge == Judge::Published {
            return by_count;
        }
        let lowest = self.watch.lowest_acknowledgement();
        lowest.map_or(by_count, |lowest| lowest.min(by_count))
    }

    /// Goes on with a newer message: half-way between the oldest safe one and the newest one, because the oldest would
    /// soon be overwritten, too.
    fn skip(&mut self) -> Tapped<'static> {
        let published = self.watch.published();
        let (newest, safe) = (published.count(), self.oldest_safe(published));
        let target = if safe >= newest { newest } else { safe + (newest - safe) / 2 };
        // END is no message, and is never missed.
        let target = if published.ended() { target.min(newest.saturating_sub(1)) } else { target };
        let target = target.max(self.next.saturating_add(1)).min(newest);
        let messages = target - self.next;
        self.next = target;
        self.missed = self.missed.saturating_add(messages);
        Tapped::Missed { messages }
    }
}

#[cfg(test)]
mod tests;
