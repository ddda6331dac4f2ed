//! ackcast.

use crate::message::{Check, fill};
use crate::transport::{Participant, Rx, Transport, Tx};
use ackcast::protocol::MAX_PUBLISH_BATCH;
use ackcast::{Backend, Channel, Consumer, Producer, Wait};
use anyhow::Result;

pub struct Ours {
    pub way: Way,
    pub backend: Backend,
    pub wait: Wait,
    /// The ring's length, if it differs from that of the other participants.
    pub slots: Option<u32>,
}

/// The part of the API that carries the messages.
#[derive(Clone, Copy)]
pub enum Way {
    /// `send` and `recv_into`: separate messages, copied in and out.
    Copy,
    /// `loan` and `recv_ref`: separate messages, written and read in the slot.
    InPlace,
    /// `send_batch` and `recv_batch`: batches that are copied in and read in the slots.
    Batch,
    /// `send_written` and `recv_batch`: batches that are written and read in the slots.
    Written,
}

impl Participant for Ours {
    type Tx<const N: usize> = Sender<N>;
    type Rx<const N: usize> = Receiver;

    fn create<const N: usize>(&self, transport: &Transport) -> Result<Sender<N>> {
        let channel = Channel::create(&transport.name)
            .slots(self.slots.unwrap_or(transport.slots as u32))
            .slot_size(N as u32)
            .consumers(transport.consumers as u32)
            .backend(self.backend)
            .build()?;
        let mut producer = Producer::attach(&transport.name)?;
        producer.set_wait(self.wait);
        Ok(Sender { producer, way: self.way, _channel: channel, messages: vec![[0; N]; MAX_PUBLISH_BATCH] })
    }

    fn attach<const N: usize>(&self, transport: &Transport, _: usize) -> Result<Receiver> {
        let mut consumer = Consumer::attach(&transport.name)?;
        consumer.set_wait(self.wait);
        Ok(Receiver { consumer, way: self.way, buffer: Vec::with_capacity(N) })
    }
}

pub struct Sender<const N: usize> {
    producer: Producer,
    way: Way,
    _channel: Channel,
    messages: Vec<[u8; N]>,
}

impl<const N: usize> Tx for Sender<N> {
    #[inline]
    fn send(&mut self, first: u64, count: u64) -> Result<()> {
        match self.way {
            Way::Copy => {
                for tag in first..first + count {
                    let message = &mut self.messages[0];
                    fill(message, tag);
                    self.producer.send(message)?;
                }
            }
            Way::InPlace => {
                for tag in first..first + count {
                    let mut loan = self.producer.loan()?;
                    fill::<N>((&mut *loan).try_into()?, tag);
                    loan.publish(N)?;
                }
            }
            Way::Written => {
                let mut tags = first..first + count;
                self.producer.send_written(count as usize, |bytes| {
                    fill::<N>(bytes.try_into().ok()?, tags.next()?);
                    Some(N)
                })?;
            }
            Way::Batch => {
                let end = first + count;
                for start in (first..end).step_by(MAX_PUBLISH_BATCH) {
                    let messages = &mut self.messages[..MAX_PUBLISH_BATCH.min((end - start) as usize)];
                    messages.iter_mut().zip(start..).for_each(|(message, tag)| fill(message, tag));
                    self.producer.send_batch(messages)?;
                }
            }
        }
        Ok(())
    }
}

pub struct Receiver {
    consumer: Consumer,
    way: Way,
    buffer: Vec<u8>,
}

impl<const N: usize> Rx<N> for Receiver {
    #[inline]
    fn receive(&mut self, check: &mut Check<N>) -> Result<()> {
        match self.way {
            Way::Copy => {
                self.consumer.recv_into(&mut self.buffer)?;
                check.see_bytes(&self.buffer);
            }
            Way::InPlace => check.see_bytes(&self.consumer.recv_ref()?),
            Way::Batch | Way::Written => {
                let mut batch = self.consumer.recv_batch()?;
                while let Some(message) = batch.take()? {
                    check.see_bytes(message);
                }
            }
        }
        Ok(())
    }
}
