//! ringfire: lossless flow control, batches in and out, each of its three ways to wait.

use crate::message::{Check, Message, fill};
use crate::transport::{Participant, Rx, Transport, Tx};
use anyhow::Result;
use ringfire::{
    BusySpin, FlowControl, FutexWait, RingConsumer, RingProducer, RingProducerBuilder, WaitStrategy, YieldBackoff,
};
use std::path::PathBuf;

pub struct Ringfire(pub Wait);

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
        let builder = RingProducerBuilder::new(transport.slots as u64).flow_control(FlowControl::LosslessBackpressure);
        Ok(Sender { producer: builder.build(path(transport))?, batch: Vec::new() })
    }

    fn attach<const N: usize>(&self, transport: &Transport, _: usize) -> Result<Receiver<N>> {
        let consumer = RingConsumer::builder().start_from_head().attach(path(transport))?;
        Ok(Receiver { consumer, wait: self.0, batch: vec![Message::default(); transport.slots / 4] })
    }
}

fn path(transport: &Transport) -> PathBuf {
    ["/dev/shm", &transport.name].iter().collect()
}

pub struct Sender<const N: usize> {
    producer: RingProducer<Message<N>>,
    batch: Vec<Message<N>>,
}

impl<const N: usize> Tx for Sender<N> {
    fn send(&mut self, first: u64, count: u64) -> Result<()> {
        self.batch.resize(self.batch.len().max(count as usize), Message::default());
        let batch = &mut self.batch[..count as usize];
        batch.iter_mut().zip(first..).for_each(|(message, tag)| fill(&mut message.0, tag));
        match batch {
            [message] => self.producer.push(message),
            batch => self.producer.push_batch(batch),
        }
        Ok(())
    }
}

pub struct Receiver<const N: usize> {
    consumer: RingConsumer<Message<N>>,
    wait: Wait,
    batch: Vec<Message<N>>,
}

impl<const N: usize> Receiver<N> {
    fn receive_with(&mut self, wait: &mut impl WaitStrategy, check: &mut Check<N>) {
        check.see(&self.consumer.recv_blocking(wait).0);
        let count = self.consumer.recv_batch(&mut self.batch);
        self.batch[..count].iter().for_each(|message| check.see(&message.0));
    }
}

impl<const N: usize> Rx<N> for Receiver<N> {
    fn receive(&mut self, check: &mut Check<N>) -> Result<()> {
        match self.wait {
            Wait::Futex => self.receive_with(&mut FutexWait::default(), check),
            Wait::Yield => self.receive_with(&mut YieldBackoff::default(), check),
            Wait::Spin => self.receive_with(&mut BusySpin, check),
        }
        Ok(())
    }
}
