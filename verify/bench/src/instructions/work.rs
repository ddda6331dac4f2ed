//! The work whose instructions are counted: a thread fills half the ring and drains it, in each way, by each subject.

use super::handwritten;
use super::side::{FutexConsumer, FutexProducer, Receives, SIZE, Sends};
use super::{Subject, Way};
use crate::message::{Check, fill};
use ackcast::Channel;
use ackcast::protocol::{Consumer, MAX_PUBLISH_BATCH, Producer};
use ackcast::segment::{Handle, Name};
use anyhow::{Result, ensure};
use std::hint::black_box;

const SLOTS: u32 = 1024;
/// Half the ring.
pub(super) const LAP: u64 = SLOTS as u64 / 2;

/// The work that runs under valgrind.
pub fn counted(subject: Subject, way: Way, messages: u64) -> Result<()> {
    if subject == Subject::NoChannel {
        return without_channel(way, messages);
    }
    let name = name();
    let _channel = channel(&name)?;
    // A handle for each side: the kernel takes participants that share a handle for the same participant.
    let (input, output) = (open(&name)?, open(&name)?);
    match subject {
        Subject::NoChannel => Ok(()),
        Subject::Handwritten => {
            let map = handwritten::Map::of(&input)?;
            let mut consumer = handwritten::Consumer::new(&map, Consumer::join(input.channel()?)?);
            let mut producer = handwritten::Producer::new(&map, Producer::join(output.channel()?)?);
            drive(way, messages, &mut producer, &mut consumer)
        }
        Subject::Protocol => {
            let mut consumer: FutexConsumer = Consumer::join(input.channel()?)?;
            let mut producer: FutexProducer = Producer::join(output.channel()?)?;
            drive(way, messages, &mut producer, &mut consumer)
        }
        Subject::Api => {
            let mut consumer = ackcast::Consumer::attach(&name)?;
            let mut producer = ackcast::Producer::attach(&name)?;
            drive(way, messages, &mut producer, &mut consumer)
        }
    }
}

fn open(name: &str) -> Result<Handle> {
    Ok(Handle::open(&Name::new(name)?)?)
}

fn channel(name: &str) -> Result<Channel> {
    Ok(Channel::create(name).slots(SLOTS).slot_size(SIZE as u32).places(1).build()?)
}

pub(super) fn name() -> String {
    format!("ackbench-{}-instructions", std::process::id())
}

/// Fills half the ring and drains it, until all messages were received as they were sent.
fn drive(way: Way, messages: u64, producer: &mut impl Sends, consumer: &mut impl Receives) -> Result<()> {
    let (mut batch, mut buffer) = ([[0; SIZE]; MAX_PUBLISH_BATCH], Vec::with_capacity(SIZE));
    let mut check = Check::<SIZE>::new();
    while check.next < messages {
        let (start, end) = (check.next, check.next + LAP);
        match way {
            Way::Copied => {
                for tag in start..end {
                    fill(&mut batch[0], tag);
                    producer.send(black_box(&batch[0]))?;
                }
                for _ in start..end {
                    consumer.receive(&mut buffer)?;
                    check.see_bytes(&buffer);
                }
            }
            Way::InPlace => {
                (start..end).try_for_each(|tag| producer.send_in_place(tag))?;
                (start..end).try_for_each(|_| consumer.receive_in_place(&mut check))?;
            }
            Way::Batches => {
                for first in (start..end).step_by(MAX_PUBLISH_BATCH) {
                    batch.iter_mut().zip(first..).for_each(|(message, tag)| _ = fill(message, tag));
                    producer.send_batch(black_box(&batch))?;
                }
                consumer.receive_batch(&mut check)?;
            }
        }
        check.verdict()?;
        ensure!(check.next == end, "{} messages instead of {end}", check.next);
    }
    Ok(())
}

