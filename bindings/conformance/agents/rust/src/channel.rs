//! Requests that create, open and attach.

use crate::failure::Failure;
use crate::handles::{Handle, Handles, Point, Receiver, Receiving, Sender, Sending};
use crate::send::timeout;
use crate::wire::{Asked, Line, Misuse};
use ackcast::{Backend, Builder, Channel, Consumer, Name, Producer, Start, TypedConsumer, TypedProducer, ValueType};

type Answer = Result<Line, Failure>;

fn backend(request: &Line) -> Asked<Backend> {
    match request.get("backend") {
        None | Some("futex") => Ok(Backend::Futex),
        Some("raw_sync") => Ok(Backend::RawSync),
        Some(other) => Err(Misuse(format!("no backend: {other}"))),
    }
}

/// `type=NAME:VERSION:SIZE:ALIGNMENT`, and `slices=1`.
fn value_type(request: &Line) -> Result<Option<ValueType>, Failure> {
    let Some(text) = request.get("type") else { return Ok(None) };
    let parts: Vec<&str> = text.split(':').collect();
    let number = |at: usize| parts.get(at).and_then(|part| part.parse::<u32>().ok());
    let (Some(&name), Some(version), Some(size), Some(align)) = (parts.first(), number(1), number(2), number(3)) else {
        return Err(Misuse(format!("no type: {text}")).into());
    };
    let value_type = ValueType::new(name, version, size, align)?;
    Ok(Some(if request.flag("slices") { value_type.slices() } else { value_type }))
}

fn builder(request: &Line) -> Result<Builder, Failure> {
    let mut builder = Channel::create(request.text("name")?).backend(backend(request)?);
    if request.get("slots").is_some() {
        builder = builder.slots(request.number("slots")?);
    }
    if request.get("slot_size").is_some() {
        builder = builder.slot_size(request.number("slot_size")?);
    }
    builder = builder.consumers(request.number_or("consumers", 1)?).producers(request.number_or("producers", 1)?);
    builder = builder.retain(request.number_or("retain", 0)?);
    if request.get("places").is_some() {
        builder = builder.places(request.number("places")?);
    }
    if request.flag("symmetric_fences") {
        builder = builder.symmetric_fences();
    }
    if request.flag("static") {
        return Ok(builder.of::<Point>());
    }
    match value_type(request)? {
        Some(value_type) => Ok(builder.value_type(value_type, request.number_or("max", 1)?)),
        None => Ok(builder),
    }
}

pub fn create(handles: &mut Handles, request: &Line) -> Answer {
    let channel = match request.verb.as_str() {
        "create" => builder(request)?.build()?,
        _ => builder(request)?.open_or_create()?,
    };
    handles.add(request.text("id")?, Handle::Channel(channel))?;
    Ok(Line::new("ok"))
}

pub fn open(handles: &mut Handles, request: &Line) -> Answer {
    let channel = Channel::open(&Name::new(request.text("name")?)?)?;
    handles.add(request.text("id")?, Handle::Channel(channel))?;
    Ok(Line::new("ok"))
}

pub fn producer(handles: &mut Handles, request: &Line) -> Answer {
    let name = request.text("name")?;
    let state = match (timeout(request)?, request.flag("static"), value_type(request)?) {
        (_, true, _) => Sending::Point(TypedProducer::<Point>::attach(name)?),
        (_, _, Some(value_type)) => Sending::Free(Producer::attach_typed(name, &value_type)?),
        (None, ..) => Sending::Free(Producer::attach(name)?),
        (Some(timeout), ..) => Sending::Free(Producer::wait_for(name, timeout)?),
    };
    handles.add(request.text("id")?, Handle::Sender(Sender::new(state)))?;
    Ok(Line::new("ok"))
}

pub fn consumer(handles: &mut Handles, request: &Line) -> Answer {
    let name = request.text("name")?;
    let start = match request.get("start") {
        None | Some("next") => Start::Newest,
        Some("oldest") => Start::Oldest,
        Some(_) => Start::Sequence(request.number("start")?),
    };
    let state = match (timeout(request)?, request.flag("static"), value_type(request)?) {
        (_, true, _) => Receiving::Point(TypedConsumer::<Point>::attach_at(name, start)?),
        (_, _, Some(value_type)) => Receiving::Free(Consumer::attach_typed(name, start, &value_type)?),
        (None, ..) => Receiving::Free(Consumer::attach_at(name, start)?),
        (Some(timeout), ..) => Receiving::Free(Consumer::wait_for(name, timeout)?),
    };
    handles.add(request.text("id")?, Handle::Receiver(Receiver::new(state)))?;
    Ok(Line::new("ok"))
}

/// Closes one handle. A producer has not finished on that account.
pub fn close(handles: &mut Handles, request: &Line) -> Answer {
    let closed = handles.0.remove(request.text("id")?);
    closed.map(|_| Line::new("ok")).ok_or_else(|| Misuse("no such handle".to_owned()).into())
}

pub fn list() -> Answer {
    let names = Channel::list()?;
    let names: Vec<_> = names.iter().map(Name::as_str).collect();
    Ok(Line::new("ok").with("names", names.join(",")))
}

pub fn stats(handles: &Handles, request: &Line) -> Answer {
    let channel = handles.channel(request.text("id")?)?;
    let (geometry, published) = (channel.geometry(), channel.published());
    let acknowledged: Vec<_> = channel.acknowledged().iter().map(|(consumer, n)| format!("{consumer}:{n}")).collect();
    let line = Line::new("ok").with("published", published.count()).with("ended", u8::from(published.ended()));
    let line = line.with("evicted", channel.evicted()).with("takeovers", channel.takeovers());
    let line = line.with("acknowledged", acknowledged.join(",")).with("slots", geometry.slots);
    let line = line.with("slot_size", geometry.slot_size).with("retain", geometry.retain);
    Ok(line.with("producers_lost", u8::from(channel.producers_lost()?)).with("over", u8::from(channel.is_over()?)))
}
