//! The status of each error, and its numbers.

use super::Error;
use crate::status::ackcast_status_t::{self as Status, *};
use ackcast::{
    AttachError, BlockedOn, Corruption, CreateError, DeadProducers, DrainError, EventError, HeaderFault, JoinError,
    LayoutError, Limit, LivenessUnknown, MarkFault, OpenError, OpenOrCreateError, RecvError, SendError, Unjoinable,
    WaitForError,
};
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
        Error::List(error) => system(error, number),
        Error::Name(_) => ACKCAST_INVALID_NAME,
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

fn create(error: &CreateError, number: Numbers<'_>) -> Status {
    match error {
        CreateError::Name(_) => ACKCAST_INVALID_NAME,
        CreateError::Layout(error) => layout(error, number),
        CreateError::AlreadyExists { .. } => ACKCAST_ALREADY_EXISTS,
        CreateError::InTheWay(error) => {
            let reason = open(error, number);
            number("reason", reason as u64);
            ACKCAST_IN_THE_WAY
        }
        CreateError::Mark { fault, .. } => mark(fault, number),
        CreateError::NoSpace { bytes, .. } => {
            number("bytes", *bytes as u64);
            ACKCAST_NO_SPACE
        }
        CreateError::Limit { limit, .. } => self::limit(limit, number),
        CreateError::System { error, .. } => system(error, number),
        _ => ACKCAST_OTHER,
    }
}

fn open_or_create(error: &OpenOrCreateError, number: Numbers<'_>) -> Status {
    match error {
        OpenOrCreateError::Create(error) => create(error, number),
        OpenOrCreateError::Open(error) => open(error, number),
        OpenOrCreateError::Differs { .. } => ACKCAST_DIFFERS,
        OpenOrCreateError::Ended { .. } => ACKCAST_ENDED,
        OpenOrCreateError::Races { .. } => ACKCAST_RACES,
        _ => ACKCAST_OTHER,
    }
}

fn open(error: &OpenError, number: Numbers<'_>) -> Status {
    match error {
        OpenError::NotFound { .. } => ACKCAST_NOT_FOUND,
        OpenError::Abandoned { .. } => ACKCAST_ABANDONED,
        OpenError::Unusable { fault, .. } => header(fault, number),
        OpenError::Liveness { error, .. } => liveness(error, number),
        OpenError::Inherited { .. } => ACKCAST_INHERITED,
        OpenError::NotOurs { owner, mode, user, .. } => {
            number("owner", (*owner).into());
            number("mode", (*mode).into());
            number("user", (*user).into());
            ACKCAST_NOT_OURS
        }
        OpenError::Limit { limit, .. } => self::limit(limit, number),
        OpenError::System { error, .. } => system(error, number),
        _ => ACKCAST_OTHER,
    }
}

fn attach(error: &AttachError, number: Numbers<'_>) -> Status {
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

fn wait_for(error: &WaitForError, number: Numbers<'_>) -> Status {
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

fn event(error: &EventError, number: Numbers<'_>) -> Status {
    match error {
        EventError::Open(error) => open(error, number),
        EventError::LockOfThread { .. } => ACKCAST_LOCK_OF_THREAD,
        _ => ACKCAST_OTHER,
    }
}

fn send(error: &SendError, number: Numbers<'_>) -> Status {
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

fn recv(error: &RecvError, number: Numbers<'_>) -> Status {
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

fn drain(error: &DrainError, number: Numbers<'_>) -> Status {
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

fn layout(error: &LayoutError, number: Numbers<'_>) -> Status {
    match *error {
        LayoutError::OutOfRange { value, min, max, .. } => {
            number("value", value);
            number("min", min);
            number("max", max);
            ACKCAST_OUT_OF_RANGE
        }
        LayoutError::OtherSlotSize { slot_size, size } => {
            number("slot_size", slot_size.into());
            number("size", size.into());
            ACKCAST_OTHER_SLOT_SIZE
        }
        LayoutError::TooLarge { slots, slot_size } => {
            number("slots", slots.into());
            number("slot_size", slot_size.into());
            ACKCAST_TOO_LARGE
        }
        _ => ACKCAST_OTHER,
    }
}

fn header(fault: &HeaderFault, number: Numbers<'_>) -> Status {
    match *fault {
        HeaderFault::NoFile { .. } => ACKCAST_NOT_A_FILE,
        HeaderFault::Foreign { .. } => ACKCAST_FOREIGN,
        HeaderFault::Version { found } => {
            number("found", found.into());
            ACKCAST_OTHER_VERSION
        }
        HeaderFault::Layer { found } => {
            number("found", found.into());
            ACKCAST_UNKNOWN_BACKEND
        }
        HeaderFault::Fences { found } => {
            number("found", found.into());
            ACKCAST_UNKNOWN_FENCES
        }
        HeaderFault::Membarrier => ACKCAST_NO_MEMBARRIER,
        HeaderFault::Mark(fault) => mark(&fault, number),
        HeaderFault::LayoutHash { found, expected } => {
            number("found", found);
            number("expected", expected);
            ACKCAST_OTHER_LAYOUT
        }
        HeaderFault::Geometry(error) => {
            layout(&error, number);
            ACKCAST_IMPOSSIBLE_GEOMETRY
        }
        HeaderFault::ValueType { .. } => ACKCAST_IMPOSSIBLE_TYPE,
        HeaderFault::Size { found, expected } => {
            number("found", found);
            number("expected", expected);
            ACKCAST_OTHER_SIZE
        }
        _ => ACKCAST_OTHER, // another layer than the caller asked for: this library asks for none
    }
}

fn mark(fault: &MarkFault, number: Numbers<'_>) -> Status {
    match *fault {
        MarkFault::PidNamespace { .. } => ACKCAST_OTHER_PID_NAMESPACE,
        MarkFault::PidNamespaceUnknown(errno) => {
            number("errno", errno as u64);
            ACKCAST_UNKNOWN_PID_NAMESPACE
        }
        MarkFault::CLibrary { .. } => ACKCAST_OTHER_C_LIBRARY,
        _ => ACKCAST_OTHER,
    }
}

fn limit(limit: &Limit, number: Numbers<'_>) -> Status {
    match *limit {
        Limit::Descriptors { limit } => {
            if let Some(limit) = limit {
                number("limit", limit);
            }
            ACKCAST_LIMIT_DESCRIPTORS
        }
        Limit::Files => ACKCAST_LIMIT_FILES,
        Limit::FileSize { bytes, limit } => {
            number("bytes", bytes);
            number("limit", limit);
            ACKCAST_LIMIT_FILE_SIZE
        }
        Limit::Memory => ACKCAST_LIMIT_MEMORY,
        Limit::LockedMemory => ACKCAST_LIMIT_LOCKED_MEMORY,
        Limit::Inodes => ACKCAST_LIMIT_INODES,
        Limit::Quota { user } => {
            number("user", user.into());
            ACKCAST_LIMIT_QUOTA
        }
        Limit::Locks => ACKCAST_LIMIT_LOCKS,
        Limit::Permission { user } => {
            number("user", user.into());
            ACKCAST_LIMIT_PERMISSION
        }
        _ => ACKCAST_OTHER,
    }
}
