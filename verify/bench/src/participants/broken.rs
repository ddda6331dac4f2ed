//! Participants that are wrong on purpose, to show that the benchmark notices. They are not part of the table.

use super::raw::{Pause, Publishes, Raw, Receiver, Sender};
use crate::transport::{Participant, Transport, Tx};
use anyhow::Result;

/// The limit's ring with a flaw.
pub struct Broken(pub Flaw);

#[derive(Clone, Copy)]
pub enum Flaw {
    /// A message is missing.
    Loses,
    /// After some messages nothing more is sent.
    Hangs,
}

const RING: Raw = Raw { pause: Pause::Yield, publishes: Publishes::Together };

impl Participant for Broken {
    type Tx<const N: usize> = Flawed<N>;
    type Rx<const N: usize> = Receiver<N>;

    fn create<const N: usize>(&self, transport: &Transport) -> Result<Flawed<N>> {
        Ok(Flawed { sender: RING.create(transport)?, flaw: self.0 })
    }

    fn attach<const N: usize>(&self, transport: &Transport, consumer: usize) -> Result<Receiver<N>> {
        RING.attach(transport, consumer)
    }
}

pub struct Flawed<const N: usize> {
    sender: Sender<N>,
    flaw: Flaw,
}

impl<const N: usize> Tx for Flawed<N> {
    fn send(&mut self, first: u64, count: u64) -> Result<()> {
        match self.flaw {
            Flaw::Loses if first == 128 => self.sender.send(first + 1, count - 1),
            Flaw::Hangs if first >= 128 => loop {
                std::thread::park();
            },
            _ => self.sender.send(first, count),
        }
    }
}
