//! The errors of creating and opening a segment.

use super::{Numbers, Status, liveness, system};
use crate::status::ackcast_status_t::*;
use ackcast::{CreateError, HeaderFault, LayoutError, Limit, MarkFault, OpenError, OpenOrCreateError, ValueTypeError};

pub(super) fn create(error: &CreateError, number: Numbers<'_>) -> Status {
    match error {
        CreateError::Name(_) => ACKCAST_INVALID_NAME,
        CreateError::ValueType(error) => value_type(error, number),
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

pub(super) fn open_or_create(error: &OpenOrCreateError, number: Numbers<'_>) -> Status {
    match error {
        OpenOrCreateError::Create(error) => create(error, number),
        OpenOrCreateError::Open(error) => open(error, number),
        OpenOrCreateError::Differs { .. } => ACKCAST_DIFFERS,
        OpenOrCreateError::Ended { .. } => ACKCAST_ENDED,
        OpenOrCreateError::Races { .. } => ACKCAST_RACES,
        _ => ACKCAST_OTHER,
    }
}

pub(super) fn open(error: &OpenError, number: Numbers<'_>) -> Status {
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

pub(super) fn value_type(error: &ValueTypeError, number: Numbers<'_>) -> Status {
    match *error {
        ValueTypeError::Size { size } => number("size", size.into()),
        ValueTypeError::Align { align, size } => {
            number("align", align.into());
            number("size", size.into());
        }
        _ => {}
    }
    ACKCAST_INVALID_TYPE
}
