//! Pipes, a pipe for each consumer: a write for each message, and a buffered read.

use crate::message::{Check, fill};
use crate::transport::{Participant, Rx, Transport, Tx};
use anyhow::{Context, Result};
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

pub struct Pipes;

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
        Ok(Sender { pipes: pipes.collect::<Result<_>>()? })
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
}

impl<const N: usize> Tx for Sender<N> {
    fn send(&mut self, first: u64, count: u64) -> Result<()> {
        let mut message = [0; N];
        for tag in first..first + count {
            fill(&mut message, tag);
            for pipe in &mut self.pipes {
                pipe.write_all(&message)?;
            }
        }
        Ok(())
    }
}

impl<const N: usize> Rx<N> for BufReader<File> {
    fn receive(&mut self, check: &mut Check<N>) -> Result<()> {
        let mut message = [0; N];
        self.read_exact(&mut message)?;
        check.see(&message);
        Ok(())
    }
}
