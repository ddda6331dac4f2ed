//! The errors of the typed API.

use crate::{Said, says};
use ackcast::layer::LivenessUnknown;
use ackcast::protocol::JoinError;
use ackcast::segment::{Name, OpenError};
use ackcast::{
    AttachError, Channel, Corruption, DrainError, EventError, OpenOrCreateError, RecvError, RecvTypedError,
    RecvValueError, TapError, TypeError, TypedConsumer, Unjoinable, WaitForError,
};
use std::sync::Mutex;

const UNKNOWN: LivenessUnknown = LivenessUnknown { errno: 1 };

/// Tests of this binary that run at the same time create the same channels, one after the other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The error of a channel that exists with other settings. Its differences cannot be made by hand.
fn differs() -> OpenOrCreateError {
    let name = format!("messages-{}", std::process::id());
    let _alone = ONE_AT_A_TIME.lock().unwrap();
    let _channel = Channel::create(&name).build().unwrap();
    Channel::create(&name).slots(2).producers(3).open_or_create().unwrap_err()
}

/// The error of a channel of another type. It cannot be made by hand.
fn type_error() -> TypeError {
    let name = format!("messages-type-{}", std::process::id());
    let _alone = ONE_AT_A_TIME.lock().unwrap();
    let _channel = Channel::create(&name).of_slice::<u64>(3).build().unwrap();
    match TypedConsumer::<[u8; 8]>::attach(&name) {
        Err(AttachError::Type(error)) => *error,
        other => panic!("{other:?}"),
    }
}

pub fn table() -> Vec<Said> {
    let name = Name::new("news").unwrap();
    let (bad_name, not_found) = (Name::new("").unwrap_err(), OpenError::NotFound { name: name.clone() });
    vec![
        says(AttachError::Name(bad_name.clone()), &bad_name.to_string()),
        says(AttachError::Open(not_found), "there is no channel \"news\"; create it first"),
        says(
            AttachError::Join { name: name.clone(), error: JoinError::Ended },
            "cannot join channel \"news\": the channel has ended: nothing can follow END; create a new one",
        ),
        says(
            WaitForError::TimedOut { name: name.clone(), last: Unjoinable::NotFound },
            "gave up waiting for a channel \"news\" to join: there is none",
        ),
        says(WaitForError::Attach(AttachError::Name(bad_name.clone())), &bad_name.to_string()),
        says(Unjoinable::NotFound, "there is none"),
        says(Unjoinable::Abandoned, "the one there is is abandoned: no living process uses it"),
        says(Unjoinable::Ended, "the one there is has ended, and is still in use"),
        says(Unjoinable::ProducersLost, "every producer of the one there is died without finishing"),
        says(
            Unjoinable::Full { role: "consumer", capacity: 8 },
            "all 8 consumer places of the one there is are in use",
        ),
        says(OpenOrCreateError::Create(bad_name.clone().into()), &bad_name.to_string()),
        says(
            OpenOrCreateError::Open(OpenError::NotFound { name: name.clone() }),
            "there is no channel \"news\"; create it first",
        ),
        says(
            OpenOrCreateError::Ended { name: name.clone() },
            "channel \"news\" has ended, and is still in use; call again when its consumers have left",
        ),
        says(
            OpenOrCreateError::Races { name: name.clone() },
            "channel \"news\" is being removed by another process for more than 5 s; let that process go on, or end it",
        ),
        says(
            differs(),
            &format!(
                "channel \"messages-{}\" exists with other settings: slots is 1, not 2; producers is 1, not 3; ask for \
                 the same, or choose another name",
                std::process::id()
            ),
        ),
        says(
            DrainError::TimedOut { consumer: 2, acknowledged: 3, published: 4, behind: 1 },
            "gave up waiting for consumer 2, which has acknowledged 3 of 4 messages",
        ),
        says(
            DrainError::TimedOut { consumer: 2, acknowledged: 3, published: 4, behind: 5 },
            "gave up waiting for consumer 2, which has acknowledged 3 of 4 messages (5 consumers are behind)",
        ),
        says(
            DrainError::Inherited,
            "this producer was attached before a fork, by the parent process; attach another one in this process",
        ),
        says(DrainError::Liveness(UNKNOWN), &UNKNOWN.to_string()),
        says(
            DrainError::Corrupt(Corruption::Lock),
            "the segment is corrupt: the write lock is broken: its memory was overwritten",
        ),
        says(AttachError::Type(Box::new(type_error())), &type_error().to_string()),
        says::<TypeError>(
            type_error(),
            &format!(
                "channel \"messages-type-{}\" has messages of type slices of \"u64\" (8 bytes, alignment 8), not \"[u8; 8]\" \
                 (8 bytes, alignment 1); ask for the type of the channel",
                std::process::id()
            ),
        ),
        says(RecvTypedError::Recv(RecvError::Ended), "the channel has ended: every message was received"),
        says(
            RecvTypedError::NotAValue { sequence: 4, found: 3, expected: 8 },
            "message 4 has 3 bytes, a value has 8; it was passed over, a producer of bytes sent it",
        ),
        says(
            RecvTypedError::NotASlice { sequence: 4, found: 3, size: 2 },
            "message 4 has 3 bytes, and values have 2 each; it was passed over, a producer of bytes sent it",
        ),
        says(RecvValueError::Recv(RecvError::Ended), "the channel has ended: every message was received"),
        says(
            RecvValueError::NotAValue { sequence: 4, found: 3, expected: 8 },
            "message 4 has 3 bytes, a value of the type asked for has 8; ask for the type that was sent",
        ),
        says(
            EventError::Open(OpenError::NotFound { name: Name::new("news").unwrap() }),
            "there is no channel \"news\"; create it first",
        ),
        says(
            EventError::LockOfThread { name: Name::new("news").unwrap() },
            "channel \"news\" is built on RawSync, whose lock belongs to a thread; to send from an event loop, create \
             the channel on the futex backend",
        ),
        says(
            TapError::Corrupt(Corruption::Count { published: 7 }),
            "the segment is corrupt: 7 messages published: no channel can count another one",
        ),
        says(
            TapError::Open(OpenError::NotFound { name: Name::new("news").unwrap() }),
            "there is no channel \"news\"; create it first",
        ),
    ]
}

/// The errors of the feature `tokio`.
#[cfg(feature = "tokio")]
pub fn async_table() -> Vec<Said> {
    use ackcast::{AsyncRecvError, AsyncSendError, SendError};
    let gone = || std::io::Error::other("it is gone");
    let runtime =
        "tokio's runtime does not wait for channels any more (it is gone); keep it until the last future has ended";
    vec![
        says(AsyncRecvError::Recv(RecvError::Ended), &RecvError::Ended.to_string()),
        says(AsyncRecvError::Runtime(gone()), runtime),
        says(AsyncSendError::Send(SendError::Ended), &SendError::Ended.to_string()),
        says(AsyncSendError::Runtime(gone()), runtime),
    ]
}

#[cfg(not(feature = "tokio"))]
pub fn async_table() -> Vec<Said> {
    Vec::new()
}
