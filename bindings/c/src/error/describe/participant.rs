//! The errors of producers and consumers.

use super::segment::open;
use super::{Numbers, Status, liveness};
use crate::status::ackcast_status_t::*;
use ackcast::{
    AttachError, BlockedOn, Corruption, DeadProducers, DrainError, EventError, JoinError, RecvError, RecvTypedError,
    SendError, Unjoinable, WaitForError,
};

pub(super) fn attach(error: &AttachError, number: Numbers<'_>) -> Status {
    match error {
        AttachError::Name(_) => ACKCAST_INVALID_NAME,
        AttachError::Open(error) => open(error, number),
        AttachError::Type(_) => ACKCAST_TYPE_MISMATCH,
        AttachError::Join { error, .. } => join(error, number),
        _ => ACKCAST_OTHER,
    }
}

fn join(error: &JoinError, number: Numbers<'_>) -> Status {
    match *error {
        JoinError::Full { capacity, .. } => {
            number("capacity", capacity.into());
            ACKCAST_NO_PLACE
        }
        JoinError::NotRetained { asked, oldest, newest } => {
            number("asked", asked);
            number("oldest", oldest);
            number("newest", newest);
            ACKCAST_NOT_RETAINED
        }
        JoinError::Ended => ACKCAST_ENDED,
        JoinError::Liveness(error) => liveness(&error, number),
        _ => ACKCAST_OTHER,
    }
}

pub(super) fn wait_for(error: &WaitForError, number: Numbers<'_>) -> Status {
    match error {
        WaitForError::TimedOut { last, .. } => {
            let reason = match last {
                Unjoinable::NotFound => ACKCAST_NOT_FOUND,
                Unjoinable::Abandoned => ACKCAST_ABANDONED,
                Unjoinable::Ended => ACKCAST_ENDED,
                Unjoinable::ProducersLost => ACKCAST_PRODUCERS_LOST,
                Unjoinable::Full { .. } => ACKCAST_NO_PLACE,
                _ => ACKCAST_OTHER,
            };
            number("reason", reason as u64);
            ACKCAST_TIMED_OUT
        }
        WaitForError::Attach(error) => attach(error, number),
        _ => ACKCAST_OTHER,
    }
}

pub(super) fn event(error: &EventError, number: Numbers<'_>) -> Status {
    match error {
        EventError::Open(error) => open(error, number),
        EventError::LockOfThread { .. } => ACKCAST_LOCK_OF_THREAD,
        _ => ACKCAST_OTHER,
    }
}

pub(super) fn send(error: &SendError, number: Numbers<'_>) -> Status {
    match *error {
        SendError::TooLong { len, slot_size } => {
            number("len", len as u64);
            number("slot_size", slot_size.into());
            ACKCAST_TOO_LONG
        }
        SendError::TimedOut(blocked_on) => {
            match blocked_on {
                BlockedOn::Lock { owner: Some(owner) } => number("owner", owner.into()),
                BlockedOn::Acknowledgement { consumer, message } => {
                    number("consumer", consumer.into());
                    number("message", message);
                }
                BlockedOn::Start { joined, wanted } => {
                    number("joined", joined.into());
                    number("wanted", wanted.into());
                }
                _ => {}
            }
            ACKCAST_TIMED_OUT
        }
        SendError::Ended => ACKCAST_ENDED,
        SendError::Inherited => ACKCAST_INHERITED,
        SendError::Liveness(error) => liveness(&error, number),
        SendError::Corrupt(corruption) => corrupt(corruption, number),
        _ => ACKCAST_OTHER,
    }
}

pub(super) fn recv(error: &RecvError, number: Numbers<'_>) -> Status {
    match *error {
        RecvError::Ended => ACKCAST_ENDED,
        RecvError::ProducersLost(dead) => {
            number("producers", bits(dead));
            ACKCAST_PRODUCERS_LOST
        }
        RecvError::TimedOut { next } => {
            number("next", next);
            ACKCAST_TIMED_OUT
        }
        RecvError::Inherited => ACKCAST_INHERITED,
        RecvError::Liveness(error) => liveness(&error, number),
        RecvError::Corrupt(corruption) => corrupt(corruption, number),
        _ => ACKCAST_OTHER,
    }
}

pub(super) fn drain(error: &DrainError, number: Numbers<'_>) -> Status {
    match *error {
        DrainError::TimedOut { consumer, acknowledged, published, behind } => {
            number("consumer", consumer.into());
            number("acknowledged", acknowledged);
            number("published", published);
            number("behind", behind.into());
            ACKCAST_TIMED_OUT
        }
        DrainError::Inherited => ACKCAST_INHERITED,
        DrainError::Liveness(error) => liveness(&error, number),
        DrainError::Corrupt(corruption) => corrupt(corruption, number),
        _ => ACKCAST_OTHER,
    }
}

/// A bit for each producer.
fn bits(dead: DeadProducers) -> u64 {
    dead.producers().fold(0, |bits, producer| bits | 1 << producer)
}

fn corrupt(corruption: Corruption, number: Numbers<'_>) -> Status {
    match corruption {
        Corruption::Acknowledgement { consumer, acked, published } => {
            number("consumer", consumer.into());
            number("acked", acked);
            number("published", published);
        }
        Corruption::Published { published, next, slots } => {
            number("published", published);
            number("next", next);
            number("slots", slots.into());
        }
        Corruption::Count { published } => number("published", published),
        Corruption::Slot { message, kind, len, slot_size } => {
            number("message", message);
            number("kind", kind.into());
            number("len", len.into());
            number("slot_size", slot_size.into());
        }
        _ => {}
    }
    ACKCAST_CORRUPT
}

pub(super) fn recv_typed(error: &RecvTypedError, number: Numbers<'_>) -> Status {
    match *error {
        RecvTypedError::Recv(error) => recv(&error, number),
        RecvTypedError::NotAValue { sequence, found, expected: size }
        | RecvTypedError::NotASlice { sequence, found, size } => {
            number("sequence", sequence);
            number("len", found as u64);
            number("size", size as u64);
            ACKCAST_NOT_A_VALUE
        }
        _ => ACKCAST_OTHER,
    }
}
