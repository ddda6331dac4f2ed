//! The two sides of a channel, for each subject: the handwritten protocol, the generic protocol, the typed API.

use super::handwritten;
use crate::message::{Check, fill};
use ackcast::layer::Deadline::Never;
use ackcast::layers::Futex;
use ackcast::protocol;
use ackcast::segment::Segment;
use anyhow::Result;

/// Bytes in a message, and in a slot.
pub const SIZE: usize = 64;

pub type FutexProducer = protocol::Producer<Futex, Segment<Futex>>;
pub type FutexConsumer = protocol::Consumer<Futex, Segment<Futex>>;

/// The sending side. The implementations are not inlined, so that the surrounding code is the same for all.
pub trait Sends {
    /// Sends a copied message.
    fn send(&mut self, message: &[u8]) -> Result<()>;
    /// Sends the message of this tag, written in its slot.
    fn send_in_place(&mut self, tag: u64) -> Result<()>;
    /// Sends copied messages in a batch.
    fn send_batch(&mut self, messages: &[[u8; SIZE]]) -> Result<()>;
}

/// The receiving side. The implementations are not inlined, either.
pub trait Receives {
    /// Copies the next message out.
    fn receive(&mut self, buffer: &mut Vec<u8>) -> Result<()>;
    /// Checks the next message in its slot.
    fn receive_in_place(&mut self, check: &mut Check<SIZE>) -> Result<()>;
    /// Checks the available messages in their slots.
    fn receive_batch(&mut self, check: &mut Check<SIZE>) -> Result<()>;
}

impl Sends for handwritten::Producer<'_> {
    #[inline(never)]
    fn send(&mut self, message: &[u8]) -> Result<()> {
        Ok(self.send(message)?)
    }

    #[inline(never)]
    fn send_in_place(&mut self, tag: u64) -> Result<()> {
        Ok(self.send_in_place(tag)?)
    }

    #[inline(never)]
    fn send_batch(&mut self, messages: &[[u8; SIZE]]) -> Result<()> {
        Ok(self.send_batch(messages)?)
    }
}

impl Receives for handwritten::Consumer<'_> {
    #[inline(never)]
    fn receive(&mut self, buffer: &mut Vec<u8>) -> Result<()> {
        Ok(self.receive_into(buffer)?)
    }

    #[inline(never)]
    fn receive_in_place(&mut self, check: &mut Check<SIZE>) -> Result<()> {
        Ok(self.receive(check)?)
    }

    #[inline(never)]
    fn receive_batch(&mut self, check: &mut Check<SIZE>) -> Result<()> {
        Ok(self.receive_batch(check)?)
    }
}

impl Sends for FutexProducer {
    #[inline(never)]
    fn send(&mut self, message: &[u8]) -> Result<()> {
        Ok(self.send(message, Never)?)
    }

    #[inline(never)]
    fn send_in_place(&mut self, tag: u64) -> Result<()> {
        let mut room = self.reserve(Never)?;
        fill::<SIZE>(room.bytes_mut().try_into()?, tag);
        room.publish(SIZE)?;
        Ok(())
    }

    #[inline(never)]
    fn send_batch(&mut self, messages: &[[u8; SIZE]]) -> Result<()> {
        Ok(self.send_batch(messages, Never)?)
    }
}

impl Receives for FutexConsumer {
    #[inline(never)]
    fn receive(&mut self, buffer: &mut Vec<u8>) -> Result<()> {
        let message = self.receive(Never)?;
        buffer.clear();
        buffer.extend_from_slice(&message);
        Ok(())
    }

    #[inline(never)]
    fn receive_in_place(&mut self, check: &mut Check<SIZE>) -> Result<()> {
        check.see_bytes(&self.receive(Never)?);
        Ok(())
    }

    #[inline(never)]
    fn receive_batch(&mut self, check: &mut Check<SIZE>) -> Result<()> {
        let mut batch = self.receive_batch(Never)?;
        while let Some(message) = batch.take()? {
            check.see_bytes(message);
        }
        Ok(())
    }
}

impl Sends for ackcast::Producer {
    #[inline(never)]
    fn send(&mut self, message: &[u8]) -> Result<()> {
        Ok(self.send(message)?)
    }

    #[inline(never)]
    fn send_in_place(&mut self, tag: u64) -> Result<()> {
        let mut loan = self.loan()?;
        fill::<SIZE>((&mut *loan).try_into()?, tag);
        Ok(loan.publish(SIZE)?)
    }

    #[inline(never)]
    fn send_batch(&mut self, messages: &[[u8; SIZE]]) -> Result<()> {
        Ok(self.send_batch(messages)?)
    }
}

impl Receives for ackcast::Consumer {
    #[inline(never)]
    fn receive(&mut self, buffer: &mut Vec<u8>) -> Result<()> {
        Ok(self.recv_into(buffer)?)
    }

    #[inline(never)]
    fn receive_in_place(&mut self, check: &mut Check<SIZE>) -> Result<()> {
        check.see_bytes(&self.recv_ref()?);
        Ok(())
    }

    #[inline(never)]
    fn receive_batch(&mut self, check: &mut Check<SIZE>) -> Result<()> {
        let mut batch = self.recv_batch()?;
        while let Some(message) = batch.take()? {
            check.see_bytes(message);
        }
        Ok(())
    }
}
