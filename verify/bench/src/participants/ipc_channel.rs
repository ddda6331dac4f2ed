//! ipc-channel: a channel of bytes for each consumer.

use crate::message::{Check, fill};
use crate::transport::{Participant, Rx, Transport, Tx};
use anyhow::{Context, Result};
use ipc_channel::ipc::{IpcBytesReceiver, IpcBytesSender, IpcOneShotServer, IpcSender, bytes_channel};

pub struct IpcChannel;

/// The place where a consumer hands in its channel's other end.
type Door = IpcOneShotServer<IpcBytesSender>;

impl Participant for IpcChannel {
    type Tx<const N: usize> = Sender<N>;
    type Rx<const N: usize> = IpcBytesReceiver;

    fn create<const N: usize>(&self, transport: &Transport) -> Result<Sender<N>> {
        let doors = (0..transport.consumers).map(|_| Ok(Door::new()?)).collect::<Result<_>>()?;
        Ok(Sender { doors, consumers: Vec::new() })
    }

    fn attach<const N: usize>(&self, transport: &Transport, consumer: usize) -> Result<IpcBytesReceiver> {
        let (sender, receiver) = bytes_channel()?;
        let address = transport.addresses.get(consumer).context("an address")?;
        IpcSender::connect(address.clone())?.send(sender)?;
        Ok(receiver)
    }
}

pub struct Sender<const N: usize> {
    doors: Vec<(Door, String)>,
    consumers: Vec<IpcBytesSender>,
}

impl<const N: usize> Tx for Sender<N> {
    fn addresses(&self) -> Vec<String> {
        self.doors.iter().map(|(_, address)| address.clone()).collect()
    }

    fn connect(&mut self) -> Result<()> {
        self.consumers = self.doors.drain(..).map(|(door, _)| Ok(door.accept()?.1)).collect::<Result<_>>()?;
        Ok(())
    }

    fn send(&mut self, first: u64, count: u64) -> Result<()> {
        let mut message = [0; N];
        for tag in first..first + count {
            let length = fill(&mut message, tag);
            for consumer in &self.consumers {
                consumer.send(&message[..length])?;
            }
        }
        Ok(())
    }
}

impl<const N: usize> Rx<N> for IpcBytesReceiver {
    fn receive(&mut self, check: &mut Check<N>) -> Result<()> {
        check.see_bytes(&self.recv()?);
        Ok(())
    }
}
