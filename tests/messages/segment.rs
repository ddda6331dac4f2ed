//! The errors of creating and opening segments.

use crate::{Said, says};
use ackcast::layer::LivenessUnknown;
use ackcast::layers::MarkFault;
use ackcast::segment::{HeaderFault, LayoutError, Limit, Name, NameError, OpenError};
use ackcast::{Backend, CreateError, ValueType, ValueTypeError};
use std::io;

pub fn table() -> Vec<Said> {
    [names(), types(), opening(), creating(), headers(), layouts()].into_iter().flatten().collect()
}

fn name() -> Name {
    Name::new("news").unwrap()
}

const NAMELESS: MarkFault = MarkFault::PidNamespaceUnknown(libc::EACCES);

/// An error of the operating system. The C library supplies its text.
fn denied() -> io::Error {
    io::Error::from_raw_os_error(libc::EACCES)
}

fn names() -> Vec<Said> {
    let rule = "use 1 to 200 ASCII letters, digits, '.', '_' or '-', not starting with '.'";
    let long = "n".repeat(201);
    let faults = [
        ("", "it is empty"),
        (long.as_str(), "it is too long"),
        (".news", "it starts with '.'"),
        ("ne/ws", "it has a character that is not allowed"),
    ];
    let said = |(name, fault)| {
        says::<NameError>(Name::new(name).unwrap_err(), &format!("{name:?} is no channel name: {fault}; {rule}"))
    };
    faults.into_iter().map(said).collect()
}

fn opening() -> Vec<Said> {
    vec![
        says(OpenError::NotFound { name: name() }, "there is no channel \"news\"; create it first"),
        says(
            OpenError::Abandoned { name: name() },
            "channel \"news\" is abandoned: no living process uses it; create it anew, or remove it with `ackcast clean`",
        ),
        says(
            OpenError::Unusable { name: name(), fault: HeaderFault::Version { found: 99 } },
            &format!("channel \"news\" cannot be used: {}", HeaderFault::Version { found: 99 }),
        ),
        says(
            OpenError::Inherited { name: name() },
            "channel \"news\": this handle was opened before a fork, by the parent process; open a new one in this process",
        ),
        says(
            OpenError::Liveness { name: name(), error: LivenessUnknown { errno: 1 } },
            &format!("channel \"news\": {}", LivenessUnknown { errno: 1 }),
        ),
        says(
            OpenError::NotOurs { name: name(), owner: 0, mode: 0o644, user: 1000 },
            "channel \"news\" belongs to user 0 with mode 644; it must belong to user 1000 with mode 600",
        ),
        says(
            OpenError::Limit { name: name(), limit: Limit::Files },
            "channel \"news\": the system can open no more files; close some, or raise fs.file-max",
        ),
        says(
            OpenError::System { name: name(), action: "shm_open", error: denied() },
            "channel \"news\": shm_open failed: Permission denied (os error 13)",
        ),
    ]
}

fn types() -> Vec<Said> {
    vec![
        says(
            ValueTypeError::Name { name: String::new() },
            "\"\" is not the name of a type; use 1 to 64 bytes without zeros",
        ),
        says(ValueTypeError::Size { size: 0 }, "a value of 0 bytes fits no slot; a value has 1 to 1073741824 bytes"),
        says(
            ValueTypeError::Align { align: 8, size: 12 },
            "values of 12 bytes have no alignment of 8; use a power of two up to 64 that divides the size",
        ),
    ]
}

