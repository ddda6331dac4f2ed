//! disruptor-mp: batches in place, with its blocking wait (which yields or sleeps) and with its spinning one.

use super::Publishes;
use crate::message::{Check, Message, fill};
use crate::transport::{Participant, Rx, Transport, Tx};
use anyhow::{Result, ensure};
use disruptor_mp::{
    CoordinationMode, SharedConsumer, SharedProducer, attach_shared_consumer, build_shared_single_producer,
    perform_default_block_wait,
};
use std::time::Duration;

pub struct Disruptor(pub Wait, pub Publishes);

#[derive(Clone, Copy)]
pub enum Wait {
    Block,
    Spin,
}

impl Wait {
    fn wait(self) {
        match self {
            Self::Block => perform_default_block_wait(),
            Self::Spin => std::hint::spin_loop(),
        }
    }
}

impl Participant for Disruptor {
    type Tx<const N: usize> = Sender<N>;
    type Rx<const N: usize> = Receiver<N>;

    fn create<const N: usize>(&self, transport: &Transport) -> Result<Sender<N>> {
        let producer = build_shared_single_producer(&transport.name, transport.slots)
            .discover_consumer_with_prefix(transport.consumers, "c")
            .with_coordination(CoordinationMode::Immediate)
            .build_producer(Message::default)?;
        Ok(Sender { producer, wait: self.0, publishes: self.1, consumers: transport.consumers })
    }

    fn attach<const N: usize>(&self, transport: &Transport, consumer: usize) -> Result<Receiver<N>> {
        let id = format!("c_{consumer}");
        let consumer =
            attach_shared_consumer(&transport.name, transport.slots).with_consumer_id(&id).build_consumer()?;
        Ok(Receiver { consumer, wait: self.0 })
    }
}

pub struct Sender<const N: usize> {
    producer: SharedProducer<Message<N>>,
    wait: Wait,
    publishes: Publishes,
    consumers: usize,
}

impl<const N: usize> Tx for Sender<N> {
    /// The producer holds nothing back for a consumer that it has not discovered.
    fn connect(&mut self) -> Result<()> {
        for consumer in 0..self.consumers {
            let found = self.producer.wait_for_consumer_id(&format!("c_{consumer}"), Duration::from_secs(2));
            ensure!(found, "consumer {consumer} is not discovered");
        }
        Ok(())
    }

    fn send(&mut self, first: u64, count: u64) -> Result<()> {
        match self.publishes {
            Publishes::Each => {
                for tag in first..first + count {
                    while self.producer.try_publish(|message| _ = fill(&mut message.0, tag)).is_err() {
                        self.wait.wait();
                    }
                }
            }
            Publishes::Batches => {
                let fill_one = |message: &mut Message<N>, index: usize| _ = fill(&mut message.0, first + index as u64);
                while self.producer.try_batch_publish(count as usize, fill_one).is_err() {
                    self.wait.wait();
                }
            }
        }
        Ok(())
    }
}

pub struct Receiver<const N: usize> {
    consumer: SharedConsumer<Message<N>>,
    wait: Wait,
}

impl<const N: usize> Rx<N> for Receiver<N> {
    fn receive(&mut self, check: &mut Check<N>) -> Result<()> {
        while self.consumer.process_available(|message, _| check.see(&message.0)) == 0 {
            self.wait.wait();
        }
        Ok(())
    }
}
