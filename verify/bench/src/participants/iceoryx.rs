//! iceoryx2: publish-subscribe without overflow or history. The publisher blocks when a queue is full. Subscribers are
//! woken by events, or poll.

use crate::message::{Check, Message, fill};
use crate::transport::{Participant, Rx, Transport, Tx};
use anyhow::{Result, anyhow};
use iceoryx2::port::update_connections::UpdateConnections;
use iceoryx2::port::{listener::Listener, notifier::Notifier, publisher::Publisher, subscriber::Subscriber};
use iceoryx2::prelude::*;
use std::fmt::Debug;

pub struct Iceoryx(pub Wait);

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
        .max_publishers(1)
        .open_or_create()
        .map_err(failed)?;
    Ok((data, node.service_builder(&name).event().open_or_create().map_err(failed)?))
}

impl Participant for Iceoryx {
    type Tx<const N: usize> = Sender<N>;
    type Rx<const N: usize> = Receiver<N>;

    fn create<const N: usize>(&self, transport: &Transport) -> Result<Sender<N>> {
        let node = node(transport)?;
        let (data, events) = services(&node, transport)?;
        let blocking = BackpressureStrategy::RetryUntilDelivered;
        let publisher = data.publisher_builder().backpressure_strategy(blocking).create().map_err(failed)?;
        let notifier = events.notifier_builder().create().map_err(failed)?;
        Ok(Sender { publisher, notifier: (self.0 == Wait::Event).then_some(notifier), _node: node })
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
        }
        if let Some(notifier) = &self.notifier {
            notifier.notify().map_err(failed)?;
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
        let mut polls = 0;
        loop {
            let mut some = false;
            while let Some(sample) = self.subscriber.receive().map_err(failed)? {
                check.see(&sample.payload().0);
                some = true;
            }
            if some {
                return Ok(());
            }
            match &self.listener {
                Some(listener) => listener.blocking_wait(|_| {}).map(drop).map_err(failed)?,
                None if polls < 64 => std::hint::spin_loop(),
                None => std::thread::yield_now(),
            }
            polls += 1;
        }
    }
}
