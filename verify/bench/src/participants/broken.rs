//! Participants that are wrong on purpose, to show that the benchmark notices. They are not part of the tables.

use crate::transport::{Participant, Transport, Tx};
use anyhow::Result;

/// A participant with a flaw.
pub struct Broken<P>(pub P, pub Flaw);

#[derive(Clone, Copy)]
pub enum Flaw {
    /// A message of the first producer is missing.
    Loses,
    /// After some messages the first producer sends nothing more.
    Hangs,
}

impl<P: Participant> Participant for Broken<P> {
    type Tx<const N: usize> = Flawed<P::Tx<N>>;
    type Rx<const N: usize> = P::Rx<N>;

    fn create<const N: usize>(&self, transport: &Transport) -> Result<Self::Tx<N>> {
        Ok(Flawed { sender: self.0.create(transport)?, flaw: self.1 })
    }

    fn join<const N: usize>(&self, transport: &Transport, producer: usize) -> Result<Self::Tx<N>> {
        Ok(Flawed { sender: self.0.join(transport, producer)?, flaw: self.1 })
    }

    fn attach<const N: usize>(&self, transport: &Transport, consumer: usize) -> Result<Self::Rx<N>> {
        self.0.attach(transport, consumer)
    }
}

pub struct Flawed<T> {
    sender: T,
    flaw: Flaw,
}

impl<T: Tx> Tx for Flawed<T> {
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
