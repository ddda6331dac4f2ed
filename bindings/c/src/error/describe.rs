//! The status of each error, and its numbers.

mod participant;
mod segment;

use super::Error;
use crate::status::ackcast_status_t::{self as Status, *};
use ackcast::LivenessUnknown;
use participant::{attach, drain, event, recv, recv_typed, send, wait_for};
use segment::{create, open, open_or_create, value_type};
use std::io;

/// Is told each number of an error, with its name.
type Numbers<'n> = &'n mut dyn FnMut(&'static str, u64);

/// Tells the numbers of an error, and returns its status.
pub(super) fn error(error: &Error, number: Numbers<'_>) -> Status {
    match error {
        Error::Null(_) => ACKCAST_NULL_ARGUMENT,
        Error::Invalid { .. } => ACKCAST_INVALID_ARGUMENT,
        Error::NotUtf8 { .. } => ACKCAST_NOT_UTF8,
        Error::Busy => ACKCAST_BUSY,
        Error::Lent(..) => ACKCAST_LENT,
        Error::NotLent(_) => ACKCAST_NOT_LENT,
        Error::OtherThread(_) => ACKCAST_OTHER_THREAD,
        Error::NotEvent(_) => ACKCAST_NOT_EVENT,
        Error::IsEvent(_) => ACKCAST_IS_EVENT,
        Error::Detached => ACKCAST_DETACHED,
        Error::BufferTooSmall { len, .. } => {
            number("len", *len as u64);
            ACKCAST_BUFFER_TOO_SMALL
        }
        Error::Panic(_) => ACKCAST_PANIC,
        Error::Poisoned => ACKCAST_POISONED,
        Error::NothingYet | Error::NoRoomYet => ACKCAST_TIMED_OUT,
        Error::NoChannelYet { last, .. } => {
            number("reason", open(last, &mut |_, _| ()) as u64);
            ACKCAST_TIMED_OUT
        }
        Error::SentNoValue { len, size, .. } => {
            number("len", *len as u64);
            number("size", *size as u64);
            ACKCAST_NOT_A_VALUE
        }
        Error::List(error) => system(error, number),
        Error::Name(_) => ACKCAST_INVALID_NAME,
        Error::Type(error) => value_type(error, number),
        Error::Create(error) => create(error, number),
        Error::OpenOrCreate(error) => open_or_create(error, number),
        Error::Open(error) => open(error, number),
        Error::Attach(error) => attach(error, number),
        Error::WaitFor(error) => wait_for(error, number),
        Error::Event(error) => event(error, number),
        Error::Send(error) => send(error, number),
        Error::Batch(error) => {
            number("sent", error.sent as u64);
            send(&error.error, number)
        }
        Error::Recv(error) => recv(error, number),
        Error::RecvNoValue(error) => recv_typed(error, number),
        Error::Drain(error) => drain(error, number),
        Error::Liveness(error) => liveness(error, number),
    }
}

fn system(error: &io::Error, number: Numbers<'_>) -> Status {
    if let Some(errno) = error.raw_os_error() {
        number("errno", errno as u64);
    }
    ACKCAST_SYSTEM
}

fn liveness(error: &LivenessUnknown, number: Numbers<'_>) -> Status {
    number("errno", error.errno as u64);
    ACKCAST_LIVENESS_UNKNOWN
}