/// As [`drive`], but through an array.
fn without_channel(way: Way, messages: u64) -> Result<()> {
    #[inline(never)]
    fn put(slot: &mut [u8], message: &[u8]) {
        let slot = &mut slot[..message.len()];
        // SAFETY: the slot is as long as the message, and lies elsewhere.
        unsafe { handwritten::copy(message.as_ptr(), slot.as_mut_ptr(), message.len()) };
    }
    #[inline(never)]
    fn take(slot: &[u8], buffer: &mut Vec<u8>) {
        buffer.clear();
        buffer.extend_from_slice(slot);
    }
    #[inline(never)]
    fn put_in_place(slot: &mut [u8; SIZE], tag: u64) {
        fill(slot, tag);
    }
    #[inline(never)]
    fn take_in_place(slot: &[u8], check: &mut Check<SIZE>) {
        check.see_bytes(slot);
    }
    #[inline(never)]
    fn put_batch(slots: &mut [[u8; SIZE]], messages: &[[u8; SIZE]]) {
        slots.iter_mut().zip(messages).for_each(|(slot, message)| *slot = *message);
    }
    #[inline(never)]
    fn take_batch(slots: &[[u8; SIZE]], check: &mut Check<SIZE>) {
        slots.iter().for_each(|slot| check.see(slot));
    }

    let (mut batch, mut buffer) = ([[0; SIZE]; MAX_PUBLISH_BATCH], Vec::with_capacity(SIZE));
    let mut slots = vec![[0; SIZE]; LAP as usize];
    let mut check = Check::<SIZE>::new();
    while check.next < messages {
        let start = check.next;
        match way {
            Way::Copied => {
                for (slot, tag) in slots.iter_mut().zip(start..) {
                    fill(&mut batch[0], tag);
                    put(slot, black_box(&batch[0]));
                }
                for slot in &slots {
                    take(black_box(slot), &mut buffer);
                    check.see_bytes(&buffer);
                }
            }
            Way::InPlace => {
                slots.iter_mut().zip(start..).for_each(|(slot, tag)| put_in_place(slot, tag));
                slots.iter().for_each(|slot| take_in_place(black_box(slot), &mut check));
            }
            Way::Batches => {
                for (slots, first) in slots.chunks_mut(MAX_PUBLISH_BATCH).zip((start..).step_by(MAX_PUBLISH_BATCH)) {
                    batch.iter_mut().zip(first..).for_each(|(message, tag)| _ = fill(message, tag));
                    put_batch(slots, black_box(&batch));
                }
                take_batch(black_box(&slots), &mut check);
            }
        }
        check.verdict()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::WAYS;
    use super::*;
    use ackcast::RecvError;
    use ackcast::layer::Deadline;

    /// Calls `does` for every way, with a handle for each side and the handwritten protocol's view of them.
    fn each_way(name: &str, does: impl Fn(Way, &Handle, &Handle, &handwritten::Map)) {
        for (way, _) in WAYS {
            let name = format!("ackbench-{}-{name}", std::process::id());
            let _channel = channel(&name).unwrap();
            let (input, output) = (open(&name).unwrap(), open(&name).unwrap());
            does(way, &input, &output, &handwritten::Map::of(&input).unwrap());
        }
    }

    #[test]
    fn protocol_receives_what_handwritten_sends() {
        each_way("sends", |way, input, output, map| {
            let mut consumer: FutexConsumer = Consumer::join(input.channel().unwrap()).unwrap();
            let mut producer = handwritten::Producer::new(map, Producer::join(output.channel().unwrap()).unwrap());
            drive(way, 5 * LAP, &mut producer, &mut consumer).unwrap();
        });
    }

    #[test]
    fn handwritten_receives_what_protocol_sends() {
        each_way("receives", |way, input, output, map| {
            let mut consumer = handwritten::Consumer::new(map, Consumer::join(input.channel().unwrap()).unwrap());
            let mut producer: FutexProducer = Producer::join(output.channel().unwrap()).unwrap();
            drive(way, 5 * LAP, &mut producer, &mut consumer).unwrap();
            producer.finish(Deadline::Now).unwrap();
            let mut check = Check::new();
            let end = match way {
                Way::Copied => consumer.receive_into(&mut Vec::new()),
                Way::InPlace => consumer.receive(&mut check),
                Way::Batches => consumer.receive_batch(&mut check),
            };
            assert_eq!(end, Err(RecvError::Ended));
        });
    }

    #[test]
    fn handwritten_overwrites_no_unacknowledged_message() {
        each_way("full", |_, input, output, map| {
            let mut consumer: FutexConsumer = Consumer::join(input.channel().unwrap()).unwrap();
            let mut producer = handwritten::Producer::new(map, Producer::join(output.channel().unwrap()).unwrap());
            (0..SLOTS).for_each(|_| producer.send(&[7; SIZE]).unwrap());
            producer.send(&[8; SIZE]).unwrap_err();
            assert_eq!(*consumer.receive(Deadline::Now).unwrap(), [7; SIZE]);
            producer.send(&[8; SIZE]).unwrap();
        });
    }
}
