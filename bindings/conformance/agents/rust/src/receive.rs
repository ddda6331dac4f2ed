//! Requests to a consumer.

use crate::failure::Failure;
use crate::handles::{BorrowedConsumer, Handles, Receiver, Receiving};
use crate::send::timeout;
use crate::wire::{Line, Misuse, hex};
use ackcast::RecvError;
use ackcast::zerocopy::IntoBytes;
use self_cell::MutBorrow;
use std::time::Duration;

type Answer = Result<Line, Failure>;

fn receive(receiver: &mut Receiver, timeout: Option<Duration>) -> Result<Vec<u8>, Failure> {
    if let Receiving::Point(consumer) = &mut receiver.state {
        let value = match timeout {
            None => consumer.recv(),
            Some(timeout) => consumer.recv_timeout(timeout),
        };
        return Ok(value?.as_bytes().to_vec());
    }
    loop {
        if let Some(message) = receiver.told.pop_front() {
            return Ok(message);
        }
        let message = match timeout {
            None => receiver.consumer()?.recv()?,
            Some(timeout) => receiver.consumer()?.recv_timeout(timeout)?,
        };
        let told = receiver.liar.pass(message);
        receiver.told.extend(told);
    }
}

fn message(data: &[u8]) -> Line {
    Line::new("ok").with("data", hex(data))
}

pub fn recv(handles: &mut Handles, request: &Line) -> Answer {
    let (receiver, timeout) = (handles.receiver(request.text("id")?)?, timeout(request)?);
    receive(receiver, timeout).map(|data| message(&data))
}

/// `empty=1` where no message is published yet.
pub fn try_recv(handles: &mut Handles, request: &Line) -> Answer {
    match handles.receiver(request.text("id")?)?.consumer()?.try_recv() {
        Err(RecvError::TimedOut { .. }) => Ok(Line::new("ok").with("empty", 1)),
        result => Ok(result.map(|data| message(&data))?),
    }
}

/// At least one message, and at most `max`.
pub fn recv_batch(handles: &mut Handles, request: &Line) -> Answer {
    let (receiver, timeout) = (handles.receiver(request.text("id")?)?, timeout(request)?);
    let max = request.number_or("max", usize::MAX)?;
    let consumer = receiver.consumer()?;
    let mut batch = match timeout {
        None => consumer.recv_batch()?,
        Some(timeout) => consumer.recv_batch_timeout(timeout)?,
    };
    let mut messages = Vec::new();
    while messages.len() < max {
        let Some(data) = batch.take()? else { break };
        messages.push(data.to_vec());
    }
    drop(batch);
    let messages: Vec<_> = messages.into_iter().flat_map(|message| receiver.liar.pass(message)).collect();
    let data: Vec<_> = messages.iter().map(|message| hex(message)).collect();
    Ok(Line::new("ok").with("n", messages.len()).with("data", data.join(",")))
}

/// Lends a message until `release`.
pub fn borrow(handles: &mut Handles, request: &Line) -> Answer {
    let (receiver, timeout) = (handles.receiver(request.text("id")?)?, timeout(request)?);
    receiver.consumer()?;
    let Receiving::Free(consumer) = std::mem::replace(&mut receiver.state, Receiving::Nothing) else { unreachable!() };
    let lent = BorrowedConsumer::try_new_or_recover(MutBorrow::new(consumer), |consumer| {
        let consumer = consumer.borrow_mut();
        match timeout {
            None => consumer.recv_ref(),
            Some(timeout) => consumer.recv_ref_timeout(timeout),
        }
    });
    match lent {
        Ok(lent) => {
            receiver.state = Receiving::Borrowed(lent);
            look(handles, request)
        }
        Err((consumer, error)) => {
            receiver.state = Receiving::Free(consumer.into_inner());
            Err(error.into())
        }
    }
}

/// The bytes of the message that is lent.
pub fn look(handles: &mut Handles, request: &Line) -> Answer {
    match &mut handles.receiver(request.text("id")?)?.state {
        Receiving::Borrowed(lent) => Ok(lent.with_dependent(|_, lent| message(lent))),
        _ => Err(Misuse("no message is lent".to_owned()).into()),
    }
}

/// Ends the borrow: the message is acknowledged.
pub fn release(handles: &mut Handles, request: &Line) -> Answer {
    let receiver = handles.receiver(request.text("id")?)?;
    match std::mem::replace(&mut receiver.state, Receiving::Nothing) {
        Receiving::Borrowed(lent) => receiver.state = Receiving::Free(lent.into_owner().into_inner()),
        other => {
            receiver.state = other;
            return Err(Misuse("no message is lent".to_owned()).into());
        }
    }
    Ok(Line::new("ok"))
}
