//! What a participant has to provide: a one-way channel between processes.

use crate::message::Check;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::os::fd::{OwnedFd, RawFd};

/// A one-way channel to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Transport {
    /// Unique; whatever it is that needs a name, the name has this in it.
    pub name: String,
    /// The ring's length, if the participant lets us choose.
    pub slots: usize,
    pub consumers: usize,
    /// What [`Participant::prepare`] made, as the children inherit it.
    pub files: Vec<RawFd>,
    /// What [`Tx::addresses`] said.
    pub addresses: Vec<String>,
}

/// A way to get messages of `N` bytes from one process to others.
pub trait Participant {
    type Tx<const N: usize>: Tx;
    type Rx<const N: usize>: Rx<N>;

    /// Makes what the children have to inherit.
    fn prepare(&self, _consumers: usize, _slots: usize, _size: usize) -> Result<Vec<OwnedFd>> {
        Ok(Vec::new())
    }

    /// The producer's end, made in its process before any consumer attaches.
    fn create<const N: usize>(&self, transport: &Transport) -> Result<Self::Tx<N>>;

    /// A consumer's end, made in its process.
    fn attach<const N: usize>(&self, transport: &Transport, consumer: usize) -> Result<Self::Rx<N>>;
}

/// The producer's end.
pub trait Tx {
    /// Where the consumers find it, one for each, if the name does not say it all.
    fn addresses(&self) -> Vec<String> {
        Vec::new()
    }

    /// Called once every consumer has attached.
    fn connect(&mut self) -> Result<()> {
        Ok(())
    }

    /// Sends the messages tagged `first`, `first + 1` and so on; waits for room as long as it takes.
    fn send(&mut self, first: u64, count: u64) -> Result<()>;
}

/// A consumer's end.
pub trait Rx<const N: usize> {
    /// Waits for messages and shows `check` what came, at least one.
    fn receive(&mut self, check: &mut Check<N>) -> Result<()>;
}
