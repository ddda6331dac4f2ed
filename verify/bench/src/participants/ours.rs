//! ackcast.

use crate::message::{Check, Message, fill};
use crate::transport::{Participant, Rx, Transport, Tx};
use ackcast::protocol::MAX_PUBLISH_BATCH;
use ackcast::{Backend, Channel, Consumer, Producer, Wait};
use anyhow::{Context, Result};

#[derive(Clone, Copy)]
pub struct Ours {
    pub sends: Sends,
    pub receives: Receives,
    pub backend: Backend,
    pub wait: Wait,
    /// The ring's length, if it differs from that of the other participants.
    pub slots: Option<u32>,
    /// The slots are twice as large as the messages, so no message fills its slot.
    pub half_slot: bool,
}

/// The part of the API that sends the messages.
#[derive(Clone, Copy)]
pub enum Sends {
    /// `send`: separate messages, copied in.
    Copies,
    /// `loan`: separate messages, written in the slot.
    Loans,
    /// `send_batch`: batches that are copied in.
    Batches,
    /// `send_written`: batches that are written in the slots.
    WrittenBatches,
}

/// The part of the API that receives them.
#[derive(Clone, Copy)]
pub enum Receives {
    /// `recv_into`: separate messages, copied out.
    Copies,
    /// `recv_ref`: separate messages, read in the slot.
    Borrows,
    /// `recv_batch`: batches, read in the slots.
    Batches,
}

impl Participant for Ours {
    type Tx<const N: usize> = Sender<N>;
    type Rx<const N: usize> = Receiver;

    fn create<const N: usize>(&self, transport: &Transport) -> Result<Sender<N>> {
        let channel = Channel::create(&transport.name)
            .slots(self.slots.unwrap_or(transport.slots as u32))
            .slot_size(if self.half_slot { 2 * N } else { N } as u32)
            .consumers(transport.consumers as u32)
            .producers(transport.producers as u32)
            .backend(self.backend)
            .build()?;
        Ok(Sender { _channel: Some(channel), ..self.join(transport, 0)? })
    }

    fn join<const N: usize>(&self, transport: &Transport, _: usize) -> Result<Sender<N>> {
        let mut producer = Producer::attach(&transport.name)?;
        producer.set_wait(self.wait);
        Ok(Sender {
            producer,
            sends: self.sends,
            messages: vec![Message::default(); MAX_PUBLISH_BATCH],
            _channel: None,
        })
    }

    fn attach<const N: usize>(&self, transport: &Transport, _: usize) -> Result<Receiver> {
        let mut consumer = Consumer::attach(&transport.name)?;
        consumer.set_wait(self.wait);
        Ok(Receiver { consumer, receives: self.receives, buffer: Vec::with_capacity(N) })
    }
}

pub struct Sender<const N: usize> {
    producer: Producer,
    sends: Sends,
    messages: Vec<Message<N>>,
    /// The channel, in the process that made it.
    _channel: Option<Channel>,
}

impl<const N: usize> Tx for Sender<N> {
    #[inline]
    fn send(&mut self, first: u64, count: u64) -> Result<()> {
        let end = first + count;
        match self.sends {
            Sends::Copies => {
                for tag in first..end {
                    let message = &mut self.messages[0].0;
                    let length = fill(message, tag);
                    self.producer.send(&message[..length])?;
                }
            }
            Sends::Loans => {
                for tag in first..end {
                    let mut loan = self.producer.loan()?;
                    let length = fill::<N>(loan.first_chunk_mut().context("a slot of this size")?, tag);
                    loan.publish(length)?;
                }
            }
            Sends::WrittenBatches => {
                let mut tags = first..end;
                self.producer
                    .send_written(count as usize, |bytes| Some(fill::<N>(bytes.first_chunk_mut()?, tags.next()?)))?;
            }
            Sends::Batches => {
                for start in (first..end).step_by(MAX_PUBLISH_BATCH) {
                    let messages = &mut self.messages[..MAX_PUBLISH_BATCH.min((end - start) as usize)];
                    messages.iter_mut().zip(start..).for_each(|(message, tag)| _ = fill(&mut message.0, tag));
                    self.producer.send_batch(messages)?;
                }
            }
        }
        Ok(())
    }
}

pub struct Receiver {
    consumer: Consumer,
    receives: Receives,
    buffer: Vec<u8>,
}

impl<const N: usize> Rx<N> for Receiver {
    #[inline]
    fn receive(&mut self, check: &mut Check<N>) -> Result<()> {
        match self.receives {
            Receives::Copies => {
                self.consumer.recv_into(&mut self.buffer)?;
                check.see_bytes(&self.buffer);
            }
            Receives::Borrows => check.see_bytes(&self.consumer.recv_ref()?),
            Receives::Batches => {
                let mut batch = self.consumer.recv_batch()?;
                while let Some(message) = batch.take()? {
                    check.see_bytes(message);
                }
            }
        }
        Ok(())
    }
}
