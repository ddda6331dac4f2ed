//! ringfire: lossless flow control, batches out, each of its three ways to wait. Its ring for several producers loses
//! messages, so each producer has a ring of its own here, and the consumers poll all of them.

use super::{Pause, Publishes};
use crate::message::{Check, Message, fill};
use crate::transport::{Participant, Rx, Transport, Tx};
use anyhow::Result;
use ringfire::{
    BusySpin, FlowControl, FutexWait, RingConsumer, RingProducer, RingProducerBuilder, WaitStrategy, YieldBackoff,
};
use std::path::PathBuf;

pub struct Ringfire(pub Wait, pub Publishes);

#[derive(Clone, Copy)]
pub enum Wait {
    Futex,
    Yield,
    Spin,
}

impl Participant for Ringfire {
    type Tx<const N: usize> = Sender<N>;
    type Rx<const N: usize> = Receiver<N>;

    fn create<const N: usize>(&self, transport: &Transport) -> Result<Sender<N>> {
        self.join(transport, 0)
    }

    fn join<const N: usize>(&self, transport: &Transport, producer: usize) -> Result<Sender<N>> {
        let builder = RingProducerBuilder::new(transport.slots as u64).flow_control(FlowControl::LosslessBackpressure);
        let producer = builder.build(path(transport, producer))?;
        Ok(Sender { producer, publishes: self.1, batch: Vec::new() })
    }

    fn attach<const N: usize>(&self, transport: &Transport, _: usize) -> Result<Receiver<N>> {
        let ring = |producer| Ok(RingConsumer::builder().start_from_head().attach(path(transport, producer))?);
        let rings = (0..transport.producers).map(ring).collect::<Result<_>>()?;
        Ok(Receiver { rings, wait: self.0, batch: vec![Message::default(); transport.slots / 4] })
    }
}

fn path(transport: &Transport, producer: usize) -> PathBuf {
    ["/dev/shm", &format!("{}-{producer}", transport.name)].iter().collect()
}

pub struct Sender<const N: usize> {
    producer: RingProducer<Message<N>>,
    publishes: Publishes,
    batch: Vec<Message<N>>,
}

impl<const N: usize> Tx for Sender<N> {
    fn send(&mut self, first: u64, count: u64) -> Result<()> {
        self.batch.resize(self.batch.len().max(count as usize), Message::default());
        let messages = self.batch[..count as usize].iter_mut().zip(first..);
        match self.publishes {
            Publishes::Each => messages.for_each(|(message, tag)| {
                fill(&mut message.0, tag);
                self.producer.push(message);
            }),
            Publishes::Batches => {
                messages.for_each(|(message, tag)| _ = fill(&mut message.0, tag));
                self.producer.push_batch(&self.batch[..count as usize]);
            }
        }
        Ok(())
    }
}

pub struct Receiver<const N: usize> {
    /// A ring for each producer.
    rings: Vec<RingConsumer<Message<N>>>,
    wait: Wait,
    batch: Vec<Message<N>>,
}

impl<const N: usize> Receiver<N> {
    fn receive_with(&mut self, wait: &mut impl WaitStrategy, check: &mut Check<N>) {
        check.see(&self.rings[0].recv_blocking(wait).0);
        self.poll(check);
    }

    /// Whether there were messages.
    fn poll(&mut self, check: &mut Check<N>) -> bool {
        let mut some = false;
        for ring in &mut self.rings {
            let count = ring.recv_batch(&mut self.batch);
            self.batch[..count].iter().for_each(|message| check.see(&message.0));
            some |= count > 0;
        }
        some
    }
}

impl<const N: usize> Rx<N> for Receiver<N> {
    fn receive(&mut self, check: &mut Check<N>) -> Result<()> {
        match self.wait {
            Wait::Yield if self.rings.len() > 1 => Pause::Yield.until(|| self.poll(check)),
            Wait::Spin if self.rings.len() > 1 => Pause::Spin.until(|| self.poll(check)),
            Wait::Futex => self.receive_with(&mut FutexWait::default(), check),
            Wait::Yield => self.receive_with(&mut YieldBackoff::default(), check),
            Wait::Spin => self.receive_with(&mut BusySpin, check),
        }
        Ok(())
    }
}
