//! iceoryx2: publish-subscribe without overflow or history. The publisher blocks when a queue is full. Subscribers are
//! woken by events, or poll.

use super::{Pause, Publishes};
use crate::message::{Check, Message, fill};
use crate::transport::{Participant, Rx, Transport, Tx};
use anyhow::{Result, anyhow};
use iceoryx2::port::update_connections::UpdateConnections;
use iceoryx2::port::{listener::Listener, notifier::Notifier, publisher::Publisher, subscriber::Subscriber};
use iceoryx2::prelude::*;
use std::fmt::Debug;

pub struct Iceoryx(pub Wait, pub Publishes);

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    Event,
    Poll,
}

type Service = ipc::Service;

// SAFETY: plain bytes, the same for every process.
unsafe impl<const N: usize> ZeroCopySend for Message<N> {}

impl<const N: usize> Debug for Message<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{N} bytes")
    }
}

/// A node with files of its own, so that a killed node leaves nothing to the next measurement.
fn node(transport: &Transport) -> Result<Node<Service>> {
    let mut config = Config::default();
    let name = format!("{}-", transport.name);
    config.global.prefix = FileName::new(name.as_bytes()).map_err(failed)?;
    let root = std::env::temp_dir().join(&name);
    let root = root.to_str().ok_or_else(|| anyhow!("a path in UTF-8"))?;
    config.global.set_root_path(&Path::new(root.as_bytes()).map_err(failed)?);
    NodeBuilder::new().config(&config).create().map_err(failed)
}

fn failed(error: impl Debug) -> anyhow::Error {
    anyhow!("{error:?}")
}

type Data<const N: usize> = iceoryx2::service::port_factory::publish_subscribe::PortFactory<Service, Message<N>, ()>;
type Events = iceoryx2::service::port_factory::event::PortFactory<Service>;

fn services<const N: usize>(node: &Node<Service>, transport: &Transport) -> Result<(Data<N>, Events)> {
    let name = ServiceName::new("bench").map_err(failed)?;
    let data = node
        .service_builder(&name)
        .publish_subscribe::<Message<N>>()
        .enable_safe_overflow(false)
        .history_size(0)
        .subscriber_max_buffer_size(transport.slots)
        .max_subscribers(transport.consumers)
        .max_publishers(transport.producers)
        .open_or_create()
        .map_err(failed)?;
    Ok((data, node.service_builder(&name).event().open_or_create().map_err(failed)?))
}

impl Participant for Iceoryx {
    type Tx<const N: usize> = Sender<N>;
    type Rx<const N: usize> = Receiver<N>;

    fn create<const N: usize>(&self, transport: &Transport) -> Result<Sender<N>> {
        self.join(transport, 0)
    }

    fn join<const N: usize>(&self, transport: &Transport, _: usize) -> Result<Sender<N>> {
        let node = node(transport)?;
        let (data, events) = services(&node, transport)?;
        let blocking = BackpressureStrategy::RetryUntilDelivered;
        let publisher = data.publisher_builder().backpressure_strategy(blocking).create().map_err(failed)?;
        let notifier = events.notifier_builder().create().map_err(failed)?;
        let notifier = (self.0 == Wait::Event).then_some(notifier);
        Ok(Sender { publisher, notifier, publishes: self.1, _node: node })
    }

    fn attach<const N: usize>(&self, transport: &Transport, _: usize) -> Result<Receiver<N>> {
        let node = node(transport)?;
        let (data, events) = services(&node, transport)?;
        let subscriber = data.subscriber_builder().buffer_size(transport.slots).create().map_err(failed)?;
        let listener = events.listener_builder().create().map_err(failed)?;
        Ok(Receiver { subscriber, listener: (self.0 == Wait::Event).then_some(listener), _node: node })
    }
}

pub struct Sender<const N: usize> {
    publisher: Publisher<Service, Message<N>, ()>,
    notifier: Option<Notifier<Service>>,
    publishes: Publishes,
    _node: Node<Service>,
}

impl<const N: usize> Tx for Sender<N> {
    fn connect(&mut self) -> Result<()> {
        self.publisher.update_connections().map_err(failed)
    }

    fn send(&mut self, first: u64, count: u64) -> Result<()> {
        for tag in first..first + count {
            let mut sample = self.publisher.loan().map_err(failed)?;
            fill(&mut sample.payload_mut().0, tag);
            sample.send().map_err(failed)?;
            let last = tag + 1 == first + count;
            if let (Some(notifier), true) = (&self.notifier, last || self.publishes == Publishes::Each) {
                notifier.notify().map_err(failed)?;
            }
        }
        Ok(())
    }
}

pub struct Receiver<const N: usize> {
    subscriber: Subscriber<Service, Message<N>, ()>,
    listener: Option<Listener<Service>>,
    _node: Node<Service>,
}

impl<const N: usize> Rx<N> for Receiver<N> {
    fn receive(&mut self, check: &mut Check<N>) -> Result<()> {
        if self.listener.is_none() {
            let mut outcome = Ok(false);
            Pause::Yield.until(|| {
                outcome = self.poll(check);
                !matches!(outcome, Ok(false))
            });
            return outcome.map(drop);
        }
        while !self.poll(check)? {
            let listener = self.listener.as_ref().expect("as above");
            listener.blocking_wait(|_| {}).map_err(failed)?;
        }
        Ok(())
    }
}

impl<const N: usize> Receiver<N> {
    /// Whether there were messages.
    fn poll(&mut self, check: &mut Check<N>) -> Result<bool> {
        let mut some = false;
        while let Some(sample) = self.subscriber.receive().map_err(failed)? {
            check.see(&sample.payload().0);
            some = true;
        }
        Ok(some)
    }
}
