//! The errors of the typed API.

use crate::{Said, says};
use ackcast::protocol::{Corruption, JoinError};
use ackcast::segment::{Name, OpenError};
use ackcast::{AttachError, RecvError, RecvValueError, TapError};

pub fn table() -> Vec<Said> {
    let name = Name::new("news").unwrap();
    let (bad_name, not_found) = (Name::new("").unwrap_err(), OpenError::NotFound { name: name.clone() });
    vec![
        says(AttachError::Name(bad_name.clone()), &bad_name.to_string()),
        says(AttachError::Open(not_found), "there is no channel \"news\"; create it first"),
        says(
            AttachError::Join { name, error: JoinError::Ended },
            "cannot join channel \"news\": the channel has ended: nothing can follow END; create a new one",
        ),
        says(RecvValueError::Recv(RecvError::Ended), "the channel has ended: every message was received"),
        says(
            RecvValueError::NotAValue { sequence: 4, found: 3, expected: 8 },
            "message 4 has 3 bytes, a value of the type asked for has 8; ask for the type that was sent",
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
