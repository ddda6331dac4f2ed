//! shmem-ipc: a ring with eventfds for each consumer, filled and emptied in place and in batches.

use super::Publishes;
use crate::message::{Check, Message, fill};
use crate::transport::{Participant, Rx, Transport, Tx};
use anyhow::{Context, Result};
use shmem_ipc::sharedring::{Receiver as Ring, Sender as RingEnd};
use std::fs::File;
use std::os::fd::{FromRawFd, OwnedFd};

pub struct ShmemIpc(pub Publishes);

// SAFETY: plain bytes without padding, for which every value is valid.
unsafe impl<const N: usize> zerocopy::AsBytes for Message<N> {
    fn only_derive_is_allowed_to_implement_this_trait() {}
}
// SAFETY: as above.
unsafe impl<const N: usize> zerocopy::FromBytes for Message<N> {
    fn only_derive_is_allowed_to_implement_this_trait() {}
}

impl Participant for ShmemIpc {
    type Tx<const N: usize> = Sender<N>;
    type Rx<const N: usize> = Receiver<N>;

    /// Three files for each consumer: the memory, and the events "no longer empty" and "no longer full".
    fn prepare(&self, consumers: usize, slots: usize, size: usize) -> Result<Vec<OwnedFd>> {
        let mut files = Vec::new();
        for _ in 0..consumers {
            let ring = Ring::<u8>::new(slots * size)?;
            let memory = ring.memfd().as_file();
            for file in [memory, ring.empty_signal(), ring.full_signal()] {
                files.push(file.try_clone()?.into());
            }
        }
        Ok(files)
    }

    fn create<const N: usize>(&self, transport: &Transport) -> Result<Sender<N>> {
        let open = |consumer| {
            let [memory, empty, full] = files(transport, consumer)?;
            Ok(RingEnd::open(transport.slots, memory, empty, full)?)
        };
        Ok(Sender { rings: (0..transport.consumers).map(open).collect::<Result<_>>()?, publishes: self.0 })
    }

    fn attach<const N: usize>(&self, transport: &Transport, consumer: usize) -> Result<Receiver<N>> {
        let [memory, empty, full] = files(transport, consumer)?;
        Ok(Receiver { ring: Ring::open(transport.slots, memory, empty, full)? })
    }
}

fn files(transport: &Transport, consumer: usize) -> Result<[File; 3]> {
    let numbers = transport.files.get(3 * consumer..).and_then(<[_]>::first_chunk::<3>).context("three files")?;
    // SAFETY: inherited for this end alone, and no other value in this process owns them.
    Ok(numbers.map(|number| unsafe { File::from_raw_fd(number) }))
}

pub struct Sender<const N: usize> {
    rings: Vec<RingEnd<Message<N>>>,
    publishes: Publishes,
}

impl<const N: usize> Tx for Sender<N> {
    fn send(&mut self, first: u64, count: u64) -> Result<()> {
        let at_once = if self.publishes == Publishes::Each { 1 } else { usize::MAX };
        for ring in &mut self.rings {
            let (mut tag, end) = (first, first + count);
            while tag < end {
                ring.block_until_writable()?;
                ring.send_raw(|slots: *mut Message<N>, room| {
                    let count = room.min((end - tag) as usize).min(at_once);
                    for index in 0..count {
                        // SAFETY: the first `room` slots are the sender's to fill.
                        fill(unsafe { &mut (*slots.add(index)).0 }, tag);
                        tag += 1;
                    }
                    count
                })?;
            }
        }
        Ok(())
    }
}

pub struct Receiver<const N: usize> {
    ring: Ring<Message<N>>,
}

impl<const N: usize> Rx<N> for Receiver<N> {
    fn receive(&mut self, check: &mut Check<N>) -> Result<()> {
        self.ring.block_until_readable()?;
        self.ring.receive_raw(|messages, count| {
            for index in 0..count {
                // SAFETY: the first `count` messages are the receiver's to read.
                check.see(unsafe { &(*messages.add(index)).0 });
            }
            count
        })?;
        Ok(())
    }
}
