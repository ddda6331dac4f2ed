//! Pipes, a pipe for each consumer: a write for each message or batch, and buffered reads. Writes of at most a page are
//! atomic, so several producers may share a pipe.

use super::Publishes;
use crate::message::{Check, VARIABLE, fill};
use crate::transport::{Participant, Rx, Transport, Tx};
use anyhow::{Context, Result};
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

pub struct Pipes(pub Publishes);

impl Participant for Pipes {
    type Tx<const N: usize> = Sender<N>;
    type Rx<const N: usize> = BufReader<File>;

    /// A reading and a writing end for each consumer.
    fn prepare(&self, consumers: usize, _: usize, _: usize) -> Result<Vec<OwnedFd>> {
        let mut ends = Vec::new();
        for _ in 0..consumers {
            let (reader, writer) = std::io::pipe()?;
            ends.extend([reader.into(), writer.into()]);
        }
        Ok(ends)
    }

    fn create<const N: usize>(&self, transport: &Transport) -> Result<Sender<N>> {
        let pipes = (0..transport.consumers).map(|consumer| file(transport.files.get(2 * consumer + 1)));
        Ok(Sender { pipes: pipes.collect::<Result<_>>()?, publishes: self.0, frames: Vec::new() })
    }

    fn join<const N: usize>(&self, transport: &Transport, _: usize) -> Result<Sender<N>> {
        self.create(transport)
    }

    fn attach<const N: usize>(&self, transport: &Transport, consumer: usize) -> Result<BufReader<File>> {
        Ok(BufReader::with_capacity(1 << 16, file(transport.files.get(2 * consumer))?))
    }
}

fn file(number: Option<&RawFd>) -> Result<File> {
    // SAFETY: inherited for this end alone, and no other value in this process owns it.
    number.map(|number| unsafe { File::from_raw_fd(*number) }).context("an inherited pipe")
}

pub struct Sender<const N: usize> {
    pipes: Vec<File>,
    publishes: Publishes,
    /// What the next write writes.
    frames: Vec<u8>,
}

/// The length of a message of variable length, which stands before it.
type Length = u16;

impl<const N: usize> Sender<N> {
    fn frame(&mut self, tag: u64) {
        let start = self.frames.len() + if N == VARIABLE { size_of::<Length>() } else { 0 };
        self.frames.resize(start + N, 0);
        let message = self.frames[start..].first_chunk_mut().expect("as long as a message");
        let length = fill::<N>(message, tag);
        if N == VARIABLE {
            self.frames[start - size_of::<Length>()..start].copy_from_slice(&(length as Length).to_ne_bytes());
        }
        self.frames.truncate(start + length);
    }

    fn write(&mut self) -> Result<()> {
        for pipe in &mut self.pipes {
            pipe.write_all(&self.frames)?;
        }
        self.frames.clear();
        Ok(())
    }
}

impl<const N: usize> Tx for Sender<N> {
    fn send(&mut self, first: u64, count: u64) -> Result<()> {
        for tag in first..first + count {
            self.frame(tag);
            if self.publishes == Publishes::Each {
                self.write()?;
            }
        }
        self.write()
    }
}

impl<const N: usize> Rx<N> for BufReader<File> {
    fn receive(&mut self, check: &mut Check<N>) -> Result<()> {
        let (mut message, mut length) = ([0; N], N);
        if N == VARIABLE {
            let mut bytes = [0; size_of::<Length>()];
            self.read_exact(&mut bytes)?;
            length = usize::from(Length::from_ne_bytes(bytes));
        }
        let message = message.get_mut(..length).context("a length that no message has")?;
        self.read_exact(message)?;
        check.see_bytes(message);
        Ok(())
    }
}
