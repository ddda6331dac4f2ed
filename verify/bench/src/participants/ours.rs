//! ackcast.

use crate::link::{Link, Participant, Rx, Tx};
use crate::message::{Check, fill};
use ackcast::{Channel, Consumer, Producer, Sync};
use anyhow::Result;

pub struct Ours {
    pub way: Way,
    pub sync: Sync,
    /// The ring's length, if it is not to be as long as everybody's.
    pub slots: Option<u32>,
}

/// Which part of the API carries the messages.
#[derive(Clone, Copy)]
pub enum Way {
    /// `send` and `recv`: message by message, copied in and out.
    Copy,
    /// `loan` and `recv_ref`: message by message, written and read in the slot.
    InPlace,
}

impl Participant for Ours {
    type Tx<const N: usize> = Sender<N>;
    type Rx<const N: usize> = Receiver;

    fn create<const N: usize>(&self, link: &Link) -> Result<Sender<N>> {
        let channel = Channel::create(&link.name)
            .slots(self.slots.unwrap_or(link.slots as u32))
            .slot_size(N as u32)
            .consumers(link.consumers as u32)
            .sync(self.sync)
            .build()?;
        Ok(Sender {
            producer: Producer::attach(&link.name)?,
            way: self.way,
            _channel: channel,
            message: Box::new([0; N]),
        })
    }

    fn attach<const N: usize>(&self, link: &Link, _: usize) -> Result<Receiver> {
        Ok(Receiver { consumer: Consumer::attach(&link.name)?, way: self.way })
    }
}

pub struct Sender<const N: usize> {
    producer: Producer,
    way: Way,
    _channel: Channel,
    message: Box<[u8; N]>,
}

impl<const N: usize> Tx for Sender<N> {
    #[inline]
    fn send(&mut self, first: u64, count: u64) -> Result<()> {
        for tag in first..first + count {
            match self.way {
                Way::Copy => {
                    fill(&mut self.message, tag);
                    self.producer.send(&*self.message)?;
                }
                Way::InPlace => {
                    let mut loan = self.producer.loan()?;
                    fill::<N>((&mut *loan).try_into()?, tag);
                    loan.publish(N)?;
                }
            }
        }
        Ok(())
    }
}

pub struct Receiver {
    consumer: Consumer,
    way: Way,
}

impl<const N: usize> Rx<N> for Receiver {
    #[inline]
    fn receive(&mut self, check: &mut Check<N>) -> Result<()> {
        match self.way {
            Way::Copy => check.see_bytes(&self.consumer.recv()?),
            Way::InPlace => check.see_bytes(&self.consumer.recv_ref()?),
        }
        Ok(())
    }
}