fn creating() -> Vec<Said> {
    let exists =
        |participants: &[u32]| CreateError::AlreadyExists { name: name(), participants: participants.to_vec() };
    let layout = LayoutError::TooLarge { slots: 2, slot_size: 3 };
    let bad_name = Name::new("").unwrap_err();
    let bad_type = ValueType::new("Frame", 0, 12, 8).unwrap_err();
    vec![
        says(CreateError::Name(bad_name.clone()), &bad_name.to_string()),
        says(CreateError::Layout(layout), &layout.to_string()),
        says(
            CreateError::ValueType(bad_type),
            "values of 12 bytes have no alignment of 8; use a power of two up to 64 that divides the size",
        ),
        says(
            exists(&[]),
            "channel \"news\" exists and is in use by its creator or another observer; choose another name, or wait until \
             its users have ended",
        ),
        says(
            exists(&[0, 64]),
            "channel \"news\" exists and is in use by participant 0, participant 64; choose another name, or wait \
             until its users have ended",
        ),
        says(
            CreateError::InTheWay(OpenError::Unusable { name: name(), fault: HeaderFault::Membarrier }),
            &format!("channel \"news\" cannot be used: {}", HeaderFault::Membarrier),
        ),
        says(
            CreateError::Mark { name: name(), fault: NAMELESS },
            &format!("channel \"news\" cannot be created: {NAMELESS}"),
        ),
        says(
            CreateError::Limit { name: name(), limit: Limit::Files },
            "channel \"news\": the system can open no more files; close some, or raise fs.file-max",
        ),
        says(
            CreateError::NoSpace { name: name(), bytes: 4096 },
            "/dev/shm has no room for the 4096 bytes of channel \"news\"; use fewer or smaller slots, or remove files there",
        ),
        says(
            CreateError::System { name: name(), action: "fallocate", error: denied() },
            "channel \"news\": fallocate failed: Permission denied (os error 13)",
        ),
    ]
}

fn headers() -> Vec<Said> {
    let layout = LayoutError::TooLarge { slots: 2, slot_size: 3 };
    vec![
        says(HeaderFault::NoFile { kind: "a directory" }, "it is a directory, not a regular file"),
        says(HeaderFault::Mark(NAMELESS), &NAMELESS.to_string()),
        says(
            HeaderFault::Foreign { found: *b"\x7fELF\x02\x01\x01\x00" },
            "it is not a segment of ackcast (its first bytes are [7f, 45, 4c, 46, 02, 01, 01, 00]); choose another name, \
             or remove the file",
        ),
        says(
            HeaderFault::Version { found: 99 },
            &format!(
                "it has version 99, this program has version {}; use the same ackcast on both sides",
                ackcast::segment::VERSION
            ),
        ),
        says(
            HeaderFault::Layer { found: 7 },
            "it is built on layer 7, which this program does not know; use the same ackcast on both sides",
        ),
        says(
            HeaderFault::OtherLayer { found: Backend::Futex, asked: Backend::RawSync },
            "it is built on Futex, not on RawSync; ask for the layer that it is built on",
        ),
        says(
            HeaderFault::Fences { found: 7 },
            "its fences are of kind 7, which this program does not know; use the same ackcast on both sides",
        ),
        says(
            HeaderFault::Membarrier,
            "its participants fence by membarrier(2), which this process may not call (an old kernel, or a filter); \
             create it from this process, or with symmetric fences",
        ),
        says(
            HeaderFault::LayoutHash { found: 0xab, expected: 0xcd },
            "its layout has hash 0x00000000000000ab, that of this program 0x00000000000000cd; use the same build of ackcast \
             on both sides",
        ),
        says(HeaderFault::Geometry(layout), &format!("its geometry is impossible: {layout}")),
        says(
            HeaderFault::ValueType { what: "its slots are not those of its type" },
            "its type of values is impossible: its slots are not those of its type",
        ),
        says(HeaderFault::Size { found: 10, expected: 20 }, "it has 10 bytes, and needs 20"),
    ]
}

fn layouts() -> Vec<Said> {
    vec![
        says(
            LayoutError::OutOfRange { what: "the number of slots", value: 0, min: 1, max: 9 },
            "the number of slots is 0; it must be 1 to 9",
        ),
        says(
            LayoutError::OtherSlotSize { slot_size: 7, size: 8 },
            "the slot size is 7, and a value has 8 bytes; leave out `slot_size`, because the type sets it",
        ),
        says(
            LayoutError::TooLarge { slots: 1_048_576, slot_size: 1_073_741_824 },
            "1048576 slots of 1073741824 bytes do not fit a segment, which has at most 1099511627776 bytes",
        ),
    ]
}
