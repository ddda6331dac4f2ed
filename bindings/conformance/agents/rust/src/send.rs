//! Requests to a producer.

use crate::failure::Failure;
use crate::handles::{Handles, LoanedProducer, Point, Sender, Sending};
use crate::wire::{Asked, Line, Misuse};
use ackcast::zerocopy::FromBytes;
use ackcast::{Finished, Producer, SendError};
use self_cell::MutBorrow;
use std::time::Duration;

type Answer = Result<Line, Failure>;

/// `timeout=none` waits for ever; otherwise in seconds.
pub fn timeout(request: &Line) -> Asked<Option<Duration>> {
    match request.get("timeout") {
        None | Some("none") => Ok(None),
        Some(_) => Ok(Some(Duration::from_secs_f64(request.number("timeout")?))),
    }
}

fn send_one(producer: &mut Producer, message: &[u8], timeout: Option<Duration>) -> Result<(), SendError> {
    match timeout {
        None => producer.send(message),
        Some(timeout) => producer.send_timeout(message, timeout),
    }
}

pub fn send(handles: &mut Handles, request: &Line) -> Answer {
    let (sender, timeout) = (handles.sender(request.text("id")?)?, timeout(request)?);
    let data = request.bytes("data")?;
    if let Sending::Point(producer) = &mut sender.state {
        let value = Point::read_from_bytes(&data).map_err(|_| Misuse("the bytes are no point".to_owned()))?;
        producer.send(&value)?;
        return Ok(Line::new("ok"));
    }
    for message in sender.liar.pass(data) {
        send_one(sender.producer()?, &message, timeout)?;
    }
    Ok(Line::new("ok"))
}

/// `sent=0` where a send would have to wait.
pub fn try_send(handles: &mut Handles, request: &Line) -> Answer {
    let sender = handles.sender(request.text("id")?)?;
    match sender.producer()?.try_send(&request.bytes("data")?) {
        Err(SendError::TimedOut(_)) => Ok(Line::new("ok").with("sent", 0)),
        result => Ok(result.map(|()| Line::new("ok").with("sent", 1))?),
    }
}

pub fn send_batch(handles: &mut Handles, request: &Line) -> Answer {
    let (sender, timeout) = (handles.sender(request.text("id")?)?, timeout(request)?);
    let messages: Vec<_> = request.list("data")?.into_iter().flat_map(|message| sender.liar.pass(message)).collect();
    let producer = sender.producer()?;
    match timeout {
        None => producer.send_batch(&messages)?,
        Some(timeout) => producer.send_batch_timeout(&messages, timeout)?,
    }
    Ok(Line::new("ok"))
}

pub fn finish(handles: &mut Handles, request: &Line) -> Answer {
    let (sender, timeout) = (handles.sender(request.text("id")?)?, timeout(request)?);
    let producer = sender.producer()?;
    let finished = match timeout {
        None => producer.finish()?,
        Some(timeout) => producer.finish_timeout(timeout)?,
    };
    Ok(Line::new("ok").with("ended", u8::from(finished == Finished::Ended)))
}

pub fn drain(handles: &mut Handles, request: &Line) -> Answer {
    let (sender, timeout) = (handles.sender(request.text("id")?)?, timeout(request)?);
    let drained = sender.producer()?.wait_until_drained(timeout.unwrap_or(Duration::MAX))?;
    Ok(Line::new("ok").with("received", drained.received).with("gone", drained.gone))
}

/// Lends a slot until `publish` or `abandon`.
pub fn loan(handles: &mut Handles, request: &Line) -> Answer {
    let (sender, timeout) = (handles.sender(request.text("id")?)?, timeout(request)?);
    sender.producer()?;
    sender.size = request.number("size")?;
    let Sending::Free(producer) = std::mem::replace(&mut sender.state, Sending::Nothing) else { unreachable!() };
    let lent = LoanedProducer::try_new_or_recover(MutBorrow::new(producer), |producer| {
        let producer = producer.borrow_mut();
        match timeout {
            None => producer.loan().map(Some),
            Some(timeout) => producer.loan_timeout(timeout).map(Some),
        }
    });
    match lent {
        Ok(mut lent) => {
            let capacity = lent.with_dependent_mut(|_, slot| slot.as_ref().map_or(0, |slot| slot.len()));
            sender.state = Sending::Loaned(lent);
            Ok(Line::new("ok").with("capacity", capacity))
        }
        Err((producer, error)) => {
            sender.state = Sending::Free(producer.into_inner());
            Err(error.into())
        }
    }
}

fn lent(sender: &mut Sender) -> Asked<&mut LoanedProducer> {
    match &mut sender.state {
        Sending::Loaned(lent) => Ok(lent),
        _ => Err(Misuse("no slot is lent".to_owned())),
    }
}

/// Writes into the slot that is lent.
pub fn write(handles: &mut Handles, request: &Line) -> Answer {
    let sender = handles.sender(request.text("id")?)?;
    let (at, data) = (request.number::<usize>("at")?, request.bytes("data")?);
    let written = lent(sender)?.with_dependent_mut(|_, slot| {
        let bytes = slot.as_mut().and_then(|slot| slot.get_mut(at..at + data.len()));
        bytes.map(|bytes| bytes.copy_from_slice(&data))
    });
    written.map(|()| Line::new("ok")).ok_or_else(|| Misuse("beyond the slot".to_owned()).into())
}

/// Ends the loan: the message is published, or nothing is.
pub fn end_loan(handles: &mut Handles, request: &Line, publish: bool) -> Answer {
    let sender = handles.sender(request.text("id")?)?;
    let size = sender.size;
    let result = lent(sender)?.with_dependent_mut(|_, slot| match slot.take() {
        Some(slot) if publish => slot.publish(size),
        _ => Ok(()),
    });
    if let Sending::Loaned(lent) = std::mem::replace(&mut sender.state, Sending::Nothing) {
        sender.state = Sending::Free(lent.into_owner().into_inner());
    }
    result?;
    Ok(Line::new("ok"))
}
