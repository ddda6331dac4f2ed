//! The interface of a participant: a one-way channel between processes.

use crate::message::Check;
use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use std::os::fd::{OwnedFd, RawFd};

/// The parameters of a one-way channel.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Transport {
    /// A unique token. Every name that the participant needs must contain it.
    pub name: String,
    /// The ring's length, if the participant has such an option.
    pub slots: usize,
    pub consumers: usize,
    pub producers: usize,
    /// The descriptors of [`Participant::prepare`], as the children inherit them.
    pub files: Vec<RawFd>,
    /// The strings of [`Tx::addresses`].
    pub addresses: Vec<String>,
}

/// A way to get messages of `N` bytes from a process to others.
pub trait Participant {
    type Tx<const N: usize>: Tx;
    type Rx<const N: usize>: Rx<N>;

    /// Makes the descriptors that the children inherit.
    fn prepare(&self, _consumers: usize, _slots: usize, _size: usize) -> Result<Vec<OwnedFd>> {
        Ok(Vec::new())
    }

    /// The end of the first producer, made in its process before any consumer attaches.
    fn create<const N: usize>(&self, transport: &Transport) -> Result<Self::Tx<N>>;

    /// The end of a further producer, made in its process after [`create`](Self::create).
    fn join<const N: usize>(&self, _transport: &Transport, _producer: usize) -> Result<Self::Tx<N>> {
        bail!("it has one producer")
    }

    /// A consumer's end, made in its process.
    fn attach<const N: usize>(&self, transport: &Transport, consumer: usize) -> Result<Self::Rx<N>>;
}

/// A producer's end.
pub trait Tx {
    /// The address of each consumer's end, if the name is not enough to find it.
    fn addresses(&self) -> Vec<String> {
        Vec::new()
    }

    /// Called once when every consumer has attached.
    fn connect(&mut self) -> Result<()> {
        Ok(())
    }

    /// Sends the messages tagged `first`, `first + 1` and so on. Waits for room as long as necessary.
    fn send(&mut self, first: u64, count: u64) -> Result<()>;
}

/// A consumer's end.
pub trait Rx<const N: usize> {
    /// Waits for at least one message, and passes each to `check`.
    fn receive(&mut self, check: &mut Check<N>) -> Result<()>;
}
